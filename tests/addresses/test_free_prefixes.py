"""Cutting many prefixes out of gaps leaves what cutting them out one by one leaves."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from freehold.addresses.free_prefixes import FreePrefixes
from freehold.addresses.prefixes import best_fit, covers, prefix_at, subtract
from freehold.addresses.ranges import IPNetwork

POOLS = {
    4: [ip_network("10.0.0.0/26"), ip_network("10.0.1.0/27"), ip_network("10.0.4.0/30")],
    6: [ip_network("2001:db8::/122"), ip_network("2001:db8:1::/125")],
}
LENGTHS = {4: st.integers(25, 32), 6: st.integers(121, 128)}


def wishes(version: int) -> st.SearchStrategy[list[int | IPNetwork]]:
    """Return lengths, and prefixes in, around and beside the pools."""
    firsts = st.builds(
        lambda pool, offset: int(pool.network_address) + offset,
        st.sampled_from(POOLS[version]),
        st.integers(-4, 80),
    )
    given_prefixes = st.builds(
        lambda first, length: prefix_at(version, first, length), firsts, LENGTHS[version]
    )
    return st.lists(LENGTHS[version] | given_prefixes, max_size=24)


@given(
    st.sampled_from([4, 6]).flatmap(lambda version: st.tuples(st.just(version), wishes(version)))
)
def test_each_prefix_is_cut_where_it_fits_best_and_the_rest_stays_free(
    case: tuple[int, list[int | IPNetwork]],
) -> None:
    version, wanted = case
    gaps = tuple(POOLS[version])
    free = FreePrefixes(version, gaps)
    for one in wanted:
        if isinstance(one, int):
            expected = best_fit(gaps, one)
            assert free.take_any(one) == expected
        else:
            expected = one if covers(gaps, [one]) else None
            assert free.take(one) == (expected is not None)
        if expected is not None:
            gaps = subtract(gaps, [expected])
        assert free.gaps() == set(gaps)


def test_the_whole_of_a_gap_can_be_taken_and_nothing_is_left() -> None:
    pool = ip_network("10.0.0.0/24")
    free = FreePrefixes(4, [pool])
    assert free.take(pool)
    assert free.gaps() == frozenset()
    assert free.take_any(32) is None
    assert not free.take(ip_network("10.0.0.5/32"))
