from collections import Counter
from itertools import permutations
from random import Random
from secrets import SystemRandom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.picking import lowest, random_address, sample_addresses, total_size
from freehold.addresses.ranges import AddressRange
from tests.addresses.strategies import disjoint_ranges, members, randoms

THREE = (AddressRange(4, 10, 10), AddressRange(4, 20, 22), AddressRange(4, 40, 47))
SLASH_64 = AddressRange(6, 1 << 64, (1 << 65) - 1)


def chi_square(counts: Counter[int], possible: list[int]) -> float:
    expected = counts.total() / len(possible)
    return sum((counts[number] - expected) ** 2 / expected for number in possible)


@given(ranges=disjoint_ranges(least=1), random=randoms)
@settings(deadline=None)
def test_a_random_address_is_one_of_the_ranges(
    ranges: tuple[AddressRange, ...], random: Random
) -> None:
    assert random_address(ranges, random) in members(ranges)


def test_random_addresses_are_uniform_whatever_the_sizes_of_the_ranges() -> None:
    random = Random(4)
    counts = Counter(random_address(THREE, random) for _ in range(12_000))
    assert set(counts) == set(members(THREE))
    assert chi_square(counts, members(THREE)) < 35  # 11 degrees of freedom, p < 0.001


def test_there_is_no_address_in_no_ranges() -> None:
    with pytest.raises(ValueError, match="empty"):
        random_address((), Random(1))


@given(ranges=disjoint_ranges(), data=st.data(), random=randoms)
@settings(deadline=None)
def test_a_sample_has_distinct_addresses_of_the_ranges(
    ranges: tuple[AddressRange, ...], data: st.DataObject, random: Random
) -> None:
    everything = members(ranges)
    count = data.draw(st.integers(0, len(everything)) | st.just(len(everything)))
    sample = sample_addresses(ranges, count, random)
    assert len(sample) == len(set(sample)) == count
    assert set(sample) <= set(everything)


def test_samples_and_their_orders_are_uniform() -> None:
    random = Random(5)
    ranges = (AddressRange(4, 1, 2), AddressRange(4, 7, 9))
    drawn = Counter(tuple(sample_addresses(ranges, 3, random)) for _ in range(12_000))
    possible = list(permutations(members(ranges), 3))
    assert set(drawn) == set(possible)
    by_number = Counter({place: drawn[order] for place, order in enumerate(possible)})
    assert chi_square(by_number, list(range(len(possible)))) < 110  # 59 degrees, p < 0.0001


def test_a_sample_of_a_slash_64_costs_its_own_size_only() -> None:
    calls = 0

    class Counting(Random):
        def getrandbits(self, k: int, /) -> int:
            nonlocal calls
            calls += 1
            return super().getrandbits(k)

    sample = sample_addresses((SLASH_64,), 500, Counting(6))
    assert len(set(sample)) == 500
    assert all(SLASH_64.first <= number <= SLASH_64.last for number in sample)
    assert calls < 500 * 6


def test_production_randomness_works_as_well() -> None:
    random = SystemRandom()
    assert random_address((SLASH_64,), random) >> 64 == 1
    assert sorted(sample_addresses(THREE, 12, random)) == members(THREE)


@pytest.mark.parametrize("count", [-1, 13, 10**30])
def test_a_sample_beyond_the_ranges_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="cannot choose"):
        sample_addresses(THREE, count, Random(1))


@given(ranges=disjoint_ranges(), count=st.integers(0, 250))
@settings(deadline=None)
def test_the_lowest_addresses_are_the_lowest(ranges: tuple[AddressRange, ...], count: int) -> None:
    assert lowest(ranges, count) == sorted(members(ranges))[:count]
    assert total_size(ranges) == len(members(ranges))


def test_the_lowest_of_a_slash_64_are_not_listed_first() -> None:
    assert lowest((SLASH_64,), 2) == [1 << 64, (1 << 64) + 1]
    assert total_size((SLASH_64, *THREE)) == 2**64 + 12
    with pytest.raises(ValueError, match="cannot choose"):
        lowest((SLASH_64,), -1)
