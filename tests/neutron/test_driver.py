"""The driver keeps what Neutron's interface promises, in Neutron's tables, on each database."""

import netaddr
import pytest
from neutron import manager
from neutron.ipam import driver as ipam_driver
from neutron.ipam import exceptions as ipam_exc
from neutron.ipam import requests
from neutron_lib import exceptions as n_exc

from freehold.neutron.driver import FreeholdPool
from freehold.neutron.tables import ipam_allocations, ipam_pools, ipam_subnets
from tests.engines import statements
from tests.neutron.cloud import ANY, NEXT, Cloud, Driver, internal, whole

FOUR = ("10.0.0.0/24", ("10.0.0.2", "10.0.0.5"))


def specific(address: str) -> requests.SpecificAddressRequest:
    return requests.SpecificAddressRequest(address)


def test_neutron_finds_it_by_its_name() -> None:
    loaded = manager.NeutronManager.load_class_for_provider("neutron.ipam_drivers", "freehold")
    assert loaded is FreeholdPool
    assert issubclass(loaded, ipam_driver.Pool)
    made = loaded(None, object())
    assert made.needs_rollback() is False
    assert made.get_subnet_request_factory() is requests.SubnetRequestFactory
    assert made.get_address_request_factory() is requests.AddressRequestFactory


