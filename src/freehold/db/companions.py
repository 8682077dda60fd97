"""What goes along with a unit of work that does not know of it.

A request can be one of which more has to be done in the very transaction of its unit:
what it is answered is stored under an idempotency key, or it is only to be told what
would become of it. That is no concern of the unit, nor of what it is called by, so a
*companion* is named for all that a thread does meanwhile. It is called when the unit has
done its work and its transaction is not committed yet; if it raises, nothing of the
unit is left, as if the unit had raised by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection

Companion = Callable[[Connection, object], None]
"""Called with the unit's connection, and with what the unit is about to return."""

_companion: ContextVar[Companion | None] = ContextVar("companion", default=None)


@contextmanager
def accompanied_by(companion: Companion) -> Iterator[None]:
    """Have each unit that writes, and is run in this block, accompanied."""
    before = _companion.set(companion)
    try:
        yield
    finally:
        _companion.reset(before)


def accompany(connection: Connection, answer: object) -> None:
    """Call the companion, if there is one."""
    companion = _companion.get()
    if companion is not None:
        companion(connection, answer)
