"""The API's extensions that Freehold serves in full; others are not listed.

A client takes a listed extension for granted, so an alias gets its place here
when all of the extension works.
"""

from falcon import Request, Response
from neutron_lib.api.definitions import (
    address_scope,
    default_subnetpools,
    empty_string_filtering,
    filter_validation,
    port_mac_address_regenerate,
    project_id,
    subnet_onboard,
    subnetpool_prefix_ops,
)
from neutron_lib.constants import SUBNET_ALLOCATION_EXT_ALIAS
from neutron_lib.exceptions import ExtensionsNotFound

SERVED = (
    address_scope,
    default_subnetpools,
    empty_string_filtering,
    filter_validation,
    port_mac_address_regenerate,
    project_id,
    subnet_onboard,
    subnetpool_prefix_ops,
)


def _document(alias: str, name: str, description: str, updated: str) -> dict[str, object]:
    return {
        "name": name,
        "alias": alias,
        "description": description,
        "updated": updated,
        "links": [],
    }


_DOCUMENTS: dict[str, dict[str, object]] = {
    **{
        definition.ALIAS: _document(
            definition.ALIAS,
            definition.NAME,
            definition.DESCRIPTION,
            definition.UPDATED_TIMESTAMP,
        )
        for definition in SERVED
    },
    # The one extension that neutron-lib names without defining it.
    SUBNET_ALLOCATION_EXT_ALIAS: _document(
        SUBNET_ALLOCATION_EXT_ALIAS,
        "Subnet Allocation",
        "Enables allocation of subnets from a subnet pool",
        "2015-03-30T10:00:00-00:00",
    ),
}


class Extensions:
    """All extensions."""

    def on_get(self, _request: Request, response: Response) -> None:
        """List them."""
        response.media = {"extensions": list(_DOCUMENTS.values())}


class Extension:
    """One extension."""

    def on_get(self, _request: Request, response: Response, alias: str) -> None:
        """Show it."""
        if alias not in _DOCUMENTS:
            raise ExtensionsNotFound(extensions=alias)
        response.media = {"extension": _DOCUMENTS[alias]}
