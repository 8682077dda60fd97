"""The table of routes as an OpenAPI 3.1 document.

Source: OpenAPI Specification 3.1.0, https://spec.openapis.org/oas/v3.1.0.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from freehold import errors
from freehold.api.faults import RETRY_AFTER_SECONDS
from freehold.api.middleware import API_PREFIX, REQUEST_ID_HEADER
from freehold.api.openapi.answers import listed
from freehold.api.openapi.describing import describe
from freehold.api.openapi.operations import Description, Operation, ref
from freehold.api.openapi.schemas import INTEGER, TEXT, Schema, nullable, record
from freehold.api.openapi.texts import tag_text
from freehold.api.refusals import HTTPRefusal
from freehold.errors import FreeholdError, Reason

Document = Mapping[str, Any]

_JSON = "application/json"
_ABOUT = """
The OpenStack Networking API v2.0 for networks, their segments, subnets, ports, subnet pools,
address scopes, the RBAC policies by which they are shared, and quotas.

Values may be spelled in further ways, as in Neutron: `"true"` for `true`, `"24"` for `24`, a MAC
address with hyphens. Texts have no NUL and no half of a surrogate pair. A refusal tells its reason
as `type`, on which programs may rely, and as `message`.
""".strip()

_WAYS_TO_LOG_IN: Mapping[str, Mapping[str, str]] = {
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "Of services with auth_strategy = http_basic.",
    },
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Auth-Token",
        "description": "A token of Keystone; of services with auth_strategy = keystone.",
    },
}


def document_of(routes: Mapping[str, object]) -> Document:
    """Return the document that describes a table of routes.

    A URL that nobody has described is left out.

    Args:
        routes: the resource behind each URL.
    """
    described = {
        url: found
        for url, resource in routes.items()
        if (found := describe(resource, url)) is not None
    }
    known = {
        operation.name for found in described.values() for operation in found.operations.values()
    }
    schemas = {
        name: schema for found in described.values() for name, schema in found.schemas.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Freehold",
            "version": version("freehold"),
            "summary": "The address register for clouds.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        # One of them, as the service is configured, or none.
        "security": [{}, *({name: []} for name in _WAYS_TO_LOG_IN)],
        "tags": [_tag(name) for name in dict.fromkeys(map(_group, described, described.values()))],
        "paths": {url: _path(url, found, known) for url, found in described.items()},
        "components": {
            "schemas": {**dict(sorted(schemas.items())), "error": _ERROR, "refusal": _REFUSAL},
            "responses": {_reference(status): _refusal(status) for status in _REFUSED},
            "headers": _HEADERS,
            "securitySchemes": _WAYS_TO_LOG_IN,
        },
    }


def _tag(name: str) -> Mapping[str, str]:
    text = tag_text(name)
    return {"name": name, **({"description": text} if text else {})}


def _group(url: str, found: Description) -> str:
    return found.tag or url.removeprefix(API_PREFIX).partition("/")[0]


def _path(url: str, found: Description, known: Set[str]) -> Mapping[str, Any]:
    return {
        **({"parameters": list(found.path.values())} if found.path else {}),
        **{
            verb: _operation(url, _group(url, found), operation, known)
            for verb, operation in found.operations.items()
        },
    }


def _operation(url: str, tag: str, operation: Operation, known: Set[str]) -> Mapping[str, Any]:
    refused = sorted({*operation.refusals, *_always(url, has_body=operation.body is not None)})
    answers: dict[str, Any] = {str(int(operation.status)): _answer(operation, known)}
    answers |= {
        str(int(status)): {"$ref": f"#/components/responses/{_reference(status)}"}
        for status in refused
    }
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [tag],
        **({"parameters": list(operation.parameters)} if operation.parameters else {}),
        **({"requestBody": _body(operation.body)} if operation.body is not None else {}),
        "responses": answers,
    }


def _always(url: str, *, has_body: bool) -> Sequence[HTTPStatus]:
    """Return the statuses that any request for a URL can meet."""
    found = []
    if url.startswith(API_PREFIX):
        found += [HTTPStatus.UNAUTHORIZED]
        found += [HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.SERVICE_UNAVAILABLE]
    if has_body:
        found += [HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE]
    return found


def _answer(operation: Operation, known: Set[str]) -> Mapping[str, Any]:
    follow_ups = {name: where for name, where in operation.follow_ups.items() if name in known}
    answer: dict[str, Any] = {
        "description": operation.status.phrase,
        "headers": {REQUEST_ID_HEADER: {"$ref": "#/components/headers/request_id"}},
    }
    if operation.answer is not None:
        answer["content"] = {_JSON: {"schema": operation.answer}}
    if follow_ups:
        answer["links"] = {
            name: {"operationId": name, "parameters": {"resource_id": where}}
            for name, where in follow_ups.items()
        }
    return answer


def _body(schema: Schema) -> Mapping[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _reference(status: HTTPStatus) -> str:
    return f"refused_{int(status)}"


def _refusal(status: HTTPStatus) -> Mapping[str, Any]:
    types = ", ".join(f"`{name}`" for name in sorted(_types(status)))
    headers = {REQUEST_ID_HEADER: {"$ref": "#/components/headers/request_id"}}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = {"$ref": "#/components/headers/retry_after"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/challenge"}
    return {
        "description": f"{status.phrase}. Types: {types}.",
        "headers": headers,
        "content": {_JSON: {"schema": ref("error")}},
    }


def _types(status: HTTPStatus) -> Iterator[str]:
    """Yield the types of refusals with a status."""
    pending = [FreeholdError]
    while pending:
        kind = pending.pop()
        if kind.status == status and kind not in _GROUPS:
            yield kind.__name__
        pending.extend(kind.__subclasses__())


_GROUPS = (FreeholdError, errors.NotFound, errors.Conflict, errors.ServiceUnavailable, HTTPRefusal)
"""What nobody is told by itself."""

_REFUSED = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

_REFUSAL = {
    "description": "Why one subnet could not serve.",
    **record(
        {
            "reason": {**TEXT, "enum": [reason.value for reason in Reason]},
            "text": TEXT,
            "subnet_id": nullable(TEXT),
            "cidr": nullable(TEXT),
            "figures": {
                "type": "object",
                "additionalProperties": {"type": ["integer", "string"]},
            },
        }
    ),
}

_ERROR = record(
    {
        "NeutronError": record(
            {
                "type": {**TEXT, "description": "What it is, for programs."},
                "message": {**TEXT, "description": "The same for people."},
                "detail": {**TEXT, "description": "What is known beyond that; may be empty."},
                "refusals": listed(ref("refusal")),
            },
            ["type", "message", "detail"],
        )
    }
)

_HEADERS = {
    "challenge": {
        "description": "How to log in.",
        "required": True,
        "schema": {**TEXT, "examples": ['Basic realm="Freehold"', 'Keystone uri="..."']},
    },
    "request_id": {
        "description": "By which the request is found in the service's log.",
        "required": True,
        "schema": {**TEXT, "pattern": "^req-[0-9a-f-]{36}$"},
    },
    "retry_after": {
        "description": "After how many seconds to try again.",
        "schema": {**INTEGER, "example": int(RETRY_AFTER_SECONDS)},
    },
}
