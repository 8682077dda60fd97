from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.gaps import gaps
from freehold.addresses.ranges import AddressRange
from tests.addresses.strategies import disjoint_ranges, held_in, members


@given(data=st.data(), ranges=disjoint_ranges(least=1))
@settings(deadline=None)
def test_gaps_are_exactly_what_is_not_held(
    data: st.DataObject, ranges: tuple[AddressRange, ...]
) -> None:
    held = data.draw(held_in(ranges))
    repeated = sorted([*held, *data.draw(st.lists(st.sampled_from(sorted(held or {0}))))])
    for within in ranges:
        found = tuple(gaps(within, (number for number in repeated if number in held)))
        free = [number for number in range(within.first, within.last + 1) if number not in held]
        assert members(found) == free
        assert all(one.last + 1 < other.first for one, other in pairwise(found))
        assert all(one.version == within.version for one in found)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], [(10, 20)]),
        ([10], [(11, 20)]),
        ([20], [(10, 19)]),
        ([1, 9, 21, 99], [(10, 20)]),
        ([5, 15, 15, 16, 30], [(10, 14), (17, 20)]),
        (range(10, 21), []),
        (range(30), []),
    ],
)
def test_gaps_of_known_holdings(held: list[int], expected: list[tuple[int, int]]) -> None:
    found = gaps(AddressRange(6, 10, 20), held)
    assert [(one.first, one.last) for one in found] == expected


def test_the_last_address_of_all_can_be_held() -> None:
    top = 2**32 - 1
    assert list(gaps(AddressRange(4, top - 1, top), [top])) == [AddressRange(4, top - 1, top - 1)]
    assert list(gaps(AddressRange(4, top, top), [top])) == []
