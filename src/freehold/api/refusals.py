"""What the HTTP face itself refuses, before a service has a say.

::

    FreeholdError
    └── HTTPRefusal
        ├── HTTPBadRequest                400
        ├── QuotaMissingTenant            400
        ├── HTTPUnauthorized              401
        ├── HTTPNotAcceptable             406
        ├── HTTPRequestEntityTooLarge     413
        ├── HTTPUnsupportedMediaType      415
        └── AuthenticationUnavailable     503

The class names are the types that clients know from Neutron, which takes them
from WebOb.
"""

from http import HTTPStatus

from freehold.api.logins import RefusedLogin
from freehold.errors import FreeholdError

UNREADABLE = (
    "The server could not comply with the request since it is either malformed or otherwise "
    "incorrect."
)


class HTTPRefusal(FreeholdError):
    """A request that is refused for what it is as an HTTP request."""


class HTTPBadRequest(HTTPRefusal):
    """The request cannot be read, or says what no request can say."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str = UNREADABLE, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)


class QuotaMissingTenant(HTTPRefusal):
    """The request names no project, and asks which it is."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self) -> None:
        super().__init__("Tenant-id was missing from quota request.")


class HTTPUnauthorized(HTTPRefusal):
    """Whoever asks does not show who it is.

    Args:
        challenge: the value of ``WWW-Authenticate``, which says how that is done.
        login: what is known of it, for the log and the counts; clients are not told.
    """

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, challenge: str, login: RefusedLogin) -> None:
        super().__init__("The request you have made requires authentication.")
        self.challenge = challenge
        self.login = login


class HTTPNotAcceptable(HTTPRefusal):
    """The client does not accept JSON, and there is nothing else."""

    status = HTTPStatus.NOT_ACCEPTABLE

    def __init__(self) -> None:
        super().__init__(UNREADABLE, detail="Answers are application/json.")


class HTTPRequestEntityTooLarge(HTTPRefusal):
    """The body is longer than the operator allows."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(
            "The body of your request was too large for this server.",
            detail=f"At most {limit} bytes are read.",
        )


class HTTPUnsupportedMediaType(HTTPRefusal):
    """The body says that it is something other than JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, media_type: str) -> None:
        super().__init__(
            f"The request media type {media_type} is not supported by this server.",
            detail="Bodies are application/json.",
        )


class AuthenticationUnavailable(HTTPRefusal):
    """Who asks cannot be found out at this moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("Who you are cannot be checked at this moment; try again.")
