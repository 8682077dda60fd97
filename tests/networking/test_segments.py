"""Segments on a real database."""

from dataclasses import replace

import pytest

from freehold.errors import (
    FreeholdError,
    InvalidInput,
    NetworkIdsDontMatch,
    NetworkNotFound,
    NoUpdateSubnetWhenMultipleSegmentsOnNetwork,
    RevisionNumberConstraintFailed,
    SegmentInUse,
    SegmentNotFound,
    SubnetSegmentAssociationChangeNotAllowed,
    SubnetsNotAllAssociatedWithSegments,
)
from freehold.networking.paging import Page, SortKey
from freehold.networking.segment_values import Segment, SegmentChange, SegmentDraft
from freehold.networking.values import Filter, Network, NetworkChange, SubnetChange
from tests.backends import Premises
from tests.networking.routed import ROUTED, add_segment, first_segment, routed_site
from tests.networking.test_guards import before
from tests.networking.test_networks import NOWHERE


def segments_of(premises: Premises, network: Network) -> tuple[Segment, ...]:
    in_order = Page(sort=(SortKey("segment_index"),))
    return premises.backend.segments.find([Filter("network_id", (network.id,))], in_order)


def provider(resource: Segment | Network) -> tuple[str | None, str | None, int | None]:
    return resource.network_type, resource.physical_network, resource.segmentation_id


def test_each_network_begins_with_a_segment_of_its_own(premises: Premises) -> None:
    plain, vlan = premises.network(), premises.network(**ROUTED)
    for network in (plain, vlan):
        [first] = segments_of(premises, network)
        assert provider(first) == provider(network)
        assert (first.name, first.description, first.hosts) == (None, None, ())
        assert first.record.created_at == network.record.created_at
        assert premises.backend.segments.get(first.id) == first
    premises.backend.networks.delete(vlan.id)
    assert segments_of(premises, vlan) == ()
    assert len(segments_of(premises, plain)) == 1


def test_created_segments_come_back_in_order_and_are_stored(premises: Premises) -> None:
    one, two = premises.network(), premises.network()
    drafts = [
        SegmentDraft(
            network_id=network.id,
            network_type="vlan",
            physical_network="rack",
            segmentation_id=number,
            name=f"row {number}",
            description="d",
            hosts=("h2", "h1"),
        )
        for number, network in enumerate([two, one, two], 5)
    ]
    created = premises.backend.segments.create(drafts)
    assert [segment.network_id for segment in created] == [two.id, one.id, two.id]
    assert [segment.index for segment in created] == [1, 1, 2]
    assert created[0].hosts == ("h1", "h2")
    assert [premises.backend.segments.get(segment.id) for segment in created] == list(created)
    assert segments_of(premises, two)[1:] == (created[0], created[2])


def test_a_segment_of_an_unknown_network_is_refused(premises: Premises) -> None:
    with premises.refused(NetworkNotFound):
        premises.backend.segments.create([SegmentDraft(network_id=NOWHERE, network_type="local")])
    network = premises.network()
    drafts = [SegmentDraft(network_id=network.id, network_type=kind) for kind in ("local", "x")]
    with premises.refused(InvalidInput):
        premises.backend.segments.create(drafts)


def test_a_segment_changes_and_its_revision_grows(premises: Premises) -> None:
    segments = premises.backend.segments
    one = add_segment(premises, premises.network(), name="a", hosts=("h1", "h2"))
    two = segments.update(one.id, SegmentChange(name=None, description="x"), one.record.revision)
    assert (two.name, two.description, two.hosts) == (None, "x", ("h1", "h2"))
    assert two.record.revision == one.record.revision + 1
    three = segments.update(one.id, SegmentChange(hosts=("h3", "h2")))
    assert (three.hosts, three.record.revision) == (("h2", "h3"), two.record.revision + 1)
    assert segments.get(one.id) == three
    assert segments.update(one.id, SegmentChange(hosts=("h3", "h2"))) == three
    with premises.refused(RevisionNumberConstraintFailed):
        segments.update(one.id, SegmentChange(name="b"), one.record.revision)
    with premises.refused(SegmentNotFound):
        segments.update(NOWHERE, SegmentChange(name="b"))


