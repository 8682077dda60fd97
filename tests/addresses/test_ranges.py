from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork, address_of
from freehold.errors import InvalidAllocationPool
from tests.addresses.strategies import BITS, addresses, disjoint_ranges, networks, small_networks


@given(address=addresses)
@settings(deadline=None)
def test_an_address_is_found_again_by_its_value(address: IPAddress) -> None:
    assert address_of(address.version, int(address)) == address


@given(one=addresses, other=addresses)
@settings(deadline=None)
def test_a_range_is_read_from_its_ends_when_they_are_in_order(
    one: IPAddress, other: IPAddress
) -> None:
    if one.version == other.version and int(one) <= int(other):
        parsed = AddressRange.parse(str(one), str(other))
        assert (parsed.start, parsed.end) == (one, other)
        assert str(parsed) == f"{one}-{other}"
    else:
        with pytest.raises(InvalidAllocationPool) as refused:
            AddressRange.parse(str(one), str(other))
        assert refused.value.message == (
            f"The allocation pool {{'start': '{one}', 'end': '{other}'}} is not valid."
        )


@pytest.mark.parametrize(
    ("start", "end"),
    [("", ""), ("10.0.0.1", "10.0.0"), ("10.0.0.1/32", "10.0.0.2"), ("::g", "::1"), ("1", "2")],
)
def test_a_range_is_not_read_from_other_texts(start: str, end: str) -> None:
    with pytest.raises(InvalidAllocationPool):
        AddressRange.parse(start, end)


@pytest.mark.parametrize(
    ("version", "first", "last"), [(4, -1, 0), (4, 2, 1), (4, 0, 2**32), (6, 0, 2**128)]
)
def test_a_range_outside_of_the_address_space_is_refused(
    version: int, first: int, last: int
) -> None:
    with pytest.raises(ValueError, match="no range"):
        AddressRange(version, first, last)


@given(network=networks())
@settings(deadline=None)
def test_the_range_of_a_network_is_the_network(network: IPNetwork) -> None:
    whole = AddressRange.of_network(network)
    assert whole.size == network.num_addresses
    assert (whole.start, whole.end) == (network.network_address, network.broadcast_address)


@given(network=small_networks)
@settings(deadline=None)
def test_a_range_iterates_over_its_addresses(network: IPNetwork) -> None:
    assert list(AddressRange.of_network(network)) == list(network)


@given(data=st.data(), ranges=disjoint_ranges(least=1, most=3, longest=8))
@settings(deadline=None)
def test_overlap_inclusion_and_membership_are_those_of_sets(
    data: st.DataObject, ranges: tuple[AddressRange, ...]
) -> None:
    one = data.draw(st.sampled_from(ranges))
    first = data.draw(st.integers(one.first, one.last))
    last = data.draw(st.integers(first, min(first + 20, (1 << BITS[one.version]) - 1)))
    other = AddressRange(one.version, first, last)
    for left in ranges:
        mine, theirs = set(left), set(other)
        assert left.overlaps(other) == other.overlaps(left) == bool(mine & theirs)
        assert left.within(other) == (mine <= theirs)
        assert all((address in other) == (address in theirs) for address in mine)


def test_ranges_of_different_versions_have_nothing_in_common() -> None:
    four, six = AddressRange(4, 0, 9), AddressRange(6, 0, 9)
    assert not four.overlaps(six)
    assert not four.within(six)
    assert IPv4Address(1) in four
    assert IPv6Address(1) not in four
    assert four < six
    assert ip_address("0.0.0.9") in AddressRange.of_network(ip_network("0.0.0.8/29"))
