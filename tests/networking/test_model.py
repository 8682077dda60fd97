"""Any sequence of operations leaves a backend where a plain model is.

The model knows what each subnet and port has to look like; what the backend is
free to choose (addresses, MAC addresses) it takes over from the answer, after
checking that the choice was allowed.
"""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from freehold.addresses.encoding import to_bytes
from freehold.addresses.eui64 import eui64_address
from freehold.addresses.ranges import AddressRange
from freehold.errors import (
    AllocationOnAutoAddressSubnet,
    FreeholdError,
    InvalidInput,
    InvalidIpForNetwork,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    MacAddressInUse,
    Reason,
    SubnetInUse,
    UnsupportedPortDeviceOwner,
)
from freehold.networking import owners
from freehold.networking.values import (
    FixedIP,
    FixedIPRequest,
    MacAddress,
    Port,
    PortChange,
    Subnet,
    SubnetChange,
)
from tests.backends import Premises, grown

# CIDRs with their modes, small enough to be used up; some overlap.
PREFIXES: dict[str, str | None] = {
    "10.0.0.0/29": None,
    "10.0.0.4/30": None,
    "10.0.1.0/31": None,
    "2001:db8:1::/125": "dhcpv6-stateful",
    "2001:db8:2::/64": "slaac",
    "2001:db8:3::/64": "dhcpv6-stateless",
}
ADDRESSES = [
    *(f"10.0.0.{number}" for number in range(8)),
    *("10.0.1.0", "10.0.1.1", "10.9.9.9", "2001:db8:1::", "2001:db8:1::5", "2001:db8:2::77"),
]
OWNERS = ["", "compute:x", owners.DHCP, "network:router_interface", "network:foo"]
MACS = [f"02:00:00:00:00:0{number}" for number in range(3)]

pick = st.integers(0, 99)
mac_addresses: st.SearchStrategy[str | MacAddress] = st.just(MacAddress.GENERATE) | st.sampled_from(
    MACS
)
entries = st.lists(
    st.tuples(st.none(), st.sampled_from(ADDRESSES)) | st.tuples(pick, st.none()),
    max_size=4,
    unique_by=lambda entry: entry[1] or object(),
)


def is_ordinary(port: Port) -> bool:
    return port.device_owner not in owners.NO_AUTOMATIC_ADDRESSES


class BackendAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.premises = Premises(random=Random(3))
        self.backend = self.premises.backend
        self.networks = [self.premises.network() for _ in range(2)]
        self.subnets: dict[str, Subnet] = {}
        self.ports: dict[str, Port] = {}

    def teardown(self) -> None:
        self.premises.database.dispose()

    # What the model knows

    def on_network(self, network_id: str) -> list[Subnet]:
        return [subnet for subnet in self.subnets.values() if subnet.network_id == network_id]

    def shown(self) -> dict[FixedIP, str]:
        return {held: port.id for port in self.ports.values() for held in port.fixed_ips}

    def free(self, subnet: Subnet) -> int:
        held = {one.ip_address for one in self.shown() if one.subnet_id == subnet.id}
        return sum(address not in held for pool in subnet.allocation_pools for address in pool)

    def automatic(self, port: Port) -> list[FixedIP]:
        return [
            FixedIP(subnet.id, eui64_address(subnet.cidr, port.mac_address))
            for subnet in self.on_network(port.network_id)
            if subnet.auto_address and is_ordinary(port)
        ]

    def a_port(self, number: int) -> Port:
        return list(self.ports.values())[number % len(self.ports)]

    def a_subnet(self, number: int) -> Subnet:
        return list(self.subnets.values())[number % len(self.subnets)]

    def showing(self, port: Port, fixed_ips: tuple[FixedIP, ...]) -> Port:
        """Return a port that shows other addresses now, as its revision has to tell."""
        stored = self.backend.ports.get(port.id)
        return replace(grown(port, stored, int(fixed_ips != port.fixed_ips)), fixed_ips=fixed_ips)

    def requests(self, chosen: list[tuple[int | None, str | None]]) -> tuple[FixedIPRequest, ...]:
        known = list(self.subnets)
        return tuple(
            FixedIPRequest(
                subnet_id=known[number % len(known)] if number is not None and known else None,
                ip_address=None if address is None else ip_address(address),
            )
            for number, address in chosen
            if address is not None or known
        )

    def check_refusal(
        self,
        error: FreeholdError,
        network_id: str,
        mac: object,
        asked: tuple[FixedIPRequest, ...] | None,
    ) -> None:
        """Check that the reason for a refusal is true."""
        subnets = self.on_network(network_id)
        on_network = {subnet.id for subnet in subnets}
        named = [entry.ip_address for entry in asked or () if entry.ip_address is not None]
        match error:
            case MacAddressInUse():
                assert mac in {
                    port.mac_address
                    for port in self.ports.values()
                    if port.network_id == network_id
                }
            case IpAddressGenerationFailure():
                assert error.refusals
                for refusal in error.refusals:
                    assert refusal.reason in (Reason.POOL_EXHAUSTED, Reason.NO_POOL)
                    subnet = self.subnets[str(refusal.subnet_id)]
                    total = sum(pool.size for pool in subnet.allocation_pools)
                    assert refusal.figures.get("total", 0) == total
                    assert self.free(subnet) < max(1, len(asked or ()))
            case IpAddressAlreadyAllocated():
                [refusal] = error.refusals
                address = ip_address(str(refusal.figures["ip_address"]))
                assert FixedIP(str(refusal.subnet_id), address) in self.shown()
            case AllocationOnAutoAddressSubnet():
                assert ip_address("2001:db8:2::77") in named
            case InvalidIpForNetwork():
                assert any(
                    all(address not in subnet.cidr for subnet in subnets)
                    or address in {subnet.cidr.network_address for subnet in subnets}
                    or address in {subnet.cidr.broadcast_address for subnet in subnets}
                    for address in named
                )
            case InvalidInput():
                elsewhere = {entry.subnet_id for entry in asked or ()} - on_network - {None}
                assert elsewhere or not subnets
            case _:
                raise error

    # What is done

    @rule(cidr=st.sampled_from(sorted(PREFIXES)), second=st.booleans())
    def create_subnet(self, cidr: str, second: bool) -> None:
        network = self.networks[second]
        prefix = ip_network(cidr)
        values: dict[str, Any] = {"enable_dhcp": prefix.prefixlen != 31}
        before = self.premises.dump()
        try:
            subnet = self.premises.subnet(network, cidr, PREFIXES[cidr], **values)
        except InvalidInput:
            assert any(
                sibling.ip_version == prefix.version and sibling.cidr.overlaps(prefix)
                for sibling in self.on_network(network.id)
            )
            assert self.premises.dump() == before
            return
        self.subnets[subnet.id] = subnet
        for port in self.ports.values():
            own = tuple(held for held in self.automatic(port) if held.subnet_id == subnet.id)
            if port.network_id == network.id:
                self.ports[port.id] = self.showing(port, (*port.fixed_ips, *own))

    @precondition(lambda self: self.subnets)
    @rule(number=pick, size=st.integers(0, 2), name=st.sampled_from(["a", "b"]))
    def update_subnet(self, number: int, size: int, name: str) -> None:
        subnet = self.a_subnet(number)
        last = int(subnet.cidr.broadcast_address) - (subnet.cidr.prefixlen != 31)
        pools: tuple[AddressRange, ...] = ()
        if size:
            pools = (AddressRange(subnet.ip_version, last - size + 1, last),)
        if subnet.gateway_ip is not None and any(subnet.gateway_ip in pool for pool in pools):
            pools = subnet.allocation_pools
        change = SubnetChange(name=name, allocation_pools=pools)
        updated = self.backend.subnets.update(subnet.id, change)
        changed = replace(subnet, name=name, allocation_pools=pools)
        assert updated == grown(changed, updated, int(changed != subnet))
        self.subnets[subnet.id] = updated

    @precondition(lambda self: self.subnets)
    @rule(number=pick)
    def delete_subnet(self, number: int) -> None:
        subnet = self.a_subnet(number)
        holders = {
            self.ports[port_id].device_owner
            for held, port_id in self.shown().items()
            if held.subnet_id == subnet.id
        }
        in_the_way = (
            holders & owners.ROUTER_INTERFACES
            if subnet.auto_address
            else holders - owners.DELETED_WITH_NETWORK
        )
        if in_the_way:
            with self.premises.refused(SubnetInUse):
                self.backend.subnets.delete(subnet.id)
            return
        self.backend.subnets.delete(subnet.id)
        del self.subnets[subnet.id]
        for port in self.ports.values():
            left = tuple(held for held in port.fixed_ips if held.subnet_id != subnet.id)
            self.ports[port.id] = self.showing(port, left)

    @rule(
        second=st.booleans(),
        owner=st.sampled_from(OWNERS),
        mac=mac_addresses,
        chosen=st.none() | entries,
    )
    def create_port(
        self,
        second: bool,
        owner: str,
        mac: str | MacAddress,
        chosen: list[tuple[int | None, str | None]] | None,
    ) -> None:
        network = self.networks[second]
        asked = None if chosen is None else self.requests(chosen)
        before = self.premises.dump()
        try:
            port = self.premises.port(network, device_owner=owner, mac_address=mac, fixed_ips=asked)
        except FreeholdError as error:
            self.check_refusal(error, network.id, mac, asked)
            assert self.premises.dump() == before
            return
        assert port.id not in self.ports
        assert not set(port.fixed_ips) & set(self.shown())
        assert set(self.automatic(port)) <= set(port.fixed_ips)
        if asked is None:
            offered = {
                subnet.ip_version
                for subnet in self.on_network(network.id)
                if not subnet.auto_address
            }
            assert len(port.fixed_ips) == len(offered) + len(self.automatic(port))
        else:
            self.check_answer(port, asked)
        self.ports[port.id] = port

    def check_answer(self, port: Port, asked: tuple[FixedIPRequest, ...]) -> None:
        """Check that a port has what it asked for, and beyond that what is automatic."""
        got = list(port.fixed_ips)
        automatic = self.automatic(port)
        for entry in sorted(asked, key=lambda entry: entry.ip_address is None):
            for held in got:
                if entry.subnet_id in (None, held.subnet_id) and entry.ip_address in (
                    None,
                    held.ip_address,
                ):
                    if held not in automatic:
                        got.remove(held)
                    break
            else:
                raise AssertionError(f"{entry} was not fulfilled by {port}")
        assert set(got) == set(automatic)

    @precondition(lambda self: self.ports)
    @rule(number=pick, mac=st.none() | mac_addresses, chosen=st.none() | entries)
    def update_port(
        self,
        number: int,
        mac: str | MacAddress | None,
        chosen: list[tuple[int | None, str | None]] | None,
    ) -> None:
        port = self.a_port(number)
        asked = None if chosen is None else self.requests(chosen)
        values: dict[str, Any] = {"name": "updated"}
        if mac is not None:
            values["mac_address"] = mac
        if asked is not None:
            values["fixed_ips"] = asked
        before = self.premises.dump()
        try:
            updated = self.backend.ports.update(port.id, PortChange(**values))
        except UnsupportedPortDeviceOwner:
            assert port.device_owner.startswith("network:")
            assert mac != port.mac_address
            assert self.premises.dump() == before
            return
        except FreeholdError as error:
            self.check_refusal(error, port.network_id, mac, asked)
            assert self.premises.dump() == before
            return
        assert set(self.automatic(updated)) <= set(updated.fixed_ips)
        if asked is not None:
            self.check_answer(updated, asked)
        else:
            ordinary = set(port.fixed_ips) - set(self.automatic(port))
            assert set(updated.fixed_ips) == ordinary | set(self.automatic(updated))
        if mac is None:
            assert updated.mac_address == port.mac_address
        self.ports[port.id] = updated

    @precondition(lambda self: self.ports)
    @rule(number=pick)
    def delete_port(self, number: int) -> None:
        port = self.a_port(number)
        self.backend.ports.delete(port.id)
        del self.ports[port.id]

    # What always holds

    @invariant()
    def the_backend_shows_what_the_model_has(self) -> None:
        assert {port.id: port for port in self.backend.ports.find([])} == self.ports
        assert {one.id: one for one in self.backend.subnets.find([])} == self.subnets

    @invariant()
    def what_is_held_is_what_is_shown_and_by_whom(self) -> None:
        shown = self.shown()
        assert len(shown) == sum(len(port.fixed_ips) for port in self.ports.values())
        assert self.premises.held() == {
            (held.subnet_id, port_id, to_bytes(held.ip_address)) for held, port_id in shown.items()
        }

    @invariant()
    def each_address_is_of_a_subnet_of_its_ports_network(self) -> None:
        for port in self.ports.values():
            for held in port.fixed_ips:
                subnet = self.subnets[held.subnet_id]
                assert subnet.network_id == port.network_id
                assert held.ip_address in subnet.cidr

    @invariant()
    def each_port_has_its_automatic_addresses(self) -> None:
        for port in self.ports.values():
            assert set(self.automatic(port)) <= set(port.fixed_ips)


TestBackendAgainstModel = BackendAgainstModel.TestCase
TestBackendAgainstModel.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
