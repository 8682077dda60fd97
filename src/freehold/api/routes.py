"""The whole API on one screen: each URL, and what is behind it."""

from collections.abc import Mapping

from freehold.api import quotas
from freehold.api.address_holdings import AddressHoldings
from freehold.api.address_scopes import ADDRESS_SCOPE
from freehold.api.bodies import BodyLimits
from freehold.api.definitions import address_history
from freehold.api.discovery import Resources, Version, Versions
from freehold.api.dry_run import DryRun
from freehold.api.extensions import Extension, Extensions
from freehold.api.ip_availability import Availabilities, Availability
from freehold.api.networks import NETWORK
from freehold.api.openapi.serving import with_description
from freehold.api.ports import port_kind
from freehold.api.resources import Collection, Item
from freehold.api.segments import SEGMENT
from freehold.api.subnet_pool_actions import ChangePrefixes, Onboard
from freehold.api.subnet_pools import SUBNET_POOL
from freehold.api.subnets import SUBNET
from freehold.api.tags import TagOfItem, TagsOfItem
from freehold.config import DEFAULT_DNS_DOMAIN
from freehold.networking.backend import Backend


def routes(
    backend: Backend,
    limits: BodyLimits,
    longest_page: int | None = None,
    dns_domain: str = DEFAULT_DNS_DOMAIN,
) -> Mapping[str, object]:
    """Return the resource behind each URL.

    Args:
        backend: networks and what belongs to them, and who held what.
        limits: what a request's body may measure.
        longest_page: how many resources one answer may list; None for any number.
        dns_domain: the domain in which ports have names; empty for none.
    """
    ports = port_kind(dns_domain)
    names = [(kind.name, kind.collection) for kind in (NETWORK, SUBNET, SUBNET_POOL, ports)]
    names.append((SEGMENT.name, SEGMENT.collection))
    names.append((address_history.RESOURCE_NAME, address_history.COLLECTION_NAME))
    scopes, pools = backend.address_scopes, backend.subnet_pools
    all_subnets = Collection(SUBNET, backend.subnets, limits, longest_page)
    all_ports = Collection(ports, backend.ports, limits, longest_page)
    table: Mapping[str, object] = {
        "/": Versions(),
        "/v2.0": Version(),
        "/v2.0/": Resources(names),
        "/v2.0/extensions": Extensions(),
        "/v2.0/extensions/{alias}": Extension(),
        "/v2.0/networks": Collection(NETWORK, backend.networks, limits, longest_page),
        "/v2.0/networks/{resource_id}": Item(NETWORK, backend.networks, limits),
        "/v2.0/segments": Collection(SEGMENT, backend.segments, limits, longest_page),
        "/v2.0/segments/{resource_id}": Item(SEGMENT, backend.segments, limits),
        "/v2.0/subnets": all_subnets,
        "/v2.0/subnets/{resource_id}": Item(SUBNET, backend.subnets, limits),
        "/v2.0/ports": all_ports,
        "/v2.0/ports/{resource_id}": Item(ports, backend.ports, limits),
        "/v2.0/address-scopes": Collection(ADDRESS_SCOPE, scopes, limits, longest_page),
        "/v2.0/address-scopes/{resource_id}": Item(ADDRESS_SCOPE, scopes, limits),
        "/v2.0/subnetpools": Collection(SUBNET_POOL, pools, limits, longest_page),
        "/v2.0/subnetpools/{resource_id}": Item(SUBNET_POOL, pools, limits),
        "/v2.0/subnetpools/{resource_id}/add_prefixes": ChangePrefixes(pools.add_prefixes, limits),
        "/v2.0/subnetpools/{resource_id}/remove_prefixes": ChangePrefixes(
            pools.remove_prefixes, limits
        ),
        "/v2.0/subnetpools/{resource_id}/onboard_network_subnets": Onboard(pools, limits),
        "/v2.0/address-holdings": AddressHoldings(backend.history),
        "/v2.0/freehold/dry-run/subnets": DryRun(all_subnets),
        "/v2.0/freehold/dry-run/ports": DryRun(all_ports),
        "/v2.0/network-ip-availabilities": Availabilities(backend.ip_availability, longest_page),
        "/v2.0/network-ip-availabilities/{network_id}": Availability(backend.ip_availability),
        "/v2.0/quotas": quotas.ProjectsWithQuotas(backend.quotas),
        "/v2.0/quotas/project": quotas.OwnProject("project"),
        "/v2.0/quotas/tenant": quotas.OwnProject("tenant"),
        "/v2.0/quotas/{project_id}": quotas.QuotaOfProject(backend.quotas, limits),
        "/v2.0/quotas/{project_id}/default": quotas.DefaultQuota(backend.quotas),
        "/v2.0/quotas/{project_id}/details": quotas.QuotaDetails(backend.quotas),
        "/v2.0/networks/{resource_id}/tags": TagsOfItem(backend.network_tags, limits),
        "/v2.0/networks/{resource_id}/tags/{tag}": TagOfItem(backend.network_tags),
        "/v2.0/segments/{resource_id}/tags": TagsOfItem(backend.segment_tags, limits),
        "/v2.0/segments/{resource_id}/tags/{tag}": TagOfItem(backend.segment_tags),
        "/v2.0/subnets/{resource_id}/tags": TagsOfItem(backend.subnet_tags, limits),
        "/v2.0/subnets/{resource_id}/tags/{tag}": TagOfItem(backend.subnet_tags),
        "/v2.0/subnetpools/{resource_id}/tags": TagsOfItem(backend.subnet_pool_tags, limits),
        "/v2.0/subnetpools/{resource_id}/tags/{tag}": TagOfItem(backend.subnet_pool_tags),
        "/v2.0/ports/{resource_id}/tags": TagsOfItem(backend.port_tags, limits),
        "/v2.0/ports/{resource_id}/tags/{tag}": TagOfItem(backend.port_tags),
    }
    return with_description(table)
