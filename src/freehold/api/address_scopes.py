"""Address scopes, between JSON and values."""

from neutron_lib.api.definitions import address_scope as definition

from freehold.api import queries
from freehold.api.attributes import AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.kinds import Kind
from freehold.api.parsing import as_is, changed
from freehold.networking.pool_values import AddressScope, AddressScopeChange, AddressScopeDraft


def parse_draft(values: Checked, _caller: Caller) -> AddressScopeDraft:
    """Make a draft of what a client sent."""
    return AddressScopeDraft(
        project_id=values["project_id"],
        ip_version=values["ip_version"],
        name=values["name"],
        shared=values["shared"],
    )


def parse_change(values: Checked, _caller: Caller) -> AddressScopeChange:
    """Make a change of what a client sent."""
    return AddressScopeChange(
        name=changed(values, "name", as_is), shared=changed(values, "shared", as_is)
    )


def render(scope: AddressScope) -> dict[str, object]:
    """Make JSON's types of an address scope."""
    return {
        "id": scope.id,
        "name": scope.name,
        "tenant_id": scope.project_id,
        "project_id": scope.project_id,
        "ip_version": scope.ip_version,
        "shared": scope.shared,
    }


ADDRESS_SCOPE = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]),
    parse_draft=parse_draft,
    parse_change=parse_change,
    render=render,
    filters={
        "id": queries.texts,
        "name": queries.texts,
        "ip_version": queries.small_integers,
        "tenant_id": queries.project,
        "project_id": queries.project,
        "shared": queries.booleans,
    },
)
