from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import log2
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.picking import random_address
from freehold.addresses.proposing import count_free, find_lowest_free, split
from freehold.addresses.ranges import AddressRange
from tests.addresses.strategies import disjoint_ranges, held_in, members, randoms


class Register:
    """Held addresses that are counted and listed as a ledger does, and how often they were."""

    def __init__(self, held: Iterable[int], taken_meanwhile: Sequence[int] = ()) -> None:
        self.held = sorted(set(held))
        self.taken_meanwhile = list(taken_meanwhile)
        self.counts = 0
        self.lists = 0
        self.longest_list = 0

    def count(self, within: AddressRange) -> int:
        self.counts += 1
        number = bisect_right(self.held, within.last) - bisect_left(self.held, within.first)
        if self.taken_meanwhile:
            self.held = sorted({*self.held, self.taken_meanwhile.pop()})
        return number

    def list(self, within: AddressRange) -> list[int]:
        self.lists += 1
        low, high = bisect_left(self.held, within.first), bisect_right(self.held, within.last)
        self.longest_list = max(self.longest_list, high - low)
        return self.held[low:high]


def search(
    register: Register, ranges: Sequence[AddressRange], random: Random, window: int
) -> tuple[AddressRange, ...] | None:
    return find_free(ranges, register.count, register.list, random, window=window)


def search_lowest(
    register: Register, ranges: Sequence[AddressRange], window: int
) -> AddressRange | None:
    return find_lowest_free(ranges, register.count, register.list, window=window)


windows = st.integers(1, 20)
situations = disjoint_ranges().flatmap(lambda ranges: st.tuples(st.just(ranges), held_in(ranges)))
Situation = tuple[tuple[AddressRange, ...], frozenset[int]]


@given(situation=situations, random=randoms, window=windows)
@settings(deadline=None, max_examples=300)
def test_free_runs_are_found_exactly_when_something_is_free(
    situation: Situation, random: Random, window: int
) -> None:
    ranges, held = situation
    register = Register(held)
    found = search(register, ranges, random, window)
    free = set(members(ranges)) - held
    assert (found is None) == (not free)
    if found is not None:
        numbers = members(found)
        assert numbers
        assert set(numbers) <= free
        assert len(numbers) == len(set(numbers))
        assert all(one.version == ranges[0].version for one in found)
    assert register.longest_list <= window


@given(situation=situations, window=windows)
@settings(deadline=None, max_examples=300)
def test_the_lowest_free_address_is_that_of_the_first_range_with_one(
    situation: Situation, window: int
) -> None:
    ranges, held = situation
    register = Register(held)
    found = search_lowest(register, ranges, window)
    free = [number for number in members(ranges) if number not in held]
    if not free:
        assert found is None
    else:
        assert found is not None
        assert found.first == free[0]
        assert set(range(found.first, found.last + 1)) <= set(free)
    assert register.longest_list <= window


@pytest.mark.parametrize("window", [1, 4, 16, 100])
def test_the_final_pick_is_uniform_over_all_free_addresses(window: int) -> None:
    ranges = (AddressRange(4, 0, 63), AddressRange(4, 100, 104), AddressRange(4, 200, 299))
    crowded = {number for number in range(64) if number % 16}
    held = crowded | set(range(220, 290)) | {101}
    free = [number for number in members(ranges) if number not in held]
    random = Random(7)
    counts: Counter[int] = Counter()
    for _ in range(150 * len(free)):
        found = search(Register(held), ranges, random, window)
        assert found is not None
        counts[random_address(found, random)] += 1
    assert set(counts) == set(free)
    distance = sum((counts[number] - 150) ** 2 / 150 for number in free)
    assert distance < 80  # 37 degrees of freedom: p < 0.0001


def scattered(whole: AddressRange, among: int, count: int, random: Random) -> set[int]:
    return {whole.first + number for number in random.sample(range(among), count)}


FULL_BUT_ONE = {0, 1, 77_777, 2**17 - 1}


@pytest.mark.parametrize("place", sorted(FULL_BUT_ONE))
def test_the_only_free_address_is_found_in_few_counts(place: int) -> None:
    whole = AddressRange(4, 0, 2**17 - 1)
    held = set(range(2**17)) - {place}
    register = Register(held)
    assert search(register, [whole], Random(1), 1024) == (AddressRange(4, place, place),)
    assert register.counts <= 1 + log2(whole.size / 1024)
    assert register.lists == 1
    register = Register(held)
    assert search_lowest(register, [whole], 1024) == AddressRange(4, place, place)
    assert register.counts <= 2 * log2(whole.size / 1024)
    assert register.lists <= 2


