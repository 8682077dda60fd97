"""Segments of networks as frozen values; see `freehold.networking.values`."""

from dataclasses import dataclass

from freehold.networking.records import UNSTORED, Record
from freehold.networking.values import KEEP, Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a network that is one layer-2 domain.

    Attributes:
        index: its place among the segments of its network; the first is the one
            that the network's provider attributes tell of.
        network_type: how it is realised: local, flat, vlan, vxlan, gre or geneve.
        physical_network: on what; None where the type needs none.
        segmentation_id: as which VLAN or tunnel; None likewise.
        hosts: who can reach it, in alphabetical order.
    """

    id: str
    network_id: str
    index: int
    network_type: str
    physical_network: str | None = None
    segmentation_id: int | None = None
    name: str | None = None
    description: str | None = None
    hosts: tuple[str, ...] = ()
    record: Record = UNSTORED


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDraft:
    """A segment to be."""

    network_id: str
    network_type: str
    physical_network: str | None = None
    segmentation_id: int | None = None
    name: str | None = None
    description: str | None = None
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentChange:
    """What is to be different about a segment.

    Attributes:
        hosts: all that are to reach it.
    """

    name: str | Keep | None = KEEP
    description: str | Keep | None = KEEP
    hosts: tuple[str, ...] | Keep = KEEP
