"""What every driver does alike: taking up, changing and forgetting subnets."""

from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from freehold.errors import (
    FreeholdError,
    GatewayConflictWithAllocationPools,
    InvalidAllocationPool,
    InvalidIpForSubnet,
    InvalidSubnetRequest,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureAllSubnets,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
    Reason,
    SubnetAlreadyExists,
    SubnetNotFound,
)
from freehold.ipam.requests import (
    AnyAddressRequest,
    AnySubnetRequest,
    BulkAddressRequest,
    SpecificAddressRequest,
)
from tests.drivers.harness import Harness, MemoryHarness, create, ips, ranges, request

ANY = AnyAddressRequest(holder="h")

BAD_POOLS: list[tuple[str, tuple[str, ...], type[FreeholdError]]] = [
    ("10.0.0.9", ("2001:db8::1-2001:db8::2",), InvalidAllocationPool),
    ("10.0.0.9", ("10.0.0.0-10.0.0.5",), OutOfBoundsAllocationPool),
    ("10.0.0.9", ("10.0.0.60-10.0.0.70",), OutOfBoundsAllocationPool),
    ("10.0.0.9", ("10.0.0.2-10.0.0.5", "10.0.0.5-10.0.0.7"), OverlappingAllocationPools),
    ("10.0.0.9", ("10.0.0.2-10.0.0.9",), GatewayConflictWithAllocationPools),
]


def test_needs_rollback_says_whether_a_rollback_is_enough(harness: Harness) -> None:
    with harness.unit() as pool:
        assert pool.needs_rollback() == isinstance(harness, MemoryHarness)


def test_details_are_the_request_with_its_pools_in_order(harness: Harness) -> None:
    wish = request("10.0.0.0/26", "10.0.0.9-10.0.0.9", "10.0.0.2-10.0.0.3", gateway="10.0.0.1")
    with harness.unit() as pool:
        details = pool.allocate_subnet(wish).get_details()
    with harness.unit() as pool:
        assert pool.get_subnet("s1").get_details() == details
    pools = ranges("10.0.0.2-10.0.0.3", "10.0.0.9-10.0.0.9")
    assert details == replace(wish, allocation_pools=pools)


@pytest.mark.parametrize(
    ("cidr", "gateway", "pools"),
    [
        ("10.0.0.0/26", None, ["10.0.0.1-10.0.0.62"]),
        ("10.0.0.0/26", "10.0.0.20", ["10.0.0.1-10.0.0.19", "10.0.0.21-10.0.0.62"]),
        ("10.0.0.0/26", "192.0.2.1", ["10.0.0.1-10.0.0.62"]),
        ("10.0.0.0/32", "10.0.0.0", ["10.0.0.0-10.0.0.0"]),
        ("2001:db8::/64", "2001:db8::", ["2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"]),
    ],
)
def test_pools_left_to_the_driver_are_made_around_the_gateway(
    harness: Harness, cidr: str, gateway: str | None, pools: list[str]
) -> None:
    with harness.unit() as pool:
        details = create(pool, cidr, gateway=gateway).get_details()
        assert details.allocation_pools == ranges(*pools)
        # The same once more, as whoever reads the pools and sends them back does.
        assert pool.update_subnet(details).get_details() == details


@pytest.mark.parametrize(("gateway", "pools", "error"), BAD_POOLS)
def test_pools_that_cannot_stand_are_refused_at_the_point_of_storage(
    harness: Harness, gateway: str, pools: tuple[str, ...], error: type[FreeholdError]
) -> None:
    with harness.unit() as pool:
        with pytest.raises(error):
            create(pool, "10.0.0.0/26", *pools, gateway=gateway)
        with pytest.raises(SubnetNotFound):
            pool.get_subnet("s1")
        before = create(pool, "10.0.0.0/26", gateway="10.0.0.1").get_details()
        with pytest.raises(error):
            pool.update_subnet(request("10.0.0.0/26", *pools, gateway=gateway))
    with harness.unit() as pool:
        assert pool.get_subnet("s1").get_details() == before


def test_a_subnet_taken_up_twice_is_refused(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool)
    with harness.unit() as pool:
        with pytest.raises(SubnetAlreadyExists):
            create(pool, "192.0.2.0/24")
        assert pool.get_subnet("s1").get_details().cidr == ip_network("10.0.0.0/26")


def test_a_subnet_request_without_a_cidr_is_not_served(harness: Harness) -> None:
    with harness.unit() as pool, pytest.raises(InvalidSubnetRequest):
        pool.allocate_subnet(AnySubnetRequest(subnet_id="s1", ip_version=4, prefixlen=26))


