"""What the verbs of a URL do: a description for each class of resources of the routes.

A class that serves URLs registers its description with `describe`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from freehold.api.address_holdings import MOST, AddressHoldings
from freehold.api.definitions import address_history
from freehold.api.discovery import Resources, Version, Versions
from freehold.api.extensions import Extension, Extensions
from freehold.api.kinds import Kind
from freehold.api.openapi import parameters
from freehold.api.openapi.answers import components, listed
from freehold.api.openapi.parameters import IF_MATCH, PROJECT_ID, Parameter, in_query
from freehold.api.openapi.schemas import (
    ADDRESS,
    CIDR,
    ID,
    INTEGER,
    MOMENT,
    TEXT,
    Schema,
    array,
    is_required,
    nullable,
    record,
    sent,
)
from freehold.api.openapi.texts import attribute_text
from freehold.api.resources import Collection, Item
from freehold.api.subnet_pool_actions import ChangePrefixes, Onboard
from freehold.api.tags import LONGEST_TAG, TagOfItem, TagsOfItem

AnyKind = Kind[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one verb does at one URL.

    Attributes:
        name: an identifier for programs, unique in the document.
        summary: what it does, in a few words.
        status: that of an answer that is no refusal.
        answer: the body of such an answer; None for none.
        body: the body of the request; None for none.
        parameters: of the query and the headers.
        refusals: the statuses of refusals beside those that any request can meet.
        follow_ups: of operations that take what was created, by their names, where its
            id is in the answer.
    """

    name: str
    summary: str
    status: HTTPStatus = HTTPStatus.OK
    answer: Schema | None = None
    body: Schema | None = None
    parameters: Sequence[Parameter] = ()
    refusals: Sequence[HTTPStatus] = ()
    follow_ups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """What is behind a URL.

    Attributes:
        operations: by verb.
        schemas: what the operations refer to, by name.
        path: its parameters, by name, with what they are.
        tag: the group that its operations are in; by default the URL's first part.
    """

    operations: Mapping[str, Operation]
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    path: Mapping[str, Parameter] = field(default_factory=dict)
    tag: str = ""


READ_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
WRITE_REFUSALS = (*READ_REFUSALS, HTTPStatus.CONFLICT)
CHANGE_REFUSALS = (*WRITE_REFUSALS, HTTPStatus.PRECONDITION_FAILED)


@singledispatch
def describe(resource: object, url: str) -> Description | None:
    """Describe what is behind a URL; None if nobody has told.

    Args:
        resource: what serves the URL.
        url: its template in the table of routes.
    """
    del resource, url
    return None


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def words(name: str) -> str:
    """Return a name of the API as it is written in a sentence."""
    return name.replace("_", " ").replace("subnetpool", "subnet pool")


