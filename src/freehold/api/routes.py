"""The whole API on one screen: each URL, and what is behind it."""

from collections.abc import Mapping

from neutron_lib.api.definitions import network_ip_availability

from freehold.api import quotas
from freehold.api.address_holdings import AddressHoldings
from freehold.api.address_scopes import ADDRESS_SCOPE
from freehold.api.bodies import BodyLimits
from freehold.api.definitions import address_history
from freehold.api.discovery import Resources, Version, Versions
from freehold.api.dry_run import DryRun
from freehold.api.extensions import Extension, Extensions
from freehold.api.guarded import Guards
from freehold.api.ip_availability import Availabilities, Availability
from freehold.api.networks import NETWORK
from freehold.api.openapi.serving import with_description
from freehold.api.policy import Policy
from freehold.api.ports import port_kind
from freehold.api.rbac_policies import RBAC_POLICY
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
    policy: Policy,
    longest_page: int | None = None,
    dns_domain: str = DEFAULT_DNS_DOMAIN,
) -> Mapping[str, object]:
    """Return the resource behind each URL.

    Args:
        backend: networks and what belongs to them, and who held what.
        limits: what a request's body may measure.
        policy: who may do what.
        longest_page: how many resources one answer may list; None for any number.
        dns_domain: the domain in which ports have names; empty for none.
    """
    ports = port_kind(dns_domain)
    kinds = (NETWORK, SUBNET, SUBNET_POOL, ports, RBAC_POLICY)
    names = [
        *((kind.name, kind.collection) for kind in kinds),
        (SEGMENT.name, SEGMENT.collection),
        (ADDRESS_SCOPE.name, ADDRESS_SCOPE.collection),
        (quotas.NAME, quotas.COLLECTION),
        (network_ip_availability.RESOURCE_NAME, network_ip_availability.RESOURCE_PLURAL),
        (address_history.RESOURCE_NAME, address_history.COLLECTION_NAME),
    ]
    scopes, pools, rbac = backend.address_scopes, backend.subnet_pools, backend.rbac_policies
    may = Guards(policy, backend, ports)
    all_subnets = Collection(SUBNET, backend.subnets, limits, may.subnets, longest_page)
    all_ports = Collection(ports, backend.ports, limits, may.ports, longest_page)
    table: Mapping[str, object] = {
        "/": Versions(),
        "/v2.0": Version(),
        "/v2.0/": Resources(names),
        "/v2.0/extensions": Extensions(),
        "/v2.0/extensions/{alias}": Extension(),
        "/v2.0/networks": Collection(NETWORK, backend.networks, limits, may.networks, longest_page),
        "/v2.0/networks/{resource_id}": Item(NETWORK, backend.networks, limits, may.networks),
        "/v2.0/segments": Collection(SEGMENT, backend.segments, limits, may.segments, longest_page),
        "/v2.0/segments/{resource_id}": Item(SEGMENT, backend.segments, limits, may.segments),
        "/v2.0/subnets": all_subnets,
        "/v2.0/subnets/{resource_id}": Item(SUBNET, backend.subnets, limits, may.subnets),
        "/v2.0/ports": all_ports,
        "/v2.0/ports/{resource_id}": Item(ports, backend.ports, limits, may.ports),
        "/v2.0/address-scopes": Collection(
            ADDRESS_SCOPE, scopes, limits, may.address_scopes, longest_page
        ),
        "/v2.0/address-scopes/{resource_id}": Item(
            ADDRESS_SCOPE, scopes, limits, may.address_scopes
        ),
        "/v2.0/subnetpools": Collection(SUBNET_POOL, pools, limits, may.subnet_pools, longest_page),
        "/v2.0/subnetpools/{resource_id}": Item(SUBNET_POOL, pools, limits, may.subnet_pools),
        "/v2.0/subnetpools/{resource_id}/add_prefixes": ChangePrefixes(
            pools.add_prefixes, limits, may.subnet_pools, "add_prefixes"
        ),
        "/v2.0/subnetpools/{resource_id}/remove_prefixes": ChangePrefixes(
            pools.remove_prefixes, limits, may.subnet_pools, "remove_prefixes"
        ),
        "/v2.0/subnetpools/{resource_id}/onboard_network_subnets": Onboard(
            pools, limits, may.subnet_pools, may.networks
        ),
        "/v2.0/rbac-policies": Collection(
            RBAC_POLICY, rbac, limits, may.rbac_policies, longest_page
        ),
        "/v2.0/rbac-policies/{resource_id}": Item(RBAC_POLICY, rbac, limits, may.rbac_policies),
        "/v2.0/address-holdings": AddressHoldings(backend.history, policy),
        "/v2.0/freehold/dry-run/subnets": DryRun(all_subnets),
        "/v2.0/freehold/dry-run/ports": DryRun(all_ports),
        "/v2.0/network-ip-availabilities": Availabilities(
            backend.ip_availability, policy, longest_page
        ),
        "/v2.0/network-ip-availabilities/{network_id}": Availability(
            backend.ip_availability, policy
        ),
        "/v2.0/quotas": quotas.ProjectsWithQuotas(backend.quotas, policy, longest_page),
        "/v2.0/quotas/project": quotas.OwnProject("project"),
        "/v2.0/quotas/tenant": quotas.OwnProject("tenant"),
        "/v2.0/quotas/{project_id}": quotas.QuotaOfProject(backend.quotas, limits, policy),
        "/v2.0/quotas/{project_id}/default": quotas.DefaultQuota(backend.quotas, policy),
        "/v2.0/quotas/{project_id}/details": quotas.QuotaDetails(backend.quotas, policy),
        "/v2.0/networks/{resource_id}/tags": TagsOfItem(backend.network_tags, limits, may.networks),
        "/v2.0/networks/{resource_id}/tags/{tag}": TagOfItem(backend.network_tags, may.networks),
        "/v2.0/segments/{resource_id}/tags": TagsOfItem(backend.segment_tags, limits, may.segments),
        "/v2.0/segments/{resource_id}/tags/{tag}": TagOfItem(backend.segment_tags, may.segments),
        "/v2.0/subnets/{resource_id}/tags": TagsOfItem(backend.subnet_tags, limits, may.subnets),
        "/v2.0/subnets/{resource_id}/tags/{tag}": TagOfItem(backend.subnet_tags, may.subnets),
        "/v2.0/subnetpools/{resource_id}/tags": TagsOfItem(
            backend.subnet_pool_tags, limits, may.subnet_pools
        ),
        "/v2.0/subnetpools/{resource_id}/tags/{tag}": TagOfItem(
            backend.subnet_pool_tags, may.subnet_pools
        ),
        "/v2.0/ports/{resource_id}/tags": TagsOfItem(backend.port_tags, limits, may.ports),
        "/v2.0/ports/{resource_id}/tags/{tag}": TagOfItem(backend.port_tags, may.ports),
    }
    return with_description(table)
