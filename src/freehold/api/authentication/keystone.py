"""Keystone's tokens, which keystonemiddleware checks.

It is asked as it is made to be, as a WSGI application around another one, of which
it does not get to see more than that the request came through. What it answers
otherwise is told in this API's own words.

What it writes into the request is brought into the form in which headers come,
and no token stays there.
"""

import logging
from collections.abc import Iterable
from typing import Any

from keystoneauth1.exceptions import ClientException
from keystonemiddleware.auth_token import AuthProtocol
from keystonemiddleware.exceptions import KeystoneMiddlewareException
from oslo_cache.exception import QueueEmpty

from freehold.api.authentication.claims import (
    PROJECT,
    ROLES,
    SERVICE_ROLES,
    SERVICE_TOKEN,
    USER,
    USER_TOKEN,
    Environ,
    on_the_wire,
)
from freehold.api.logins import RefusedLogin, Why
from freehold.api.refusals import AuthenticationUnavailable, HTTPUnauthorized
from freehold.config import Authentication, AuthStrategy
from freehold.config.authentication import KEYSTONE_GROUP
from freehold.errors import ConfigurationError

log = logging.getLogger(__name__)

LONGEST_TOKEN = 8192

_CONFIRMED = "204 No Content"
_REFUSED = "401"
_STATUS = "HTTP_X_IDENTITY_STATUS"
_READ = (USER, PROJECT, ROLES, SERVICE_ROLES)
_LEFT_BEHIND = (
    USER_TOKEN,
    SERVICE_TOKEN,
    "HTTP_X_SERVICE_CATALOG",
    "keystone.token_auth",
    "keystone.token_info",
)


class Keystone:
    """Lets in whoever sends a token that Keystone knows.

    Args:
        settings: how to ask Keystone.

    Raises:
        ConfigurationError: options are missing, or do not fit together.
    """

    def __init__(self, settings: Authentication) -> None:
        configuration = settings.keystone_configuration()
        try:
            self._middleware = AuthProtocol(_let_through, {"oslo_config_config": configuration})
        except (ClientException, KeystoneMiddlewareException) as error:
            raise ConfigurationError(f"[{KEYSTONE_GROUP}]", str(error).rstrip(".")) from error

    def authenticate(self, environ: Environ) -> None:
        """Find out who makes a request.

        Raises:
            HTTPUnauthorized: there is no token, or not one that Keystone knows.
            AuthenticationUnavailable: Keystone does not answer as it should.
        """
        tokens = (USER_TOKEN, SERVICE_TOKEN)
        shown = bool(environ.get(USER_TOKEN))
        readable = all(_could_be_token(environ.get(name)) for name in tokens)
        if not readable:
            # As if there were none: Keystone need not be asked about it.
            for name in tokens:
                environ.pop(name, None)
        status, headers = self._ask(environ)
        if status.startswith(_REFUSED):
            why = _reason(environ, shown=shown, readable=readable)
            raise HTTPUnauthorized(
                headers.get("WWW-Authenticate", "Keystone"),
                RefusedLogin(AuthStrategy.KEYSTONE, why),
            )
        if status != _CONFIRMED or environ.get(_STATUS) != "Confirmed":
            raise AuthenticationUnavailable
        _tidy(environ)

    def _ask(self, environ: Environ) -> tuple[str, dict[str, str]]:
        """Return status and headers that the middleware answers with."""
        answers: list[tuple[str, dict[str, str]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            answers.append((status, dict(headers)))

        try:
            list(self._middleware(environ, start))
        except (ClientException, QueueEmpty) as error:
            log.error("Keystone cannot be asked: %s", error)  # noqa: TRY400  # nothing of ours
            raise AuthenticationUnavailable from error
        [answer] = answers
        return answer


def _let_through(_environ: Environ, start: Any) -> Iterable[bytes]:
    start(_CONFIRMED, [])
    return []


def _could_be_token(text: object) -> bool:
    if text is None:
        return True
    return (
        isinstance(text, str)
        and len(text) <= LONGEST_TOKEN
        and text.isascii()
        and text.isprintable()
    )


def _reason(environ: Environ, *, shown: bool, readable: bool) -> Why:
    """Return why a request was refused.

    Args:
        environ: as the middleware has left it.
        shown: whether there was a user's token.
        readable: whether what was there could be tokens.
    """
    if not readable:
        return Why.UNREADABLE
    if not shown:
        return Why.NOTHING_SHOWN
    confirmed = environ.get(_STATUS) == "Confirmed"
    return Why.SERVICE_TOKEN_REFUSED if confirmed else Why.TOKEN_REFUSED


def _tidy(environ: Environ) -> None:
    for name in _LEFT_BEHIND:
        environ.pop(name, None)
    for name in [name for name in environ if name.startswith("HTTP_") and environ[name] is None]:
        del environ[name]
    if PROJECT not in environ:
        # Rules are about projects. An administrator of a domain is none of the cloud.
        environ[ROLES] = ""
    for name in _READ:
        if name in environ:
            environ[name] = on_the_wire(str(environ[name]))
