"""What happens to each request, whichever resource it is for.

See `freehold.api.app` for the order, and the reason for it.
"""

import logging
import time
import uuid

from falcon import HTTP_METHODS, Request, Response

from freehold.accounts import open_account
from freehold.api.refusals import HTTPBadRequest, HTTPNotAcceptable
from freehold.api.texts import is_storable

log = logging.getLogger(__name__)

REQUEST_ID_HEADER = "x-openstack-request-id"

API_PREFIX = "/v2.0/"

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class RequestIds:
    """Gives each request an id, by which its answer and its log lines are known.

    As oslo.middleware does, each answer has an id of our own making, whatever
    id the client sent.
    """

    def process_request(self, request: Request, _response: Response) -> None:
        """Make the id."""
        request.context.request_id = f"req-{uuid.uuid4()}"

    def process_response(
        self, request: Request, response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """Tell the client."""
        response.set_header(REQUEST_ID_HEADER, request.context.request_id)


class AccessLog:
    """Writes a line about each request: what was asked for, and how it ended.

    The line holds the template of the route instead of the path, and neither
    headers nor bodies, so that nothing a client sends gets into the log.
    """

    def process_request(self, request: Request, _response: Response) -> None:
        """Take the time."""
        request.context.begun = time.perf_counter()
        request.context.account = open_account()

    def process_response(
        self, request: Request, response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """Write the line."""
        log.info(
            "%s %s %s %s %.1f ms",
            request.context.request_id,
            request.method if request.method in HTTP_METHODS else "?",
            request.uri_template or "-",
            response.status_code,
            1000 * (time.perf_counter() - request.context.begun),
        )


class PathSpelling:
    """Lets ``/v2.0/networks/`` and ``/v2.0/networks.json`` mean ``/v2.0/networks``.

    Old clients write so. ``/v2.0/`` itself differs from ``/v2.0`` and stays. Slashes
    too many at the beginning mean nothing to the router, and so to nobody else.
    """

    def process_request(self, request: Request, _response: Response) -> None:
        """Bring the path into the form that the routes have."""
        if _REPLACEMENT in request.path or not is_storable(request.path):
            raise HTTPBadRequest(detail="The path has a NUL, or is not UTF-8.")
        if request.path.startswith("//"):
            request.path = "/" + request.path.lstrip("/")
        if request.path.startswith(API_PREFIX) and request.path != API_PREFIX:
            request.path = request.path.rstrip("/").removesuffix(".json")


class OnlyJson:
    """Refuses a client of the API that accepts no JSON."""

    def process_request(self, request: Request, _response: Response) -> None:
        """Look at the Accept header."""
        wants_api = request.path.startswith(API_PREFIX)
        if wants_api and not request.client_accepts("application/json"):
            raise HTTPNotAcceptable
