"""Errors about access: who may do what, and what is shared with whom.

What somebody may not even know of is no error of access: it is not found.
"""

from collections.abc import Iterable
from http import HTTPStatus

from freehold.errors.base import BadRequest, Conflict, FreeholdError, NotFound


class InvalidActionForType(BadRequest):
    """An object of this type cannot be used like this."""

    def __init__(self, action: str, object_type: str, valid: Iterable[str]) -> None:
        FreeholdError.__init__(
            self,
            f"Invalid action '{action}' for object type '{object_type}'. Valid actions: "
            f"{tuple(valid)}",
        )


class RbacPolicyInitError(BadRequest):
    """An object cannot be shared like this."""

    def __init__(self, object_id: str, reason: str) -> None:
        FreeholdError.__init__(
            self, f"Failed to create RBAC policy on object {object_id} because {reason}."
        )


class PolicyNotAuthorized(FreeholdError):
    """Whoever asks may not do this, and may know that."""

    status = HTTPStatus.FORBIDDEN

    def __init__(self, rule: str) -> None:
        super().__init__(f"{rule} is disallowed by policy")


class RbacPolicyNotFound(NotFound):
    """There is no RBAC policy with this id."""

    def __init__(self, policy_id: str) -> None:
        super().__init__(f"RBAC policy of type unknown with ID {policy_id} not found")


class DuplicateRbacPolicy(Conflict):
    """There is an RBAC policy already that says the same."""

    def __init__(self) -> None:
        super().__init__("An RBAC policy already exists with those values.")


class RbacPolicyInUse(Conflict):
    """A project uses what it may use by this RBAC policy only."""

    def __init__(self, object_id: str, details: str) -> None:
        super().__init__(
            f"RBAC policy on object {object_id} cannot be removed because other objects depend on "
            f"it.\nDetails: {details}"
        )
