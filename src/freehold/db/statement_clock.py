"""Ending a statement of SQLite's that takes too long, as servers do by themselves.

SQLite calls back while it works on a statement, in the same thread, and ends the statement
if it is told to (``SQLITE_INTERRUPT``). It does not call back in the few steps of a COMMIT.
"""

from sqlite3 import Connection
from threading import local
from time import monotonic

from sqlalchemy import Engine, event

from freehold.db import deadline

STEPS = 500_000
"""How many steps of SQLite's machine lie between two calls: some hundredths of a second.

Fewer would cost more than they are worth: each call waits for Python's lock.
"""


class _Clock(local):
    """When the statement has to end that a thread is at."""

    ends: float | None = None


def install(engine: Engine, seconds: int | None) -> None:
    """Have each statement of an engine's end in time, and with its request's time.

    Args:
        engine: an engine on SQLite.
        seconds: how long one statement may take, the fetching of its rows included;
            None for any time.
    """
    clock = _Clock()

    def is_over() -> bool:
        return deadline.is_over() or (clock.ends is not None and monotonic() > clock.ends)

    @event.listens_for(engine, "connect")
    def call_back(connection: Connection, _record: object) -> None:
        connection.set_progress_handler(is_over, STEPS)

    if seconds is not None:

        @event.listens_for(engine, "before_cursor_execute")
        def start(*_details: object) -> None:
            clock.ends = monotonic() + seconds
