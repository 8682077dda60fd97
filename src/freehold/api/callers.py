"""In whose name a request is made, as far as the layers below have to know.

There is no authentication yet. As with Neutron's ``noauth``, whoever sends no
roles is an administrator; a proxy that authenticates says the roles in a header,
as keystonemiddleware does.
"""

from dataclasses import dataclass

from falcon import Request

ROLES_HEADER = "X-Roles"
ADMIN_ROLE = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Attributes:
        is_admin: whether what is kept for administrators may be done.
    """

    is_admin: bool


def caller_of(request: Request) -> Caller:
    """Return who makes a request; the names of roles are the same in capitals."""
    roles = request.get_header(ROLES_HEADER)
    if roles is None:
        return Caller(is_admin=True)
    return Caller(is_admin=ADMIN_ROLE in {role.strip().lower() for role in roles.split(",")})
