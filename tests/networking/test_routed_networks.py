"""Addresses of ports on routed networks: when they come, and from which subnet."""

import pytest

from freehold.addresses.eui64 import eui64_address
from freehold.errors import (
    FixedIpsSubnetsNotOnSameSegment,
    HostNotCompatibleWithFixedIps,
    HostNotConnectedToAnySegment,
    InvalidInput,
    InvalidIpForNetwork,
    IpAddressGenerationFailureNoMatchingSubnet,
    SubnetInUse,
)
from freehold.networking import owners
from freehold.networking.segment_values import SegmentChange
from freehold.networking.values import (
    Filter,
    FixedIP,
    FixedIPRequest,
    IPAllocation,
    Port,
    PortChange,
    Subnet,
    SubnetChange,
)
from tests.backends import Premises, port_draft
from tests.networking.routed import Site, routed_site

MAC = "02:00:00:00:aa:01"
OTHER_MAC = "02:00:00:00:aa:02"


@pytest.fixture
def site(premises: Premises) -> Site:
    return routed_site(premises)


def on(port: Port) -> list[str]:
    return [held.subnet_id for held in port.fixed_ips]


def of(*subnets: Subnet) -> tuple[FixedIPRequest, ...]:
    return tuple(FixedIPRequest(subnet.id) for subnet in subnets)


def stored(site: Site, port: Port) -> Port:
    assert site.premises.backend.ports.get(port.id) == port
    return port


def test_addresses_are_deferred_until_the_host_is_known(site: Site) -> None:
    port = stored(site, site.port())
    assert (port.fixed_ips, port.ip_allocation) == ((), IPAllocation.DEFERRED)
    assert site.premises.held() == set()
    moved = stored(site, site.move(port, "right-1"))
    assert on(moved) == [site.racks.id]
    assert (moved.ip_allocation, moved.host_id) == (IPAllocation.DEFERRED, "right-1")
    assert moved.record.revision == port.record.revision + 1
    assert len(site.premises.held()) == 1


def test_a_port_that_is_created_on_a_host_gets_an_address_at_once(site: Site) -> None:
    port = stored(site, site.port(host_id="left-2"))
    assert (on(port), port.ip_allocation) == ([site.desks.id], IPAllocation.IMMEDIATE)
    both = site.port(host_id="both")
    assert on(both) in ([site.desks.id], [site.racks.id])


def test_a_host_on_no_segment_is_refused(site: Site) -> None:
    with site.premises.refused(HostNotConnectedToAnySegment):
        site.port(host_id="nowhere")
    port = site.port()
    with site.premises.refused(HostNotConnectedToAnySegment):
        site.move(port, "nowhere")
    holder = site.port("10.1.0.9")
    with site.premises.refused(HostNotConnectedToAnySegment):
        site.move(holder, "nowhere")


def test_a_port_moves_only_to_where_its_addresses_work(site: Site) -> None:
    port = site.port(host_id="left-1")
    with site.premises.refused(HostNotCompatibleWithFixedIps):
        site.move(port, "right-1")
    for host in ("left-2", "both", "", "left-1"):
        port = stored(site, site.move(port, host))
        assert on(port) == [site.desks.id]


def test_a_port_takes_new_addresses_along_with_a_new_host(site: Site) -> None:
    port = site.port(host_id="left-1")
    moved = stored(site, site.move(port, "right-1", fixed_ips=of(site.racks)))
    assert on(moved) == [site.racks.id]
    with site.premises.refused(HostNotCompatibleWithFixedIps):
        site.move(moved, "left-1", fixed_ips=of(site.racks))
    with site.premises.refused(HostNotCompatibleWithFixedIps):
        site.move(moved, "left-1", mac_address=MAC)


def test_a_port_without_a_host_can_ask_for_an_address_of_one_segment(site: Site) -> None:
    port = stored(site, site.port("10.2.0.9"))
    assert (on(port), port.ip_allocation) == ([site.racks.id], IPAllocation.IMMEDIATE)
    with site.premises.refused(FixedIpsSubnetsNotOnSameSegment):
        site.port(fixed_ips=of(site.desks, site.racks))
    spread = site.port(fixed_ips=of(site.desks, site.racks), device_owner=owners.DISTRIBUTED)
    assert on(spread) == [site.desks.id, site.racks.id]
    both = site.port(fixed_ips=of(site.desks, site.racks), host_id="both")
    assert on(both) == [site.desks.id, site.racks.id]
    change = PortChange(fixed_ips=of(site.desks, site.racks))
    with site.premises.refused(FixedIpsSubnetsNotOnSameSegment):
        site.premises.backend.ports.update(port.id, change)


