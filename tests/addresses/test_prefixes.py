from collections.abc import Sequence
from ipaddress import ip_network
from random import Random

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.addresses.prefixes import (
    beginning,
    best_fit,
    buddies,
    common,
    compact,
    covers,
    join,
    prefix_at,
    subtract,
)
from freehold.addresses.ranges import IPNetwork

POOLS = {4: ip_network("10.0.0.0/26"), 6: ip_network("2001:db8::/122")}


def within(pool: IPNetwork) -> st.SearchStrategy[IPNetwork]:
    """Prefixes of any length in a pool whose addresses can be listed."""
    first = int(pool.network_address)
    return st.builds(
        lambda number, length: prefix_at(pool.version, first + number, length),
        st.integers(0, pool.num_addresses - 1),
        st.integers(pool.prefixlen, pool.max_prefixlen),
    )


@st.composite
def prefix_lists(draw: st.DrawFn, lists: int = 2) -> tuple[list[IPNetwork], ...]:
    pool = POOLS[draw(st.sampled_from([4, 6]))]
    return tuple(draw(st.lists(within(pool), max_size=8)) for _ in range(lists))


def members(prefixes: Sequence[IPNetwork]) -> set[int]:
    return {int(address) for prefix in prefixes for address in prefix}


def as_netaddr_tells(prefixes: Sequence[IPNetwork], less: Sequence[IPNetwork] = ()) -> list[str]:
    """Return the prefixes that the field's own library makes of a set of addresses."""
    told = netaddr.IPSet([str(prefix) for prefix in prefixes])
    told -= netaddr.IPSet([str(prefix) for prefix in less])
    told.compact()
    return [str(prefix) for prefix in told.iter_cidrs()]


@given(prefix_lists(1))
def test_compacting_keeps_the_addresses_and_tells_them_in_the_only_shortest_way(
    lists: tuple[list[IPNetwork], ...],
) -> None:
    [prefixes] = lists
    found = compact(prefixes)
    assert members(found) == members(prefixes)
    assert [str(prefix) for prefix in found] == as_netaddr_tells(prefixes)
    assert compact(found) == found


@given(prefix_lists())
def test_what_is_taken_is_gone_and_nothing_else_is(lists: tuple[list[IPNetwork], ...]) -> None:
    prefixes, taken = lists
    left = subtract(prefixes, taken)
    assert members(left) == members(prefixes) - members(taken)
    assert [str(prefix) for prefix in left] == as_netaddr_tells(prefixes, taken)


@given(prefix_lists())
def test_what_two_have_in_common(lists: tuple[list[IPNetwork], ...]) -> None:
    some, others = lists
    assert members(common(some, others)) == members(some) & members(others)
    assert covers(some, others) == (members(others) <= members(some))


@given(prefix_lists(), st.integers(0, 6))
def test_the_best_fit_is_free_aligned_and_in_the_smallest_gap_with_room(
    lists: tuple[list[IPNetwork], ...], shorter: int
) -> None:
    prefixes, held = lists
    gaps = subtract(prefixes, held)
    version = gaps[0].version if gaps else 4
    length = POOLS[version].max_prefixlen - shorter
    found = best_fit(gaps, length)
    if found is None:
        fitting = (
            candidate
            for candidate in POOLS[version].subnets(new_prefix=length)
            if members([candidate]) <= members(gaps)
        )
        assert next(fitting, None) is None
        return
    assert found.prefixlen == length
    assert members([found]) <= members(gaps)
    [home] = [gap for gap in gaps if members([found]) <= members([gap])]
    roomy = [gap for gap in gaps if gap.prefixlen <= length]
    assert home == min(roomy, key=lambda gap: (gap.num_addresses, gap.network_address))
    assert found.network_address == home.network_address


@given(prefix_lists())
def test_a_prefix_is_free_if_and_only_if_one_gap_contains_it(
    lists: tuple[list[IPNetwork], ...],
) -> None:
    prefixes, held = lists
    gaps = subtract(prefixes, held)
    for wanted in (*prefixes, *held):
        free = members([wanted]) <= members(gaps)
        assert free == any(members([wanted]) <= members([gap]) for gap in gaps)


@given(prefix_lists())
def test_what_is_given_back_joins_the_gaps_beside_it(lists: tuple[list[IPNetwork], ...]) -> None:
    prefixes, held = lists
    apart = compact(held)
    gaps = set(subtract(prefixes, apart))
    for prefix in common(apart, prefixes):
        joined = join(prefix, gaps)
        assert set(joined.absorbed) <= gaps
        gaps = (gaps - set(joined.absorbed)) | {joined.gap}
    assert tuple(sorted(gaps, key=lambda gap: int(gap.network_address))) == compact(prefixes)


@given(st.randoms(use_true_random=False))
def test_taking_and_giving_back_at_random_never_overlaps_and_leaves_nothing_behind(
    random: Random,
) -> None:
    pool = POOLS[4]
    gaps: tuple[IPNetwork, ...] = (pool,)
    held: list[IPNetwork] = []
    for _ in range(60):
        if held and random.random() < 0.4:
            joined = join(held.pop(random.randrange(len(held))), gaps)
            gaps = (*(gap for gap in gaps if gap not in joined.absorbed), joined.gap)
        else:
            found = best_fit(gaps, random.randint(27, 32))
            if found is not None:
                held.append(found)
                gaps = subtract(gaps, [found])
        assert sum(prefix.num_addresses for prefix in (*held, *gaps)) == pool.num_addresses
        assert len(members([*held, *gaps])) == pool.num_addresses
        assert set(gaps) == set(subtract([pool], held))


def test_the_first_buddy_is_the_other_half() -> None:
    found = [str(buddy) for buddy in buddies(ip_network("10.0.3.0/24"))]
    assert found[:3] == ["10.0.2.0/24", "10.0.0.0/23", "10.0.4.0/22"]
    assert found[-1] == "128.0.0.0/1"
    assert len(found) == 24
    assert not list(buddies(ip_network("::/0")))


@pytest.mark.parametrize(
    ("gaps", "length", "expected"),
    [
        (["10.0.0.0/8"], 24, "10.0.0.0/24"),
        (["10.0.0.0/24", "10.0.2.0/25"], 25, "10.0.2.0/25"),
        (["10.0.2.0/25", "10.0.9.0/25"], 26, "10.0.2.0/26"),
        (["10.0.0.0/25"], 24, None),
        ([], 24, None),
        (["::/0"], 64, "::/64"),
    ],
)
def test_best_fits_of_known_gaps(gaps: list[str], length: int, expected: str | None) -> None:
    found = best_fit([ip_network(gap) for gap in gaps], length)
    assert found == (None if expected is None else ip_network(expected))


def test_the_beginning_of_a_gap() -> None:
    assert beginning(ip_network("10.4.0.0/14"), 16) == ip_network("10.4.0.0/16")
