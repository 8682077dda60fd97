"""What is kept for administrators: the only place where that is decided for what has no owner."""

from falcon import Request

from freehold.api.callers import caller_of
from freehold.errors import PolicyNotAuthorized


def require_administrator(request: Request, rule: str) -> None:
    """Make sure that a request is an administrator's.

    Args:
        request: the request.
        rule: the name that Neutron's policy has for what is asked.

    Raises:
        PolicyNotAuthorized: it is not.
    """
    if not caller_of(request).is_admin:
        raise PolicyNotAuthorized(f"rule:{rule}")
