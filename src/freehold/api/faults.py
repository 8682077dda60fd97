"""From an exception to an answer: the only such place.

Clients show ``message``, and programs look at ``type``; both are kept as
Neutron has them. What Freehold knows beyond that is in ``detail`` and, as
data, in ``refusals``. An unexpected exception tells the client nothing but
that it happened.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import falcon
from falcon import App, Request, Response
from neutron_lib import exceptions as neutron_errors

from freehold.api.refusals import UNREADABLE, HTTPUnauthorized
from freehold.errors import FreeholdError, Reason, Refusal
from freehold.words import Word

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "1"

INTERNAL_ERROR = "Request Failed: internal server error while processing your request."

_TYPES = {
    HTTPStatus.BAD_REQUEST: ("HTTPBadRequest", UNREADABLE),
    HTTPStatus.NOT_FOUND: ("HTTPNotFound", "The resource could not be found."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("HTTPMethodNotAllowed", UNREADABLE),
}
"""The type and message of what Falcon refuses by itself, by status."""

_NEUTRON_STATUSES = (
    (neutron_errors.NotFound, HTTPStatus.NOT_FOUND),
    (neutron_errors.Conflict, HTTPStatus.CONFLICT),
    (neutron_errors.InUse, HTTPStatus.CONFLICT),
)


def install_faults(app: App[Request, Response]) -> None:
    """Give an app its answers to exceptions."""
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _refused_by_falcon)
    app.add_error_handler(neutron_errors.NeutronException, _refused_by_neutron_lib)
    app.add_error_handler(FreeholdError, _refused)


def _refused(request: Request, response: Response, error: FreeholdError, _params: Any) -> None:
    _note(request, type(error).__name__, error.refusals)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s: %s", Word(type(error).__name__), error.message)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.set_header("Retry-After", RETRY_AFTER_SECONDS)
    if isinstance(error, HTTPUnauthorized):
        request.context.refused_login = error.login
        response.set_header("WWW-Authenticate", error.challenge)
    _tell(response, error.status, fault_of(error))


def fault_of(error: FreeholdError) -> dict[str, object]:
    """Return what a client is told of a refusal."""
    return _fault(type(error).__name__, error.message, error.detail, error.refusals)


def _refused_by_falcon(
    request: Request, response: Response, error: falcon.HTTPError, _params: Any
) -> None:
    status = HTTPStatus(error.status_code)
    name, message = _TYPES.get(status, (f"HTTP{status.phrase.replace(' ', '')}", UNREADABLE))
    response.set_headers(error.headers or {})
    _answer(request, response, status, name, message, error.description or "")


def _refused_by_neutron_lib(
    request: Request, response: Response, error: Exception, _params: Any
) -> None:
    # Nothing of neutron-lib's is called but to read what a client sent.
    status = next(
        (status for kind, status in _NEUTRON_STATUSES if isinstance(error, kind)),
        HTTPStatus.BAD_REQUEST,
    )
    _answer(request, response, status, type(error).__name__, str(error))


def _unexpected(request: Request, response: Response, error: Exception, _params: Any) -> None:
    log.error("%s failed", request.context.request_id, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    _answer(request, response, status, "HTTPInternalServerError", INTERNAL_ERROR)


def _answer(
    request: Request,
    response: Response,
    status: HTTPStatus,
    name: str,
    message: str,
    detail: str = "",
) -> None:
    _note(request, name)
    _tell(response, status, _fault(name, message, detail))


def _tell(response: Response, status: HTTPStatus, fault: dict[str, object]) -> None:
    # A resource may have said already that its answer is something else.
    response.content_type = falcon.MEDIA_JSON
    response.status = status
    response.media = fault


def note_fault(request: Request, answer: Mapping[str, Any]) -> None:
    """Keep by the request what it was refused for, if that is what an answer tells."""
    fault = answer.get("NeutronError")
    if fault is not None:
        request.context.error_type = fault["type"]
        request.context.reasons = {Reason(one["reason"]) for one in fault.get("refusals", ())}


def _note(request: Request, name: str, refusals: tuple[Refusal, ...] = ()) -> None:
    """Keep by the request what it was refused for, for whoever counts or logs that."""
    request.context.error_type = name
    request.context.reasons = {refusal.reason for refusal in refusals}


def _fault(
    name: str, message: str, detail: str, refusals: tuple[Refusal, ...] = ()
) -> dict[str, object]:
    fault: dict[str, object] = {"type": name, "message": message, "detail": detail}
    if refusals:
        fault["refusals"] = [_render_refusal(refusal) for refusal in refusals]
    return {"NeutronError": fault}


def _render_refusal(refusal: Refusal) -> dict[str, object]:
    return {
        "reason": refusal.reason.value,
        "text": refusal.text,
        "subnet_id": refusal.subnet_id,
        "cidr": refusal.cidr,
        "figures": dict(refusal.figures),
    }
