"""What a request says of who makes it, as the rest of the API reads it.

These are the headers that keystonemiddleware sets: as they come over the wire they
are claims, and anybody can make them. Where Freehold authenticates, it forgets all
of them first, and then makes those that it found to be true.

Invariant: with authentication, a request without identity has no roles. (Without it,
a request that names no roles is an administrator's.)
"""

from collections.abc import Iterable

from falcon import Request, Response

from freehold.api import callers

Environ = dict[str, object]
"""What WSGI tells of a request."""

AUTHORIZATION = "HTTP_AUTHORIZATION"
USER_TOKEN = "HTTP_X_AUTH_TOKEN"  # noqa: S105  # the name of a header
SERVICE_TOKEN = "HTTP_X_SERVICE_TOKEN"  # noqa: S105  # the name of a header

_KEPT = ("HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN", "HTTP_X_OPENSTACK_REQUEST_ID")
_KEPT_BEGINNING = "HTTP_X_FORWARDED_"
"""Headers that begin with ``X-`` and say nothing that is believed of who it is."""

_OTHERS = frozenset({"HTTP_OPENSTACK_SYSTEM_SCOPE", "REMOTE_USER", "AUTH_TYPE"})


def variable(header: str) -> str:
    """Return what WSGI calls a header; ``X_Roles`` comes under the same name as ``X-Roles``."""
    return f"HTTP_{header.upper().replace('-', '_')}"


ROLES = variable(callers.ROLES_HEADER)
SERVICE_ROLES = variable(callers.SERVICE_ROLES_HEADER)
PROJECT = variable(callers.PROJECT_HEADER)
USER = variable(callers.USER_HEADER)


class NoClaims:
    """Forgets what a client says of itself."""

    def process_request(self, request: Request, _response: Response) -> None:
        """Leave nobody with nothing."""
        forget_claims(request.env)


def forget_claims(environ: Environ) -> None:
    """Have a request be made by somebody without identity and without roles."""
    for name in [name for name in environ if _is_claim(name)]:
        del environ[name]
    environ[ROLES] = ""


def _is_claim(name: str) -> bool:
    if name in _OTHERS:
        return True
    beginning = name.startswith("HTTP_X_")
    return beginning and name not in _KEPT and not name.startswith(_KEPT_BEGINNING)


def identify(environ: Environ, *, user_id: str, project_id: str, roles: Iterable[str]) -> None:
    """Have a request be made by a user in the name of a project."""
    environ[USER] = on_the_wire(user_id)
    environ[PROJECT] = on_the_wire(project_id)
    environ[ROLES] = on_the_wire(",".join(roles))


def on_the_wire(text: str) -> str:
    """Return a text as WSGI hands a header over: each byte of its UTF-8 is a character."""
    return text.encode().decode("latin-1")
