"""Errors about the segments of a network: which subnets are on them, which hosts reach them.

With routed networks an address works on the hosts of its segment only, so these
are about subnets and ports as well.
"""

from collections.abc import Iterable

from freehold.errors.base import BadRequest, Conflict, FreeholdError, NotFound
from freehold.errors.reasons import Refusal


class SubnetsNotAllAssociatedWithSegments(BadRequest):
    """Some subnets of a network would be on segments, and others not."""

    def __init__(self, network_id: str) -> None:
        FreeholdError.__init__(
            self,
            f"All of the subnets on network '{network_id}' must either all be associated with "
            "segments or all not associated with any segment.",
        )


class NoUpdateSubnetWhenMultipleSegmentsOnNetwork(BadRequest):
    """A subnet that is there moves onto a segment only where there is one segment."""

    def __init__(self, network_id: str) -> None:
        FreeholdError.__init__(
            self,
            f"The network '{network_id}' has multiple segments, it is only possible to associate "
            "an existing subnet with a segment on networks with a single segment.",
        )


class SubnetSegmentAssociationChangeNotAllowed(BadRequest):
    """A subnet that is on a segment stays there."""

    def __init__(self) -> None:
        FreeholdError.__init__(
            self,
            "A subnet that is already associated with a segment cannot have its segment "
            "association changed.",
        )


class NetworkIdsDontMatch(BadRequest):
    """The segment that a subnet is to be on is another network's."""

    def __init__(self, subnet_network: str, segment_id: str) -> None:
        FreeholdError.__init__(
            self,
            f"The subnet's network id, '{subnet_network}', doesn't match the network_id of "
            f"segment '{segment_id}'",
        )


class FixedIpsSubnetsNotOnSameSegment(BadRequest):
    """A port without a host would have addresses of several segments."""

    def __init__(self) -> None:
        FreeholdError.__init__(self, "Cannot allocate addresses from different segments.")


class SegmentNotFound(NotFound):
    """There is no segment with this id."""

    def __init__(self, segment_id: str) -> None:
        super().__init__(f"Segment {segment_id} could not be found.")


class SegmentInUse(Conflict):
    """Subnets are on the segment."""

    def __init__(self, segment_id: str, subnet_ids: Iterable[str]) -> None:
        super().__init__(
            f"Segment '{segment_id}' cannot be deleted: The segment is still associated with "
            f"subnet(s) {', '.join(subnet_ids)}."
        )


class HostNotConnectedToAnySegment(Conflict):
    """The host is on no segment of the network that has a subnet for the port."""

    def __init__(self, host: str, network_id: str, refusals: Iterable[Refusal]) -> None:
        super().__init__(
            f"Host {host} is not connected to any segments on routed provider network "
            f"'{network_id}'.  It should be connected to one.",
            refusals=refusals,
        )


class HostNotCompatibleWithFixedIps(Conflict):
    """The addresses of a port would not work on the host that it is to move to."""

    def __init__(self, host: str, port_id: str) -> None:
        super().__init__(
            f"Host {host} is not connected to a segment where the existing fixed_ips on port "
            f"{port_id} will function given the routed network topology."
        )
