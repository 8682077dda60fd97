"""By when a request has to be answered, wherever in the database's layers it is by then.

A deadline is set for all that a thread does meanwhile, like a companion
(`freehold.db.companions`): neither a unit of work nor what calls it knows of it. It is
looked at before each attempt of a unit, while a unit waits for its turn and before each
statement; SQLite looks at it while it works on one.

Invariant: a deadline never ends a unit whose COMMIT was asked for, nor the looking up of
what has become of it. So what it ends was not committed, and nothing of it is left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock
from time import monotonic

from freehold.errors import RequestTimedOut

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def begin(seconds: float) -> None:
    """Give this thread so much time from now on."""
    _deadline.set(monotonic() + seconds)


def end() -> None:
    """Give this thread any time again."""
    _deadline.set(None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give what is done in a block so much time, and afterwards what there was before."""
    before = _deadline.get()
    begin(seconds)
    try:
        yield
    finally:
        _deadline.set(before)


def remaining() -> float | None:
    """Return the seconds that are left, 0 or less if none are; None for any number."""
    ends = _deadline.get()
    return None if ends is None else ends - monotonic()


def is_over() -> bool:
    """Tell whether no time is left."""
    left = remaining()
    return left is not None and left <= 0


def check() -> None:
    """Go on only if there is time left.

    Raises:
        RequestTimedOut: there is none.
    """
    if is_over():
        raise RequestTimedOut


@contextmanager
def lifted() -> Iterator[None]:
    """Give what is done in a block any time."""
    before = _deadline.get()
    end()
    try:
        yield
    finally:
        _deadline.set(before)


class Turn:
    """A lock for which a thread waits no longer than it has time; it may take it again."""

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        """Wait for one's turn.

        Raises:
            RequestTimedOut: it has not come in time.
        """
        left = remaining()
        if not self._lock.acquire(timeout=-1 if left is None else max(left, 0)):
            raise RequestTimedOut

    def __exit__(self, *_details: object) -> None:
        """Let the next one have its turn."""
        self._lock.release()
