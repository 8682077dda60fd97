"""The API's extensions that Freehold serves in full; others are not listed.

A client takes a listed extension for granted, so an alias gets its place here
when all of the extension works.
"""

from falcon import Request, Response
from neutron_lib.api.definitions import (
    empty_string_filtering,
    filter_validation,
    port_mac_address_regenerate,
    project_id,
)
from neutron_lib.exceptions import ExtensionsNotFound

from freehold.api.definitions import address_history, allocation_strategy

SERVED = (
    empty_string_filtering,
    filter_validation,
    address_history,
    allocation_strategy,
    port_mac_address_regenerate,
    project_id,
)

_DOCUMENTS: dict[str, dict[str, object]] = {
    definition.ALIAS: {
        "name": definition.NAME,
        "alias": definition.ALIAS,
        "description": definition.DESCRIPTION,
        "updated": definition.UPDATED_TIMESTAMP,
        "links": [],
    }
    for definition in SERVED
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
