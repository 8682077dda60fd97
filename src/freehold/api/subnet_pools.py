"""Subnet pools, between JSON and values."""

from collections.abc import Iterable

from neutron_lib.api.definitions import address_scope
from neutron_lib.api.definitions import subnetpool as definition

from freehold.addresses.ranges import IPNetwork
from freehold.api import queries, standard, tags
from freehold.api.attributes import Attribute, AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.kinds import Kind
from freehold.api.parsing import as_is, changed, given_or, network
from freehold.api.refusals import HTTPBadRequest
from freehold.networking.pool_values import SubnetPool, SubnetPoolChange, SubnetPoolDraft

LARGEST_QUOTA = (1 << 63) - 1
"""The largest integer of any database."""

LONGEST_NAME = 255

_DEFINITION = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]

# neutron-lib has no limit for this one, and a column has no room for any name.
_NAME: Attribute = {
    **_DEFINITION["name"],
    "validate": {"type:not_empty_name_string": LONGEST_NAME},
}


def parse_draft(values: Checked, _caller: Caller) -> SubnetPoolDraft:
    """Make a draft of what a client sent."""
    return SubnetPoolDraft(
        project_id=values["project_id"],
        name=values["name"],
        description=values["description"],
        prefixes=prefixes_of("prefixes", values["prefixes"]),
        min_prefixlen=given_or(values, "min_prefixlen", None, as_is),
        max_prefixlen=given_or(values, "max_prefixlen", None, as_is),
        default_prefixlen=given_or(values, "default_prefixlen", None, as_is),
        default_quota=given_or(values, "default_quota", None, _quota),
        shared=values["shared"],
        is_default=values["is_default"],
        address_scope_id=given_or(values, "address_scope_id", None, as_is),
    )


def parse_change(values: Checked, _caller: Caller) -> SubnetPoolChange:
    """Make a change of what a client sent."""
    return SubnetPoolChange(
        name=changed(values, "name", as_is),
        description=changed(values, "description", as_is),
        prefixes=changed(values, "prefixes", prefixes_of),
        min_prefixlen=changed(values, "min_prefixlen", as_is),
        max_prefixlen=changed(values, "max_prefixlen", as_is),
        default_prefixlen=changed(values, "default_prefixlen", as_is),
        default_quota=changed(values, "default_quota", _quota),
        is_default=changed(values, "is_default", as_is),
        address_scope_id=changed(values, "address_scope_id", as_is),
    )


def prefixes_of(name: str, texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Return prefixes, their host bits cleared.

    Raises:
        HTTPBadRequest: a text is none.
    """
    return tuple(network(name, text) for text in texts)


def render(pool: SubnetPool) -> dict[str, object]:
    """Make JSON's types of a subnet pool."""
    return {
        "id": pool.id,
        "name": pool.name,
        "tenant_id": pool.project_id,
        "project_id": pool.project_id,
        "ip_version": pool.ip_version,
        "prefixes": [str(prefix) for prefix in pool.prefixes],
        # Texts, as in Neutron.
        "min_prefixlen": str(pool.min_prefixlen),
        "max_prefixlen": str(pool.max_prefixlen),
        "default_prefixlen": str(pool.default_prefixlen),
        "default_quota": pool.default_quota,
        "shared": pool.shared,
        "is_default": pool.is_default,
        "address_scope_id": pool.address_scope_id,
        "tags": list(pool.record.tags),
        **standard.render(pool.description, pool.record),
    }


def _quota(name: str, units: int) -> int:
    if units > LARGEST_QUOTA:
        raise HTTPBadRequest(
            f"Invalid input for {name}. Reason: '{units}' is too large - must be no larger than "
            f"'{LARGEST_QUOTA}'."
        )
    return units


SUBNET_POOL = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(
        _DEFINITION,
        {
            "name": _NAME,
            **address_scope.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
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
        "min_prefixlen": queries.small_integers,
        "max_prefixlen": queries.small_integers,
        "default_prefixlen": queries.small_integers,
        "default_quota": queries.big_integers,
        "tenant_id": queries.project,
        "project_id": queries.project,
        "shared": queries.booleans,
        "is_default": queries.booleans,
        "address_scope_id": queries.texts,
        **standard.FILTERS,
        **tags.FILTERS,
    },
)
