"""Which subnets of its network may serve a port: by its device owner and by its host.

Rules, all of them Neutron's:

* A subnet with service types serves ports of these device owners only; those with a
  matching one come first, then those without. Any subnet with DHCP serves ports of
  DHCP servers.
* A subnet on a segment serves ports on the hosts of that segment. A port without a
  host is not served by it, unless it asks for an address there: then all of its
  addresses come from that segment. (Distributed ports are on many hosts, and so may
  be on several segments.)
* Where only the host is missing, the addresses are deferred until it is known.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from freehold.errors import (
    FixedIpsSubnetsNotOnSameSegment,
    HostNotCompatibleWithFixedIps,
    HostNotConnectedToAnySegment,
    IpAddressGenerationFailureNoMatchingSubnet,
    Reason,
    Refusal,
)
from freehold.networking import owners
from freehold.networking.values import FixedIP, FixedIPRequest, Port, Subnet


@dataclass(frozen=True, slots=True)
class Candidates:
    """The subnets that may serve a port.

    Attributes:
        subnets: those, preferred ones first.
        deferred: whether there are none because the port's host is not known yet.
    """

    subnets: tuple[Subnet, ...]
    deferred: bool = False


def find_candidates(
    port: Port,
    subnets: Sequence[Subnet],
    host_segments: Set[str],
    asked: Sequence[FixedIPRequest] | None,
) -> Candidates:
    """Return the subnets that may serve a port.

    Args:
        port: the port; its device owner and its host count.
        subnets: all subnets of its network.
        host_segments: the segments of its network that its host is on.
        asked: the addresses that it is to have; None for any.

    Raises:
        FixedIpsSubnetsNotOnSameSegment: it has no host, and they are on several segments.
        HostNotConnectedToAnySegment: its host is on none of the segments.
        IpAddressGenerationFailureNoMatchingSubnet: no subnet serves its device owner.
    """
    serving = [subnet for subnet in subnets if _serves_owner(subnet, port.device_owner)]
    if port.host_id:
        reached = [one for one in serving if _is_reached(one, host_segments)]
    elif asked is None:
        reached = [one for one in serving if one.segment_id is None]
    else:
        reached = _on_segment_of(asked, serving, port.device_owner == owners.DISTRIBUTED)
    if reached or not subnets:
        return Candidates(tuple(sorted(reached, key=lambda one: not one.service_types)))
    if port.host_id and any(one.segment_id is not None for one in subnets):
        refusals = [_refusal(one, port) for one in subnets]
        raise HostNotConnectedToAnySegment(port.host_id, port.network_id, refusals)
    if serving:
        return Candidates((), deferred=True)
    raise IpAddressGenerationFailureNoMatchingSubnet(
        port.network_id, port.device_owner, [_refusal(one, port) for one in subnets]
    )


def serves(port: Port, subnet: Subnet, siblings: Sequence[Subnet], *, on_segment: bool) -> bool:
    """Tell whether a new subnet may serve a port that has its addresses already.

    Args:
        port: the port.
        subnet: the new subnet.
        siblings: the other subnets of the network.
        on_segment: whether the port's host is on the subnet's segment.
    """
    host_segments = {subnet.segment_id} if on_segment and subnet.segment_id else set()
    held = [FixedIPRequest(one.subnet_id, one.ip_address) for one in port.fixed_ips]
    if not _serves_owner(subnet, port.device_owner):
        return False
    if port.host_id:
        return _is_reached(subnet, host_segments)
    serving = [one for one in (*siblings, subnet) if _serves_owner(one, port.device_owner)]
    try:
        found = _on_segment_of(held, serving, port.device_owner == owners.DISTRIBUTED)
    except FixedIpsSubnetsNotOnSameSegment:
        return False
    return subnet in found


def check_move(
    port: Port, host: str, kept: Sequence[FixedIP], candidates: Sequence[Subnet]
) -> None:
    """Refuse that a port moves to a host where its addresses would not work.

    Args:
        port: the port.
        host: where it is to be.
        kept: the addresses that it is to keep.
        candidates: the subnets that may serve it there.

    Raises:
        HostNotCompatibleWithFixedIps: one of the addresses is of none of them.
    """
    if not {one.subnet_id for one in kept} <= {subnet.id for subnet in candidates}:
        raise HostNotCompatibleWithFixedIps(host, port.id)


def _serves_owner(subnet: Subnet, device_owner: str) -> bool:
    return (
        not subnet.service_types
        or device_owner in subnet.service_types
        or (device_owner == owners.DHCP and subnet.enable_dhcp)
    )


def _is_reached(subnet: Subnet, host_segments: Set[str]) -> bool:
    return subnet.segment_id is None or subnet.segment_id in host_segments


def _on_segment_of(
    asked: Sequence[FixedIPRequest], subnets: Sequence[Subnet], several: bool
) -> list[Subnet]:
    """Return the subnets on the segment of what is asked for.

    If one of the requests means none of the subnets, all are returned: that is
    refused by its own reason later.
    """
    named: set[str | None] = set()
    for request in asked:
        meant = _meant(request, subnets)
        if meant is None:
            return list(subnets)
        named.add(meant.segment_id)
        if len(named) > 1 and not several:
            raise FixedIpsSubnetsNotOnSameSegment
    if several:
        return list(subnets)
    chosen = named or {None}
    return [subnet for subnet in subnets if subnet.segment_id in chosen]


def _meant(request: FixedIPRequest, subnets: Sequence[Subnet]) -> Subnet | None:
    for subnet in subnets:
        if request.subnet_id is not None:
            if subnet.id == request.subnet_id:
                return subnet
        elif request.ip_address is not None and request.ip_address in subnet.cidr:
            return subnet
    return None


def _refusal(subnet: Subnet, port: Port) -> Refusal:
    """Return why a subnet may not serve a port."""
    if _serves_owner(subnet, port.device_owner):
        # Which one it is only administrators may know.
        reason, why = Reason.OTHER_SEGMENT, f"is on a segment that host {port.host_id} is not on"
        figures = {}
    else:
        served = ", ".join(subnet.service_types)
        reason, why = Reason.OTHER_OWNERS, f"serves ports of {served} only"
        figures = {"service_types": served}
    text = f"Subnet {subnet.id} ({subnet.cidr}) {why}."
    return Refusal(reason, text, subnet.id, str(subnet.cidr), figures)
