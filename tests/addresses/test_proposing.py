"""Where to look for what is free: exactly, and by few counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import log2
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.proposing import PIECES, READABLE, count_free, find_lowest_free, split
from freehold.addresses.ranges import AddressRange
from tests.addresses.strategies import BITS, disjoint_ranges, held_in, members, versions


class Register:
    """Held addresses that are counted and listed as a ledger does, and how often they were."""

    def __init__(self, held: Iterable[int], taken_meanwhile: Sequence[int] = ()) -> None:
        self.held = sorted(set(held))
        self.taken_meanwhile = list(taken_meanwhile)
        self.counts = 0
        self.lists = 0
        self.longest_list = 0

    def count(self, ranges: Sequence[AddressRange]) -> list[int]:
        self.counts += 1
        numbers = [
            bisect_right(self.held, one.last) - bisect_left(self.held, one.first) for one in ranges
        ]
        if self.taken_meanwhile:
            self.held = sorted({*self.held, self.taken_meanwhile.pop()})
        return numbers

    def list(self, within: AddressRange) -> list[int]:
        self.lists += 1
        low, high = bisect_left(self.held, within.first), bisect_right(self.held, within.last)
        self.longest_list = max(self.longest_list, high - low)
        return self.held[low:high]


def search_lowest(
    register: Register, ranges: Sequence[AddressRange], window: int = 1024
) -> AddressRange | None:
    return find_lowest_free(ranges, register.count, register.list, window=window)


windows = st.integers(1, 20)
situations = disjoint_ranges().flatmap(lambda ranges: st.tuples(st.just(ranges), held_in(ranges)))
Situation = tuple[tuple[AddressRange, ...], frozenset[int]]


# Pieces


@st.composite
def wholes(draw: st.DrawFn) -> AddressRange:
    """Ranges of any size: short ones, and whole address spaces."""
    version = draw(versions)
    top = (1 << BITS[version]) - 1
    first = draw(st.integers(0, top))
    last = draw(st.integers(first, min(first + 3000, top)) | st.integers(first, top))
    return AddressRange(version, first, last)


@given(whole=wholes(), pieces=st.integers(1, 40), least=st.integers(1, 600))
def test_pieces_cover_the_whole_in_ascending_order_and_share_nothing(
    whole: AddressRange, pieces: int, least: int
) -> None:
    found = split(whole, pieces, least)
    assert found[0].first == whole.first
    assert found[-1].last == whole.last
    assert all(one.last + 1 == other.first for one, other in pairwise(found))
    assert {one.version for one in found} == {whole.version}
    assert len(found) <= pieces
    assert all(one.size >= least for one in found[:-1])
    # About the same size: the last one is what is left.
    assert len({one.size for one in found[:-1]}) <= 1
    assert found[-1].size <= found[0].size


@given(whole=wholes())
def test_what_cannot_be_read_is_split_into_what_is_smaller(whole: AddressRange) -> None:
    found = split(whole)
    assert len(found) <= PIECES
    assert (len(found) == 1) == (whole.size <= READABLE)


# Parts


@given(situation=situations)
@settings(deadline=None, max_examples=200)
def test_the_parts_are_the_ranges_that_are_not_full_with_what_is_free_of_them(
    situation: Situation,
) -> None:
    ranges, held = situation
    register = Register(held)
    parts = count_free(ranges, register.count)
    free = {one: len(set(range(one.first, one.last + 1)) - held) for one in ranges}
    assert [(part.within, part.free) for part in parts] == [
        (one, free[one]) for one in ranges if free[one]
    ]
    assert all(part.is_free == (part.free == part.within.size) for part in parts)
    assert register.counts == 1


# The lowest one


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


FULL_BUT_ONE = [0, 1, 77_777, 2**17 - 1]


@pytest.mark.parametrize("place", FULL_BUT_ONE)
def test_the_only_free_address_is_found_in_few_counts(place: int) -> None:
    whole = AddressRange(4, 0, 2**17 - 1)
    register = Register(set(range(2**17)) - {place})
    assert search_lowest(register, [whole]) == AddressRange(4, place, place)
    assert register.counts <= 2 * log2(whole.size / 1024)
    assert register.lists <= 2


def test_a_full_range_is_known_to_be_full_after_few_counts() -> None:
    whole = AddressRange(4, 0, 2**17 - 1)
    register = Register(range(2**17))
    assert search_lowest(register, [whole]) is None
    assert register.counts <= log2(whole.size / 1024)
    assert register.lists <= 2


def test_in_a_slash_64_the_counts_grow_with_what_is_held_only() -> None:
    whole = AddressRange(6, 1 << 64, (1 << 65) - 1)
    scattered = {whole.first + number for number in Random(3).sample(range(30_000), 20_000)}
    held = scattered | set(range(1 << 64, (1 << 64) + 15_000))
    register = Register(held)
    found = search_lowest(register, [whole])
    assert found is not None
    assert found.first == next(n for n in range(1 << 64, 1 << 65) if n not in held)
    assert register.counts <= 12


def test_small_pools_are_read_without_being_counted() -> None:
    ranges = [AddressRange(4, 2, 100), AddressRange(4, 130, 254)]
    register = Register(range(2, 254))
    assert search_lowest(register, ranges) == AddressRange(4, 254, 254)
    assert (register.counts, register.lists) == (0, 2)


@given(situation=situations, window=st.integers(1, 5), data=st.data())
@settings(deadline=None, max_examples=200)
def test_addresses_taken_during_the_search_are_not_reported_and_do_not_hide_others(
    situation: Situation, window: int, data: st.DataObject
) -> None:
    ranges, held = situation
    free = sorted(set(members(ranges)) - held)
    taken = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
    register = Register(held, taken)
    found = search_lowest(register, ranges, window)
    if found is None:
        assert set(members(ranges)) <= set(register.held)
    else:
        assert set(members((found,))).isdisjoint(register.held)


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


@pytest.mark.parametrize("times", [1, 2, 3, 6])
def test_a_part_lost_to_others_before_it_is_read_does_not_end_the_search(times: int) -> None:
    free = {33, 35, 37, 39, 70, 90, 140, 200, 201, 250}
    rival = Rival(set(range(256)) - free, times)
    found = search_lowest(rival, [AddressRange(4, 0, 255)], 2)
    assert found is not None
    assert found.first == min(free - set(rival.held))


def test_counts_that_never_agree_with_the_rows_do_not_keep_the_search_going() -> None:
    rows = Register(range(256))
    whole = AddressRange(4, 0, 255)
    assert find_lowest_free([whole], lambda some: [0] * len(some), rows.list, window=2) is None
    assert rows.lists < 200


def test_a_window_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        search_lowest(Register([]), [AddressRange(4, 0, 9)], 0)


def test_there_is_nothing_free_in_no_ranges() -> None:
    assert search_lowest(Register([]), []) is None
    assert count_free([], Register([]).count) == []