def test_any_address_is_one_of_the_pools_each_only_once(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(*FOUR)
    got = {cloud.allocate(subnet_id) for _ in range(4)}
    assert got == {f"10.0.0.{last}" for last in range(2, 6)} == cloud.held(subnet_id)
    with pytest.raises(ipam_exc.IpAddressGenerationFailureAllSubnets, match="4 of 4 addresses"):
        cloud.allocate(subnet_id)
    cloud.release(subnet_id, "10.0.0.3")
    assert cloud.allocate(subnet_id) == "10.0.0.3"


def test_the_next_address_is_the_lowest_free_one(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(
        "10.0.0.0/24", ("10.0.0.100", "10.0.0.110"), ("10.0.0.9", "10.0.0.10")
    )
    got = [cloud.allocate(subnet_id, NEXT) for _ in range(3)]
    assert got == ["10.0.0.9", "10.0.0.10", "10.0.0.100"]
    cloud.release(subnet_id, "10.0.0.10")
    assert cloud.allocate(subnet_id, NEXT) == "10.0.0.10"


def test_an_address_asked_for_by_value_may_lie_outside_of_the_pools(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(*FOUR)
    assert cloud.allocate(subnet_id, specific("10.0.0.77")) == "10.0.0.77"
    with pytest.raises(ipam_exc.IpAddressAlreadyAllocated, match=r"10\.0\.0\.77 already"):
        cloud.allocate(subnet_id, specific("10.0.0.77"))
    for outside in ("10.0.1.1", "10.0.0.255", "2001:db8::1"):
        with pytest.raises(ipam_exc.InvalidIpForSubnet, match=outside):
            cloud.allocate(subnet_id, specific(outside))
    assert cloud.held(subnet_id) == {"10.0.0.77"}


def test_an_automatic_address_is_the_one_of_the_mac_address(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet("2001:db8::/64")
    request = requests.AutomaticAddressRequest(prefix="2001:db8::/64", mac="fa:16:3e:00:00:01")
    assert cloud.allocate(subnet_id, request) == "2001:db8::f816:3eff:fe00:1"
    with pytest.raises(ipam_exc.IpAddressAlreadyAllocated):
        cloud.allocate(subnet_id, request)


def test_addresses_in_bulk_are_all_or_none(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet("10.0.0.0/20")
    with cloud.transaction() as admin:
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        first = subnet.bulk_allocate(requests.BulkAddressRequest(3000))
        assert len(set(first)) == 3000
        with pytest.raises(ipam_exc.IpAddressGenerationFailure, match="2000 addresses were asked"):
            subnet.bulk_allocate(requests.BulkAddressRequest(2000))
        [one] = subnet.bulk_allocate(ANY)
    assert cloud.held(subnet_id) == {*first, one}


def test_addresses_in_bulk_out_of_a_64_are_claimed_without_a_look_at_what_is_held(
    cloud: Cloud,
) -> None:
    subnet_id = cloud.add_subnet("2001:db8::/64")
    held = [whole("2001:db8::/64").first + one for one in range(1, 3000)]
    cloud.hold(subnet_id, held, version=6)
    with cloud.transaction() as admin:
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        with statements(cloud.engine) as seen:
            got = subnet.bulk_allocate(requests.BulkAddressRequest(50))
    assert not any("SELECT ipamallocations" in one or "sum(" in one for one in seen)
    assert len(set(got)) == 50
    assert set(got) <= cloud.held(subnet_id)
    assert len(cloud.held(subnet_id)) == 2999 + 50


def test_guesses_in_bulk_make_up_for_what_was_taken_and_leave_nothing_behind(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if no pool were small enough to be read."""
    monkeypatch.setattr("freehold.neutron.unit.DENSE", 0)
    subnet_id = cloud.add_subnet("10.0.0.0/22")
    first = whole("10.0.0.0/22").first
    cloud.hold(subnet_id, [first + one for one in range(1, 200)])
    with cloud.transaction() as admin:
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        got = subnet.bulk_allocate(requests.BulkAddressRequest(400))
        assert len(set(got)) == 400
        for too_many in (424, 1000):
            with pytest.raises(ipam_exc.IpAddressGenerationFailure, match="599 of 1022"):
                subnet.bulk_allocate(requests.BulkAddressRequest(too_many))
        rest = subnet.bulk_allocate(requests.BulkAddressRequest(423))
    assert set(got).isdisjoint(rest)
    assert len(cloud.held(subnet_id)) == 1022


def test_subnets_are_tried_in_order_and_the_one_that_served_is_named(cloud: Cloud) -> None:
    full = cloud.add_subnet("10.1.0.0/24", ("10.1.0.2", "10.1.0.2"))
    other = cloud.add_subnet(*FOUR)
    cloud.allocate(full)
    with cloud.transaction() as admin:
        address, served = FreeholdPool(None, admin).get_allocator([full, other]).allocate(ANY)
    assert served == other
    assert cloud.held(other) == {address}
    with pytest.raises(n_exc.SubnetNotFound):
        cloud.allocate("unknown")


def test_what_was_done_is_taken_back_by_a_rollback(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(*FOUR)
    cloud.allocate(subnet_id, specific("10.0.0.2"))
    with cloud.abandoned() as admin:
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        subnet.deallocate("10.0.0.2")
        subnet.allocate(ANY)
    assert cloud.held(subnet_id) == {"10.0.0.2"}


def test_an_address_that_nobody_held_can_be_released(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(*FOUR)
    cloud.release(subnet_id, "10.0.0.3")
    with pytest.raises(n_exc.SubnetNotFound):
        cloud.release("unknown", "10.0.0.3")


def test_the_details_of_a_subnet_are_what_it_was_made_of(cloud: Cloud) -> None:
    pools = (("2001:db8::10", "2001:db8::1f"), ("2001:db8::2", "2001:db8::9"))
    subnet_id = cloud.add_subnet("2001:db8::/64", *pools, gateway="2001:db8::1")
    with cloud.transaction() as admin:
        details = FreeholdPool(None, admin).get_subnet(subnet_id).get_details()
    assert details.subnet_id == subnet_id
    assert details.subnet_cidr == netaddr.IPNetwork("2001:db8::/64")
    assert details.gateway_ip == netaddr.IPAddress("2001:db8::1")
    assert details.allocation_pools == [netaddr.IPRange(*pool) for pool in reversed(pools)]


def test_without_pools_they_are_made_around_the_gateway(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet("10.0.0.0/24", gateway="10.0.0.9")
    with cloud.transaction() as admin:
        details = FreeholdPool(None, admin).get_subnet(subnet_id).get_details()
    assert list(map(str, details.allocation_pools)) == [
        "10.0.0.1-10.0.0.8",
        "10.0.0.10-10.0.0.254",
    ]


def test_pools_are_replaced_and_what_is_held_stays_held(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(*FOUR)
    held = cloud.allocate(subnet_id)
    pools = [netaddr.IPRange("10.0.0.50", "10.0.0.50")]
    for _ in range(2):
        with cloud.transaction() as admin:
            pool = FreeholdPool(None, admin)
            request = requests.SpecificSubnetRequest(
                "p1", subnet_id, "10.0.0.0/24", allocation_pools=pools
            )
            updated = pool.update_subnet(request)
            assert updated is not None
            assert updated.get_details().allocation_pools == pools
    assert cloud.allocate(subnet_id) == "10.0.0.50"
    assert cloud.held(subnet_id) == {held, "10.0.0.50"}
    unknown = requests.SpecificSubnetRequest("p1", "unknown", "10.0.0.0/24", allocation_pools=pools)
    with cloud.transaction() as admin, pytest.raises(n_exc.SubnetNotFound):
        FreeholdPool(None, admin).update_subnet(unknown)
    with cloud.transaction() as admin, pytest.raises(ipam_exc.InvalidSubnetRequest):
        FreeholdPool(None, admin).update_subnet(
            requests.SpecificSubnetRequest("p1", None, "10.0.0.0/24")
        )


def test_a_subnet_that_is_removed_leaves_nothing_behind(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet(*FOUR)
    cloud.allocate(subnet_id)
    with cloud.transaction() as admin:
        FreeholdPool(None, admin).remove_subnet(subnet_id)
        with pytest.raises(n_exc.SubnetNotFound):
            FreeholdPool(None, admin).remove_subnet(subnet_id)
    assert [cloud.rows(one) for one in (ipam_subnets, ipam_pools, ipam_allocations)] == [0, 0, 0]
    with pytest.raises(n_exc.SubnetNotFound):
        cloud.allocate(subnet_id)


def test_a_prefix_of_no_subnet_pool_cannot_be_chosen(cloud: Cloud) -> None:
    request = requests.AnySubnetRequest("p1", "s1", "IPv4", 24)
    with cloud.transaction() as admin, pytest.raises(ipam_exc.InvalidSubnetRequestType):
        FreeholdPool(None, admin).allocate_subnet(request)


def test_it_takes_turns_with_the_driver_internal(cloud: Cloud) -> None:
    """Whoever made a subnet or holds an address in it, the other one goes on from there."""
    drivers: list[Driver] = [FreeholdPool, internal()]
    for maker in drivers:
        subnet_id = cloud.add_subnet("2001:db8::/64", ("2001:db8::1", "2001:db8::8"), by=maker)
        turns = drivers * 4
        got = [cloud.allocate(subnet_id, ANY, by) for by in turns]
        assert {netaddr.IPAddress(one).value & 0xF for one in got} == set(range(1, 9))
        for by in turns[:2]:
            with pytest.raises(ipam_exc.IpAddressGenerationFailure):
                cloud.allocate(subnet_id, ANY, by)
        for by, address in zip(turns[1:], got, strict=False):
            cloud.release(subnet_id, address, by)
        assert cloud.held(subnet_id) == {got[-1]}


def test_an_allocation_is_one_read_and_one_claim(cloud: Cloud) -> None:
    """However much is held, and of whatever IP version."""
    four = cloud.add_subnet("10.0.0.0/16")
    cloud.hold(four, [whole("10.0.0.0/16").first + one for one in range(1, 30000, 2)])
    six = cloud.add_subnet("2001:db8::/64")
    first = whole("2001:db8::/64").first
    cloud.hold(six, [first + one * 2**48 for one in range(5000)], 6)
    for subnet_id in (four, six):
        lengths = []
        for _ in range(12):
            with statements(cloud.engine) as seen:
                cloud.allocate(subnet_id)
            lengths.append(len([one for one in seen if not one.startswith(("BEGIN", "PRAGMA"))]))
        assert min(lengths) == 2
        assert sorted(lengths)[6] == 2
