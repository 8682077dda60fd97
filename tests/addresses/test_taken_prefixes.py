"""Prefixes that are taken one after the other are found as those of a set of addresses are."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from freehold.addresses.prefixes import common, prefix_at
from freehold.addresses.ranges import IPNetwork
from freehold.addresses.taken_prefixes import TakenPrefixes


def prefixes(version: int) -> st.SearchStrategy[list[IPNetwork]]:
    """Return a few prefixes among the first and the last addresses that there are."""
    bits = 32 if version == 4 else 128
    firsts = st.integers(0, 40) | st.integers((1 << bits) - 40, (1 << bits) - 1)
    lengths = st.integers(bits - 5, bits) | st.just(0)
    one = st.builds(lambda first, length: prefix_at(version, first, length), firsts, lengths)
    return st.lists(one, max_size=3)


@given(
    st.sampled_from([4, 6]).flatmap(
        lambda version: st.tuples(prefixes(version), st.lists(prefixes(version), max_size=12))
    )
)
def test_what_shares_an_address_with_what_is_taken_is_found(
    case: tuple[list[IPNetwork], list[list[IPNetwork]]],
) -> None:
    held, coming = case
    taken = TakenPrefixes(held)
    for some in coming:
        expected = bool(common(some, held))
        assert taken.have_any_of(some) == expected
        if not expected and len(some) == 1:
            taken.add(some)
            held = [*held, *some]


def test_of_nothing_nothing_is_taken_and_of_what_was_added_all_is() -> None:
    taken = TakenPrefixes()
    whole, part = ip_network("10.0.0.0/8"), ip_network("10.255.255.255/32")
    assert not taken.have_any_of([ip_network("0.0.0.0/0")])
    taken.add([whole])
    assert taken.have_any_of([part])
    assert not taken.have_any_of([ip_network("9.0.0.0/8"), ip_network("11.0.0.0/8")])