def test_a_change_replaces_gateway_and_pools_and_keeps_what_is_held(harness: Harness) -> None:
    with harness.unit() as pool:
        old = create(pool, "10.0.0.0/26", gateway="10.0.0.1").allocate(ANY)
    with harness.unit() as pool:
        changed = request("10.0.0.0/26", "10.0.0.40-10.0.0.41", gateway="10.0.0.2")
        subnet = pool.update_subnet(changed)
        assert subnet.get_details() == changed
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert subnet.get_details() == changed
        with pytest.raises(IpAddressAlreadyAllocated):
            subnet.allocate(SpecificAddressRequest(old))


def test_a_change_without_pools_keeps_them_and_checks_them_against_the_gateway(
    harness: Harness,
) -> None:
    with harness.unit() as pool:
        before = create(pool, "10.0.0.0/26", "10.0.0.9-10.0.0.20").get_details()
        changed = pool.update_subnet(request("10.0.0.0/26", gateway="10.0.0.1")).get_details()
        assert changed == replace(before, gateway_ip=ip_address("10.0.0.1"))
        with pytest.raises(GatewayConflictWithAllocationPools):
            pool.update_subnet(request("10.0.0.0/26", gateway="10.0.0.9"))


def test_the_cidr_of_a_subnet_does_not_change(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool)
        with pytest.raises(InvalidSubnetRequest, match=r"10\.0\.0\.0/26"):
            pool.update_subnet(request("10.0.0.0/25"))


def test_after_a_change_elsewhere_only_the_new_pools_are_handed_out(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/24")
        for _ in range(200):  # long enough for hints to be there
            subnet.allocate(ANY)
    with harness.another_process().unit() as pool:
        new = "10.0.0.250-10.0.0.252"
        subnet = pool.update_subnet(request("10.0.0.0/24", new))
        free = set(ranges(new)[0])
        for address in free:
            with suppress(IpAddressAllocationNotFound):
                subnet.deallocate(address)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert {subnet.allocate(ANY) for _ in free} == free
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(ANY)


def test_an_unknown_subnet_is_not_found(harness: Harness) -> None:
    with harness.unit() as pool:
        with pytest.raises(SubnetNotFound):
            pool.get_subnet("x")
        with pytest.raises(SubnetNotFound):
            pool.update_subnet(request("10.0.0.0/26", subnet_id="x"))
        with pytest.raises(SubnetNotFound):
            pool.remove_subnet("x")


def test_a_subnet_removed_is_gone_with_all_that_was_held(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool).bulk_allocate(BulkAddressRequest(62))
        pool.remove_subnet("s1")
        with pytest.raises(SubnetNotFound):
            pool.get_subnet("s1")
        assert len(create(pool).bulk_allocate(BulkAddressRequest(62))) == 62


# Groups


def test_a_group_takes_the_first_subnet_that_has_an_address(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool, "10.0.0.0/31", subnet_id="a")
        create(pool, "10.0.1.0/31", subnet_id="b")
        group = pool.get_allocator(["b", "a"])
        assert [group.allocate(ANY).subnet_id for _ in range(4)] == ["b", "b", "a", "a"]
        with pytest.raises(IpAddressGenerationFailureAllSubnets) as caught:
            group.allocate(ANY)
    assert [(one.subnet_id, one.reason) for one in caught.value.refusals] == [
        ("b", Reason.POOL_EXHAUSTED),
        ("a", Reason.POOL_EXHAUSTED),
    ]


def test_a_group_finds_the_subnet_of_a_given_address(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool, "2001:db8::/64", subnet_id="a")
        create(pool, "10.0.0.0/26", subnet_id="b")
        create(pool, "10.0.1.0/26", subnet_id="c")
        group = pool.get_allocator(["a", "b", "c"])
        wanted = SpecificAddressRequest(ips("10.0.1.7")[0])
        assert group.allocate(wanted) == (wanted.address, "c")
        with pytest.raises(IpAddressAlreadyAllocated):
            group.allocate(wanted)
        with pytest.raises(InvalidIpForSubnet) as caught:
            group.allocate(SpecificAddressRequest(ips("192.0.2.1")[0]))
    assert [one.reason for one in caught.value.refusals] == [
        Reason.OTHER_IP_VERSION,
        Reason.ADDRESS_OUTSIDE_SUBNET,
        Reason.ADDRESS_OUTSIDE_SUBNET,
    ]


def test_a_group_passes_over_a_subnet_that_is_gone(harness: Harness) -> None:
    with harness.opener() as open_pool:
        create(open_pool(), subnet_id="a")
        create(open_pool(), subnet_id="b")
        group = open_pool().get_allocator(["a", "x", "b"])
        open_pool().remove_subnet("a")
        assert group.allocate(ANY).subnet_id == "b"
        open_pool().remove_subnet("b")
        with pytest.raises(IpAddressGenerationFailureAllSubnets) as caught:
            group.allocate(ANY)
    assert [(one.subnet_id, one.reason) for one in caught.value.refusals] == [
        ("a", Reason.SUBNET_GONE),
        ("x", Reason.SUBNET_GONE),
        ("b", Reason.SUBNET_GONE),
    ]
