"""Subnets, between JSON and values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from neutron_lib.api.converters import convert_cidr_to_canonical_format
from neutron_lib.api.definitions import default_subnetpools
from neutron_lib.api.definitions import subnet as definition

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.api import queries, routed, standard, tags
from freehold.api.attributes import AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.definitions import allocation_strategy
from freehold.api.definitions.allocation_strategy import COOL_DOWN, STRATEGY
from freehold.api.kinds import Kind
from freehold.api.parsing import address, as_is, changed, given, given_or, network
from freehold.errors import BadRequest
from freehold.ipam.strategy import Strategy
from freehold.networking.values import (
    Filter,
    FromPool,
    Gateway,
    HostRoute,
    IPv6Mode,
    Subnet,
    SubnetChange,
    SubnetDraft,
)


def parse_draft(values: Checked, _caller: Caller) -> SubnetDraft:
    """Make a draft of what a client sent.

    Raises:
        BadRequest: there is neither a CIDR nor a subnet pool, or what does not
            go together.
    """
    from_pool = _from_pool(values)
    return SubnetDraft(
        network_id=values["network_id"],
        project_id=values["project_id"],
        ip_version=values["ip_version"],
        cidr=given_or(values, "cidr", None, network),
        from_pool=from_pool,
        name=values["name"],
        description=values["description"],
        gateway_ip=given_or(values, "gateway_ip", Gateway.DEFAULT, _gateway),
        # An empty list asks for the default pools, too.
        allocation_pools=given_or(values, "allocation_pools", (), _pools) or None,
        dns_nameservers=given_or(values, "dns_nameservers", (), _nameservers),
        host_routes=given_or(values, "host_routes", (), _routes),
        enable_dhcp=values["enable_dhcp"],
        ipv6_ra_mode=given_or(values, "ipv6_ra_mode", None, _mode),
        ipv6_address_mode=given_or(values, "ipv6_address_mode", None, _mode),
        allocation_strategy=given_or(values, STRATEGY, None, _strategy),
        cool_down=given_or(values, COOL_DOWN, None, _seconds),
        segment_id=values[routed.SEGMENT_ID],
        service_types=given_or(values, routed.SERVICE_TYPES, (), routed.parse_service_types),
    )


def parse_change(values: Checked, _caller: Caller) -> SubnetChange:
    """Make a change of what a client sent."""
    return SubnetChange(
        name=changed(values, "name", as_is),
        description=changed(values, "description", as_is),
        gateway_ip=changed(values, "gateway_ip", _gateway),
        allocation_pools=changed(values, "allocation_pools", _pools),
        dns_nameservers=changed(values, "dns_nameservers", _nameservers),
        host_routes=changed(values, "host_routes", _routes),
        enable_dhcp=changed(values, "enable_dhcp", as_is),
        allocation_strategy=changed(values, STRATEGY, _strategy),
        cool_down=changed(values, COOL_DOWN, _seconds),
        segment_id=changed(values, routed.SEGMENT_ID, as_is),
        service_types=changed(values, routed.SERVICE_TYPES, routed.parse_service_types),
    )


def render(subnet: Subnet) -> dict[str, object]:
    """Make JSON's types of a subnet."""
    return {
        "id": subnet.id,
        "name": subnet.name,
        "tenant_id": subnet.project_id,
        "project_id": subnet.project_id,
        "network_id": subnet.network_id,
        "ip_version": subnet.ip_version,
        "subnetpool_id": subnet.subnetpool_id,
        "enable_dhcp": subnet.enable_dhcp,
        "ipv6_ra_mode": subnet.ipv6_ra_mode,
        "ipv6_address_mode": subnet.ipv6_address_mode,
        "gateway_ip": None if subnet.gateway_ip is None else str(subnet.gateway_ip),
        "cidr": str(subnet.cidr),
        "allocation_pools": [
            {"start": str(pool.start), "end": str(pool.end)} for pool in subnet.allocation_pools
        ],
        "host_routes": [
            {"destination": str(route.destination), "nexthop": str(route.nexthop)}
            for route in subnet.host_routes
        ],
        "dns_nameservers": [str(server) for server in subnet.dns_nameservers],
        STRATEGY: None if subnet.allocation_strategy is None else subnet.allocation_strategy.value,
        COOL_DOWN: None if subnet.cool_down is None else int(subnet.cool_down.total_seconds()),
        **routed.render_subnet(subnet),
        "tags": list(subnet.record.tags),
        **standard.render(subnet.description, subnet.record),
    }


