"""A routed network to try things on: two segments, each with hosts and a subnet."""

from dataclasses import dataclass
from typing import Any

from freehold.networking.segment_values import Segment, SegmentChange, SegmentDraft
from freehold.networking.values import Filter, Network, Port, PortChange, Subnet
from tests.backends import Premises

ROUTED = {"network_type": "vlan", "physical_network": "left", "segmentation_id": 10}


def first_segment(premises: Premises, network: Network) -> Segment:
    """Return the segment that a network began with."""
    found = premises.backend.segments.find([Filter("network_id", (network.id,))])
    return min(found, key=lambda segment: segment.index)


def add_segment(premises: Premises, network: Network, **values: Any) -> Segment:
    """Create one more segment of a network."""
    given = {"network_type": "local", **values}
    return premises.backend.segments.create([SegmentDraft(network_id=network.id, **given)])[0]


@dataclass(frozen=True)
class Site:
    """A routed network.

    Attributes:
        left: its first segment, with the hosts ``left-1``, ``left-2`` and ``both``.
        right: its second segment, with the hosts ``right-1`` and ``both``.
        desks: the subnet on the left, 10.1.0.0/24.
        racks: the subnet on the right, 10.2.0.0/24.
    """

    premises: Premises
    network: Network
    left: Segment
    right: Segment
    desks: Subnet
    racks: Subnet

    def port(self, *asked: str, **values: Any) -> Port:
        return self.premises.port(self.network, *asked, **values)

    def move(self, port: Port, host: str, **values: Any) -> Port:
        """Change the host of a port."""
        change = PortChange(host_id=host, **values)
        return self.premises.backend.ports.update(port.id, change)


def routed_site(premises: Premises) -> Site:
    """Make a routed network."""
    network = premises.network(**ROUTED)
    segments = premises.backend.segments
    left = segments.update(
        first_segment(premises, network).id, SegmentChange(hosts=("both", "left-1", "left-2"))
    )
    right = add_segment(
        premises,
        network,
        network_type="vlan",
        physical_network="right",
        segmentation_id=20,
        hosts=("both", "right-1"),
    )
    desks = premises.subnet(network, "10.1.0.0/24", segment_id=left.id)
    racks = premises.subnet(network, "10.2.0.0/24", segment_id=right.id)
    # The second subnet brings the first one a route to itself.
    desks = premises.backend.subnets.get(desks.id)
    return Site(premises, premises.backend.networks.get(network.id), left, right, desks, racks)
