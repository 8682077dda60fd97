"""What a new segment is going to be, and which segment a subnet may be on.

Rules, all of them Neutron's:

* The subnets of a network are all on segments, or none of them is. A subnet for
  routers' addresses (service type ``network:routed``) does not count.
* A subnet that is there moves onto a segment if it is the only one of its network,
  and the segment is, too. It does not move again.
"""

from collections.abc import Sequence

from freehold.errors import (
    NetworkIdsDontMatch,
    NoUpdateSubnetWhenMultipleSegmentsOnNetwork,
    SubnetSegmentAssociationChangeNotAllowed,
    SubnetsNotAllAssociatedWithSegments,
)
from freehold.networking.owners import ROUTED
from freehold.networking.plan.networks import check_mtu_of_type, check_provider
from freehold.networking.records import SEGMENT_FIRST_REVISION, Record
from freehold.networking.segment_values import Segment
from freehold.networking.values import Network, Subnet


def plan_first_segment(segment_id: str, network: Network) -> Segment:
    """Return the segment that a new network begins with."""
    if network.network_type is None:
        raise ValueError("a new network has a type")
    return Segment(
        id=segment_id,
        network_id=network.id,
        index=0,
        network_type=network.network_type,
        physical_network=network.physical_network,
        segmentation_id=network.segmentation_id,
        record=Record.begun(network.record.created_at, SEGMENT_FIRST_REVISION),
    )


def check_new_segment(segment: Segment, network: Network, physical_mtu: int) -> None:
    """Refuse a new segment that cannot be, or not on its network.

    Args:
        segment: it.
        network: the network.
        physical_mtu: of the physical networks below, in bytes.

    Raises:
        InvalidInput: the provider attributes do not fit together, or the network's
            MTU is larger than they allow.
    """
    check_provider(segment.network_type, segment.physical_network, segment.segmentation_id)
    check_mtu_of_type(segment.network_type, network.mtu, physical_mtu)


def next_index(segments: Sequence[Segment]) -> int:
    """Return the place of one more segment of a network."""
    return 1 + max((segment.index for segment in segments), default=-1)


def check_segment_of_new_subnet(
    subnet: Subnet, siblings: Sequence[Subnet], segment: Segment | None
) -> None:
    """Refuse the segment that a new subnet is to be on, or that it is to be on none.

    Args:
        subnet: the new subnet.
        siblings: the subnets that its network has.
        segment: the segment; None for none.

    Raises:
        SubnetsNotAllAssociatedWithSegments: with the siblings it is otherwise.
        NetworkIdsDontMatch: the segment is another network's.
    """
    counted = [one for one in (*siblings, subnet) if ROUTED not in one.service_types]
    if len({one.segment_id is None for one in counted}) > 1:
        raise SubnetsNotAllAssociatedWithSegments(subnet.network_id)
    if segment is not None and segment.network_id != subnet.network_id:
        raise NetworkIdsDontMatch(subnet.network_id, segment.id)


def check_move_onto_segment(
    subnet: Subnet,
    siblings: Sequence[Subnet],
    segment: Segment | None,
    of_network: Sequence[Segment],
) -> None:
    """Refuse to change the segment that a subnet is on.

    Args:
        subnet: the subnet as it is.
        siblings: all subnets of its network, itself among them.
        segment: the segment that it is to be on, another one than it is on; None
            for none.
        of_network: the segments of its network.

    Raises:
        SubnetsNotAllAssociatedWithSegments: it has siblings, which would be otherwise.
        SubnetSegmentAssociationChangeNotAllowed: it is on a segment.
        NoUpdateSubnetWhenMultipleSegmentsOnNetwork: the network has several.
        NetworkIdsDontMatch: the segment is another network's.
    """
    counted = [one.segment_id for one in siblings if ROUTED not in one.service_types]
    if len(counted) > 1:
        raise SubnetsNotAllAssociatedWithSegments(subnet.network_id)
    wanted = None if segment is None else segment.id
    if None not in counted and wanted not in counted:
        raise SubnetSegmentAssociationChangeNotAllowed
    if len(of_network) > 1:
        raise NoUpdateSubnetWhenMultipleSegmentsOnNetwork(subnet.network_id)
    if segment is not None and segment.network_id != subnet.network_id:
        raise NetworkIdsDontMatch(subnet.network_id, segment.id)
