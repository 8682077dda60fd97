"""Networks, between JSON and values."""

from neutron_lib.api.definitions import address_scope
from neutron_lib.api.definitions import network as definition

from freehold.api import dns, queries, realisation, routed, standard, tags
from freehold.api.attributes import AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.kinds import Kind
from freehold.api.parsing import as_is, changed
from freehold.networking.values import Network, NetworkChange, NetworkDraft


def parse_draft(values: Checked, _caller: Caller) -> NetworkDraft:
    """Make a draft of what a client sent."""
    return NetworkDraft(
        project_id=values["project_id"],
        name=values["name"],
        description=values["description"],
        admin_state_up=values["admin_state_up"],
        shared=values["shared"],
        dns_domain=values[dns.DOMAIN],
        **realisation.of_draft(values),
    )


def parse_change(values: Checked, _caller: Caller) -> NetworkChange:
    """Make a change of what a client sent."""
    return NetworkChange(
        name=changed(values, "name", as_is),
        description=changed(values, "description", as_is),
        admin_state_up=changed(values, "admin_state_up", as_is),
        shared=changed(values, "shared", as_is),
        dns_domain=changed(values, dns.DOMAIN, as_is),
        **realisation.of_change(values),
    )


def render(network: Network) -> dict[str, object]:
    """Make JSON's types of a network."""
    return {
        "id": network.id,
        "name": network.name,
        "tenant_id": network.project_id,
        "project_id": network.project_id,
        "admin_state_up": network.admin_state_up,
        "status": network.status,
        "subnets": list(network.subnet_ids),
        "shared": network.shared,
        dns.DOMAIN: network.dns_domain,
        **realisation.render(network),
        **routed.render_network(network),
        "ipv4_address_scope": network.ipv4_address_scope,
        "ipv6_address_scope": network.ipv6_address_scope,
        "tags": list(network.record.tags),
        **standard.render(network.description, network.record),
    }


NETWORK = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(
        definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
        {
            **address_scope.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
            **standard.ATTRIBUTES,
            **tags.ATTRIBUTES,
            **dns.NETWORK_ATTRIBUTES,
            **realisation.ATTRIBUTES,
            **routed.NETWORK_ATTRIBUTES,
        },
    ),
    parse_draft=parse_draft,
    parse_change=parse_change,
    render=render,
    filters={
        "id": queries.texts,
        "name": queries.texts,
        "admin_state_up": queries.booleans,
        "status": queries.texts,
        "tenant_id": queries.project,
        "project_id": queries.project,
        "shared": queries.booleans,
        **realisation.FILTERS,
        **standard.FILTERS,
        **tags.FILTERS,
    },
)
