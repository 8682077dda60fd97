"""How a network is realised, between JSON and values.

The extensions ``external-net``, ``provider``, ``net-mtu`` (writable) and
``vlan-transparent``: kept, shown and filtered by.
"""

from collections.abc import Mapping
from typing import Any

from neutron_lib.api.definitions import (
    external_net,
    network_mtu_writable,
    provider_net,
    vlantransparent,
)
from neutron_lib.api.definitions import network as definition

from freehold.api import queries
from freehold.api.attributes import Attribute, Checked
from freehold.api.parsing import as_is, changed, given_or
from freehold.api.queries import FilterReader
from freehold.networking.values import Network

_DEFINITIONS = (external_net, provider_net, network_mtu_writable, vlantransparent)

ATTRIBUTES: Mapping[str, Attribute] = {
    name: spec
    for extension in _DEFINITIONS
    for name, spec in extension.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME].items()
}


def of_draft(values: Checked) -> dict[str, Any]:
    """Return those attributes of a draft that are defined here."""
    return {
        "external": values[external_net.EXTERNAL],
        "network_type": given_or(values, provider_net.NETWORK_TYPE, None, as_is),
        "physical_network": given_or(values, provider_net.PHYSICAL_NETWORK, None, as_is),
        "segmentation_id": given_or(values, provider_net.SEGMENTATION_ID, None, as_is),
        "mtu": values[network_mtu_writable.MTU],
        "vlan_transparent": given_or(values, vlantransparent.VLANTRANSPARENT, False, as_is),
    }


def of_change(values: Checked) -> dict[str, Any]:
    """Return those attributes of a change that are defined here."""
    return {
        "external": changed(values, external_net.EXTERNAL, as_is),
        "network_type": changed(values, provider_net.NETWORK_TYPE, as_is),
        "physical_network": changed(values, provider_net.PHYSICAL_NETWORK, as_is),
        "segmentation_id": changed(values, provider_net.SEGMENTATION_ID, as_is),
        "mtu": changed(values, network_mtu_writable.MTU, as_is),
    }


def render(network: Network) -> dict[str, object]:
    """Make JSON's types of them."""
    return {
        external_net.EXTERNAL: network.external,
        provider_net.NETWORK_TYPE: network.network_type,
        provider_net.PHYSICAL_NETWORK: network.physical_network,
        provider_net.SEGMENTATION_ID: network.segmentation_id,
        network_mtu_writable.MTU: network.mtu,
        vlantransparent.VLANTRANSPARENT: network.vlan_transparent,
    }


def _named(attribute: str, reader: FilterReader) -> FilterReader:
    """Return a reader that looks for an attribute under Freehold's own name."""
    return lambda _name, values: reader(attribute, values)


FILTERS: Mapping[str, FilterReader] = {
    external_net.EXTERNAL: _named("external", queries.booleans),
    provider_net.NETWORK_TYPE: _named("network_type", queries.texts),
    provider_net.PHYSICAL_NETWORK: _named("physical_network", queries.texts),
    provider_net.SEGMENTATION_ID: _named("segmentation_id", queries.big_integers),
    network_mtu_writable.MTU: queries.integers,
    vlantransparent.VLANTRANSPARENT: queries.booleans,
}
