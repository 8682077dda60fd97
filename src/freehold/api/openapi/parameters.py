"""Queries and headers of requests, as parameters of an OpenAPI document."""

from collections.abc import Collection, Mapping
from typing import Any

from freehold.api import idempotency
from freehold.api.attributes import PROJECT, Attribute
from freehold.api.kinds import Kind
from freehold.api.openapi.answers import shown
from freehold.api.openapi.schemas import BOOLEAN, ID, INTEGER, MOMENT, TEXT, Schema
from freehold.api.openapi.texts import filter_text
from freehold.api.paging import LIMIT, MARKER, PAGE_REVERSE, SORT_DIR, SORT_KEY

Parameter = Mapping[str, Any]

Attributes = Mapping[str, Attribute]

IF_MATCH: Parameter = {
    "name": "If-Match",
    "in": "header",
    "description": (
        "`revision_number=` and a number: nothing is done unless the resource has that revision."
    ),
    "schema": {**TEXT, "pattern": "^revision_number=[0-9]{1,9}$"},
}

PROJECT_ID: Parameter = {
    "name": "X-Project-Id",
    "in": "header",
    "description": "The project that owns what is created, if the body names none.",
    "schema": {**TEXT, "maxLength": 255, "pattern": "^[!-~]*$"},
}

IDEMPOTENCY_KEY: Parameter = {
    "name": idempotency.HEADER,
    "in": "header",
    "description": (
        "A text of the client's choice: the same request with the same key has one effect and one "
        "answer, however often it is sent."
    ),
    "schema": {
        **TEXT,
        "minLength": 1,
        "maxLength": idempotency.LONGEST_KEY,
        "pattern": "^[0-9A-Za-z_-]+$",
    },
}


def in_path(name: str, description: str, schema: Schema = TEXT) -> Parameter:
    """Return a part of the URL."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {**schema, "minLength": 1},
    }


def in_query(name: str, schema: Schema, description: str, *, required: bool = False) -> Parameter:
    """Return a parameter that is given once."""
    found: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    return {**found, "description": description, **({"required": True} if required else {})}


def repeated(name: str, schema: Schema, description: str) -> Parameter:
    """Return a parameter that may be given several times."""
    several: Schema = {"type": "array", "items": schema}
    return {**in_query(name, several, description), "explode": True}


def fields(names: Collection[str]) -> Parameter:
    """Return the parameter by which a client chooses attributes."""
    return repeated("fields", {**TEXT, "enum": sorted(names)}, "Show these attributes only.")


def visible(attributes: Attributes) -> list[str]:
    """Return the names of the attributes that are shown."""
    return [name for name, spec in attributes.items() if spec.get("is_visible", False)]


def of_list(kind: Kind[Any, Any, Any], longest_page: int | None) -> list[Parameter]:
    """Return what can be asked of a list: filters, attributes, order, pages."""
    attributes = kind.attributes.definition
    return [
        *(_filter(kind.name, name, attributes) for name in kind.filters),
        fields(visible(attributes)),
        *pages(kind.attributes.sort_keys, longest_page),
    ]


def pages(
    sort_keys: Collection[str], longest_page: int | None, marker: Schema = ID
) -> list[Parameter]:
    """Return what can be asked of the order of a list, and of its pages.

    Args:
        sort_keys: what it can be ordered by.
        longest_page: how many one answer may list; None for any number.
        marker: the ids of what is listed.
    """
    most = "" if longest_page is None else f" No page has more than {longest_page}."
    return [
        repeated(
            SORT_KEY, {**TEXT, "enum": sorted(sort_keys)}, "Order by this; several in this order."
        ),
        repeated(
            SORT_DIR,
            {**TEXT, "enum": ["asc", "desc"]},
            f"Upwards or downwards; as often as `{SORT_KEY}`.",
        ),
        in_query(LIMIT, {**INTEGER, "minimum": 0}, f"How many to list at most; 0 for all.{most}"),
        in_query(MARKER, marker, "List what comes after the resource with this id."),
        in_query(PAGE_REVERSE, BOOLEAN, f"List what comes before the `{MARKER}` instead."),
    ]


def _filter(kind: str, name: str, attributes: Attributes) -> Parameter:
    text = filter_text(name) or f"Those whose `{name}` is this, or one of these."
    return repeated(name, _looked_for(kind, name, attributes), text)


def _looked_for(kind: str, name: str, attributes: Attributes) -> Schema:
    """Return how the values of a filter are written."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    known = shown(kind, name, attributes[name]) if name in attributes else {}
    types = known.get("type")
    for simple in (BOOLEAN, INTEGER):
        if simple["type"] == types or (isinstance(types, list) and simple["type"] in types):
            return simple
    return TEXT


_SPECIAL: Mapping[str, Schema] = {
    "changed_since": MOMENT,
    "fixed_ips": {
        **TEXT,
        "pattern": "^(ip_address|ip_address_substr|subnet_id)=[0-9A-Fa-f.:-]+$",
    },
    PROJECT: TEXT,
    # A CIDR is found however it is written, and what is none is refused.
    "cidr": {**TEXT, "format": "cidr"},
}
"""Filters whose values are not written as their attributes are shown."""
