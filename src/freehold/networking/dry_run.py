"""Finding out what would be created, without creating it."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from sqlalchemy import Connection

from freehold.db.companions import accompanied_by

T = TypeVar("T")


class _Over(Exception):  # it is the end that was wanted, and no failure
    """Ends a unit of work that is not to be committed."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer


def rehearse(create: Callable[[], T]) -> T:
    """Do all that creating does, up to the commit, and roll it back.

    An IPAM driver that keeps its books elsewhere holds the addresses for that long, and
    is told to release them: see `freehold.ipam.compensations`.

    Args:
        create: creates something in one unit of work.

    Returns:
        What would have been created.

    Raises:
        FreeholdError: it would have been refused.
    """

    def stop(_connection: Connection, answer: object) -> NoReturn:
        raise _Over(answer)

    with accompanied_by(stop):
        try:
            return create()
        except _Over as over:
            # It is what the unit was about to return.
            answer: T = over.answer  # type: ignore[assignment]  # the companion sees objects only
            return answer
