"""Many ports in one request: as if they had been created one by one, but together.

What is compared: on two backends that are alike, the same ports are created in one
request, and in one request each.
"""

from dataclasses import dataclass
from ipaddress import ip_address

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from freehold.addresses.encoding import to_bytes
from freehold.db.tables import port_tags
from freehold.errors import (
    FreeholdError,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    MacAddressInUse,
    NetworkNotFound,
    Reason,
)
from freehold.networking import owners
from freehold.networking.values import FixedIPRequest, MacAddress, Network, Port, PortDraft, Subnet
from tests.backends import Premises, addresses, asks, port_draft
from tests.engines import statements
from tests.networking.conftest import Twins, anew
from tests.networking.test_networks import NOWHERE

MACS = [f"02:00:00:00:00:0{number}" for number in range(3)]
SUBNETS = [
    ("10.0.0.0/29", None),  # five to hand out
    ("10.0.1.0/30", None),  # one
    ("2001:db8:1::/126", "dhcpv6-stateful"),  # three
    ("2001:db8:2::/64", "slaac"),
]
ADDRESSES = [
    *(f"10.0.0.{number}" for number in (0, 1, 2, 3, 6)),
    *("10.0.1.2", "10.9.9.9", "2001:db8:1::2", "2001:db8:2::77"),
]


@dataclass(frozen=True)
class Wanted:
    """A port to be, whatever the ids of networks and subnets are."""

    asked: tuple[str | int, ...] | None
    mac: str | None = None
    owner: str = ""

    @property
    def by_name(self) -> bool:
        """Whether it asks for an address by its value."""
        return any(isinstance(entry, str) for entry in self.asked or ())

    @property
    def by_chance(self) -> bool:
        """Whether it may get some address that another one asks for by its value."""
        return self.asked is None or any(isinstance(entry, int) for entry in self.asked)


entries = st.sampled_from(ADDRESSES) | st.sampled_from(range(len(SUBNETS)))
ports = st.builds(
    Wanted,
    asked=st.none() | st.lists(entries, max_size=3).map(tuple),
    mac=st.none() | st.sampled_from(MACS),
    owner=st.sampled_from(["", "compute:x", owners.DHCP, "network:router_interface"]),
)


class House:
    """One of the two backends."""

    def __init__(self, premises: Premises) -> None:
        self.premises = anew(premises)
        self.network = self.premises.network()
        self.subnets = [self.premises.subnet(self.network, *one) for one in SUBNETS]

    def draft(self, wanted: Wanted) -> PortDraft:
        fixed_ips = None
        if wanted.asked is not None:
            fixed_ips = tuple(
                FixedIPRequest(self.subnets[entry].id, None)
                if isinstance(entry, int)
                else FixedIPRequest(None, ip_address(entry))
                for entry in wanted.asked
            )
        return port_draft(
            self.network,
            fixed_ips=fixed_ips,
            mac_address=wanted.mac or MacAddress.GENERATE,
            device_owner=wanted.owner,
            tags=("b", "a") if wanted.mac else (),
        )

    def together(self, wanted: list[Wanted]) -> list[Port] | FreeholdError:
        try:
            return list(self.premises.backend.ports.create([self.draft(one) for one in wanted]))
        except FreeholdError as error:
            return error

    def one_by_one(self, wanted: list[Wanted]) -> list[Port] | FreeholdError:
        try:
            return [self.premises.backend.ports.create([self.draft(one)])[0] for one in wanted]
        except FreeholdError as error:
            return error

    def check(self, created: list[Port]) -> None:
        """Check that what was answered is what is stored, and that it can be."""
        shown = [(port, fixed_ip) for port in created for fixed_ip in port.fixed_ips]
        assert self.premises.held() == {
            (fixed_ip.subnet_id, port.id, to_bytes(fixed_ip.ip_address)) for port, fixed_ip in shown
        }
        assert len(self.premises.held()) == len(shown)
        stored = self.premises.backend.ports.find([])
        assert list(stored) == sorted(created, key=lambda port: port.id)
        cidrs = {subnet.id: subnet.cidr for subnet in self.subnets}
        assert all(fixed_ip.ip_address in cidrs[fixed_ip.subnet_id] for _, fixed_ip in shown)


def is_up_to_chance(wanted: list[Wanted]) -> bool:
    """Tell whether one port may get by chance what a later one asks for."""
    chances = [place for place, one in enumerate(wanted) if one.by_chance]
    return any(one.by_name and chances[0] < place for place, one in enumerate(wanted) if chances)


def places(port: Port) -> list[str]:
    return sorted(fixed_ip.subnet_id for fixed_ip in port.fixed_ips)


