"""Reading a request's body: bytes, then JSON, then the resources in it.

Invariants: never more than the allowed size is held in memory, whether or not
the client says how long the body is; no document, however nested, exhausts
the stack; what is returned holds storable texts and finite numbers only.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite
from typing import cast

from falcon import Request

from freehold.api.refusals import (
    HTTPBadRequest,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)
from freehold.api.texts import is_storable

Values = Mapping[str, object]
"""Attributes of a resource as a client sent them."""

INVALID_DATA = "Body contains invalid data"

_JSON = "application/json"
_LONGEST_INTEGER = 20  # digits and sign of any 64-bit integer
_LONGEST_FLOAT = 400  # more than any that Python writes
# Matches an unfinished string as well, up to the end: else each of its characters would be tried
# as the beginning of another one.
_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What a body may measure.

    Attributes:
        size: in bytes.
        depth: how deep arrays and objects may be nested.
        bulk: how many resources one request may create.
    """

    size: int
    depth: int
    bulk: int


@dataclass(frozen=True, slots=True)
class Posted:
    """The resources in the body of a POST.

    Attributes:
        bulk: whether they came as a list, and are to be answered as one.
        items: each resource's attributes.
    """

    bulk: bool
    items: tuple[Values, ...]


def posted_resources(
    request: Request, limits: BodyLimits, resource: str, collection: str
) -> Posted:
    """Read the one resource, or the list of them, that a POST wants created.

    Raises:
        HTTPRefusal: there is none, or the body cannot be read.
    """
    document = _read_document(request, limits)
    if collection not in document:
        return Posted(bulk=False, items=(_resource_in(document, resource),))
    listed = document[collection]
    if not listed:
        raise HTTPBadRequest("Resources required")
    if not isinstance(listed, Collection) or not all(
        isinstance(item, Collection) for item in listed
    ):
        raise HTTPBadRequest(INVALID_DATA)
    if len(listed) > limits.bulk:
        raise HTTPBadRequest(
            f"No more than {limits.bulk} {collection} can be created by one request."
        )
    # A client may wrap each item of a list as it would wrap a single one.
    items = (
        item if isinstance(item, Mapping) and resource in item else {resource: item}
        for item in listed
    )
    return Posted(bulk=True, items=tuple(_resource_in(item, resource) for item in items))


def put_resource(request: Request, limits: BodyLimits, resource: str, collection: str) -> Values:
    """Read the attributes that a PUT wants changed.

    Raises:
        HTTPRefusal: there are none, or the body cannot be read.
    """
    document = _read_document(request, limits)
    if collection in document:
        raise HTTPBadRequest("Bulk operation not supported")
    return _resource_in(document, resource)


def put_document(request: Request, limits: BodyLimits) -> Values:
    """Read the body of a PUT that does something else than change a resource.

    Raises:
        HTTPRefusal: the body cannot be read.
    """
    return _read_document(request, limits)


def refuse_body(request: Request) -> None:
    """Make sure that a request has no body.

    Raises:
        HTTPBadRequest: it has one.
    """
    if _read_bytes(request, 1):
        raise HTTPBadRequest("Request body is not supported in DELETE.")


def _resource_in(document: Values, resource: str) -> Values:
    values = document.get(resource)
    if values is None:
        raise HTTPBadRequest(f"Unable to find '{resource}' in request body")
    if not isinstance(values, Mapping):
        raise HTTPBadRequest(f"Object '{resource}' contains invalid data")
    return values


def _read_document(request: Request, limits: BodyLimits) -> Values:
    if (request.content_length or 0) > limits.size:
        raise HTTPRequestEntityTooLarge(limits.size)
    body = _read_bytes(request, limits.size + 1)
    if len(body) > limits.size:
        raise HTTPRequestEntityTooLarge(limits.size)
    if not body:
        return {}
    media_type = (request.content_type or _JSON).partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise HTTPUnsupportedMediaType(media_type)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise HTTPBadRequest(detail="The body is not UTF-8.") from error
    document = _parse(text, limits.depth)
    if not isinstance(document, dict):
        raise HTTPBadRequest(INVALID_DATA, detail="It is not a JSON object.")
    # Only an escape can bring a character into JSON that UTF-8 does not have, or a NUL.
    if "\\u" in text and not all(map(is_storable, _texts_in(document))):
        raise HTTPBadRequest(INVALID_DATA, detail="It has a text with a NUL or half a character.")
    return cast("Values", document)


def _read_bytes(request: Request, most: int) -> bytes:
    length = request.content_length
    if length is None:
        chunked = "chunked" in request.get_header("Transfer-Encoding", default="").lower()
        # Without one of the two, reading could wait for what never comes.
        if not chunked and not request.env.get("wsgi.input_terminated"):
            return b""
        length = most
    wanted = min(length, most)
    pieces: list[bytes] = []
    while wanted > 0 and (piece := request.stream.read(wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    if wanted > 0 and request.content_length is not None:
        # The connection was cut: what has come may be valid JSON by accident.
        raise HTTPBadRequest(detail="The body ended before it was as long as announced.")
    return b"".join(pieces)


def _parse(text: str, depth: int) -> object:
    if _is_deeper(text, depth):
        raise HTTPBadRequest(INVALID_DATA, detail=f"It is nested deeper than {depth} levels.")
    try:
        return json.loads(
            text,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except ValueError as error:
        raise HTTPBadRequest(INVALID_DATA, detail=f"{error}.") from error


def _is_deeper(text: str, limit: int) -> bool:
    """Tell whether a JSON text is nested deeper than that, as far as it is valid."""
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKETS.finditer(_STRINGS.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > limit:
            return True
    return False


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise ValueError("A number is too large")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits) if len(digits) <= _LONGEST_FLOAT else inf
    if not isfinite(value):
        raise ValueError("A number is too large")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = sorted(name for name, _ in pairs)
    for name, next_name in pairwise(names):
        if name == next_name:
            raise ValueError(f"The name {json.dumps(name)} occurs twice in one object")
    return dict(pairs)


def _texts_in(document: object) -> Iterator[str]:
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
