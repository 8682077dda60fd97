"""Host routes between the segments of a routed network, as they are stored."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from freehold.networking.plan.host_routes import MOST
from freehold.networking.segment_values import SegmentDraft
from freehold.networking.values import Filter, HostRoute, Subnet, SubnetChange
from tests.backends import Premises, pools, subnet_draft
from tests.networking.routed import Site, first_segment, routed_site


@pytest.fixture
def site(premises: Premises) -> Site:
    return routed_site(premises)


def routes(subnet: Subnet) -> list[tuple[str, str]]:
    return [(str(route.destination), str(route.nexthop)) for route in subnet.host_routes]


def stored(site: Site, subnets: Sequence[Subnet]) -> list[Subnet]:
    return [site.premises.backend.subnets.get(subnet.id) for subnet in subnets]


def test_a_new_subnet_and_those_of_other_segments_have_routes_to_each_other(site: Site) -> None:
    network = site.premises.backend.networks.get(site.network.id)
    beside = site.premises.subnet(network, "10.3.0.0/24", segment_id=site.left.id)
    assert routes(beside) == [("10.2.0.0/24", "10.3.0.1")]
    desks, racks, shown = stored(site, [site.desks, site.racks, beside])
    assert shown == beside
    assert desks == site.desks
    assert routes(desks) == [("10.2.0.0/24", "10.1.0.1")]
    assert routes(racks) == [("10.1.0.0/24", "10.2.0.1"), ("10.3.0.0/24", "10.2.0.1")]
    assert racks.record.revision == site.racks.record.revision + 1
    after = site.premises.backend.networks.get(network.id)
    assert after.record.revision == network.record.revision + 1


def test_subnets_that_come_together_have_routes_to_each_other(site: Site) -> None:
    drafts = [
        subnet_draft(site.network, cidr, segment_id=segment.id)
        for cidr, segment in (("10.3.0.0/24", site.left), ("10.4.0.0/24", site.right))
    ]
    left, right = site.premises.backend.subnets.create(drafts)
    assert stored(site, [left, right]) == [left, right]
    assert routes(left) == [("10.2.0.0/24", "10.3.0.1"), ("10.4.0.0/24", "10.3.0.1")]
    assert routes(right) == [("10.1.0.0/24", "10.4.0.1"), ("10.3.0.0/24", "10.4.0.1")]
    assert left.record.revision == right.record.revision == 0
    desks = site.premises.backend.subnets.get(site.desks.id)
    assert desks.record.revision == site.desks.record.revision + 1


def test_routes_go_with_the_subnet_that_they_lead_to(site: Site) -> None:
    subnets = site.premises.backend.subnets
    subnets.delete(site.racks.id)
    desks = subnets.get(site.desks.id)
    assert routes(desks) == []
    assert desks.record.revision == site.desks.record.revision + 1
    site.premises.backend.segments.delete(site.right.id)
    assert subnets.get(site.desks.id) == desks


def test_routes_follow_the_gateway(site: Site) -> None:
    subnets = site.premises.backend.subnets
    own = HostRoute(ip_network("192.0.2.0/24"), ip_address("10.1.0.9"))
    change = SubnetChange(
        gateway_ip=ip_address("10.1.0.254"),
        allocation_pools=pools(("10.1.0.10", "10.1.0.99")),
    )
    subnets.update(site.desks.id, change)
    assert routes(subnets.get(site.desks.id)) == [("10.2.0.0/24", "10.1.0.254")]
    subnets.update(site.desks.id, SubnetChange(gateway_ip=None, host_routes=(own,)))
    assert subnets.get(site.desks.id).host_routes == (own,)
    subnets.update(site.desks.id, SubnetChange(gateway_ip=ip_address("10.1.0.1")))
    assert routes(subnets.get(site.desks.id)) == [
        ("192.0.2.0/24", "10.1.0.9"),
        ("10.2.0.0/24", "10.1.0.1"),
    ]
    assert subnets.get(site.racks.id) == site.racks


def test_routes_that_a_user_takes_away_stay_and_nothing_changes(site: Site) -> None:
    networks = site.premises.backend.networks
    network = networks.get(site.network.id)
    change = SubnetChange(host_routes=())
    assert site.premises.backend.subnets.update(site.desks.id, change) == site.desks
    assert networks.get(site.network.id) == network


def test_a_subnet_for_all_segments_has_routes_and_its_own_go_with_it(site: Site) -> None:
    subnets = site.premises.backend.subnets
    roaming = site.premises.subnet(site.network, "10.3.0.0/24", service_types=("network:routed",))
    assert routes(roaming) == [("10.1.0.0/24", "10.3.0.1"), ("10.2.0.0/24", "10.3.0.1")]
    assert ("10.3.0.0/24", "10.1.0.1") in routes(subnets.get(site.desks.id))
    subnets.update(roaming.id, SubnetChange(gateway_ip=None))
    assert routes(subnets.get(roaming.id)) == []
    subnets.delete(roaming.id)
    assert routes(subnets.get(site.desks.id)) == routes(site.desks)


def test_routes_come_when_the_only_subnet_moves_onto_a_segment(premises: Premises) -> None:
    subnets = premises.backend.subnets
    network = premises.network()
    lone = premises.subnet(network, "10.1.0.0/24")
    roaming = premises.subnet(network, "10.3.0.0/24", service_types=("network:routed",))
    assert subnets.get(lone.id) == lone
    assert (lone.host_routes, roaming.host_routes) == ((), ())
    moved = subnets.update(lone.id, SubnetChange(segment_id=first_segment(premises, network).id))
    assert subnets.get(lone.id) == moved
    assert routes(moved) == [("10.3.0.0/24", "10.1.0.1")]
    assert routes(subnets.get(roaming.id)) == [("10.1.0.0/24", "10.3.0.1")]


def test_however_many_segments_there_are_a_subnet_has_few_routes(premises: Premises) -> None:
    network = premises.network()
    drafts = [SegmentDraft(network_id=network.id, network_type="local") for _ in range(102)]
    *segments, last = premises.backend.segments.create(drafts)
    made = premises.backend.subnets.create(
        [
            subnet_draft(network, f"10.1.{number}.0/24", segment_id=segment.id)
            for number, segment in enumerate(segments)
        ]
    )
    assert {len(subnet.host_routes) for subnet in made} == {MOST}
    lowest = premises.subnet(network, "10.0.0.0/24", segment_id=last.id)
    found = premises.backend.subnets.find([Filter("network_id", (network.id,))])
    assert {len(subnet.host_routes) for subnet in found} == {MOST}
    assert all(
        subnet.host_routes[0].destination == lowest.cidr
        for subnet in found
        if subnet.id != lowest.id
    )
