"""What happens to each request, whichever resource it is for.

See `freehold.api.app` for the order, and the reason for it.
"""

import uuid

from falcon import Request, Response

from freehold.api.refusals import HTTPBadRequest, HTTPNotAcceptable
from freehold.api.texts import is_storable
from freehold.logs.requests import Current, current, global_id

REQUEST_ID_HEADER = "x-openstack-request-id"

API_PREFIX = "/v2.0/"

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class RequestIds:
    """Gives each request an id, by which its answer and its log lines are known.

    As oslo.middleware does, each answer has an id of our own making. One that the client
    sent, for what it does on several services, is known to the log beside it.
    """

    def process_request(self, request: Request, _response: Response) -> None:
        """Make the id."""
        request_id = f"req-{uuid.uuid4()}"
        request.context.request_id = request_id
        sent = global_id(request.get_header(REQUEST_ID_HEADER))
        current.set(Current(request_id, sent, request.env))

    def process_response(
        self, request: Request, response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """Tell the client."""
        response.set_header(REQUEST_ID_HEADER, request.context.request_id)
        current.set(None)


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
