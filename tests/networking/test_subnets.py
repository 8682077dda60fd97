"""Subnets on a real database."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from freehold.addresses.eui64 import eui64_address
from freehold.errors import (
    DNSNameServersExhausted,
    FreeholdError,
    GatewayConflictWithAllocationPools,
    GatewayIpInUse,
    HostRoutesExhausted,
    InvalidInput,
    IpAddressGenerationFailure,
    NetworkNotFound,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
    Reason,
    SubnetInUse,
    SubnetNotFound,
)
from freehold.ipam.strategy import Strategy
from freehold.networking import owners
from freehold.networking.limits import Limits
from freehold.networking.values import (
    Filter,
    HostRoute,
    IPv6Mode,
    NetworkChange,
    PortChange,
    SubnetChange,
)
from tests.backends import Premises, addresses, asks, grown, pools, subnet_draft
from tests.networking.test_networks import NOWHERE, OTHER_OWNERS, SERVICE_OWNERS

ROUTE = HostRoute(ip_network("1.0.0.0/24"), ip_address("10.0.0.9"))
ROUTER_INTERFACES = sorted(owners.ROUTER_INTERFACES)


def test_created_subnets_come_back_in_order_and_are_stored(premises: Premises) -> None:
    network = premises.network(shared=True)
    drafts = [
        subnet_draft(
            network,
            "10.0.0.0/24",
            name="b",
            project_id="q",
            dns_nameservers=(ip_address("9.9.9.9"), ip_address("8.8.8.8")),
            host_routes=(ROUTE,),
            allocation_pools=pools(("10.0.0.100", "10.0.0.200"), ("10.0.0.2", "10.0.0.9")),
        ),
        subnet_draft(network, "2001:db8::/64", "dhcpv6-stateless", gateway_ip=None),
        subnet_draft(network, "10.0.1.0/31", enable_dhcp=False),
    ]
    subnets = premises.backend.subnets.create(drafts)
    assert [subnet.cidr for subnet in subnets] == [draft.cidr for draft in drafts]
    assert [premises.backend.subnets.get(subnet.id) for subnet in subnets] == list(subnets)
    first, second, third = subnets
    assert first.dns_nameservers == (ip_address("9.9.9.9"), ip_address("8.8.8.8"))
    assert first.host_routes == (ROUTE,)
    assert (first.name, first.project_id, first.shared) == ("b", "q", True)
    assert first.allocation_pools == pools(("10.0.0.2", "10.0.0.9"), ("10.0.0.100", "10.0.0.200"))
    assert (second.gateway_ip, second.ipv6_ra_mode) == (None, IPv6Mode.DHCPV6_STATELESS)
    assert (third.gateway_ip, third.enable_dhcp) == (ip_address("10.0.1.1"), False)


def test_the_driver_hands_out_what_the_subnet_shows(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24", gateway_ip=ip_address("10.0.0.100"))
    [row] = premises.dump()["ledger_subnets"]
    assert row[:7] == (subnet.id, "p", 4, "10.0.0.0/24", "10.0.0.100", None, None)
    assert len(premises.dump()["ledger_pools"]) == len(subnet.allocation_pools) == 2


@pytest.mark.parametrize(
    ("cidr", "values", "kind"),
    [
        ("10.0.0.128/25", {}, InvalidInput),
        ("10.0.1.0/24", {"network_id": NOWHERE}, NetworkNotFound),
        ("10.0.1.0/24", {"gateway_ip": ip_address("10.0.1.255")}, InvalidInput),
        (
            "10.0.1.0/24",
            {"allocation_pools": pools(("10.0.1.1", "10.0.1.9"))},
            GatewayConflictWithAllocationPools,
        ),
    ],
)
def test_several_subnets_are_created_or_none(
    premises: Premises, cidr: str, values: dict[str, Any], kind: type[FreeholdError]
) -> None:
    network = premises.network()
    premises.port(network)
    good = [
        subnet_draft(network, "10.0.0.0/24"),
        subnet_draft(network, "2001:db8::/64", "slaac"),
    ]
    with premises.refused(kind):
        premises.backend.subnets.create([*good, subnet_draft(network, cidr, **values)])


def test_one_cidr_can_be_on_two_networks_and_again_after_its_deletion(premises: Premises) -> None:
    one, two = premises.network(), premises.network()
    subnet = premises.subnet(one, "10.0.0.0/24")
    premises.subnet(two, "10.0.0.0/24")
    with premises.refused(InvalidInput):
        premises.subnet(one, "10.0.0.0/25")
    premises.backend.subnets.delete(subnet.id)
    assert premises.subnet(one, "10.0.0.0/25").cidr == ip_network("10.0.0.0/25")


def test_filters_on_subnets(premises: Premises) -> None:
    network, lobby = premises.network(), premises.network(shared=True)
    a = premises.subnet(network, "10.0.0.0/24", name="a")
    b = premises.subnet(lobby, "10.0.0.0/24", name="b", project_id="q", gateway_ip=None)
    c = premises.subnet(network, "10.0.1.0/24", enable_dhcp=False)
    d = premises.subnet(network, "2001:db8::/64", "slaac", gateway_ip=ip_address("fe80::1"))
    e = premises.subnet(network, "2001:db8:1::/64", ipv6_ra_mode=IPv6Mode.DHCPV6_STATEFUL)
    everything = {a.id, b.id, c.id, d.id, e.id}

    def found(**wanted: tuple[object, ...]) -> set[str]:
        filters = [Filter(name, values) for name, values in wanted.items()]
        subnets = premises.backend.subnets.find(filters)
        assert [subnet.id for subnet in subnets] == sorted(subnet.id for subnet in subnets)
        return {subnet.id for subnet in subnets}

    assert found() == everything
    assert found(id=(a.id, NOWHERE)) == {a.id}
    assert found(name=("a", "b")) == {a.id, b.id}
    assert found(name=("",)) == {c.id, d.id, e.id}
    assert found(ip_version=(6,)) == {d.id, e.id}
    assert found(network_id=(lobby.id,)) == {b.id}
    assert found(project_id=("q",)) == {b.id}
    assert found(enable_dhcp=(False,)) == {c.id}
    assert found(cidr=(ip_network("10.0.0.0/24"),)) == {a.id, b.id}
    assert found(cidr=(ip_network("10.0.0.0/25"),)) == set()
    assert found(gateway_ip=(ip_address("10.0.0.1"), ip_address("fe80::1"))) == {a.id, d.id}
    assert found(gateway_ip=(None,)) == {b.id}
    assert found(gateway_ip=(None, ip_address("10.0.1.1"))) == {b.id, c.id}
    assert found(ipv6_ra_mode=(IPv6Mode.SLAAC, IPv6Mode.DHCPV6_STATEFUL)) == {d.id, e.id}
    assert found(ipv6_address_mode=(IPv6Mode.SLAAC,)) == {d.id}
    assert found(ipv6_address_mode=(None,), ip_version=(6,)) == {e.id}
    assert found(shared=(True,)) == {b.id}
    assert found(subnetpool_id=(None,)) == everything
    assert found(subnetpool_id=(NOWHERE,)) == set()
    assert found(name=("a",), ip_version=(6,)) == set()


def test_a_subnet_that_is_not_there(premises: Premises) -> None:
    subnets = premises.backend.subnets
    for attempt in (
        lambda: subnets.get(NOWHERE),
        lambda: subnets.update(NOWHERE, SubnetChange(name="x")),
        lambda: subnets.delete(NOWHERE),
    ):
        with premises.refused(SubnetNotFound) as error:
            attempt()
        assert error.value.message == f"Subnet {NOWHERE} could not be found."


# New auto-address subnets


@pytest.mark.parametrize("mode", ["slaac", "dhcpv6-stateless"])
def test_a_new_auto_address_subnet_serves_the_ports_that_are_there(
    premises: Premises, mode: str
) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    kinds = ["", "compute:x", *SERVICE_OWNERS, "network:router_gateway"]
    served = [premises.port(network, device_owner=owner) for owner in kinds]
    bare = premises.port(network, fixed_ips=())
    alone = [
        premises.port(network, device_owner=owner)
        for owner in sorted(owners.NO_AUTOMATIC_ADDRESSES)
    ]
    elsewhere = premises.port(premises.network())
    subnet = premises.subnet(network, "2001:db8:6::/64", mode)
    for port in [*served, bare]:
        after = premises.backend.ports.get(port.id)
        automatic = eui64_address(subnet.cidr, port.mac_address)
        assert addresses(after) == [*addresses(port), str(automatic)]
        assert after.fixed_ips[-1].subnet_id == subnet.id
    for port in [*alone, elsewhere]:
        assert premises.backend.ports.get(port.id) == port
    holders = {holder for subnet_id, holder, _ in premises.held() if subnet_id == subnet.id}
    assert holders == {port.id for port in [*served, bare]}


def test_two_new_auto_address_subnets_at_once_serve_the_ports_in_their_order(
    premises: Premises,
) -> None:
    network = premises.network()
    port = premises.port(network)
    one, two = premises.backend.subnets.create(
        [subnet_draft(network, f"2001:db8:{number}::/64", "slaac") for number in (2, 1)]
    )
    shown = premises.backend.ports.get(port.id).fixed_ips
    assert [fixed_ip.subnet_id for fixed_ip in shown] == [one.id, two.id]


def test_a_new_automatic_address_comes_after_those_that_are_left(premises: Premises) -> None:
    network = premises.network()
    port = premises.port(network)
    subnets = [premises.subnet(network, f"2001:db8:{number}::/64", "slaac") for number in range(8)]
    for subnet in subnets[:4]:
        premises.backend.subnets.delete(subnet.id)
    newer = [premises.subnet(network, f"2001:db8:{number}::/64", "slaac") for number in range(4)]
    expected = [subnet.id for subnet in [*subnets[4:], *newer]]
    got = premises.backend.ports.get(port.id)
    assert [fixed_ip.subnet_id for fixed_ip in got.fixed_ips] == expected
    assert premises.backend.ports.find([Filter("id", (port.id,))]) == (got,)


def test_other_new_subnets_leave_the_ports_alone(premises: Premises) -> None:
    network = premises.network()
    port = premises.port(network)
    premises.subnet(network, "10.0.0.0/24")
    premises.subnet(network, "2001:db8:1::/64", "dhcpv6-stateful")
    premises.subnet(network, "2001:db8:2::/64")
    assert premises.backend.ports.get(port.id) == port


# Updates


def test_an_update_is_stored_and_shown(premises: Premises) -> None:
    subnet, other = (premises.subnet(premises.network(), "10.0.0.0/24") for _ in range(2))
    values: dict[str, Any] = {
        "name": "new",
        "gateway_ip": ip_address("10.0.0.254"),
        "allocation_pools": pools(("10.0.0.10", "10.0.0.20"), ("10.0.0.30", "10.0.0.40")),
        "dns_nameservers": (ip_address("9.9.9.9"),),
        "host_routes": (ROUTE,),
        "enable_dhcp": False,
        "allocation_strategy": Strategy.LEAST_RECENTLY_RELEASED,
        "cool_down": timedelta(minutes=5),
    }
    changed = premises.backend.subnets.update(subnet.id, SubnetChange(**values))
    assert changed == replace(grown(subnet, changed), **values)
    assert premises.backend.subnets.get(subnet.id) == changed
    assert premises.backend.subnets.get(other.id) == other


def test_a_change_of_nothing_writes_nothing(premises: Premises) -> None:
    subnet = premises.subnet(premises.network(), "10.0.0.0/24")
    before = premises.dump()
    same = SubnetChange(gateway_ip=subnet.gateway_ip, allocation_pools=subnet.allocation_pools)
    assert premises.backend.subnets.update(subnet.id, SubnetChange()) == subnet
    assert premises.backend.subnets.update(subnet.id, same) == subnet
    assert premises.dump() == before


def test_new_pools_are_what_is_handed_out_from(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    held = premises.port(network, "10.0.0.200")
    small = SubnetChange(allocation_pools=pools(("10.0.0.10", "10.0.0.11")))
    premises.backend.subnets.update(subnet.id, small)
    ports = [premises.port(network) for _ in range(2)]
    assert {address for port in ports for address in addresses(port)} == {"10.0.0.10", "10.0.0.11"}
    with premises.refused(IpAddressGenerationFailure):
        premises.port(network)
    assert premises.backend.ports.get(held.id) == held
    premises.backend.subnets.update(subnet.id, SubnetChange(allocation_pools=()))
    with premises.refused(IpAddressGenerationFailure) as error:
        premises.port(network)
    [refusal] = error.value.refusals
    assert (refusal.reason, dict(refusal.figures)) == (Reason.NO_POOL, {})
    assert addresses(premises.port(network, "10.0.0.5")) == ["10.0.0.5"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"gateway_ip": ip_address("10.0.0.0")}, InvalidInput),
        ({"gateway_ip": ip_address("10.0.0.100")}, GatewayConflictWithAllocationPools),
        ({"allocation_pools": pools(("10.0.0.1", "10.0.0.9"))}, GatewayConflictWithAllocationPools),
        ({"allocation_pools": pools(("10.0.0.10", "10.0.1.9"))}, OutOfBoundsAllocationPool),
        (
            {"allocation_pools": pools(("10.0.0.10", "10.0.0.20"), ("10.0.0.15", "10.0.0.30"))},
            OverlappingAllocationPools,
        ),
        (
            {"dns_nameservers": tuple(ip_address(f"8.8.8.{number}") for number in range(6))},
            DNSNameServersExhausted,
        ),
        ({"host_routes": (ROUTE,) * 21}, HostRoutesExhausted),
    ],
)
def test_an_update_that_cannot_stand_changes_nothing(
    premises: Premises, values: dict[str, Any], kind: type[FreeholdError]
) -> None:
    subnet = premises.subnet(premises.network(), "10.0.0.0/24")
    with premises.refused(kind):
        premises.backend.subnets.update(subnet.id, SubnetChange(name="new", **values))


@pytest.mark.parametrize("owner", ROUTER_INTERFACES)
def test_the_gateway_stays_while_a_router_holds_it(premises: Premises, owner: str) -> None:
    network = premises.network()
    subnet = premises.subnet(
        network, "10.0.0.0/24", allocation_pools=pools(("10.0.0.10", "10.0.0.20"))
    )
    router = premises.port(network, "10.0.0.1", device_owner=owner)
    subnets = premises.backend.subnets
    for gateway in (ip_address("10.0.0.2"), None):
        with premises.refused(GatewayIpInUse) as error:
            subnets.update(subnet.id, SubnetChange(gateway_ip=gateway))
        assert error.value.message == (
            f"Current gateway ip 10.0.0.1 already in use by port {router.id}. Unable to update."
        )
    unchanged = SubnetChange(gateway_ip=subnet.gateway_ip, name="new")
    assert subnets.update(subnet.id, unchanged).name == "new"
    premises.backend.ports.delete(router.id)
    assert subnets.update(subnet.id, SubnetChange(gateway_ip=None)).gateway_ip is None


@pytest.mark.parametrize("owner", ["", "compute:x", owners.DHCP, owners.ROUTER_GATEWAY])
def test_the_gateway_can_change_while_another_port_holds_it(premises: Premises, owner: str) -> None:
    network, other = premises.network(), premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    premises.port(network, "10.0.0.1", device_owner=owner)
    premises.port(network, "10.0.0.7", device_owner="network:router_interface")
    premises.subnet(other, "10.0.0.0/24")
    premises.port(other, "10.0.0.1", device_owner="network:router_interface")
    changed = premises.backend.subnets.update(subnet.id, SubnetChange(gateway_ip=None))
    assert changed.gateway_ip is None


def test_a_network_lends_its_sharing_to_its_subnets(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    premises.backend.networks.update(network.id, NetworkChange(shared=True))
    shared = replace(subnet, shared=True)
    assert premises.backend.subnets.get(subnet.id) == shared
    changed = premises.backend.subnets.update(subnet.id, SubnetChange(name="x"))
    assert changed == replace(grown(shared, changed), name="x")


# Deletion


def in_use(subnet_id: str) -> str:
    return (
        f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP "
        "allocation from this subnet."
    )


@pytest.mark.parametrize("owner", OTHER_OWNERS)
@pytest.mark.parametrize(
    ("cidr", "mode"),
    [("10.0.0.0/24", None), ("2001:db8::/64", "dhcpv6-stateful"), ("2001:db8::/64", None)],
)
def test_a_subnet_stays_while_ports_hold_its_addresses(
    premises: Premises, owner: str, cidr: str, mode: str | None
) -> None:
    network = premises.network()
    subnet = premises.subnet(network, cidr, mode)
    premises.port(network, device_owner=owners.DHCP)
    port = premises.port(network, device_owner=owner)
    with premises.refused(SubnetInUse) as error:
        premises.backend.subnets.delete(subnet.id)
    assert error.value.message == in_use(subnet.id)
    premises.backend.ports.delete(port.id)
    premises.backend.subnets.delete(subnet.id)


@pytest.mark.parametrize("owner", SERVICE_OWNERS)
def test_a_subnet_goes_and_the_ports_of_services_stay_without_its_address(
    premises: Premises, owner: str
) -> None:
    network = premises.network()
    before = premises.dump()
    subnet = premises.subnet(network, "10.0.0.0/24")
    kept = premises.subnet(network, "2001:db8::/64", "dhcpv6-stateful")
    port = premises.port(network, device_owner=owner)
    premises.backend.subnets.delete(subnet.id)
    left = premises.backend.ports.get(port.id)
    assert [fixed_ip.subnet_id for fixed_ip in left.fixed_ips] == [kept.id]
    assert premises.backend.networks.get(network.id).subnet_ids == (kept.id,)
    premises.backend.subnets.delete(kept.id)
    assert premises.backend.ports.get(port.id).fixed_ips == ()
    after = premises.dump()
    assert after["allocations"] == after["ledger_subnets"] == after["ledger_pools"] == []
    assert after["subnets"] == before["subnets"] == []


@pytest.mark.parametrize("mode", ["slaac", "dhcpv6-stateless"])
@pytest.mark.parametrize(
    "owner", [owner for owner in OTHER_OWNERS if owner not in owners.ROUTER_INTERFACES]
)
def test_an_auto_address_subnet_goes_with_the_addresses_of_ordinary_ports(
    premises: Premises, owner: str, mode: str
) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    subnet = premises.subnet(network, "2001:db8::/64", mode)
    port = premises.port(network, device_owner=owner)
    premises.backend.subnets.delete(subnet.id)
    left = premises.backend.ports.get(port.id)
    [ordinary] = (fixed_ip for fixed_ip in port.fixed_ips if fixed_ip.subnet_id != subnet.id)
    assert left == replace(grown(port, left, len(port.fixed_ips) - 1), fixed_ips=(ordinary,))
    assert {subnet_id for subnet_id, _, _ in premises.held()} == {ordinary.subnet_id}


@pytest.mark.parametrize("owner", ROUTER_INTERFACES)
def test_an_auto_address_subnet_stays_under_a_router_interface(
    premises: Premises, owner: str
) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "2001:db8::/64", "slaac")
    premises.port(network)
    router = premises.port(network, "2001:db8::1", device_owner=owner)
    with premises.refused(SubnetInUse) as error:
        premises.backend.subnets.delete(subnet.id)
    assert error.value.message == in_use(subnet.id)
    premises.backend.ports.delete(router.id)
    premises.backend.subnets.delete(subnet.id)


def test_a_subnet_goes_while_ports_hold_addresses_of_another(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    other = premises.subnet(network, "10.0.1.0/24")
    port = premises.port(network, fixed_ips=asks((other, None)))
    bare = premises.port(network, fixed_ips=())
    premises.backend.subnets.delete(subnet.id)
    assert premises.backend.ports.get(port.id) == port
    assert premises.backend.ports.get(bare.id) == bare
    assert premises.backend.networks.get(network.id).subnet_ids == (other.id,)


def test_limits_are_the_operators() -> None:
    premises = Premises(limits=Limits(max_dns_nameservers=1, max_subnet_host_routes=0))
    network = premises.network()
    one, two = ip_address("9.9.9.9"), ip_address("8.8.8.8")
    with premises.refused(DNSNameServersExhausted):
        premises.subnet(network, "10.0.0.0/24", dns_nameservers=(one, two))
    with premises.refused(HostRoutesExhausted):
        premises.subnet(network, "10.0.0.0/24", host_routes=(ROUTE,))
    subnet = premises.subnet(network, "10.0.0.0/24", dns_nameservers=(one,))
    assert subnet.dns_nameservers == (one,)
    with premises.refused(DNSNameServersExhausted):
        premises.backend.subnets.update(subnet.id, SubnetChange(dns_nameservers=(one, two)))
    premises.database.dispose()


def test_a_former_router_interface_keeps_its_own_address_of_an_auto_address_subnet(
    premises: Premises,
) -> None:
    network = premises.network()
    premises.subnet(network, "2001:db8::/64", "slaac")
    port = premises.port(network, "2001:db8::77", device_owner="network:router_interface")
    change = PortChange(device_owner="", fixed_ips=())
    assert premises.backend.ports.update(port.id, change).fixed_ips == port.fixed_ips
