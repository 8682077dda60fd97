"""Who makes a request: what a client shows, before anything else is done for it.

::

    noauth       nothing: the headers of a proxy are believed (`freehold.api.callers`)
    http_basic   a password, by two files                     (`basic`)
    keystone     a token, by Keystone                         (`keystone`)

Invariant: but for `OPEN_PATHS`, nothing is told to whoever has not shown who it is,
not even which paths there are.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from falcon import Request, Response

from freehold.api import health
from freehold.api.authentication.claims import Environ, NoClaims
from freehold.config import Authentication, AuthStrategy

OPEN_PATHS = frozenset({"/", "/v2.0", "/openapi.json", "/docs", *health.OPEN_PATHS})
"""What is told to everybody: which API this is and whether it is well, and no more.

As with Neutron, clients look at the list of versions before they log in. The
description of the API and its page have no data.
"""


class Authenticator(Protocol):
    """A way to find out who makes a request."""

    def authenticate(self, environ: Environ) -> None:
        """Put into the request who makes it.

        Raises:
            HTTPUnauthorized: whoever it is does not show that.
            AuthenticationUnavailable: it cannot be found out at this moment.
        """


class Entrance:
    """Refuses whoever does not show who it is.

    Args:
        authenticator: finds that out.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def process_request(self, request: Request, _response: Response) -> None:
        """Look at a request, by the path under which it will be routed."""
        if request.path not in OPEN_PATHS:
            self._authenticator.authenticate(request.env)


def authenticated(middleware: Sequence[Any], settings: Authentication) -> list[Any]:
    """Return the middleware of an app with what authentication needs around it.

    What clients say of themselves is forgotten before anything can log it. They are
    asked who they are last, when there is an id and a line in the log for a refusal,
    and the path is as it is routed.

    Raises:
        ConfigurationError: the configuration does not allow to find out who somebody is.
    """
    authenticator = authenticator_of(settings)
    if authenticator is None:
        return [*middleware]
    return [NoClaims(), *middleware, Entrance(authenticator)]


def authenticator_of(settings: Authentication) -> Authenticator | None:
    """Return the configured way to find out who makes a request; None if all are believed.

    Raises:
        ConfigurationError: it cannot work.
    """
    # Neither of them is loaded in vain: what they need is large.
    match AuthStrategy(settings.auth_strategy):
        case AuthStrategy.NOAUTH:
            return None
        case AuthStrategy.HTTP_BASIC:
            from freehold.api.authentication.basic import Basic

            return Basic(settings)
        case AuthStrategy.KEYSTONE:
            from freehold.api.authentication.keystone import Keystone

            return Keystone(settings)
