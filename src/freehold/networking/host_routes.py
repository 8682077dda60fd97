"""Keeping the host routes between the segments of a routed network up to date.

Which routes there are is planned in `freehold.networking.plan.host_routes`; here subnets are
read for that, and stored. Nothing is read on behalf of subnets that can be on no
routed network.

Invariant: routes are stored under the guard of their network, as planned from subnets that were
read under it, and raise the revisions of their subnets.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from freehold.networking.owners import ROUTED
from freehold.networking.plan.host_routes import plan_host_routes, plan_rerouted
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.values import Filter, Subnet


def with_routes(connection: Connection, before: Subnet, after: Subnet) -> Subnet:
    """Return what a subnet is going to be, with routes to its peers.

    Args:
        connection: the unit's connection.
        before: the subnet as it is.
        after: what a user wants it to be.
    """
    if _told(before) == _told(after) or not _may_be_routed(after):
        return after
    siblings = _siblings(connection, after)
    if not _are_routed((*siblings, after)):
        return after
    left = before.gateway_ip if before.gateway_ip != after.gateway_ip else None
    return replace(after, host_routes=plan_host_routes(after, siblings, old_gateway=left))


def follow_move(connection: Connection, moved: Subnet, now: datetime) -> None:
    """Bring the routes of the others up to date with a subnet that has moved onto a segment."""
    subnets = (*_siblings(connection, moved), moved)
    changed = [one for one in plan_rerouted(subnets) if one.id != moved.id]
    subnet_rows.reroute(connection, changed, now)


def follow_removal(connection: Connection, gone: Subnet, now: datetime) -> None:
    """Take the routes to a subnet that has been removed from the others of its network."""
    if not _may_be_routed(gone):
        return
    siblings = _siblings(connection, gone)
    if _are_routed((*siblings, gone)):
        subnet_rows.reroute(connection, plan_rerouted(siblings, gone=gone.cidr), now)


def _told(subnet: Subnet) -> tuple[object, ...]:
    """Return what of a subnet its routes depend on."""
    return subnet.host_routes, subnet.gateway_ip, subnet.segment_id


def _may_be_routed(subnet: Subnet) -> bool:
    """Tell whether subnets may be on segments where this one is.

    Otherwise none is, but beside a subnet that was for all segments and has got other service
    types: to find that out is not worth a read for each subnet of each network.
    """
    return subnet.segment_id is not None or ROUTED in subnet.service_types


def _are_routed(subnets: Sequence[Subnet]) -> bool:
    return any(subnet.segment_id is not None for subnet in subnets)


def _siblings(connection: Connection, subnet: Subnet) -> tuple[Subnet, ...]:
    of_network = [Filter("network_id", (subnet.network_id,))]
    found = subnet_rows.find(connection, of_network)
    return tuple(one for one in found if one.id != subnet.id)