def test_segments_are_found_by_their_hosts(premises: Premises) -> None:
    network = premises.network()
    one = add_segment(premises, network, hosts=("h1", "h2"))
    two = add_segment(premises, network, hosts=("h2",))
    find = premises.backend.segments.find
    for host, expected in (("h1", [one]), ("h2", [one, two]), ("h", []), ("H1", [])):
        found = find([Filter("hosts", (host,))])
        assert sorted(found, key=lambda segment: segment.index) == expected
    assert set(find([Filter("hosts", ("h1", "h2"))])) == {one, two}


def test_segments_are_listed_by_id_or_as_is_asked_for(premises: Premises) -> None:
    networks = [premises.network() for _ in range(3)]
    for number in range(3):
        for network in networks:
            add_segment(premises, network, name=f"{number}")
    find = premises.backend.segments.find
    listed = find([])
    assert len(listed) == 12
    assert list(listed) == sorted(listed, key=lambda one: one.id)
    pages: list[Segment] = []
    while page := find([], Page(limit=5, marker=pages[-1].id if pages else None)):
        pages += page
    assert pages == list(listed)
    by_name = find([], Page(sort=(SortKey("name", ascending=False),)))
    assert [one.name for one in by_name] == ["2"] * 3 + ["1"] * 3 + ["0"] * 3 + [None] * 3


def test_a_network_shows_what_its_first_segment_is(premises: Premises) -> None:
    networks, segments = premises.backend.networks, premises.backend.segments
    network = premises.network(**ROUTED)
    first = first_segment(premises, network)
    second = add_segment(premises, network, network_type="flat", physical_network="r")
    assert provider(networks.get(network.id)) == provider(first)
    segments.delete(first.id)
    assert provider(networks.get(network.id)) == ("flat", "r", None)
    segments.delete(second.id)
    assert provider(networks.get(network.id)) == (None, None, None)
    third = add_segment(premises, network, network_type="vlan", **_rack(7))
    assert provider(networks.get(network.id)) == provider(third) == ("vlan", "rack", 7)
    assert networks.get(network.id) == networks.find([Filter("segmentation_id", (7,))])[0]
    add_segment(premises, network)
    assert provider(networks.get(network.id)) == provider(third)


def _rack(number: int) -> dict[str, object]:
    return {"physical_network": "rack", "segmentation_id": number}


def test_a_networks_number_is_that_of_its_only_segment(premises: Premises) -> None:
    networks = premises.backend.networks
    network = premises.network(**ROUTED)
    networks.update(network.id, NetworkChange(segmentation_id=11))
    first = first_segment(premises, network)
    assert (first.segmentation_id, first.record.revision) == (11, 1)
    add_segment(premises, network)
    with premises.refused(InvalidInput):
        networks.update(network.id, NetworkChange(segmentation_id=12))
    networks.update(network.id, NetworkChange(segmentation_id=11, name="x"))


def test_a_segment_with_subnets_stays(premises: Premises) -> None:
    site = routed_site(premises)
    segments = premises.backend.segments
    with premises.refused(SegmentInUse) as caught:
        segments.delete(site.left.id)
    assert site.desks.id in caught.value.message
    premises.backend.subnets.delete(site.desks.id)
    with premises.refused(RevisionNumberConstraintFailed):
        segments.delete(site.left.id, site.left.record.revision + 1)
    segments.delete(site.left.id, site.left.record.revision)
    with premises.refused(SegmentNotFound):
        segments.delete(site.left.id)
    premises.backend.networks.delete(site.network.id)
    with pytest.raises(SegmentNotFound):
        segments.get(site.right.id)


