"""Where a port is plugged in, between JSON and values: ``binding``.

Freehold has no agents that could plug it in: a port without a host is unbound,
and with one its binding has failed, which is how Neutron shows it where no
agent has answered.
"""

import json
from collections.abc import Mapping
from typing import Any

from neutron_lib.api.definitions import portbindings as definition

from freehold.api import queries
from freehold.api.attributes import Attribute
from freehold.api.queries import FilterReader
from freehold.errors import InvalidInput
from freehold.networking.values import Port

HOST = definition.HOST_ID
VNIC_TYPE = definition.VNIC_TYPE
PROFILE = definition.PROFILE

LONGEST_HOST = 255
LONGEST_PROFILE = 4095
"""In characters of JSON."""

_DEFINED = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]

ATTRIBUTES: Mapping[str, Attribute] = {
    **_DEFINED,
    HOST: {**_DEFINED[HOST], "validate": {"type:string_or_none": LONGEST_HOST}},
}

FILTERS: Mapping[str, FilterReader] = {
    HOST: lambda _name, values: queries.texts("host_id", values),
}


def parse_host(_name: str, text: str | None) -> str:
    """Return the host that a client named; empty for none."""
    return text or ""


def parse_profile(_name: str, profile: Mapping[str, Any] | None) -> str:
    """Return what a client says of the binding as JSON; empty for nothing.

    Raises:
        InvalidInput: it is too long.
    """
    text = json.dumps(profile) if profile else ""
    if len(text) > LONGEST_PROFILE:
        raise InvalidInput(f"{PROFILE} value too large")
    return text


def render(port: Port) -> dict[str, object]:
    """Make JSON's types of a port's binding."""
    failed = definition.VIF_TYPE_BINDING_FAILED
    return {
        HOST: port.host_id,
        definition.VIF_TYPE: failed if port.host_id else definition.VIF_TYPE_UNBOUND,
        definition.VIF_DETAILS: {},
        VNIC_TYPE: port.vnic_type,
        PROFILE: json.loads(port.binding_profile) if port.binding_profile else {},
    }
