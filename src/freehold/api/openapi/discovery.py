"""Descriptions of the URLs at which clients find out what there is."""

from freehold.api.discovery import Resources, Version, Versions
from freehold.api.extensions import Extension, Extensions
from freehold.api.openapi import parameters
from freehold.api.openapi.answers import listed
from freehold.api.openapi.operations import (
    LINK,
    READ_REFUSALS,
    Description,
    Operation,
    ref,
    wrapped,
)
from freehold.api.openapi.schemas import TEXT, record

_DISCOVERY = "discovery"

_VERSION = record({"id": TEXT, "status": TEXT, "links": listed(ref("link"))})
_EXTENSION = record(
    {
        "name": TEXT,
        "alias": TEXT,
        "description": TEXT,
        # A time, as neutron-lib writes it: not always one that exists.
        "updated": TEXT,
        "links": listed(ref("link")),
    }
)


def versions(_resource: Versions, url: str) -> Description:
    """Describe the URL of the versions."""
    del url
    answer = wrapped("versions", listed(ref("version")))
    operation = Operation("list_versions", "List the versions of the API", answer=answer)
    return Description({"get": operation}, {"version": _VERSION, "link": LINK}, tag=_DISCOVERY)


def version(_resource: Version, url: str) -> Description:
    """Describe the URL of the version."""
    del url
    answer = wrapped("version", ref("version"))
    operation = Operation("show_version", "Show the version of the API", answer=answer)
    return Description({"get": operation}, {"version": _VERSION, "link": LINK}, tag=_DISCOVERY)


def collections(_resource: Resources, url: str) -> Description:
    """Describe the URL of the collections."""
    del url
    answer = wrapped("resources", listed(ref("collection")))
    of_collection = record({"name": TEXT, "collection": TEXT, "links": listed(ref("link"))})
    operation = Operation("list_collections", "List the collections", answer=answer)
    return Description(
        {"get": operation}, {"collection": of_collection, "link": LINK}, tag=_DISCOVERY
    )


def extensions(_resource: Extensions, url: str) -> Description:
    """Describe the URL of the extensions."""
    del url
    answer = wrapped("extensions", listed(ref("extension")))
    operation = Operation("list_extensions", "List the extensions of the API", answer=answer)
    return Description({"get": operation}, {"extension": _EXTENSION, "link": LINK}, tag=_DISCOVERY)


def extension(_resource: Extension, url: str) -> Description:
    """Describe the URL of an extension."""
    del url
    operation = Operation(
        "show_extension",
        "Show an extension",
        answer=wrapped("extension", ref("extension")),
        refusals=READ_REFUSALS,
    )
    return Description(
        {"get": operation},
        {"extension": _EXTENSION, "link": LINK},
        {"alias": parameters.in_path("alias", "The alias of the extension.")},
        _DISCOVERY,
    )
