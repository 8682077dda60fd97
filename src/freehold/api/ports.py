"""Ports, between JSON and values."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from neutron_lib.api.converters import convert_to_sanitized_mac_address
from neutron_lib.api.definitions import port as definition
from neutron_lib.api.definitions import port_mac_address_regenerate as regenerate

from freehold.addresses.mac import normalise_mac
from freehold.api import (
    address_pairs,
    bindings,
    dhcp_options,
    dns,
    queries,
    routed,
    standard,
    tags,
)
from freehold.api.attributes import Attribute, AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.kinds import Kind
from freehold.api.parsing import address, as_is, changed, entry, given_or
from freehold.api.refusals import HTTPBadRequest
from freehold.config import DEFAULT_DNS_DOMAIN
from freehold.errors import InvalidInput
from freehold.networking.values import (
    Filter,
    FixedIPRequest,
    MacAddress,
    Port,
    PortChange,
    PortDraft,
)


def parse_draft(values: Checked, caller: Caller) -> PortDraft:
    """Make a draft of what a client sent."""
    return PortDraft(
        network_id=values["network_id"],
        project_id=values["project_id"],
        name=values["name"],
        description=values["description"],
        admin_state_up=values["admin_state_up"],
        mac_address=given_or(values, "mac_address", MacAddress.GENERATE, _mac),
        fixed_ips=given_or(values, "fixed_ips", None, partial(_fixed_ips, caller)),
        device_id=values["device_id"],
        device_owner=values["device_owner"],
        allowed_address_pairs=given_or(values, address_pairs.NAME, (), address_pairs.parse),
        extra_dhcp_opts=dhcp_options.parse(dhcp_options.NAME, values[dhcp_options.NAME]),
        host_id=given_or(values, bindings.HOST, "", bindings.parse_host),
        vnic_type=values[bindings.VNIC_TYPE],
        binding_profile=given_or(values, bindings.PROFILE, "", bindings.parse_profile),
        tags=tuple(tags.parse_tags("tags", values["tags"])),
    )


def parse_change(values: Checked, caller: Caller) -> PortChange:
    """Make a change of what a client sent."""
    return PortChange(
        name=changed(values, "name", as_is),
        description=changed(values, "description", as_is),
        admin_state_up=changed(values, "admin_state_up", as_is),
        mac_address=changed(values, "mac_address", _mac),
        fixed_ips=changed(values, "fixed_ips", partial(_fixed_ips, caller)),
        device_id=changed(values, "device_id", as_is),
        device_owner=changed(values, "device_owner", as_is),
        allowed_address_pairs=changed(values, address_pairs.NAME, address_pairs.parse),
        extra_dhcp_opts=changed(values, dhcp_options.NAME, dhcp_options.parse),
        host_id=changed(values, bindings.HOST, bindings.parse_host),
        vnic_type=changed(values, bindings.VNIC_TYPE, as_is),
        binding_profile=changed(values, bindings.PROFILE, bindings.parse_profile),
    )


def render(port: Port) -> dict[str, object]:
    """Make JSON's types of a port."""
    return {
        "id": port.id,
        "name": port.name,
        "tenant_id": port.project_id,
        "project_id": port.project_id,
        "network_id": port.network_id,
        "mac_address": port.mac_address,
        "admin_state_up": port.admin_state_up,
        "status": port.status,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "fixed_ips": [
            {"subnet_id": fixed_ip.subnet_id, "ip_address": str(fixed_ip.ip_address)}
            for fixed_ip in port.fixed_ips
        ],
        **address_pairs.render(port),
        **dhcp_options.render(port),
        **bindings.render(port),
        **routed.render_port(port),
        "tags": list(port.record.tags),
        **standard.render(port.description, port.record),
    }


def _mac(name: str, text: str | None) -> str | MacAddress:
    if text is None:
        return MacAddress.GENERATE
    try:
        return normalise_mac(text)
    except ValueError as error:
        raise HTTPBadRequest(f"Invalid input for {name}. Reason: {error}.") from error


def _fixed_ips(
    caller: Caller, name: str, items: Iterable[Mapping[str, Any]]
) -> tuple[FixedIPRequest, ...]:
    requests = tuple(
        FixedIPRequest(
            subnet_id=entry(name, item, "subnet_id", as_is),
            ip_address=entry(name, item, "ip_address", address),
            even_if_cooling=caller.is_admin,
        )
        for item in items
    )
    if any(request.subnet_id is None and request.ip_address is None for request in requests):
        raise InvalidInput("IP allocation requires subnet_id or ip_address")
    given = Counter(request.ip_address for request in requests if request.ip_address is not None)
    for known, times in given.items():
        # neutron-lib compares the texts, of which an IPv6 address has several.
        if times > 1:
            raise HTTPBadRequest(
                f"Invalid input for {name}. Reason: Duplicate IP address '{known}'."
            )
    return requests


def _sanitized_mac_or_none(text: Any) -> Any:
    return None if text is None else convert_to_sanitized_mac_address(text)


def _mac_address_attribute() -> Attribute:
    """Define ``mac_address`` as the extension does, by which null makes a new one.

    The extension's converter would make it up by itself, unaware of the
    network; here null stays null until it is parsed.
    """
    extended = regenerate.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]
    return {
        **extended[definition.PORT_MAC_ADDRESS],
        "convert_to": _sanitized_mac_or_none,
        "validate": {"type:mac_address_or_none": None},
    }


def _mac_filter(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    spelled = (convert_to_sanitized_mac_address(value) for value in values)
    return queries.texts(name, tuple(spelled))


_NAMELESS = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(
        definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
        {
            **standard.ATTRIBUTES,
            **tags.GIVEN_ATTRIBUTES,
            **address_pairs.ATTRIBUTES,
            **dhcp_options.ATTRIBUTES,
            **dns.PORT_ATTRIBUTES,
            **bindings.ATTRIBUTES,
            **routed.PORT_ATTRIBUTES,
            definition.PORT_MAC_ADDRESS: _mac_address_attribute(),
        },
    ),
    parse_draft=parse_draft,
    parse_change=parse_change,
    render=render,
    filters={
        "id": queries.texts,
        "name": queries.texts,
        "network_id": queries.texts,
        "admin_state_up": queries.booleans,
        "mac_address": _mac_filter,
        "fixed_ips": queries.fixed_ips,
        "device_id": queries.texts,
        "device_owner": queries.texts,
        "tenant_id": queries.project,
        "project_id": queries.project,
        "status": queries.texts,
        **bindings.FILTERS,
        **routed.PORT_FILTERS,
        **standard.FILTERS,
        **tags.FILTERS,
    },
)


def port_kind(dns_domain: str = DEFAULT_DNS_DOMAIN) -> Kind[Port, PortDraft, PortChange]:
    """Return what ports are.

    Args:
        dns_domain: the domain in which they have names; empty for none.
    """
    names = dns.PortNames(dns_domain)

    def named_draft(values: Checked, caller: Caller) -> PortDraft:
        return replace(
            parse_draft(values, caller), dns_name=names.parse(dns.NAME, values[dns.NAME])
        )

    def named_change(values: Checked, caller: Caller) -> PortChange:
        return replace(
            parse_change(values, caller), dns_name=changed(values, dns.NAME, names.parse)
        )

    def render_named(port: Port) -> dict[str, object]:
        return {**render(port), **names.render(port)}

    return replace(
        _NAMELESS, parse_draft=named_draft, parse_change=named_change, render=render_named
    )


PORT = port_kind()
"""Ports where the operator has set no domain."""
