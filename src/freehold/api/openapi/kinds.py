"""Descriptions of what `freehold.api.resources` serves, made of the kinds of resources."""

from http import HTTPStatus
from typing import Any

from freehold.api.dry_run import DryRun
from freehold.api.kinds import Kind
from freehold.api.openapi import parameters
from freehold.api.openapi.answers import components, listed
from freehold.api.openapi.operations import (
    CHANGE_REFUSALS,
    LINK,
    READ_REFUSALS,
    WRITE_REFUSALS,
    Description,
    Operation,
    article,
    ids_in,
    ref,
    words,
    wrapped,
)
from freehold.api.openapi.parameters import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    PROJECT_ID,
    Parameter,
)
from freehold.api.openapi.schemas import Schema, is_required, record, sent
from freehold.api.openapi.texts import attribute_text
from freehold.api.resources import Collection, Item

AnyKind = Kind[Any, Any, Any]

_FROM_REQUEST = frozenset({"project_id", "tenant_id"})


def collection(resource: Collection[Any, Any, Any], url: str) -> Description:
    """Describe the URL of all resources of a kind."""
    del url
    kind = resource.kind
    name, collection = kind.name, kind.collection
    many = words(collection)
    links = {f"{collection}_links": listed(ref("link"))}
    listing = Operation(
        name=f"list_{collection}",
        summary=f"List {many}",
        answer=wrapped(collection, listed(ref(name)), links),
        parameters=parameters.of_list(kind, resource.longest_page),
        refusals=READ_REFUSALS,
    )
    creating = Operation(
        name=f"create_{name}",
        summary=f"Create {article(name)}, or several together",
        status=HTTPStatus.CREATED,
        answer={
            "anyOf": [wrapped(name, ref(name)), wrapped(collection, listed(ref(name)))],
        },
        body=_posted(resource),
        parameters=[IDEMPOTENCY_KEY, PROJECT_ID, _fields_of(kind)],
        refusals=(*WRITE_REFUSALS, HTTPStatus.UNPROCESSABLE_ENTITY),
        follow_ups={
            f"{verb}_{name}": f"$response.body#/{name}/id" for verb in ("show", "update", "delete")
        },
    )
    return Description(
        {"get": listing, "post": creating},
        {name: shown_resource(kind), f"new_{name}": new_resource(kind), "link": LINK},
    )


def dry_run(resource: DryRun[Any, Any, Any], _url: str) -> Description:
    """Describe the URL that tells what a POST would create."""
    of = resource.collection
    name, collection_name = of.kind.name, of.kind.collection
    operation = Operation(
        name=f"rehearse_{name}",
        summary=f"Tell what would be created for {article(name)}, or for several together",
        answer={
            "anyOf": [
                wrapped(name, ref(name)),
                wrapped(collection_name, listed(ref(name))),
            ]
        },
        body=_posted(of),
        parameters=[PROJECT_ID, _fields_of(of.kind)],
        refusals=WRITE_REFUSALS,
    )
    return Description({"post": operation}, tag="dry-run")


def _posted(resource: Collection[Any, Any, Any]) -> Schema:
    """Return the body of a POST: one resource, or several."""
    name, collection_name = resource.kind.name, resource.kind.collection
    several: Schema = {
        "type": "array",
        "items": ref(f"new_{name}"),
        "minItems": 1,
        "maxItems": resource.limits.bulk,
    }
    return {"anyOf": [wrapped(name, ref(f"new_{name}")), wrapped(collection_name, several)]}


def item(resource: Item[Any, Any, Any], url: str) -> Description:
    """Describe the URL of one resource of a kind."""
    kind = resource.kind
    name = kind.name
    one = article(name)
    answer = wrapped(name, ref(name))
    if_match = [IF_MATCH] if "revision_number" in kind.attributes.definition else []
    return Description(
        {
            "get": Operation(
                name=f"show_{name}",
                summary=f"Show {one}",
                answer=answer,
                parameters=[_fields_of(kind)],
                refusals=READ_REFUSALS,
            ),
            "put": Operation(
                name=f"update_{name}",
                summary=f"Change {one}",
                answer=answer,
                body=wrapped(name, ref(f"changed_{name}")),
                parameters=[*if_match, _fields_of(kind)],
                refusals=CHANGE_REFUSALS,
            ),
            "delete": Operation(
                name=f"delete_{name}",
                summary=f"Delete {one}",
                status=HTTPStatus.NO_CONTENT,
                parameters=if_match,
                refusals=CHANGE_REFUSALS,
            ),
        },
        {name: shown_resource(kind), f"changed_{name}": changed_resource(kind)},
        ids_in(url),
    )


def shown_resource(kind: AnyKind) -> Schema:
    """Return the schema of a resource in an answer; `fields` may leave out any attribute."""
    return {
        "type": "object",
        "properties": {
            name: {**schema, **_told(kind, name)}
            for name, schema in components(kind.name, kind.attributes.definition).items()
        },
    }


def new_resource(kind: AnyKind) -> Schema:
    """Return the schema of what a client may send to create a resource."""
    attributes = kind.attributes.definition
    required = [name for name, spec in attributes.items() if is_required(spec)]
    return record(
        {
            name: {**sent(name, spec), **_told(kind, name)}
            for name, spec in attributes.items()
            if spec["allow_post"]
        },
        [name for name in required if name not in _FROM_REQUEST],
    )


def changed_resource(kind: AnyKind) -> Schema:
    """Return the schema of what a client may send to change a resource."""
    return record(
        {
            name: {
                **{key: value for key, value in sent(name, spec).items() if key != "default"},
                **_told(kind, name),
            }
            for name, spec in kind.attributes.definition.items()
            if spec["allow_put"]
        },
        [],
    )


def _told(kind: AnyKind, name: str) -> Schema:
    text = attribute_text(kind.name, name)
    return {"description": text} if text else {}


def _fields_of(kind: AnyKind) -> Parameter:
    return parameters.fields(parameters.visible(kind.attributes.definition))