def test_a_full_range_is_known_to_be_full_after_few_counts() -> None:
    whole = AddressRange(4, 0, 2**17 - 1)
    register = Register(range(2**17))
    assert search(register, [whole], Random(1), 1024) is None
    assert (register.counts, register.lists) == (1, 0)
    register = Register(range(2**17))
    assert search_lowest(register, [whole], 1024) is None
    assert register.counts <= log2(whole.size / 1024)
    assert register.lists <= 2


def test_in_a_slash_64_the_counts_grow_with_what_is_held_only() -> None:
    whole = AddressRange(6, 1 << 64, (1 << 65) - 1)
    held = scattered(whole, 30_000, 20_000, Random(3)) | set(range(1 << 64, (1 << 64) + 15_000))
    for seed in range(20):
        register = Register(held)
        found = search(register, [whole], Random(seed), 1024)
        assert found is not None
        assert register.counts <= 8
    register = Register(held)
    lowest = search_lowest(register, [whole], 1024)
    assert lowest is not None
    assert lowest.first == next(n for n in range(1 << 64, 1 << 65) if n not in held)
    assert register.counts <= 12


def test_small_pools_are_read_at_once() -> None:
    ranges = [AddressRange(4, 2, 100), AddressRange(4, 130, 254)]
    register = Register(range(2, 200))
    assert search(register, ranges, Random(1), 1024) == (AddressRange(4, 200, 254),)
    assert (register.counts, register.lists) == (0, 2)
    register = Register(range(2, 254))
    assert search_lowest(register, ranges, 1024) == AddressRange(4, 254, 254)
    assert (register.counts, register.lists) == (0, 2)


def test_a_found_part_is_ascending_and_its_runs_do_not_touch() -> None:
    found = search(Register(range(0, 64, 3)), [AddressRange(4, 0, 63)], Random(1), 64)
    assert found is not None
    assert all(one.last + 1 < other.first for one, other in pairwise(found))


@given(
    situation=situations,
    random=randoms,
    window=st.integers(1, 5),
    lowest=st.booleans(),
    data=st.data(),
)
@settings(deadline=None, max_examples=200)
def test_addresses_taken_during_the_search_are_not_reported_and_do_not_hide_others(
    situation: Situation, random: Random, window: int, lowest: bool, data: st.DataObject
) -> None:
    ranges, held = situation
    free = sorted(set(members(ranges)) - held)
    taken = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
    register = Register(held, taken)
    found: tuple[AddressRange, ...] | None
    if lowest:
        one = search_lowest(register, ranges, window)
        found = None if one is None else (one,)
    else:
        found = search(register, ranges, random, window)
    if found is None:
        assert set(members(ranges)) <= set(register.held)
    else:
        assert members(found)
        assert set(members(found)).isdisjoint(register.held)


class Rival(Register):
    """A register in which somebody takes all that is free in a part just before it is read."""

    def __init__(self, held: Iterable[int], times: int) -> None:
        super().__init__(held)
        self.times = times

    def list(self, within: AddressRange) -> list[int]:
        if self.times:
            self.times -= 1
            self.held = sorted({*self.held, *range(within.first, within.last + 1)})
        return super().list(within)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("times", [1, 2, 3, 6])
def test_a_part_lost_to_others_before_it_is_read_does_not_end_the_search(
    times: int, seed: int
) -> None:
    whole = AddressRange(4, 0, 255)
    free = {33, 35, 37, 39, 70, 90, 140, 200, 201, 250}
    rival = Rival(set(range(256)) - free, times)
    found = search(rival, [whole], Random(seed), 2)
    assert found is not None
    assert set(members(found)) <= free - set(rival.held)
    assert members(found)
    rival = Rival(set(range(256)) - free, times)
    lowest = search_lowest(rival, [whole], 2)
    assert lowest is not None
    assert lowest.first == min(free - set(rival.held))


def test_counts_that_never_agree_with_the_rows_do_not_keep_the_search_going() -> None:
    whole = AddressRange(4, 0, 255)
    rows = Register(range(256))
    assert find_free([whole], lambda _: 0, rows.list, Random(1), window=2) is None
    assert rows.lists < 200


Finder = Callable[[Register, int], object]


@pytest.mark.parametrize(
    "find",
    [
        lambda register, window: search(register, [AddressRange(4, 0, 9)], Random(1), window),
        lambda register, window: search_lowest(register, [AddressRange(4, 0, 9)], window),
    ],
)
def test_a_window_without_room_is_refused(find: Finder) -> None:
    with pytest.raises(ValueError, match="window"):
        find(Register([]), 0)


def test_there_is_nothing_free_in_no_ranges() -> None:
    assert search(Register([]), [], Random(1), 1024) is None
    assert search_lowest(Register([]), [], 1024) is None
