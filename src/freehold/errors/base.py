"""The root of the tree, and what several themes build upon: a group for each common status.

`BadRequest` and `InvalidInput` are raised as they are, too, wherever a value says
no more than that it cannot be meant.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from freehold.errors.reasons import Refusal


class FreeholdError(Exception):
    """Any refusal or failure of Freehold's.

    Attributes:
        status: the HTTP status that tells it.
        message: one sentence for the client.
        detail: what is known beyond the message; may be empty.
        refusals: what each candidate subnet answered; may be empty.
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, message: str, *, detail: str = "", refusals: Iterable[Refusal] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.refusals = tuple(refusals)
        self.detail = detail or " ".join(refusal.text for refusal in self.refusals)

    def __reduce__(self) -> tuple[object, ...]:
        """Let it come out of another process as it went in, whatever its class is made of."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(
    kind: type[FreeholdError], args: tuple[object, ...], attributes: Mapping[str, object]
) -> FreeholdError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class BadRequest(FreeholdError):
    """The request cannot be meant as it was sent."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, resource: str, reason: str) -> None:
        super().__init__(f"Bad {resource} request: {reason}.")


class InvalidInput(BadRequest):
    """A value is well-formed but not valid where it stands."""

    def __init__(self, reason: str, *, refusals: Iterable[Refusal] = ()) -> None:
        FreeholdError.__init__(self, f"Invalid input for operation: {reason}.", refusals=refusals)


class NotFound(FreeholdError):
    """What the request names does not exist."""

    status = HTTPStatus.NOT_FOUND


class Conflict(FreeholdError):
    """The request is valid and the present state does not allow it."""

    status = HTTPStatus.CONFLICT


class ServiceUnavailable(FreeholdError):
    """Nothing is wrong with the request; it can be sent again later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
