from ipaddress import ip_address, ip_network

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from freehold.addresses.pools import (
    assignable,
    check_gateway_outside,
    default_pools,
    is_assignable,
    validate_pools,
)
from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.errors import (
    GatewayConflictWithAllocationPools,
    InvalidAllocationPool,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
)
from tests.addresses.strategies import addresses, disjoint_ranges, networks, small_networks


def spelled(pools: tuple[AddressRange, ...]) -> list[str]:
    return [str(pool) for pool in pools]


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("10.0.0.0/24", "10.0.0.1-10.0.0.254"),
        ("10.0.0.4/30", "10.0.0.5-10.0.0.6"),
        ("10.0.0.4/31", "10.0.0.4-10.0.0.5"),
        ("10.0.0.4/32", "10.0.0.4-10.0.0.4"),
        ("2001:db8::/64", "2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:db8::4/126", "2001:db8::5-2001:db8::7"),
        ("2001:db8::4/127", "2001:db8::5-2001:db8::5"),
        ("2001:db8::4/128", "2001:db8::4-2001:db8::4"),
    ],
)
def test_what_pools_may_cover(cidr: str, expected: str) -> None:
    assert str(assignable(ip_network(cidr))) == expected


@pytest.mark.parametrize(
    ("cidr", "gateway", "expected"),
    [
        ("10.0.0.0/24", None, ["10.0.0.1-10.0.0.254"]),
        ("10.0.0.0/24", "10.0.0.1", ["10.0.0.2-10.0.0.254"]),
        ("10.0.0.0/24", "10.0.0.254", ["10.0.0.1-10.0.0.253"]),
        ("10.0.0.0/24", "10.0.0.9", ["10.0.0.1-10.0.0.8", "10.0.0.10-10.0.0.254"]),
        ("10.0.0.0/24", "10.0.9.1", ["10.0.0.1-10.0.0.254"]),
        ("10.0.0.4/30", "10.0.0.5", ["10.0.0.6-10.0.0.6"]),
        ("10.0.0.4/31", "10.0.0.5", ["10.0.0.4-10.0.0.4"]),
        ("10.0.0.4/32", "10.0.0.5", ["10.0.0.4-10.0.0.4"]),
        ("10.0.0.4/32", "10.0.0.4", ["10.0.0.4-10.0.0.4"]),
        ("2001:db8::/126", "2001:db8::", ["2001:db8::1-2001:db8::3"]),
        ("2001:db8::/126", "2001:db8::2", ["2001:db8::1-2001:db8::1", "2001:db8::3-2001:db8::3"]),
        ("2001:db8::4/127", "2001:db8::5", []),
        ("2001:db8::4/128", "2001:db8::4", ["2001:db8::4-2001:db8::4"]),
    ],
)
def test_the_default_pools_are_neutrons(
    cidr: str, gateway: str | None, expected: list[str]
) -> None:
    pools = default_pools(ip_network(cidr), ip_address(gateway) if gateway else None)
    assert spelled(pools) == expected


@given(data=st.data(), cidr=networks())
@settings(deadline=None)
def test_default_pools_are_valid_and_lack_only_the_gateway(
    data: st.DataObject, cidr: IPNetwork
) -> None:
    assume(cidr.num_addresses > 1)
    gateway = cidr[data.draw(st.integers(0, cidr.num_addresses - 1))]
    pools = default_pools(cidr, gateway)
    assert validate_pools(cidr, pools) == pools
    check_gateway_outside(gateway, pools)
    everything = assignable(cidr)
    assert sum(pool.size for pool in pools) == everything.size - (gateway in everything)


@given(cidr=small_networks, router=st.booleans())
@settings(deadline=None)
def test_each_address_of_a_pool_can_be_asked_for(cidr: IPNetwork, router: bool) -> None:
    reserved = {address for address in cidr if not is_assignable(cidr, address, router=router)}
    assert reserved.isdisjoint(assignable(cidr))
    if cidr.version == 6 and router:
        assert reserved == set()
    else:
        assert reserved == set(cidr) - set(assignable(cidr))


@given(cidr=networks(shortest=8), address=addresses, router=st.booleans())
@settings(deadline=None)
def test_an_address_outside_of_the_cidr_cannot_be_asked_for(
    cidr: IPNetwork, address: IPAddress, router: bool
) -> None:
    assume(address not in cidr)
    assert not is_assignable(cidr, address, router=router)


