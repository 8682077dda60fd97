"""``/v2.0/network-ip-availabilities``: how many addresses networks have, and how many are held.

It is read-only, and for whom a rule allows it: by default administrators and services. For all
others there are none: the list is empty, and no network is found.
"""

from typing import Any

from falcon import Request, Response
from neutron_lib.api.definitions import network_ip_availability as definition
from neutron_lib.api.definitions.network_ip_availability_details import IP_AVAILABILITY_DETAILS

from freehold.api import queries
from freehold.api.paging import links
from freehold.api.policy import Policy
from freehold.api.queries import read_item_query, read_query
from freehold.errors import NetworkNotFound
from freehold.networking.ip_availability import (
    Counts,
    IpAvailability,
    NetworkAvailability,
    SubnetAvailability,
)

RULE = "get_network_ip_availability"

FILTERS = {
    "network_id": queries.texts,
    "network_name": queries.texts,
    "tenant_id": queries.project,
    "project_id": queries.project,
    "ip_version": queries.small_integers,
}
SORT_KEYS = frozenset({"network_id"})


class Availabilities:
    """All networks.

    Args:
        service: counts.
        policy: who may see them.
        longest_page: how many one answer may list; None for any number.
    """

    def __init__(
        self, service: IpAvailability, policy: Policy, longest_page: int | None = None
    ) -> None:
        self._service = service
        self._policy = policy
        self._longest_page = longest_page

    @property
    def longest_page(self) -> int | None:
        """How many networks one answer may list; None for any number."""
        return self._longest_page

    def on_get(self, request: Request, response: Response) -> None:
        """List those that meet the filters, or a page of them."""
        query = read_query(request, FILTERS, SORT_KEYS, self._longest_page)
        allowed = self._policy.allows(RULE, self._policy.caller_of(request), {})
        found = self._service.find(query.filters, query.page) if allowed else ()
        beside = links(request, query.parameters, query.page, [one.network_id for one in found])
        response.media = {
            definition.RESOURCE_PLURAL: [query.fields.of(render(one)) for one in found],
            **({f"{definition.RESOURCE_PLURAL}_links": beside} if beside else {}),
        }


class Availability:
    """One network.

    Args:
        service: counts.
        policy: who may see it.
    """

    def __init__(self, service: IpAvailability, policy: Policy) -> None:
        self._service = service
        self._policy = policy

    def on_get(self, request: Request, response: Response, network_id: str) -> None:
        """Show it."""
        fields = read_item_query(request, FILTERS, SORT_KEYS)
        if not self._policy.allows(RULE, self._policy.caller_of(request), {}):
            raise NetworkNotFound(network_id)
        found = self._service.get(network_id)
        response.media = {definition.RESOURCE_NAME: fields.of(render(found))}


def render(network: NetworkAvailability) -> dict[str, Any]:
    """Make JSON's types of what a network has."""
    return {
        "network_id": network.network_id,
        "network_name": network.name,
        "tenant_id": network.project_id,
        "project_id": network.project_id,
        "subnet_ip_availability": [_subnet(subnet) for subnet in network.subnets],
        **_counts(network.counts),
    }


def _subnet(subnet: SubnetAvailability) -> dict[str, Any]:
    return {
        "subnet_id": subnet.subnet_id,
        "subnet_name": subnet.name,
        "ip_version": subnet.cidr.version,
        "cidr": str(subnet.cidr),
        **_counts(subnet.counts),
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "total_ips": counts.total,
        "used_ips": counts.used,
        IP_AVAILABILITY_DETAILS: {
            "total_ips_in_subnet": counts.in_cidr,
            "total_ips_in_allocation_pool": counts.in_pools,
            "used_ips_in_subnet": counts.used,
            "used_ips_in_allocation_pool": counts.used_of_pools,
        },
    }
