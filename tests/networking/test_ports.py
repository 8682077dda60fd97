"""Ports on a real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import chain, repeat
from pathlib import Path
from random import Random
from typing import Any

import pytest

from freehold.addresses.encoding import to_bytes
from freehold.addresses.eui64 import eui64_address
from freehold.errors import (
    AllocationOnAutoAddressSubnet,
    FreeholdError,
    InvalidInput,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    MacAddressGenerationFailure,
    MacAddressInUse,
    NetworkNotFound,
    PortNotFound,
    Reason,
    SubnetNotFound,
    UnsupportedPortDeviceOwner,
)
from freehold.networking import owners
from freehold.networking.limits import Limits
from freehold.networking.records import Record
from freehold.networking.values import (
    Filter,
    FixedIP,
    FixedIPRequest,
    MacAddress,
    Network,
    Port,
    PortChange,
    Subnet,
)
from tests.backends import Premises, addresses, asks, grown, pools, port_draft, subnet_draft
from tests.networking.test_networks import NOWHERE

MAC = "02:00:00:00:aa:01"
OTHER_MAC = "02:00:00:00:aa:02"
FREE_MAC = "02:00:00:00:aa:03"


class RiggedMacs(Random):
    """Makes up ids as any seed does, and the ends of MAC addresses as it is told."""

    def __init__(self, ends: list[int]) -> None:
        super().__init__(5)
        self._ends = chain(ends, repeat(ends[-1]))

    def getrandbits(self, k: int, /) -> int:
        return next(self._ends) if k == 16 else super().getrandbits(k)


def with_macs(*ends: int) -> Premises:
    """Return a backend whose generated MAC addresses end in these numbers, one by one."""
    limits = Limits(base_mac="fa:16:3e:aa:00:00")
    return Premises(limits=limits, random=RiggedMacs(list(ends)))


def dual_stack(premises: Premises) -> tuple[Network, Subnet, Subnet, Subnet]:
    network = premises.network()
    return (
        network,
        premises.subnet(network, "10.0.0.0/24"),
        premises.subnet(network, "2001:db8:1::/64", "dhcpv6-stateful"),
        premises.subnet(network, "2001:db8:2::/64", "slaac"),
    )


def automatic(subnet: Subnet, mac: str) -> FixedIP:
    return FixedIP(subnet.id, eui64_address(subnet.cidr, mac))


# Creation


def test_created_ports_come_back_in_order_and_are_stored(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    one, two = premises.backend.ports.create(
        [
            port_draft(
                network,
                name="b",
                project_id="q",
                admin_state_up=False,
                mac_address=MAC,
                device_id="d",
                device_owner="compute:x",
                fixed_ips=asks("10.0.0.25", "10.0.0.23", "10.0.0.100"),
            ),
            port_draft(network),
        ]
    )
    assert one == Port(
        id=one.id,
        network_id=network.id,
        project_id="q",
        name="b",
        admin_state_up=False,
        mac_address=MAC,
        device_id="d",
        device_owner="compute:x",
        fixed_ips=tuple(
            FixedIP(subnet.id, ip_address(address))
            for address in ("10.0.0.25", "10.0.0.23", "10.0.0.100")
        ),
        status="DOWN",
        record=Record.begun(one.record.created_at, 1),
    )
    assert premises.backend.ports.get(one.id) == one
    assert premises.backend.ports.get(two.id) == two
    assert two.mac_address.startswith("fa:16:3e:")
    assert len(two.fixed_ips) == 1


def test_a_port_holds_what_it_shows(premises: Premises) -> None:
    network, four, six, slaac = dual_stack(premises)
    port = premises.port(network)
    assert {fixed_ip.subnet_id for fixed_ip in port.fixed_ips} == {four.id, six.id, slaac.id}
    assert automatic(slaac, port.mac_address) in port.fixed_ips
    assert premises.held() == {
        (fixed_ip.subnet_id, port.id, to_bytes(fixed_ip.ip_address)) for fixed_ip in port.fixed_ips
    }


def test_a_port_on_a_network_without_subnets_has_no_addresses(premises: Premises) -> None:
    network = premises.network()
    assert premises.port(network).fixed_ips == ()
    assert premises.port(network, fixed_ips=()).fixed_ips == ()
    with premises.refused(InvalidInput):
        premises.port(network, "10.0.0.5")


def test_the_oldest_subnet_is_preferred_and_the_next_one_helps_out(premises: Premises) -> None:
    network = premises.network()
    first, second = (premises.subnet(network, f"10.{number}.0.0/30") for number in (9, 1))
    ports = [premises.port(network) for _ in range(2)]
    assert [port.fixed_ips[0].subnet_id for port in ports] == [first.id, second.id]


def test_dhcp_ports_sit_at_the_beginning_of_the_pools(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(
        network,
        "10.0.0.0/24",
        allocation_pools=pools(("10.0.0.100", "10.0.0.109"), ("10.0.0.20", "10.0.0.22")),
    )
    premises.port(network, "10.0.0.21")
    dhcp = [premises.port(network, device_owner=owners.DHCP) for _ in range(3)]
    assert [addresses(port) for port in dhcp] == [["10.0.0.20"], ["10.0.0.22"], ["10.0.0.100"]]


def test_an_address_outside_of_the_pools_can_be_asked_for(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(
        network, "10.0.0.0/24", allocation_pools=pools(("10.0.0.10", "10.0.0.20"))
    )
    assert addresses(premises.port(network, "10.0.0.5", "10.0.0.1")) == ["10.0.0.5", "10.0.0.1"]
    with premises.refused(IpAddressAlreadyAllocated) as error:
        premises.port(network, "10.0.0.5")
    assert error.value.message == f"IP address 10.0.0.5 already allocated in subnet {subnet.id}"


@pytest.mark.parametrize("cidr", ["10.0.0.0/31", "10.0.0.4/32", "2001:db8::5/128"])
def test_each_address_of_the_smallest_subnets_can_be_asked_for(
    premises: Premises, cidr: str
) -> None:
    network = premises.network()
    premises.subnet(network, cidr, enable_dhcp=False, gateway_ip=None)
    for address in ip_network(cidr):
        assert addresses(premises.port(network, str(address))) == [str(address)]
    with premises.refused(IpAddressGenerationFailure):
        premises.port(network)


def test_the_automatic_address_of_a_port_can_be_asked_for(premises: Premises) -> None:
    network, _, _, slaac = dual_stack(premises)
    own = automatic(slaac, MAC)
    port = premises.port(network, str(own.ip_address), mac_address=MAC)
    assert port.fixed_ips == (own,)


def test_an_automatic_address_that_a_router_holds_refuses_the_port(premises: Premises) -> None:
    network, _, _, slaac = dual_stack(premises)
    own = automatic(slaac, MAC)
    premises.port(network, str(own.ip_address), device_owner="network:router_interface")
    with premises.refused(IpAddressAlreadyAllocated) as error:
        premises.port(network, mac_address=MAC)
    [refusal] = error.value.refusals
    assert (refusal.reason, refusal.subnet_id) == (Reason.ADDRESS_HELD, slaac.id)
    assert dict(refusal.figures) == {"ip_address": str(own.ip_address)}


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (FixedIPRequest(ip_address=ip_address("10.9.0.1")), InvalidIpForNetwork),
        (FixedIPRequest(ip_address=ip_address("10.0.0.255")), InvalidIpForNetwork),
        (FixedIPRequest(ip_address=ip_address("2001:db8:2::5")), AllocationOnAutoAddressSubnet),
        (FixedIPRequest(subnet_id=NOWHERE), SubnetNotFound),
        (FixedIPRequest(), InvalidInput),
        (FixedIPRequest(ip_address=ip_address("10.0.0.20")), IpAddressAlreadyAllocated),
    ],
)
def test_one_wrong_address_refuses_the_port_and_all_that_come_with_it(
    premises: Premises, asked: FixedIPRequest, kind: type[FreeholdError]
) -> None:
    network, *_ = dual_stack(premises)
    premises.port(network, "10.0.0.20")
    other = premises.port(network)
    wanted = (*asks("10.0.0.77"), asked)
    with premises.refused(kind):
        premises.backend.ports.create([port_draft(network), port_draft(network, fixed_ips=wanted)])
    with premises.refused(kind):
        premises.backend.ports.update(other.id, PortChange(name="x", fixed_ips=wanted))


def test_a_subnet_of_another_network_is_refused_by_name(premises: Premises) -> None:
    network, *_ = dual_stack(premises)
    other = premises.subnet(premises.network(), "10.5.0.0/24")
    for address in (None, "10.5.0.9"):
        with premises.refused(InvalidInput) as error:
            premises.port(network, fixed_ips=asks((other, address)))
        assert error.value.message == (
            "Invalid input for operation: Failed to create port on network "
            f"{network.id}, because fixed_ips included invalid subnet {other.id}."
        )


def test_the_number_of_addresses_that_can_be_asked_for_is_the_operators() -> None:
    premises = Premises(limits=Limits(max_fixed_ips_per_port=2))
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    port = premises.port(network, "10.0.0.5", "10.0.0.6")
    three = asks("10.0.0.5", "10.0.0.6", "10.0.0.7")
    with premises.refused(InvalidInput):
        premises.port(network, fixed_ips=three)
    with premises.refused(InvalidInput):
        premises.backend.ports.update(port.id, PortChange(fixed_ips=three))
    premises.database.dispose()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"network_id": NOWHERE}, NetworkNotFound),
        ({"mac_address": MAC}, MacAddressInUse),
        ({"fixed_ips": asks("10.0.0.3")}, IpAddressAlreadyAllocated),
        ({"fixed_ips": asks("11.0.0.3")}, InvalidIpForNetwork),
    ],
)
def test_several_ports_are_created_or_none(
    premises: Premises, values: dict[str, Any], kind: type[FreeholdError]
) -> None:
    network, *_ = dual_stack(premises)
    first = port_draft(network, mac_address=MAC, fixed_ips=asks("10.0.0.3"))
    with premises.refused(kind):
        premises.backend.ports.create([first, port_draft(network, **values)])
    [port] = premises.backend.ports.create([first])
    assert "10.0.0.3" in addresses(port)


# Exhaustion


def test_exactly_as_many_ports_get_an_address_as_the_pools_have(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/28")
    drafts = [port_draft(network) for _ in range(14)]
    with premises.refused(IpAddressGenerationFailure):
        premises.backend.ports.create(drafts)
    ports = premises.backend.ports.create(drafts[:13])
    assert {address for port in ports for address in addresses(port)} == {
        f"10.0.0.{number}" for number in range(2, 15)
    }
    with premises.refused(IpAddressGenerationFailure) as error:
        premises.port(network)
    [refusal] = error.value.refusals
    assert (refusal.reason, refusal.subnet_id) == (Reason.POOL_EXHAUSTED, subnet.id)
    assert refusal.cidr == "10.0.0.0/28"
    assert dict(refusal.figures) == {"total": 13, "held": 13}
    assert "all 13 of 13 addresses" in refusal.text
    assert error.value.message == f"No more IP addresses available on network {network.id}."
    assert error.value.detail == refusal.text
    premises.backend.ports.delete(ports[4].id)
    assert addresses(premises.port(network)) == addresses(ports[4])


def test_each_full_subnet_gives_its_own_reason(premises: Premises) -> None:
    network = premises.network()
    one = premises.subnet(network, "10.0.0.0/30")
    two = premises.subnet(network, "10.0.1.0/29", allocation_pools=())
    three = premises.subnet(
        network, "10.0.2.0/29", allocation_pools=pools(("10.0.2.2", "10.0.2.3"))
    )
    premises.subnet(network, "2001:db8::/64", "dhcpv6-stateful")
    for _ in range(3):
        premises.port(network)
    with premises.refused(IpAddressGenerationFailure) as error:
        premises.port(network)
    assert type(error.value) is IpAddressGenerationFailure
    assert [
        (refusal.subnet_id, refusal.reason, dict(refusal.figures))
        for refusal in error.value.refusals
    ] == [
        (one.id, Reason.POOL_EXHAUSTED, {"total": 1, "held": 1}),
        (two.id, Reason.NO_POOL, {}),
        (three.id, Reason.POOL_EXHAUSTED, {"total": 2, "held": 2}),
    ]
    with premises.refused(IpAddressGenerationFailure) as error:
        premises.port(network, fixed_ips=asks((three, None)))
    assert [refusal.subnet_id for refusal in error.value.refusals] == [three.id]
    with premises.refused(IpAddressGenerationFailure):
        premises.port(network, device_owner=owners.DHCP)


@pytest.mark.parametrize(
    "asked",
    [[None] * 3, [None] * 2, ["10.0.0.2", None]],
    ids=["three of one", "two of one", "the only one and another"],
)
def test_a_port_that_asks_for_more_than_there_is_gets_nothing(
    premises: Premises, asked: list[str | None]
) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/30")
    with premises.refused(IpAddressGenerationFailure):
        premises.port(network, fixed_ips=asks(*((subnet, address) for address in asked)))
    assert addresses(premises.port(network)) == ["10.0.0.2"]


def test_concurrent_clients_share_a_subnet_to_the_last_address(tmp_path: Path) -> None:
    premises = Premises(f"sqlite:///{tmp_path / 'freehold.sqlite'}")
    network = premises.network()
    premises.subnet(network, "10.0.0.0/27")

    def create(_number: int) -> Port | IpAddressGenerationFailure:
        try:
            return premises.port(network)
        except IpAddressGenerationFailure as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(create, range(40)))
    got = [
        address
        for outcome in outcomes
        if isinstance(outcome, Port)
        for address in addresses(outcome)
    ]
    told = [
        dict(outcome.refusals[0].figures)
        for outcome in outcomes
        if isinstance(outcome, IpAddressGenerationFailure)
    ]
    assert told == [{"total": 29, "held": 29}] * 11
    assert sorted(got) == sorted(f"10.0.0.{number}" for number in range(2, 31))
    assert len(premises.held()) == len(got)
    premises.database.dispose()


# Reading


def test_filters_on_ports(premises: Premises) -> None:
    network, other = premises.network(), premises.network()
    four = premises.subnet(network, "10.0.0.0/24")
    six = premises.subnet(network, "2001:db8::/64", "dhcpv6-stateful")
    a = premises.port(network, "10.0.0.5", "2001:db8::5", name="a", device_id="d")
    b = premises.port(network, "10.0.0.6", name="b", project_id="q", mac_address=MAC)
    c = premises.port(other, device_owner="compute:x", admin_state_up=False)

    def found(**wanted: tuple[object, ...]) -> set[str]:
        filters = [Filter(name.replace("__", "."), values) for name, values in wanted.items()]
        ports = premises.backend.ports.find(filters)
        assert [port.id for port in ports] == sorted(port.id for port in ports)
        assert all(premises.backend.ports.get(port.id) == port for port in ports)
        return {port.id for port in ports}

    five = ip_address("10.0.0.5")
    assert found() == {a.id, b.id, c.id}
    assert found(id=(a.id, c.id, NOWHERE)) == {a.id, c.id}
    assert found(name=("a", "b")) == {a.id, b.id}
    assert found(name=("",)) == {c.id}
    assert found(network_id=(other.id,)) == {c.id}
    assert found(admin_state_up=(False,)) == {c.id}
    assert found(mac_address=(MAC,)) == {b.id}
    assert found(device_id=("d",)) == {a.id}
    assert found(device_owner=("",)) == {a.id, b.id}
    assert found(device_owner=("compute:x", "compute:y")) == {c.id}
    assert found(project_id=("q",)) == {b.id}
    assert found(status=("DOWN",)) == {a.id, b.id, c.id}
    assert found(status=("ACTIVE",)) == set()
    assert found(fixed_ips__ip_address=(five,)) == {a.id}
    assert found(fixed_ips__ip_address=(five, ip_address("10.0.0.6"))) == {a.id, b.id}
    assert found(fixed_ips__ip_address=(ip_address("10.0.0.7"),)) == set()
    assert found(fixed_ips__subnet_id=(four.id,)) == {a.id, b.id}
    assert found(fixed_ips__subnet_id=(six.id, NOWHERE)) == {a.id}
    assert found(fixed_ips__ip_address=(five,), fixed_ips__subnet_id=(four.id,)) == {a.id}
    assert found(fixed_ips__ip_address=(ip_address("10.0.0.6"),), name=("a",)) == set()


def test_an_ipv4_address_does_not_find_the_ipv6_address_that_maps_it(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    premises.subnet(network, "::ffff:10.0.0.0/120")
    for address in ("10.0.0.5", "::ffff:10.0.0.5"):
        port = premises.port(network, address)
        wanted = Filter("fixed_ips.ip_address", (ip_address(address),))
        assert premises.backend.ports.find([wanted]) == (port,)


def test_more_ports_than_one_statement_names_are_found_with_their_addresses(
    premises: Premises,
) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/22")
    made = premises.backend.ports.create([port_draft(network)] * 501)
    found = premises.backend.ports.find([])
    assert {port.id: port for port in found} == {port.id: port for port in made}


def test_a_port_that_is_not_there(premises: Premises) -> None:
    premises.port(premises.network())
    ports = premises.backend.ports
    for attempt in (
        lambda: ports.get(NOWHERE),
        lambda: ports.update(NOWHERE, PortChange(name="x")),
        lambda: ports.delete(NOWHERE),
    ):
        with premises.refused(PortNotFound) as error:
            attempt()
        assert error.value.message == f"Port {NOWHERE} could not be found."


# Updates


def test_an_update_changes_what_it_names_and_nothing_else(premises: Premises) -> None:
    network, *_ = dual_stack(premises)
    port, other = premises.port(network), premises.port(network)
    held = premises.held()
    values: dict[str, Any] = {
        "name": "new",
        "admin_state_up": False,
        "device_id": "d",
        "device_owner": "compute:x",
    }
    changed = premises.backend.ports.update(port.id, PortChange(**values))
    assert changed == replace(grown(port, changed), **values)
    assert premises.backend.ports.get(port.id) == changed
    assert premises.backend.ports.get(other.id) == other
    assert premises.held() == held


def test_a_change_of_nothing_writes_nothing(premises: Premises) -> None:
    network, *_ = dual_stack(premises)
    port = premises.port(network)
    before = premises.dump()
    same = PortChange(
        name=port.name,
        mac_address=port.mac_address,
        fixed_ips=tuple(
            FixedIPRequest(fixed_ip.subnet_id, fixed_ip.ip_address) for fixed_ip in port.fixed_ips
        ),
    )
    assert premises.backend.ports.update(port.id, PortChange()) == port
    assert premises.backend.ports.update(port.id, same) == port
    assert premises.dump() == before


def test_the_addresses_of_a_port_through_its_life(premises: Premises) -> None:
    network = premises.network()
    four = premises.subnet(
        network, "10.0.0.0/24", allocation_pools=pools(("10.0.0.11", "10.0.0.21"))
    )
    more = premises.subnet(network, "10.1.0.0/24")
    port = premises.port(network, "10.0.0.11")
    other = premises.port(network, "10.0.0.12")

    def update(*asked: str | tuple[Subnet, str | None]) -> list[str]:
        changed = premises.backend.ports.update(port.id, PortChange(fixed_ips=asks(*asked)))
        assert premises.backend.ports.get(port.id) == changed
        assert premises.held() == {
            (fixed_ip.subnet_id, holder.id, to_bytes(fixed_ip.ip_address))
            for holder in (changed, other)
            for fixed_ip in holder.fixed_ips
        }
        return addresses(changed)

    assert update("10.0.0.11") == ["10.0.0.11"]
    assert update((four, None)) == ["10.0.0.11"]
    assert update((four, "10.0.0.11")) == ["10.0.0.11"]
    assert update("10.0.0.11", "10.0.0.15") == ["10.0.0.11", "10.0.0.15"]
    assert update("10.0.0.15", "10.0.0.11") == ["10.0.0.11", "10.0.0.15"]
    assert update((four, None), (four, None)) == ["10.0.0.11", "10.0.0.15"]
    assert update((four, None)) == ["10.0.0.15"]
    assert update("10.0.0.16") == ["10.0.0.16"]
    assert update("10.0.0.200") == ["10.0.0.200"]
    assert update((four, None)) == ["10.0.0.200"]
    assert len(update((four, None), (more, None))) == 2
    [moved] = update((more, None))
    assert ip_address(moved) in more.cidr
    assert update("10.0.0.1") == ["10.0.0.1"]
    assert update("10.0.0.17", (four, None)) == ["10.0.0.1", "10.0.0.17"]
    with premises.refused(IpAddressAlreadyAllocated):
        update("10.0.0.12")
    assert update() == []
    assert update("10.0.0.11") == ["10.0.0.11"]
    # Ten of the pool's eleven are free for it, with the one that it has.
    with premises.refused(IpAddressGenerationFailure) as error:
        update(*[(four, None)] * 11)
    assert dict(error.value.refusals[0].figures) == {
        "total": 11,
        "held": 2,
        "taken_by_this_request": 9,
    }
    assert sorted(update(*[(four, None)] * 10)) == [
        f"10.0.0.{number}" for number in (11, *range(13, 22))
    ]


def test_two_ports_swap_their_addresses_by_way_of_a_third(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    one, two = premises.port(network, "10.0.0.11"), premises.port(network, "10.0.0.12")

    def move(port: Port, address: str) -> None:
        changed = premises.backend.ports.update(port.id, PortChange(fixed_ips=asks(address)))
        assert addresses(changed) == [address]

    with premises.refused(IpAddressAlreadyAllocated):
        move(one, "10.0.0.12")
    move(two, "10.0.0.18")
    move(one, "10.0.0.12")
    move(two, "10.0.0.11")


def test_a_refused_update_changes_no_other_attribute(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    port = premises.port(network, "10.0.0.11")
    premises.port(network, "10.0.0.12")
    for asked in (asks("10.0.0.13", "10.0.0.12"), asks("10.0.1.12")):
        with premises.refused(FreeholdError):
            premises.backend.ports.update(
                port.id, PortChange(name="x", mac_address=MAC, fixed_ips=asked)
            )


def test_automatic_addresses_stay_whatever_is_asked_for(premises: Premises) -> None:
    network, four, _, slaac = dual_stack(premises)
    port = premises.port(network)
    own = automatic(slaac, port.mac_address)

    def update(*asked: str | tuple[Subnet, str | None]) -> set[str]:
        changed = premises.backend.ports.update(port.id, PortChange(fixed_ips=asks(*asked)))
        assert premises.backend.ports.get(port.id) == changed
        assert len(premises.held()) == len(changed.fixed_ips)
        assert own in changed.fixed_ips
        return set(addresses(changed)) - {str(own.ip_address)}

    assert update() == set()
    assert update("10.0.0.9") == {"10.0.0.9"}
    assert update("10.0.0.9", (slaac, None)) == {"10.0.0.9"}
    assert update((four, None), str(own.ip_address)) == {"10.0.0.9"}
    with premises.refused(AllocationOnAutoAddressSubnet):
        update("2001:db8:2::9")
    with premises.refused(InvalidIpForSubnet):
        update((slaac, "10.0.0.9"))


def test_a_port_that_becomes_a_router_interface_may_leave_its_automatic_address(
    premises: Premises,
) -> None:
    network, _, _, slaac = dual_stack(premises)
    port = premises.port(network, fixed_ips=())
    ports = premises.backend.ports
    owned = ports.update(port.id, PortChange(device_owner="network:router_interface"))
    assert owned.fixed_ips == port.fixed_ips == (automatic(slaac, port.mac_address),)
    moved = ports.update(port.id, PortChange(fixed_ips=asks("2001:db8:2::99")))
    assert addresses(moved) == ["2001:db8:2::99"]
    assert len(premises.held()) == 1


# MAC addresses


def in_use(network: Network, mac: str) -> str:
    return (
        f"Unable to complete operation for network {network.id}. The mac address {mac} is in use."
    )


def test_a_mac_address_is_unique_in_its_network(premises: Premises) -> None:
    network, *_ = dual_stack(premises)
    port = premises.port(network, mac_address=MAC)
    with premises.refused(MacAddressInUse) as error:
        premises.port(network, mac_address=MAC)
    assert error.value.message == in_use(network, MAC)
    assert premises.port(premises.network(), mac_address=MAC).mac_address == MAC
    other = premises.port(network, mac_address=OTHER_MAC)
    with premises.refused(MacAddressInUse) as error:
        premises.backend.ports.update(other.id, PortChange(name="x", mac_address=MAC))
    assert error.value.message == in_use(network, MAC)
    premises.backend.ports.update(port.id, PortChange(mac_address=FREE_MAC))
    assert premises.port(network, mac_address=MAC).mac_address == MAC


@pytest.mark.parametrize("mac", [OTHER_MAC, MacAddress.GENERATE])
def test_a_new_mac_address_brings_new_automatic_addresses(
    premises: Premises, mac: str | MacAddress
) -> None:
    network, four, six, slaac = dual_stack(premises)
    port = premises.port(network, mac_address=MAC)
    changed = premises.backend.ports.update(port.id, PortChange(mac_address=mac))
    assert changed.mac_address != MAC
    ordinary = {fixed_ip for fixed_ip in port.fixed_ips if fixed_ip.subnet_id in (four.id, six.id)}
    assert set(changed.fixed_ips) == {*ordinary, automatic(slaac, changed.mac_address)}
    assert premises.backend.ports.get(port.id) == changed
    assert premises.held() == {
        (fixed_ip.subnet_id, port.id, to_bytes(fixed_ip.ip_address))
        for fixed_ip in changed.fixed_ips
    }


def test_a_new_mac_address_and_new_addresses_at_once(premises: Premises) -> None:
    network, _, _, slaac = dual_stack(premises)
    port = premises.port(network, mac_address=MAC)
    own = automatic(slaac, OTHER_MAC)
    changed = premises.backend.ports.update(
        port.id, PortChange(mac_address=OTHER_MAC, fixed_ips=asks("10.0.0.9", str(own.ip_address)))
    )
    assert set(addresses(changed)) == {"10.0.0.9", str(own.ip_address)}
    changed = premises.backend.ports.update(port.id, PortChange(mac_address=MAC, fixed_ips=()))
    assert changed.fixed_ips == (automatic(slaac, MAC),)


@pytest.mark.parametrize(
    ("owner", "new_owner", "told"),
    [
        (owners.DHCP, None, owners.DHCP),
        ("network:router_interface", None, "network:router_interface"),
        ("network:foo", None, "network:foo"),
        (owners.DHCP, "", owners.DHCP),
        ("compute:x", owners.DHCP, owners.DHCP),
        ("", "network:foo", "network:foo"),
    ],
)
@pytest.mark.parametrize("mac", [OTHER_MAC, MacAddress.GENERATE])
def test_a_network_services_port_keeps_its_mac_address(
    premises: Premises, owner: str, new_owner: str | None, told: str, mac: str | MacAddress
) -> None:
    port = premises.port(premises.network(), device_owner=owner, mac_address=MAC)
    values: dict[str, Any] = {} if new_owner is None else {"device_owner": new_owner}
    with premises.refused(UnsupportedPortDeviceOwner) as error:
        premises.backend.ports.update(port.id, PortChange(mac_address=mac, **values))
    assert error.value.message == (
        f"Operation mac address update is not supported for device_owner {told} on port {port.id}."
    )
    same = PortChange(mac_address=MAC, name="x", **values)
    assert premises.backend.ports.update(port.id, same).name == "x"


@pytest.mark.parametrize("owner", ["", "compute:x", "neutron:x", "baremetal:x"])
def test_other_ports_can_change_theirs(premises: Premises, owner: str) -> None:
    port = premises.port(premises.network(), device_owner=owner, mac_address=MAC)
    change = PortChange(mac_address=OTHER_MAC, device_owner="")
    assert premises.backend.ports.update(port.id, change).mac_address == OTHER_MAC


def test_a_made_up_mac_address_that_is_in_use_is_made_up_again() -> None:
    premises = with_macs(1, 1, 1, 2)
    network, *_ = dual_stack(premises)
    assert premises.port(network).mac_address == "fa:16:3e:aa:00:01"
    assert premises.port(network).mac_address == "fa:16:3e:aa:00:02"
    premises.database.dispose()


def test_the_ports_of_one_request_do_not_share_a_made_up_mac_address() -> None:
    premises = with_macs(1, 1, 2, 3)
    network = premises.network()
    ports = premises.backend.ports.create([port_draft(network)] * 2)
    assert [port.mac_address[-2:] for port in ports] == ["02", "03"]
    assert len(premises.backend.ports.find([])) == 2
    premises.database.dispose()


def test_a_regenerated_mac_address_is_made_up_until_it_is_free() -> None:
    premises = with_macs(1, 2, 1, 1, 3)
    network, _, _, slaac = dual_stack(premises)
    premises.port(network)
    port = premises.port(network)
    changed = premises.backend.ports.update(port.id, PortChange(mac_address=MacAddress.GENERATE))
    assert changed.mac_address == "fa:16:3e:aa:00:03"
    assert automatic(slaac, changed.mac_address) in changed.fixed_ips
    premises.database.dispose()


def test_an_end_is_put_to_making_up_mac_addresses() -> None:
    premises = with_macs(1)
    network = premises.network()
    port = premises.port(network)
    with premises.refused(MacAddressGenerationFailure) as error:
        premises.port(network)
    assert error.value.message == (
        f"Unable to generate a unique MAC address on network {network.id}."
    )
    other = premises.port(network, mac_address=MAC)
    with premises.refused(MacAddressGenerationFailure):
        premises.backend.ports.update(other.id, PortChange(mac_address=MacAddress.GENERATE))
    assert premises.backend.ports.get(port.id) == port
    premises.database.dispose()


def test_mac_addresses_made_up_for_several_ports_differ_from_all_others() -> None:
    premises = with_macs(1, 1, 2, 2, 3, 4)
    network = premises.network()
    first = premises.port(network)
    given = "fa:16:3e:aa:00:02"
    drafts = [port_draft(network), port_draft(network, mac_address=given), port_draft(network)]
    created = premises.backend.ports.create(drafts)
    assert first.mac_address == "fa:16:3e:aa:00:01"
    ends = [port.mac_address[-2:] for port in created]
    # 1 is the first port's; 2 is what the second one asks for; 3 and 4 are left.
    assert ends == ["04", "02", "03"]
    premises.database.dispose()


# Deletion


def test_a_deleted_port_leaves_nothing_behind(premises: Premises) -> None:
    network, *_ = dual_stack(premises)
    other = premises.port(network)
    before = premises.present()
    port = premises.port(network, mac_address=MAC)
    premises.backend.ports.delete(port.id)
    assert premises.present() == before
    assert premises.backend.ports.find([]) == (other,)
    with premises.refused(PortNotFound):
        premises.backend.ports.delete(port.id)
    assert premises.port(network, *addresses(port)[-1:], mac_address=MAC).mac_address == MAC


# After a restart


def test_everything_is_found_again_by_another_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'freehold.sqlite'}"
    first = Premises(url)
    network, *_ = dual_stack(first)
    first.backend.subnets.create(
        [
            subnet_draft(
                network,
                "10.7.0.0/24",
                gateway_ip=None,
                allocation_pools=pools(("10.7.0.2", "10.7.0.3"), ("10.7.0.7", "10.7.0.7")),
                dns_nameservers=(ip_address("9.9.9.9"),),
            )
        ]
    )
    first.backend.ports.create(
        [
            port_draft(network),
            port_draft(network, fixed_ips=asks("10.7.0.9", "2001:db8:1::", "10.0.0.9")),
            port_draft(network, device_owner=owners.DHCP),
        ]
    )
    expected = tuple(
        part.find([])
        for part in (first.backend.networks, first.backend.subnets, first.backend.ports)
    )
    rows = first.dump()
    first.database.dispose()

    second = Premises(url, random=Random(12))
    backend = second.backend
    assert tuple(part.find([]) for part in (backend.networks, backend.subnets, backend.ports)) == (
        expected
    )
    assert second.dump() == rows
    with second.refused(IpAddressAlreadyAllocated):
        second.port(network, "10.0.0.9")
    for port in expected[2]:
        backend.ports.delete(port.id)
    assert second.held() == set()
    backend.networks.delete(network.id)
    second.database.dispose()