@given(ranges=disjoint_ranges(most=6))
@settings(deadline=None)
def test_disjoint_pools_come_back_sorted_and_unjoined(ranges: tuple[AddressRange, ...]) -> None:
    cidr = ip_network("::/64") if ranges and ranges[0].version == 6 else ip_network("0.0.0.0/0")
    bounds = assignable(cidr)
    assume(all(pool.within(bounds) for pool in ranges))
    assert validate_pools(cidr, ranges) == tuple(sorted(ranges))


@given(
    ends=st.lists(
        st.tuples(st.integers(1, 60), st.integers(1, 60)).map(sorted), min_size=2, max_size=6
    )
)
@settings(deadline=None)
def test_an_overlap_is_found_if_there_is_one(ends: list[list[int]]) -> None:
    cidr = ip_network("10.0.0.0/26")
    base = int(cidr.network_address)
    pools = [AddressRange(4, base + first, base + last) for first, last in ends]
    overlapping = {
        (str(one), str(other))
        for place, one in enumerate(pools)
        for other in pools[place + 1 :]
        if one.overlaps(other)
    }
    if not overlapping:
        assert set(validate_pools(cidr, pools)) == set(pools)
        return
    with pytest.raises(OverlappingAllocationPools) as refused:
        validate_pools(cidr, pools)
    assert any(
        refused.value.message
        == f"Found overlapping allocation pools: {one} {other} for subnet 10.0.0.0/26."
        for one, other in overlapping
    )


@pytest.mark.parametrize(
    ("cidr", "start", "end"),
    [
        ("10.0.0.0/24", "10.0.0.0", "10.0.0.9"),
        ("10.0.0.0/24", "10.0.0.9", "10.0.0.255"),
        ("10.0.0.0/24", "10.0.1.1", "10.0.1.9"),
        ("10.0.0.0/24", "9.255.255.255", "10.0.1.1"),
        ("2001:db8::/64", "2001:db8::", "2001:db8::9"),
        ("2001:db8::/64", "2001:db8::9", "2001:db8:0:1::"),
        ("2001:db8::4/127", "2001:db8::4", "2001:db8::5"),
        ("10.0.0.4/31", "10.0.0.4", "10.0.0.6"),
    ],
)
def test_a_pool_beyond_the_assignable_addresses_is_refused(cidr: str, start: str, end: str) -> None:
    with pytest.raises(OutOfBoundsAllocationPool) as refused:
        validate_pools(ip_network(cidr), [AddressRange.parse(start, end)])
    assert refused.value.message == (
        f"The allocation pool {start}-{end} spans beyond the subnet cidr {cidr}."
    )


def test_a_pool_of_the_other_version_is_refused() -> None:
    for cidr, start in (("10.0.0.0/24", "::1"), ("::/64", "0.0.0.1")):
        with pytest.raises(InvalidAllocationPool, match=f"{start}-{start}"):
            validate_pools(ip_network(cidr), [AddressRange.parse(start, start)])


@pytest.mark.parametrize("cidr", ["10.0.0.4/31", "10.0.0.4/32", "2001:db8::4/128"])
def test_the_smallest_subnets_can_be_pools_as_a_whole(cidr: str) -> None:
    network = ip_network(cidr)
    whole = AddressRange.of_network(network)
    assert validate_pools(network, [whole]) == (whole,)


def test_a_gateway_in_a_pool_is_refused_by_name() -> None:
    pools = [AddressRange.parse("10.0.0.2", "10.0.0.4"), AddressRange.parse("10.0.0.6", "10.0.0.9")]
    with pytest.raises(GatewayConflictWithAllocationPools) as refused:
        check_gateway_outside(ip_address("10.0.0.6"), pools)
    assert refused.value.message == (
        "Gateway ip 10.0.0.6 conflicts with allocation pool 10.0.0.6-10.0.0.9."
    )


@pytest.mark.parametrize("gateway", ["10.0.0.1", "10.0.0.5", "10.0.0.10", "::a00:2"])
def test_a_gateway_beside_the_pools_is_allowed(gateway: str) -> None:
    pools = [AddressRange.parse("10.0.0.2", "10.0.0.4"), AddressRange.parse("10.0.0.6", "10.0.0.9")]
    check_gateway_outside(ip_address(gateway), pools)
    check_gateway_outside(None, pools)
    assert all(ip_address(gateway) not in pool for pool in pools)
