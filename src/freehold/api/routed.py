"""What routed networks and service types add to subnets, ports and networks, as JSON and values.

The extensions ``segment`` and ``subnet-segmentid-writable`` (as far as subnets have
them), ``subnet-service-types``, ``ip_allocation`` and ``l2_adjacency``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from neutron_lib.api.definitions import (
    ip_allocation,
    l2_adjacency,
    subnet_segmentid_writable,
    subnet_service_types,
)
from neutron_lib.api.definitions import network as network_definition
from neutron_lib.api.definitions import port as port_definition
from neutron_lib.api.definitions import segment as segment_definition
from neutron_lib.api.definitions import subnet as subnet_definition

from freehold.api import queries
from freehold.api.attributes import Attribute
from freehold.api.queries import FilterReader
from freehold.api.refusals import HTTPBadRequest
from freehold.networking.values import Network, Port, Subnet

SEGMENT_ID = segment_definition.SEGMENT_ID
SERVICE_TYPES = subnet_service_types.COLLECTION_NAME
LONGEST_SERVICE_TYPE = 255
"""As long as a port's device owner can be."""


def _list_or_none(value: Any) -> Any:
    # neutron-lib's own check of this would end the request by an exception of WebOb's.
    if not isinstance(value, list | None):
        raise HTTPBadRequest("Subnet service types must be a list.")
    return value


_SERVICE_TYPES_DEFINED = subnet_service_types.RESOURCE_ATTRIBUTE_MAP[
    subnet_definition.COLLECTION_NAME
][SERVICE_TYPES]

SUBNET_ATTRIBUTES: Mapping[str, Attribute] = {
    **subnet_segmentid_writable.RESOURCE_ATTRIBUTE_MAP[subnet_definition.COLLECTION_NAME],
    SERVICE_TYPES: {**_SERVICE_TYPES_DEFINED, "convert_to": _list_or_none},
}
PORT_ATTRIBUTES: Mapping[str, Attribute] = ip_allocation.RESOURCE_ATTRIBUTE_MAP[
    port_definition.COLLECTION_NAME
]
NETWORK_ATTRIBUTES: Mapping[str, Attribute] = l2_adjacency.RESOURCE_ATTRIBUTE_MAP[
    network_definition.COLLECTION_NAME
]

SUBNET_FILTERS: Mapping[str, FilterReader] = {SEGMENT_ID: queries.texts}
PORT_FILTERS: Mapping[str, FilterReader] = {ip_allocation.IP_ALLOCATION: queries.texts}


def parse_service_types(name: str, types: Sequence[str] | None) -> tuple[str, ...]:
    """Return the device owners that a client wants a subnet to serve, each once.

    Raises:
        HTTPBadRequest: one is longer than that of any port.
    """
    for one in types or ():
        if len(one) > LONGEST_SERVICE_TYPE:
            raise HTTPBadRequest(
                f"Invalid input for {name}. Reason: '{one}' exceeds maximum length of "
                f"{LONGEST_SERVICE_TYPE}."
            )
    return tuple(dict.fromkeys(types or ()))


def render_subnet(subnet: Subnet) -> dict[str, object]:
    """Make JSON's types of whom a subnet serves, and where."""
    return {SEGMENT_ID: subnet.segment_id, SERVICE_TYPES: list(subnet.service_types)}


def render_port(port: Port) -> dict[str, object]:
    """Make JSON's types of when a port gets its addresses."""
    return {ip_allocation.IP_ALLOCATION: port.ip_allocation.value}


def render_network(network: Network) -> dict[str, object]:
    """Make JSON's types of whether a network is one layer-2 domain."""
    return {l2_adjacency.L2_ADJACENCY: not network.routed}
