"""Many writers at once: networks show their first segment, no subnet is on one that is gone.

And each subnet has routes to those that there are on other segments, and to no others.
"""

from functools import partial
from ipaddress import ip_network
from random import Random

from freehold.errors import (
    RevisionNumberConstraintFailed,
    SegmentInUse,
    SegmentNotFound,
    SubnetsNotAllAssociatedWithSegments,
)
from freehold.networking.backend import Backend
from freehold.networking.paging import Page, SortKey
from freehold.networking.plan.host_routes import plan_rerouted
from freehold.networking.segment_values import SegmentChange, SegmentDraft
from freehold.networking.values import Filter, Network, SubnetChange, SubnetDraft
from tests.networking.test_subnet_pools_threads import WRITERS, Site, at_once, site

__all__ = ["site"]

ROUNDS = 4


def of(network: Network) -> list[Filter]:
    return [Filter("network_id", (network.id,))]


def rearrange(backend: Backend, network: Network, number: int) -> None:
    """Add segments and subnets on them, and delete segments, whoever added them."""
    random = Random(number)
    for turn in range(ROUNDS):
        draft = SegmentDraft(
            network_id=network.id,
            network_type="vlan",
            physical_network=f"rack-{number}",
            segmentation_id=turn + 1,
        )
        backend.segments.create([draft])
        one = random.choice(backend.segments.find(of(network)))
        subnet = SubnetDraft(
            network_id=network.id,
            project_id="p",
            ip_version=4,
            cidr=ip_network(f"10.{number}.{turn}.0/24"),
            segment_id=one.id,
        )
        try:
            backend.subnets.create([subnet])
            backend.segments.delete(random.choice(backend.segments.find(of(network))).id)
        except (SegmentInUse, SegmentNotFound):
            continue


def test_segments_come_and_go_under_subnets_that_stay_on_theirs(site: Site) -> None:
    network = site.premises.network()
    at_once([partial(rearrange, one, network, n) for n, one in enumerate(site.backends)])
    backend = site.premises.backend
    segments = backend.segments.find(of(network), Page(sort=(SortKey("segment_index"),)))
    assert len({segment.index for segment in segments}) == len(segments)
    subnets = backend.subnets.find(of(network))
    assert subnets
    assert {subnet.segment_id for subnet in subnets} <= {segment.id for segment in segments}
    shown, first = backend.networks.get(network.id), segments[0]
    assert (shown.network_type, shown.physical_network, shown.segmentation_id) == (
        first.network_type,
        first.physical_network,
        first.segmentation_id,
    )


def test_no_host_is_lost_that_was_added_by_the_revision_that_was_read(site: Site) -> None:
    segment = site.premises.backend.segments.find(of(site.premises.network()))[0]

    def add(backend: Backend, host: str) -> None:
        while True:
            found = backend.segments.get(segment.id)
            change = SegmentChange(hosts=(*found.hosts, host))
            try:
                backend.segments.update(segment.id, change, found.record.revision)
            except RevisionNumberConstraintFailed:
                continue
            return

    hosts = [f"host-{number}" for number in range(WRITERS)]
    at_once([partial(add, one, host) for one, host in zip(site.backends, hosts, strict=True)])
    found = site.premises.backend.segments.get(segment.id)
    assert found.hosts == tuple(hosts)
    assert found.record.revision == WRITERS


def test_of_a_subnet_on_a_segment_and_one_on_none_only_one_comes_to_be(site: Site) -> None:
    network = site.premises.network()
    [segment] = site.premises.backend.segments.find(of(network))

    def create(backend: Backend, number: int) -> str:
        draft = SubnetDraft(
            network_id=network.id,
            project_id="p",
            ip_version=4,
            cidr=ip_network(f"10.{number}.0.0/24"),
            segment_id=segment.id if number % 2 else None,
        )
        try:
            backend.subnets.create([draft])
        except SubnetsNotAllAssociatedWithSegments:
            return "refused"
        return "done"

    outcomes = at_once([partial(create, one, n) for n, one in enumerate(site.backends)])
    subnets = site.premises.backend.subnets.find(of(network))
    assert len({subnet.segment_id for subnet in subnets}) == 1
    assert len(subnets) == outcomes.count("done") == WRITERS // 2


def test_routes_between_segments_are_those_that_the_subnets_ask_for(site: Site) -> None:
    network = site.premises.network()
    draft = SegmentDraft(network_id=network.id, network_type="local")
    segments = site.premises.backend.segments.create([draft] * WRITERS)

    def change(backend: Backend, number: int) -> None:
        drafts = [
            SubnetDraft(
                network_id=network.id,
                project_id="p",
                ip_version=4,
                cidr=ip_network(f"10.{number}.{place}.0/24"),
                segment_id=segments[number].id,
            )
            for place in range(3)
        ]
        one, two, _ = (backend.subnets.create([draft])[0] for draft in drafts)
        backend.subnets.update(one.id, SubnetChange(gateway_ip=None))
        backend.subnets.delete(two.id)
        backend.subnets.update(one.id, SubnetChange(gateway_ip=one.gateway_ip))

    at_once([partial(change, one, n) for n, one in enumerate(site.backends)])
    subnets = site.premises.backend.subnets.find(of(network))
    assert plan_rerouted(subnets) == ()
    assert {len(subnet.host_routes) for subnet in subnets} == {2 * (WRITERS - 1)}