def article(name: str) -> str:
    """Return a name of the API with its article."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {words(name)}"


@describe.register
def _(resource: Collection, url: str) -> Description:  # type: ignore[type-arg]  # of any kind
    del url
    kind = resource.kind
    name, collection = kind.name, kind.collection
    many = words(collection)
    links = {f"{collection}_links": listed(ref("link"))}
    listing = Operation(
        name=f"list_{collection}",
        summary=f"List {many}",
        answer=_wrapped(collection, listed(ref(name)), links),
        parameters=parameters.of_list(kind, resource.longest_page),
        refusals=READ_REFUSALS,
    )
    creating = Operation(
        name=f"create_{name}",
        summary=f"Create {article(name)}, or several together",
        status=HTTPStatus.CREATED,
        answer={
            "anyOf": [_wrapped(name, ref(name)), _wrapped(collection, listed(ref(name)))],
        },
        body={
            "anyOf": [
                _wrapped(name, ref(f"new_{name}")),
                _wrapped(
                    collection,
                    {
                        "type": "array",
                        "items": ref(f"new_{name}"),
                        "minItems": 1,
                        "maxItems": resource.limits.bulk,
                    },
                ),
            ]
        },
        parameters=[PROJECT_ID, _fields_of(kind)],
        refusals=WRITE_REFUSALS,
        follow_ups={
            f"{verb}_{name}": f"$response.body#/{name}/id" for verb in ("show", "update", "delete")
        },
    )
    return Description(
        {"get": listing, "post": creating},
        {name: shown_resource(kind), f"new_{name}": new_resource(kind), "link": LINK},
    )


@describe.register
def _(resource: Item, url: str) -> Description:  # type: ignore[type-arg]  # of any kind
    kind = resource.kind
    name = kind.name
    one = article(name)
    answer = _wrapped(name, ref(name))
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
                body=_wrapped(name, ref(f"changed_{name}")),
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
        _ids(url),
    )


@describe.register
def _(_resource: TagsOfItem, url: str) -> Description:
    of = url.split("/")[2].replace("-", "_")
    tags = _wrapped("tags", listed(TEXT))
    sent_tags = _wrapped("tags", array(_TAG, unique=True))
    return Description(
        {
            "get": Operation(
                name=f"list_tags_of_{of}", summary="List the tags", answer=tags,
                refusals=READ_REFUSALS,
            ),
            "post": Operation(
                name=f"add_tags_to_{of}", summary="Add tags", answer=tags, body=sent_tags,
                parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
            "put": Operation(
                name=f"replace_tags_of_{of}", summary="Replace the tags", answer=tags,
                body=sent_tags, parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
            "delete": Operation(
                name=f"remove_tags_from_{of}", summary="Remove all tags",
                status=HTTPStatus.NO_CONTENT, parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
        },
        path=_ids(url),
    )  # fmt: skip


@describe.register
def _(_resource: TagOfItem, url: str) -> Description:
    of = url.split("/")[2].replace("-", "_")
    none = HTTPStatus.NO_CONTENT
    return Description(
        {
            "get": Operation(
                name=f"has_tag_of_{of}", summary="Tell whether the tag is there", status=none,
                refusals=READ_REFUSALS,
            ),
            "put": Operation(
                name=f"add_tag_to_{of}", summary="Add the tag", status=HTTPStatus.CREATED,
                parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
            "delete": Operation(
                name=f"remove_tag_from_{of}", summary="Remove the tag", status=none,
                parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
        },
        path={**_ids(url), "tag": parameters.in_path("tag", "The tag.", _TAG)},
    )  # fmt: skip


@describe.register
def _(_resource: ChangePrefixes, url: str) -> Description:
    action = url.rpartition("/")[2]
    operation = Operation(
        name=action,
        summary=f"{action.partition('_')[0].capitalize()} prefixes",
        answer=_wrapped("prefixes", listed(CIDR)),
        body=_wrapped("prefixes", {**array(CIDR), "minItems": 1}),
        parameters=[IF_MATCH],
        refusals=CHANGE_REFUSALS,
    )
    return Description({"put": operation}, path=_ids(url))


@describe.register
def _(_resource: Onboard, url: str) -> Description:
    operation = Operation(
        name="onboard_network_subnets",
        summary="Have the subnets of a network belong to the pool",
        answer=listed(record({"id": ID, "cidr": CIDR})),
        body={"type": "object", "properties": {"network_id": ID}, "required": ["network_id"]},
        parameters=[IF_MATCH],
        refusals=CHANGE_REFUSALS,
    )
    return Description({"put": operation}, path=_ids(url))


@describe.register
def _(_resource: AddressHoldings, url: str) -> Description:
    del url
    holding = {
        "subnet_id": ID,
        "ip_address": ADDRESS,
        "holder": TEXT,
        "since": MOMENT,
        "until": nullable(MOMENT),
    }
    asked = [
        in_query("ip_address", ADDRESS, "The address.", required=True),
        in_query("subnet_id", ID, "The address on this subnet only."),
        in_query("at", MOMENT, "Who held it at this time, with its zone."),
        in_query("limit", {**INTEGER, "minimum": 0, "maximum": MOST}, f"By default {MOST}."),
        parameters.fields(holding),
    ]
    operation = Operation(
        name="list_address_holdings",
        summary="Tell who holds and who held an address",
        answer=_wrapped(address_history.COLLECTION_NAME, listed(ref("address_holding"))),
        parameters=asked,
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT),
    )
    return Description(
        {"get": operation}, {"address_holding": {"type": "object", "properties": holding}}
    )


@describe.register
def _(_resource: Versions, url: str) -> Description:
    del url
    answer = _wrapped("versions", listed(ref("version")))
    operation = Operation("list_versions", "List the versions of the API", answer=answer)
    return Description({"get": operation}, {"version": _VERSION, "link": LINK}, tag=_DISCOVERY)


@describe.register
def _(_resource: Version, url: str) -> Description:
    del url
    answer = _wrapped("version", ref("version"))
    operation = Operation("show_version", "Show the version of the API", answer=answer)
    return Description({"get": operation}, {"version": _VERSION, "link": LINK}, tag=_DISCOVERY)


@describe.register
def _(_resource: Resources, url: str) -> Description:
    del url
    answer = _wrapped("resources", listed(ref("collection")))
    of_collection = record({"name": TEXT, "collection": TEXT, "links": listed(ref("link"))})
    operation = Operation("list_collections", "List the collections", answer=answer)
    return Description(
        {"get": operation}, {"collection": of_collection, "link": LINK}, tag=_DISCOVERY
    )


@describe.register
def _(_resource: Extensions, url: str) -> Description:
    del url
    answer = _wrapped("extensions", listed(ref("extension")))
    operation = Operation("list_extensions", "List the extensions of the API", answer=answer)
    return Description({"get": operation}, {"extension": _EXTENSION, "link": LINK}, tag=_DISCOVERY)


@describe.register
def _(_resource: Extension, url: str) -> Description:
    del url
    operation = Operation(
        "show_extension",
        "Show an extension",
        answer=_wrapped("extension", ref("extension")),
        refusals=READ_REFUSALS,
    )
    return Description(
        {"get": operation},
        {"extension": _EXTENSION, "link": LINK},
        {"alias": parameters.in_path("alias", "The alias of the extension.")},
        _DISCOVERY,
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


def _wrapped(name: str, schema: Schema, beside: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with one property that is always there."""
    return record({name: schema, **(beside or {})}, [name])


def _ids(url: str) -> Mapping[str, Parameter]:
    of = words(url.split("/")[2].replace("-", "_")).removesuffix("s")
    return {"resource_id": parameters.in_path("resource_id", f"The id of the {of}.", ID)}


_DISCOVERY = "discovery"
_FROM_REQUEST = frozenset({"project_id", "tenant_id"})
_TAG: Schema = {**TEXT, "maxLength": LONGEST_TAG, "pattern": r"[^ ]$"}
LINK: Schema = {"type": "object", "properties": {"rel": TEXT, "href": {**TEXT, "format": "uri"}}}
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