@settings(deadline=None, max_examples=60)
@given(wanted=st.lists(ports, min_size=2, max_size=8))
@example(wanted=[Wanted(None)] * 6)
@example(wanted=[Wanted((0,)), Wanted(None), Wanted((0,)), Wanted((1,))])
@example(wanted=[Wanted((0,))] * 4 + [Wanted((1,)), Wanted((0,)), Wanted((0,))])
@example(wanted=[Wanted(("10.0.0.2",)), Wanted(("10.0.0.3",)), Wanted(("10.0.0.2",))])
@example(wanted=[Wanted((), MACS[0]), Wanted(("10.9.9.9",)), Wanted((), MACS[0])])
@example(wanted=[Wanted((), MACS[0]), Wanted((), MACS[0]), Wanted(("10.9.9.9",))])
def test_ports_in_one_request_get_and_are_refused_what_they_would_be_one_by_one(
    twins: Twins, wanted: list[Wanted]
) -> None:
    bulk, single = map(House, twins)
    before = bulk.premises.dump()
    got, expected = bulk.together(wanted), single.one_by_one(wanted)
    if isinstance(got, FreeholdError):
        event("refused")
        assert bulk.premises.dump() == before
        assert isinstance(expected, FreeholdError) or is_up_to_chance(wanted)
    else:
        event("created")
        bulk.check(got)
    if not is_up_to_chance(wanted):
        if isinstance(got, FreeholdError) or isinstance(expected, FreeholdError):
            assert (type(got), str(got)) == (type(expected), str(expected))
        else:
            assert [places(port) for port in got] == [places(port) for port in expected]


@settings(deadline=None, max_examples=60)
@given(wanted=st.lists(ports, min_size=2, max_size=8))
def test_what_can_be_created_one_by_one_can_be_created_together(
    twins: Twins, wanted: list[Wanted]
) -> None:
    bulk, single = map(House, twins)
    if not isinstance(single.one_by_one(wanted), FreeholdError):
        created = bulk.together(wanted)
        assert not isinstance(created, FreeholdError)
        bulk.check(created)


@pytest.fixture
def site(premises: Premises) -> tuple[Network, Subnet]:
    network = premises.network()
    return network, premises.subnet(network, "10.0.0.0/28")


def test_the_subnets_of_a_network_are_used_up_in_turn(premises: Premises) -> None:
    network = premises.network()
    first, second = (premises.subnet(network, cidr) for cidr in ("10.0.0.0/29", "10.0.1.0/28"))
    created = premises.backend.ports.create([port_draft(network) for _ in range(12)])
    used = [port.fixed_ips[0].subnet_id for port in created]
    assert used == [first.id] * 5 + [second.id] * 7
    with premises.refused(IpAddressGenerationFailure) as caught:
        premises.backend.ports.create([port_draft(network) for _ in range(7)])
    assert [refusal.figures for refusal in caught.value.refusals] == [
        {"total": 5, "held": 5},
        {"total": 13, "held": 7, "taken_by_this_request": 6},
    ]


def test_an_address_asked_for_by_name_is_not_given_to_another_port_of_the_request(
    premises: Premises, site: tuple[Network, Subnet]
) -> None:
    network, _ = site
    drafts = [port_draft(network) for _ in range(12)]
    named = port_draft(network, fixed_ips=asks("10.0.0.5"))
    created = premises.backend.ports.create([*drafts, named])
    assert addresses(created[-1]) == ["10.0.0.5"]
    assert len({str(port.fixed_ips) for port in created}) == 13


def test_the_first_port_that_is_refused_says_why_although_a_later_one_is_refused_too(
    premises: Premises, site: tuple[Network, Subnet]
) -> None:
    network, subnet = site
    premises.port(network, "10.0.0.9", mac_address=MACS[0])
    held = port_draft(network, fixed_ips=asks("10.0.0.9"))
    in_use = port_draft(network, mac_address=MACS[0])
    with premises.refused(IpAddressAlreadyAllocated) as caught:
        premises.backend.ports.create([port_draft(network), held, in_use])
    [refusal] = caught.value.refusals
    assert (refusal.reason, refusal.subnet_id) == (Reason.ADDRESS_HELD, subnet.id)
    with premises.refused(MacAddressInUse):
        premises.backend.ports.create([port_draft(network), in_use, held])
    with premises.refused(NetworkNotFound):
        premises.backend.ports.create([PortDraft(network_id=NOWHERE, project_id="p"), held])


def test_ports_on_many_networks_are_created_together(premises: Premises) -> None:
    networks = [premises.network() for _ in range(3)]
    subnets = [premises.subnet(network, "10.0.0.0/29") for network in networks]
    drafts = [port_draft(network, tags=("x", "y")) for network in networks * 4]
    with statements(premises.database.engine) as seen:
        created = premises.backend.ports.create(drafts)
    used = [port.fixed_ips[0].subnet_id for port in created]
    assert used == [subnet.id for subnet in subnets] * 4
    inserts = [one for one in seen if one.startswith("INSERT INTO ports ")]
    assert len(inserts) == 1
    with premises.database.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(port_tags)) == 24
    assert premises.backend.ports.get(created[0].id) == created[0]
