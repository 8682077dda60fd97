"""Errors about requests, whatever kind of resource they are for: tags, revisions, repetitions."""

from http import HTTPStatus

from freehold.errors.base import Conflict, FreeholdError, NotFound, ServiceUnavailable


class TagNotFound(NotFound):
    """The resource does not have this tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"Tag {tag} could not be found.")


class IdempotentRequestInProgress(Conflict):
    """The same request, under the same idempotency key, is being worked on."""

    def __init__(self) -> None:
        super().__init__("A request with this idempotency key is being processed.")


class RevisionNumberConstraintFailed(FreeholdError):
    """The resource is not at the revision that the client has seen."""

    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self, expected: int | None, current: int) -> None:
        super().__init__(f"Constrained to {expected}, but current revision is {current}")


class IdempotencyKeyReused(FreeholdError):
    """An idempotency key that was used for another request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request.")


class RequestTimedOut(ServiceUnavailable):
    """The request was not done when its time was over, and has changed nothing."""

    def __init__(self) -> None:
        super().__init__("The request took too long and was given up; nothing was changed.")