def test_segments_have_tags(premises: Premises) -> None:
    segment = add_segment(premises, premises.network())
    premises.backend.segment_tags.add(segment.id, {"a", "b"})
    tagged = premises.backend.segments.get(segment.id)
    assert tagged.record.tags == ("a", "b")
    assert premises.backend.segments.find([Filter("tags", ("a", "b"))]) == (tagged,)


def test_the_network_is_guarded_before_its_segments_are_read(premises: Premises) -> None:
    network = premises.network()
    with before(premises, "UPDATE network_guards", lambda _: None) as statements:
        segment = add_segment(premises, network)
    reads = [text for text in statements if text.startswith("SELECT")]
    assert statements.index(reads[0]) > _place(statements, "UPDATE network_guards")
    with before(premises, "UPDATE network_guards", lambda _: None) as statements:
        premises.backend.segments.delete(segment.id)
    assert _place(statements, "UPDATE network_guards") < _place(statements, "SELECT subnets.id")


def _place(statements: list[str], beginning: str) -> int:
    return next(i for i, text in enumerate(statements) if text.startswith(beginning))


# Subnets on segments


def test_subnets_are_on_segments_and_are_found_by_them(premises: Premises) -> None:
    site = routed_site(premises)
    subnets = premises.backend.subnets
    assert subnets.get(site.desks.id) == site.desks
    assert site.desks.segment_id == site.left.id
    assert subnets.find([Filter("segment_id", (site.right.id,))]) == (site.racks,)
    plain = premises.subnet(premises.network(), "10.1.0.0/24")
    assert subnets.find([Filter("segment_id", (None,))]) == (plain,)
    assert site.network.routed
    assert premises.backend.networks.find([Filter("id", (site.network.id,))])[0].routed
    assert not premises.backend.networks.get(plain.network_id).routed


def test_a_subnet_is_on_a_segment_of_its_own_network(premises: Premises) -> None:
    site = routed_site(premises)
    other = first_segment(premises, premises.network())
    refusals: list[tuple[type[FreeholdError], str | None]] = [
        (SegmentNotFound, NOWHERE),
        (NetworkIdsDontMatch, other.id),
        (SubnetsNotAllAssociatedWithSegments, None),
    ]
    for refusal, segment_id in refusals:
        with premises.refused(refusal):
            premises.subnet(site.network, "10.3.0.0/24", segment_id=segment_id)
    premises.subnet(site.network, "10.3.0.0/24", service_types=("network:routed",))


def test_a_lone_subnet_moves_onto_the_only_segment_once(premises: Premises) -> None:
    network = premises.network()
    first = first_segment(premises, network)
    subnets = premises.backend.subnets
    subnet = premises.subnet(network, "10.0.0.0/24")
    other = first_segment(premises, premises.network())
    with premises.refused(NetworkIdsDontMatch):
        subnets.update(subnet.id, SubnetChange(segment_id=other.id))
    with premises.refused(SegmentNotFound):
        subnets.update(subnet.id, SubnetChange(segment_id=NOWHERE))
    moved = subnets.update(subnet.id, SubnetChange(segment_id=first.id))
    assert moved == replace(subnet, segment_id=first.id, record=moved.record)
    assert subnets.get(subnet.id) == moved
    assert subnets.update(subnet.id, SubnetChange(segment_id=first.id)) == moved
    with premises.refused(SubnetSegmentAssociationChangeNotAllowed):
        subnets.update(subnet.id, SubnetChange(segment_id=None))


def test_a_subnet_does_not_move_where_there_are_more_segments_or_subnets(
    premises: Premises,
) -> None:
    subnets = premises.backend.subnets
    network = premises.network()
    first = first_segment(premises, network)
    subnet = premises.subnet(network, "10.0.0.0/24")
    add_segment(premises, network)
    with premises.refused(NoUpdateSubnetWhenMultipleSegmentsOnNetwork):
        subnets.update(subnet.id, SubnetChange(segment_id=first.id))
    premises.subnet(network, "10.0.1.0/24")
    with premises.refused(SubnetsNotAllAssociatedWithSegments):
        subnets.update(subnet.id, SubnetChange(segment_id=first.id))
