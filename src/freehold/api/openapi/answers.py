"""What a client gets to see of an attribute, as JSON Schemas.

An attribute is shown in the form in which it is sent, with what a client need not
give being null where nothing is known. What is shown otherwise, or cannot be sent
at all, is in a table here.
"""

from collections.abc import Mapping
from typing import Any

from neutron_lib.api.definitions import portbindings
from neutron_lib.constants import ATTR_NOT_SPECIFIED

from freehold.api.attributes import PROJECT, TENANT, Attribute
from freehold.api.openapi.schemas import (
    ADDRESS,
    BOOLEAN,
    CIDR,
    ID,
    INTEGER,
    MOMENT,
    OWN,
    TEXT,
    Schema,
    is_required,
    nullable,
    record,
    sent,
)


def listed(of: Schema) -> Schema:
    """Return the schema of a list of any length."""
    return {"type": "array", "items": of}


def shown(kind: str, name: str, spec: Attribute) -> Schema:
    """Return what a client gets to see of an attribute.

    Args:
        kind: the name of the kind of resource.
        name: the attribute's.
        spec: its definition.
    """
    known = SHOWN.get(f"{kind}.{name}", SHOWN.get(name))
    if known is not None:
        return known
    schema = _without_bounds(sent(name, spec))
    is_certain = is_required(spec) or spec.get("default") not in (None, ATTR_NOT_SPECIFIED)
    is_certain = is_certain or not (spec["allow_post"] or spec["allow_put"])
    return schema if is_certain else nullable(schema)


def _without_bounds(schema: Schema) -> Schema:
    """Return a schema without what only concerns somebody who sends it."""
    return {key: value for key, value in schema.items() if key not in _BOUNDS}


_BOUNDS = {"default", "maxItems", "maxLength", "minLength", "pattern"}

_STATUS: Schema = {**TEXT, "enum": ["ACTIVE", "BUILD", "DOWN", "ERROR"]}
_WHOLE_TEXT: Schema = {**TEXT, "pattern": "^[0-9]+$"}
_ASSIGNMENT = record({"ip_address": ADDRESS, "hostname": TEXT, "fqdn": TEXT})
_OPTION = record({"opt_name": TEXT, "opt_value": nullable(TEXT), "ip_version": INTEGER})
_PAIR = record({"ip_address": TEXT, "mac_address": TEXT})

SHOWN: Mapping[str, Schema] = {
    "status": _STATUS,
    "subnets": listed(ID),
    "tags": listed(TEXT),
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "revision_number": {**INTEGER, "minimum": 0},
    PROJECT: TEXT,
    TENANT: {**OWN[TENANT], **TEXT},
    "fixed_ips": listed(record({"subnet_id": ID, "ip_address": ADDRESS})),
    "dns_assignment": listed(_ASSIGNMENT),
    "allowed_address_pairs": listed(_PAIR),
    "extra_dhcp_opts": listed(_OPTION),
    portbindings.HOST_ID: TEXT,
    portbindings.PROFILE: {"type": "object"},
    portbindings.VIF_DETAILS: {"type": "object"},
    portbindings.VIF_TYPE: TEXT,
    "mac_address": {**TEXT, "format": "mac"},
    "vlan_transparent": BOOLEAN,
    "l2_adjacency": BOOLEAN,
    "ipv4_address_scope": nullable(ID),
    "ipv6_address_scope": nullable(ID),
    "subnet.cidr": CIDR,
    "subnet.allocation_pools": listed(record({"start": ADDRESS, "end": ADDRESS})),
    "subnet.dns_nameservers": listed(ADDRESS),
    "subnet.host_routes": listed(record({"destination": CIDR, "nexthop": ADDRESS})),
    "subnet.subnetpool_id": nullable(ID),
    "subnet.service_types": listed(TEXT),
    # Null for a segment that its network has made.
    "segment.description": nullable(TEXT),
    "subnetpool.prefixes": listed(CIDR),
    "subnetpool.ip_version": {**INTEGER, "enum": [4, 6]},
    # Texts, as in Neutron.
    "subnetpool.min_prefixlen": _WHOLE_TEXT,
    "subnetpool.max_prefixlen": _WHOLE_TEXT,
    "subnetpool.default_prefixlen": _WHOLE_TEXT,
    "ip_allocation": {**TEXT, "enum": ["immediate", "deferred", "none"]},
}
"""By ``kind.attribute``, or by ``attribute`` for all kinds."""


def components(kind: str, attributes: Mapping[str, Attribute]) -> Mapping[str, Any]:
    """Return the properties of a resource as it is shown."""
    return {
        name: shown(kind, name, spec)
        for name, spec in attributes.items()
        if spec.get("is_visible", False)
    }
