"""What a verb of a URL does, in the terms of a description, and how such terms are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from freehold.api.openapi import parameters
from freehold.api.openapi.parameters import Parameter
from freehold.api.openapi.schemas import ID, TEXT, Schema, record


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


READ_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
WRITE_REFUSALS = (*READ_REFUSALS, HTTPStatus.CONFLICT)
CHANGE_REFUSALS = (*WRITE_REFUSALS, HTTPStatus.PRECONDITION_FAILED)


LINK: Schema = {"type": "object", "properties": {"rel": TEXT, "href": {**TEXT, "format": "uri"}}}
"""A link in an answer: the schema `link` of the document."""


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def words(name: str) -> str:
    """Return a name of the API as it is written in a sentence."""
    return name.replace("_", " ").replace("subnetpool", "subnet pool").replace("rbac", "RBAC")


def article(name: str) -> str:
    """Return a name of the API with its article."""
    return f"{'an' if name.startswith((*'aeiou', 'rbac')) else 'a'} {words(name)}"


def wrapped(name: str, schema: Schema, beside: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with one property that is always there."""
    return record({name: schema, **(beside or {})}, [name])


def ids_in(url: str) -> Mapping[str, Parameter]:
    """Return the id in a URL as a parameter of it."""
    many = words(url.split("/")[2].replace("-", "_"))
    of = f"{many.removesuffix('ies')}y" if many.endswith("ies") else many.removesuffix("s")
    return {"resource_id": parameters.in_path("resource_id", f"The id of the {of}.", ID)}
