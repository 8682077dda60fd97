"""POST requests with an ``Idempotency-Key`` header have one effect, and one answer.

Source: draft-ietf-httpapi-idempotency-key-header-07. A key is a caller's own: it is known
together with the project and the user in whose name the request is made, the roles (since they
decide what an answer shows), the method and the path. The key may stand in quotes, as the
draft has it, or without, as most clients send it.

What is refused is remembered as well, so that the same request gets the same answer; but
not what failed, which is worth another attempt under the same key, and not that a request
is wrong in itself (400), since it can be put right.

Invariant: this is the only place beside `freehold.api.faults` where a refusal is caught.
"""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from http import HTTPStatus
from typing import TypeVar

from falcon import Request, Response

from freehold.api.bodies import Posted
from freehold.api.callers import caller_of
from freehold.api.faults import fault_of, note_fault
from freehold.api.projects import project_of
from freehold.api.refusals import HTTPBadRequest
from freehold.errors import FreeholdError
from freehold.networking.idempotency import Answer, Attempt, IdempotencyKeys

HEADER = "Idempotency-Key"
LONGEST_KEY = 255

JSON = dict[str, object]
T = TypeVar("T")

_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
"""A string as a structured field. Source: RFC 8941, 3.3.3."""


class KnowsKeys:
    """Gives each request the keys that are known.

    Args:
        keys: the keys.
    """

    def __init__(self, keys: IdempotencyKeys) -> None:
        self._keys = keys

    def process_request(self, request: Request, _response: Response) -> None:
        """Do so."""
        request.context.idempotency_keys = self._keys


def read_key(request: Request) -> str | None:
    """Return the key of a request; None if it has none.

    Raises:
        HTTPBadRequest: it is not one.
    """
    header = request.get_header(HEADER)
    if header is None:
        return None
    key = header.strip(" \t")
    if key.startswith('"'):
        quoted = _QUOTED.fullmatch(key)
        if quoted is None:
            raise _no_key("it begins with a quotation mark and is no quoted string")
        key = re.sub(r"\\(.)", r"\1", quoted.group(1))
    if not key:
        # The server hands over a value as empty that is not ASCII.
        raise _no_key("it is empty, or has characters that are not printable ASCII")
    if len(key) > LONGEST_KEY:
        raise _no_key(f"it is longer than {LONGEST_KEY} characters")
    if not (key.isascii() and key.isprintable()):
        raise _no_key("it has characters that are not printable ASCII")
    return key


def create_once(
    request: Request,
    response: Response,
    posted: Posted,
    create: Callable[[], T],
    render: Callable[[T], JSON],
) -> None:
    """Create what a request asks for, unless it has been created, and answer the request.

    Args:
        request: the request.
        response: its answer.
        posted: what the request has in its body.
        create: creates it, in one unit of work.
        render: makes the answer of what was created.

    Raises:
        HTTPBadRequest: the request has a key that is none.
        IdempotencyKeyReused: its key was used for another one.
        IdempotentRequestInProgress: somebody else is at it.
    """
    key = read_key(request)
    if key is None:
        response.status = HTTPStatus.CREATED
        response.media = render(create())
        return
    keys: IdempotencyKeys = request.context.idempotency_keys
    answer = keys.begin(_key_id(request, key), _fingerprint(request, posted))
    request.context.given_again = isinstance(answer, Answer)
    if not isinstance(answer, Answer):
        with ExitStack() as unless_answered:
            unless_answered.callback(keys.abandon, answer)
            answer = _attempted(keys, answer, create, render)
            unless_answered.pop_all()
    response.status = HTTPStatus(answer.status)
    # The text is what is sent; what it means is for whoever counts and logs.
    response.text, response.media = answer.text, json.loads(answer.text)
    note_fault(request, response.media)


def _attempted(
    keys: IdempotencyKeys, attempt: Attempt, create: Callable[[], T], render: Callable[[T], JSON]
) -> Answer:
    """Create what is asked for, and return the answer, which is stored."""
    stored: list[tuple[T, Answer]] = []

    def answer(created: T) -> Answer:
        stored.append((created, _answer(HTTPStatus.CREATED, render(created))))
        return stored[-1][1]

    try:
        with keys.settling(attempt, answer):
            created = create()
    except FreeholdError as error:
        if (
            error.status == HTTPStatus.BAD_REQUEST
            or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            raise
        refusal = _answer(error.status, fault_of(error))
        keys.refuse(attempt, refusal)
        return refusal
    # A unit that was run several times may have returned what an earlier run had created.
    return next((text for one, text in stored if one is created), None) or _answer(
        HTTPStatus.CREATED, render(created)
    )


def _answer(status: HTTPStatus, media: JSON) -> Answer:
    return Answer(int(status), json.dumps(media))


def _key_id(request: Request, key: str) -> str:
    """Return what a key is known by; a digest, since its parts may be of any length."""
    caller = caller_of(request)
    whose = [project_of(request), caller.user_id]
    whose += [*sorted(caller.roles), "", *sorted(caller.service_roles)]
    return _digest([whose, request.method, request.path, key])


def _fingerprint(request: Request, posted: Posted) -> str:
    """Return what tells a request from others: its query, and its body but for spelling."""
    return _digest([request.query_string, posted.bulk, [dict(item) for item in posted.items]])


def _digest(parts: list[object]) -> str:
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _no_key(reason: str) -> HTTPBadRequest:
    return HTTPBadRequest(f"Invalid input for {HEADER}. Reason: {reason}.")
