"""What a segment can be, and which one a subnet may be on."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from freehold.errors import (
    FreeholdError,
    InvalidInput,
    NetworkIdsDontMatch,
    NoUpdateSubnetWhenMultipleSegmentsOnNetwork,
    SubnetSegmentAssociationChangeNotAllowed,
    SubnetsNotAllAssociatedWithSegments,
)
from freehold.networking.owners import ROUTED
from freehold.networking.plan.segments import (
    check_move_onto_segment,
    check_new_segment,
    check_segment_of_new_subnet,
    next_index,
    plan_first_segment,
)
from freehold.networking.segment_values import Segment
from freehold.networking.values import Network, Subnet

NETWORK = Network("net", "p", "", admin_state_up=True, shared=False, mtu=1500)


def segment(name: str, network: str = "net", index: int = 0) -> Segment:
    return Segment(id=name, network_id=network, index=index, network_type="local")


A, B, ELSEWHERE = segment("a"), segment("b", index=1), segment("c", "other")


def subnet(on: str | None, *types: str) -> Subnet:
    return Subnet(
        id="subnet",
        network_id="net",
        project_id="p",
        name="",
        cidr=ip_network("10.0.0.0/24"),
        gateway_ip=None,
        allocation_pools=(),
        segment_id=on,
        service_types=types,
    )


def test_a_network_begins_with_a_segment_of_its_own_kind() -> None:
    vlan = replace(NETWORK, network_type="vlan", physical_network="rack", segmentation_id=7)
    first = plan_first_segment("a", vlan)
    assert (first.id, first.network_id, first.index, first.name) == ("a", "net", 0, None)
    assert (first.network_type, first.physical_network, first.segmentation_id) == (
        "vlan",
        "rack",
        7,
    )
    assert first.record.created_at == vlan.record.created_at


def test_one_more_segment_comes_after_those_that_are_there() -> None:
    assert next_index([]) == 0
    assert next_index([segment("b", index=4), segment("a", index=2)]) == 5


@pytest.mark.parametrize(
    ("kind", "physical_network", "number", "message"),
    [
        ("vlan", "rack", 4095, "segmentation_id out of range"),
        ("vlan", None, 7, "requires physical_network"),
        ("flat", None, None, "physical_network required"),
        ("vxlan", "rack", 7, "provider:physical_network specified for vxlan network"),
        ("vxlan", None, 7, "Requested MTU is too big, maximum is 1450"),
        ("nosuch", None, None, "network_type value 'nosuch' not supported"),
    ],
)
def test_a_segment_that_cannot_be_is_refused(
    kind: str, physical_network: str | None, number: int | None, message: str
) -> None:
    new = replace(A, network_type=kind, physical_network=physical_network, segmentation_id=number)
    with pytest.raises(InvalidInput, match=message):
        check_new_segment(new, NETWORK, 1500)


def test_a_tunnel_fits_a_network_with_a_small_mtu() -> None:
    tunnel = replace(A, network_type="vxlan", segmentation_id=7)
    check_new_segment(tunnel, replace(NETWORK, mtu=1450), 1500)


@pytest.mark.parametrize(
    ("siblings", "new", "refusal"),
    [
        ([], subnet("a"), None),
        ([subnet("b")], subnet("a"), None),
        ([subnet(None)], subnet(None), None),
        ([subnet(None)], subnet("a"), SubnetsNotAllAssociatedWithSegments),
        ([subnet("a")], subnet(None), SubnetsNotAllAssociatedWithSegments),
        ([subnet("a")], subnet(None, ROUTED), None),
        ([subnet(None, ROUTED)], subnet("a"), None),
        ([subnet("a")], subnet(None, "compute:a"), SubnetsNotAllAssociatedWithSegments),
        ([], subnet("c"), NetworkIdsDontMatch),
        ([subnet(None)], subnet("c"), SubnetsNotAllAssociatedWithSegments),
    ],
)
def test_all_subnets_of_a_network_are_on_segments_or_none_is(
    siblings: list[Subnet], new: Subnet, refusal: type[FreeholdError] | None
) -> None:
    known = {one.id: one for one in (A, B, ELSEWHERE)}
    chosen = None if new.segment_id is None else known[new.segment_id]
    if refusal is None:
        check_segment_of_new_subnet(new, siblings, chosen)
        return
    with pytest.raises(refusal):
        check_segment_of_new_subnet(new, siblings, chosen)


@pytest.mark.parametrize(
    ("before", "others", "to", "segments", "refusal"),
    [
        (subnet(None), [], A, [A], None),
        (subnet(None), [subnet(None, ROUTED)], A, [A], None),
        (subnet(None), [subnet(None)], A, [A], SubnetsNotAllAssociatedWithSegments),
        (subnet("a"), [subnet("b")], B, [A, B], SubnetsNotAllAssociatedWithSegments),
        (subnet("a"), [], B, [A, B], SubnetSegmentAssociationChangeNotAllowed),
        (subnet("a"), [], None, [A], SubnetSegmentAssociationChangeNotAllowed),
        (subnet(None), [], A, [A, B], NoUpdateSubnetWhenMultipleSegmentsOnNetwork),
        (subnet(None), [], ELSEWHERE, [A], NetworkIdsDontMatch),
    ],
)
def test_a_subnet_moves_onto_the_only_segment_if_it_is_alone(
    before: Subnet,
    others: list[Subnet],
    to: Segment | None,
    segments: list[Segment],
    refusal: type[FreeholdError] | None,
) -> None:
    if refusal is None:
        check_move_onto_segment(before, [before, *others], to, segments)
        return
    with pytest.raises(refusal):
        check_move_onto_segment(before, [before, *others], to, segments)
