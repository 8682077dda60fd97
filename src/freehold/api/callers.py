"""In whose name a request is made.

Headers say it, those that keystonemiddleware sets. With authentication they are
Freehold's own making (`freehold.api.authentication`). Without it they are a proxy's, and
as with Neutron's ``noauth``, whoever sends no roles is an administrator. A header's
name of a role is the same in capitals.

Source: keystonemiddleware, *What we add to the request for use by the OpenStack service*.
"""

from dataclasses import dataclass

from falcon import Request

from freehold.api.refusals import HTTPBadRequest
from freehold.api.texts import is_storable

ROLES_HEADER = "X-Roles"
SERVICE_ROLES_HEADER = "X-Service-Roles"
PROJECT_HEADER = "X-Project-Id"
USER_HEADER = "X-User-Id"
ADMIN_PROJECT_HEADER = "X-Is-Admin-Project"

ADMIN_ROLE = "admin"

LONGEST_PROJECT_ID = 255

EVERY_ROLE = frozenset({"admin", "manager", "member", "reader", "service"})
"""The roles of whoever comes without authentication."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        is_admin: whether what is kept for administrators may be done.
        project_id: the project; empty for none.
        user_id: the user; empty for none.
        roles: what the user is in the project, in small letters, implied roles among them.
        service_roles: what the service is that asks for the user, likewise.
        is_admin_project: whether the cloud's administrators are at home in the project.
    """

    is_admin: bool
    project_id: str = ""
    user_id: str = ""
    roles: frozenset[str] = EVERY_ROLE
    service_roles: frozenset[str] = frozenset()
    is_admin_project: bool = True

    def credentials(self) -> dict[str, object]:
        """Return what rules can ask of the caller, as oslo.policy wants it.

        Whoever has no project owns nothing, not even what belongs to nobody.
        """
        known: dict[str, object] = {
            "roles": sorted(self.roles),
            "service_roles": sorted(self.service_roles),
            "is_admin_project": self.is_admin_project,
        }
        named = {"project_id": self.project_id, "user_id": self.user_id}
        return {**known, **{name: value for name, value in named.items() if value}}


def caller_of(request: Request) -> Caller:
    """Return who makes a request, by its headers; a rule may say otherwise who is an administrator.

    Raises:
        HTTPBadRequest: a header has what cannot be stored.
    """
    anybody = request.get_header(ROLES_HEADER) is None
    known = EVERY_ROLE if anybody else _roles(request, ROLES_HEADER)
    return Caller(
        is_admin=ADMIN_ROLE in known,
        project_id=_text(request, PROJECT_HEADER),
        user_id=_text(request, USER_HEADER),
        roles=known,
        service_roles=_roles(request, SERVICE_ROLES_HEADER),
        is_admin_project=request.get_header(ADMIN_PROJECT_HEADER, default="").lower() != "false",
    )


def _roles(request: Request, header: str) -> frozenset[str]:
    return frozenset(role.strip().lower() for role in _decoded(request, header).split(",")) - {""}


def _text(request: Request, header: str) -> str:
    text = _decoded(request, header)
    if len(text) > LONGEST_PROJECT_ID or not is_storable(text):
        raise HTTPBadRequest(
            detail=f"The header {header} is longer than {LONGEST_PROJECT_ID} characters "
            "or has a NUL."
        )
    return text


def _decoded(request: Request, header: str) -> str:
    try:
        # WSGI hands each byte of a header over as the Latin-1 character of its value.
        return request.get_header(header, default="").encode("latin-1").decode()
    except UnicodeError as error:
        raise HTTPBadRequest(detail=f"The header {header} is not UTF-8.") from error