def test_an_address_on_another_segment_than_the_hosts_is_refused(site: Site) -> None:
    with site.premises.refused(InvalidIpForNetwork):
        site.port("10.2.0.9", host_id="left-1")
    with site.premises.refused(InvalidInput):
        site.port(fixed_ips=of(site.racks), host_id="left-1")


def test_a_port_that_wants_no_address_gets_none_with_its_host(site: Site) -> None:
    port = site.port(fixed_ips=())
    assert port.ip_allocation is IPAllocation.NONE
    moved = stored(site, site.move(port, "left-1"))
    assert (moved.fixed_ips, moved.ip_allocation) == ((), IPAllocation.NONE)


def test_a_deferred_port_that_has_given_its_addresses_back_gets_new_ones_elsewhere(
    site: Site,
) -> None:
    port = site.move(site.port(), "left-1")
    freed = site.premises.backend.ports.update(port.id, PortChange(host_id="", fixed_ips=()))
    assert freed.fixed_ips == ()
    assert on(site.move(freed, "right-1")) == [site.racks.id]


def test_many_ports_in_one_request_are_each_where_their_host_is(site: Site) -> None:
    hosts = ["left-1", "", "right-1", "both", "left-1"]
    drafts = [port_draft(site.network, host_id=host) for host in hosts]
    ports = site.premises.backend.ports.create(drafts)
    assert on(ports[0]) == on(ports[4]) == [site.desks.id]
    assert (on(ports[1]), ports[1].ip_allocation) == ([], IPAllocation.DEFERRED)
    assert on(ports[2]) == [site.racks.id]
    assert on(ports[3])[0] in {site.desks.id, site.racks.id}
    with site.premises.refused(HostNotConnectedToAnySegment):
        site.premises.backend.ports.create([drafts[0], port_draft(site.network, host_id="x")])


def test_ports_keep_their_addresses_when_their_host_leaves_the_segment(site: Site) -> None:
    port = site.port(host_id="left-1")
    segments = site.premises.backend.segments
    segments.update(site.left.id, SegmentChange(hosts=("left-2",)))
    renamed = site.premises.backend.ports.update(port.id, PortChange(name="x"))
    assert renamed.fixed_ips == port.fixed_ips
    with site.premises.refused(HostNotConnectedToAnySegment):
        site.premises.backend.ports.update(port.id, PortChange(fixed_ips=of(site.desks)))
    moved = site.move(port, "left-2")
    assert moved.fixed_ips == port.fixed_ips


def test_ports_are_found_by_when_they_get_addresses(site: Site) -> None:
    deferred, immediate = site.port(), site.port(host_id="left-1")
    none = site.port(fixed_ips=())
    find = site.premises.backend.ports.find
    for port in (deferred, immediate, none):
        assert find([Filter("ip_allocation", (port.ip_allocation,))]) == (port,)


# Automatic addresses


def slaac(site: Site, cidr: str, *, right: bool = False) -> Subnet:
    segment = site.right if right else site.left
    return site.premises.subnet(site.network, cidr, "slaac", segment_id=segment.id)


def automatic(subnet: Subnet, mac: str) -> FixedIP:
    return FixedIP(subnet.id, eui64_address(subnet.cidr, mac))


def test_a_new_subnet_gives_addresses_to_the_ports_on_its_segment(site: Site) -> None:
    left, right = site.port(host_id="left-1"), site.port(host_id="right-1")
    waiting, asking = site.port(), site.port("10.1.0.9")
    new = slaac(site, "2001:db8:1::/64")
    ports = site.premises.backend.ports
    for port, gets in ((left, True), (right, False), (waiting, False), (asking, True)):
        found = ports.get(port.id)
        own = (automatic(new, port.mac_address),) if gets else ()
        assert found.fixed_ips == (*port.fixed_ips, *own)


