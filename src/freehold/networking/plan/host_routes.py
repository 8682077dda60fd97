"""Which routes the subnets of a routed network tell their hosts of, to each other.

The hosts of one segment reach those of another through a router, which is their own
subnet's gateway. So each subnet has a host route to each of its *peers*, by its own gateway.
Nothing marks these routes: they are told from those that users set by what they say.

They are few, however many segments there are, since whoever reads a subnet reads its
routes: beyond that the default route is enough, which leads to the same gateway.

Invariant: what comes out depends on the subnets and on the routes that users set, not on the
order of changes that led there; planned once more, nothing changes.
"""

from collections.abc import Sequence
from dataclasses import replace

from freehold.addresses.ranges import IPAddress, IPNetwork
from freehold.networking.values import HostRoute, Subnet

MOST = 20
"""Routes to peers of one subnet: as many as Neutron keeps by default."""


def plan_host_routes(
    subnet: Subnet,
    beside: Sequence[Subnet],
    *,
    old_gateway: IPAddress | None = None,
    gone: IPNetwork | None = None,
) -> tuple[HostRoute, ...]:
    """Return the host routes that a subnet is to have.

    The user's own come first, in their order, and those to peers after them, the first
    `MOST` in the order of their addresses. A peer that a route of the user's leads to
    already, be it a wider one, is left to that.

    Args:
        subnet: the subnet, with the routes that it has or that a user asks for.
        beside: the subnets of its network; it may be among them.
        old_gateway: the gateway that it had, if it is another now.
        gone: the CIDR of a subnet that its network has no more.
    """
    peers = {
        one.cidr
        for one in beside
        if one.segment_id != subnet.segment_id and one.ip_version == subnet.ip_version
    }
    gateway = subnet.gateway_ip
    own: list[HostRoute] = []
    kept: set[IPNetwork] = set()
    for route in subnet.host_routes:
        by_gateway = gateway is not None and route.nexthop == gateway
        if by_gateway and route.destination == gone:
            continue
        if old_gateway is not None and route.nexthop == old_gateway and route.destination in peers:
            continue
        if by_gateway and route.destination in peers:
            kept.add(route.destination)
        else:
            own.append(route)
    if gateway is None:
        return tuple(own)
    wanted = [cidr for cidr in peers if cidr in kept or not _leads_to(own, cidr)]
    wanted.sort(key=lambda cidr: int(cidr.network_address))
    return (*own, *(HostRoute(cidr, gateway) for cidr in wanted[:MOST]))


def plan_rerouted(
    subnets: Sequence[Subnet], *, gone: IPNetwork | None = None
) -> tuple[Subnet, ...]:
    """Return those subnets of a network whose host routes are to be others, with these.

    Args:
        subnets: all that the network has.
        gone: the CIDR of one that it has no more.
    """
    planned = [
        replace(subnet, host_routes=plan_host_routes(subnet, subnets, gone=gone))
        for subnet in subnets
    ]
    return tuple(after for before, after in zip(subnets, planned, strict=True) if after != before)


def _leads_to(routes: Sequence[HostRoute], cidr: IPNetwork) -> bool:
    return any(
        cidr.prefixlen >= route.destination.prefixlen and cidr.network_address in route.destination
        for route in routes
    )