def _from_pool(values: Checked) -> FromPool | None:
    has_cidr, has_length = given(values, "cidr"), given(values, "prefixlen")
    if has_cidr and has_length:
        raise _bad("cidr and prefixlen must not be supplied together")
    pool_id = given_or(values, "subnetpool_id", None, as_is)
    if values["use_default_subnetpool"] and pool_id:
        raise _bad("subnetpool_id and use_default_subnetpool cannot both be specified")
    if not (values["use_default_subnetpool"] or pool_id):
        if not has_cidr:
            raise _bad("a subnetpool must be specified in the absence of a cidr")
        return None
    # An empty list means the default pools elsewhere; here Neutron refuses it, too.
    if not has_cidr and given_or(values, "allocation_pools", None, as_is) is not None:
        raise _bad("allocation_pools allowed only for specific subnet requests.")
    return FromPool(pool_id, given_or(values, "prefixlen", None, as_is))


def _bad(reason: str) -> BadRequest:
    return BadRequest(definition.COLLECTION_NAME, reason)


def _gateway(name: str, text: str | None) -> IPAddress | None:
    return None if text is None else address(name, text)


def _pools(_name: str, pools: Iterable[Mapping[str, str]]) -> tuple[AddressRange, ...]:
    return tuple(AddressRange.parse(pool["start"], pool["end"]) for pool in pools)


def _nameservers(name: str, servers: Iterable[str]) -> tuple[IPAddress, ...]:
    return tuple(address(name, server) for server in servers)


def _routes(name: str, routes: Iterable[Mapping[str, str]]) -> tuple[HostRoute, ...]:
    return tuple(
        HostRoute(network(name, route["destination"]), address(name, route["nexthop"]))
        for route in routes
    )


def _mode(_name: str, mode: str | None) -> IPv6Mode | None:
    return None if mode is None else IPv6Mode(mode)


def _strategy(_name: str, strategy: str | None) -> Strategy | None:
    return None if strategy is None else Strategy(strategy)


def _seconds(_name: str, seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _strategy_filter(_name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    return queries.texts("allocation_strategy", values)


def _cool_down_filter(_name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    return queries.integers("cool_down", values)


def _cidr_filter(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    canonical = (convert_cidr_to_canonical_format(value) for value in values)
    return (Filter(name, tuple(network(name, cidr) for cidr in canonical)),)


SUBNET = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(
        definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
        {
            **allocation_strategy.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
            **routed.SUBNET_ATTRIBUTES,
            **default_subnetpools.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
            **standard.ATTRIBUTES,
            **tags.ATTRIBUTES,
        },
    ),
    parse_draft=parse_draft,
    parse_change=parse_change,
    render=render,
    filters={
        "id": queries.texts,
        "name": queries.texts,
        "ip_version": queries.small_integers,
        "network_id": queries.texts,
        "subnetpool_id": queries.texts,
        "cidr": _cidr_filter,
        "gateway_ip": queries.addresses,
        "tenant_id": queries.project,
        "project_id": queries.project,
        "enable_dhcp": queries.booleans,
        "ipv6_ra_mode": queries.texts,
        "ipv6_address_mode": queries.texts,
        "shared": queries.booleans,
        STRATEGY: _strategy_filter,
        COOL_DOWN: _cool_down_filter,
        **routed.SUBNET_FILTERS,
        **standard.FILTERS,
        **tags.FILTERS,
    },
)