def test_a_new_mac_address_renews_the_automatic_addresses_of_the_segment(site: Site) -> None:
    six, other = slaac(site, "2001:db8:1::/64"), slaac(site, "2001:db8:2::/64", right=True)
    bound = site.port(host_id="left-1", mac_address=MAC)
    assert automatic(six, MAC) in bound.fixed_ips
    changed = site.premises.backend.ports.update(bound.id, PortChange(mac_address=OTHER_MAC))
    assert automatic(six, OTHER_MAC) in changed.fixed_ips
    assert other.id not in on(changed)
    alone = site.port(fixed_ips=of(other), mac_address=MAC)
    assert alone.fixed_ips == (automatic(other, MAC),)
    ports = site.premises.backend.ports
    renewed = ports.update(alone.id, PortChange(mac_address="02:00:00:00:aa:03"))
    assert renewed.fixed_ips == (automatic(other, "02:00:00:00:aa:03"),)


def test_a_subnet_with_a_ports_only_address_stays_on_its_segment(site: Site) -> None:
    six = slaac(site, "2001:db8:1::/64")
    port = site.port(fixed_ips=of(six))
    assert on(port) == [six.id]
    subnets, ports = site.premises.backend.subnets, site.premises.backend.ports
    with site.premises.refused(SubnetInUse):
        subnets.delete(six.id)
    ports.update(port.id, PortChange(fixed_ips=of(six, site.desks)))
    subnets.delete(six.id)
    assert on(ports.get(port.id)) == [site.desks.id]


# Service types


def test_a_port_gets_its_address_where_its_device_owner_is_served_first(
    premises: Premises,
) -> None:
    network = premises.network()
    plain = premises.subnet(network, "10.0.0.0/24")
    special = premises.subnet(network, "10.1.0.0/24", service_types=("compute:a", "network:x"))
    for owner, subnet in (("compute:a", special), ("network:x", special), ("compute:b", plain)):
        port = premises.port(network, device_owner=owner)
        assert on(port) == [subnet.id]
    with premises.refused(InvalidInput):
        premises.port(network, fixed_ips=of(special))
    assert premises.backend.subnets.get(special.id) == special


def test_a_new_device_owner_takes_no_address_away_and_counts_from_then_on(
    premises: Premises,
) -> None:
    network = premises.network()
    plain = premises.subnet(network, "10.0.0.0/24")
    special = premises.subnet(network, "10.1.0.0/24", service_types=("compute:a",))
    port = premises.port(network)
    ports = premises.backend.ports
    both = PortChange(device_owner="compute:a", fixed_ips=of(special))
    with premises.refused(InvalidInput):
        ports.update(port.id, both)
    owned = ports.update(port.id, PortChange(device_owner="compute:a"))
    assert on(owned) == [plain.id]
    assert on(ports.update(port.id, PortChange(fixed_ips=of(special)))) == [special.id]
    left = ports.update(port.id, PortChange(device_owner="", host_id="h"))
    assert on(left) == [special.id]
    with premises.refused(HostNotCompatibleWithFixedIps):
        ports.update(port.id, PortChange(host_id="h2"))


def test_new_service_types_take_no_address_away(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    port = premises.port(network)
    changed = premises.backend.subnets.update(subnet.id, SubnetChange(service_types=("compute:a",)))
    assert changed.service_types == ("compute:a",)
    assert premises.backend.subnets.get(subnet.id) == changed
    assert premises.backend.ports.update(port.id, PortChange(name="x")).fixed_ips == port.fixed_ips
    with premises.refused(IpAddressGenerationFailureNoMatchingSubnet):
        premises.port(network)
    with premises.refused(IpAddressGenerationFailureNoMatchingSubnet):
        premises.backend.ports.update(port.id, PortChange(fixed_ips=()))


def test_a_new_automatic_subnet_gives_addresses_to_the_ports_that_it_serves(
    premises: Premises,
) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    served, other = (premises.port(network, device_owner=one) for one in ("compute:a", "x"))
    new = premises.subnet(network, "2001:db8::/64", "slaac", service_types=("compute:a",))
    ports = premises.backend.ports
    assert ports.get(served.id).fixed_ips == (
        *served.fixed_ips,
        automatic(new, served.mac_address),
    )
    assert ports.get(other.id).fixed_ips == other.fixed_ips


def test_an_exhausted_subnet_of_the_owners_own_is_followed_by_one_for_all(
    premises: Premises,
) -> None:
    network = premises.network()
    plain = premises.subnet(network, "10.0.0.0/24")
    special = premises.subnet(network, "10.1.0.0/30", service_types=("compute:a",))
    got = [on(premises.port(network, device_owner="compute:a")) for _ in range(2)]
    assert got == [[special.id], [plain.id]]
