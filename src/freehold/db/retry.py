"""Running a unit of work again when the database says that this may help.

The only place that decides which failures are worth another attempt. A unit
is always run again as a whole: after a deadlock or a lost connection nothing
of its transaction is left.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TypeVar

from oslo_db import exception as db_exc
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from freehold.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

DEADLINE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.5

_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE = 0xFF


class RunAgain(Exception):  # it asks for something, and is no failure
    """Raised by a unit of work that wants to be run again from its beginning."""


@contextmanager
def run_again_if_references_break() -> Iterator[None]:
    """Have the unit run again if a row that it relies on is gone, or has come to be relied on.

    The unit then reads the new state, and decides by that.
    """
    try:
        yield
    except db_exc.DBReferenceError as error:
        raise RunAgain from error


def is_transient(error: Exception) -> bool:
    """Tell whether a unit that failed so may succeed if run again at once."""
    if isinstance(error, RunAgain | db_exc.DBDeadlock | db_exc.DBConnectionError):
        return True
    return _primary_code(_of_sqlite(error)) in _BUSY_CODES


def is_outage(error: Exception) -> bool:
    """Tell whether a failure is the database's, and not of what was asked of it."""
    # SQLite tells of a wrong statement, too, by an operational error.
    if _primary_code(_of_sqlite(error)) == sqlite3.SQLITE_ERROR:
        return False
    return is_transient(error) or isinstance(
        error, OperationalError | PoolTimeout | db_exc.DBNonExistentDatabase
    )


def _of_sqlite(error: Exception) -> sqlite3.OperationalError | None:
    cause = error.orig if isinstance(error, DBAPIError) else None
    return cause if isinstance(cause, sqlite3.OperationalError) else None


def _primary_code(error: sqlite3.OperationalError | None) -> int | None:
    return None if error is None else error.sqlite_errorcode & _PRIMARY_CODE


def _name(error: Exception) -> str:
    """Name an error for the log, by nothing that could hold a stored value."""
    cause = _of_sqlite(error)
    return type(error).__name__ if cause is None else cause.sqlite_errorname


def run(
    attempt: Callable[[], T], random: Random, *, deadline_seconds: float = DEADLINE_SECONDS
) -> T:
    """Run an attempt until it succeeds, fails for good or runs out of time.

    Between two attempts it waits a random time, the longer the more often it
    has failed, so that those who collided do not collide again.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing.
    """
    begun = time.monotonic()
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return attempt()
        except (RunAgain, db_exc.DBError, DBAPIError, PoolTimeout) as error:
            late = time.monotonic() - begun + pause > deadline_seconds
            if late or not is_transient(error):
                if is_outage(error):
                    # No traceback: the error's text can hold what was being stored.
                    log.error("The database failed: %s", _name(error))  # noqa: TRY400
                    raise DatabaseUnavailable from error
                raise
        time.sleep(random.uniform(0, pause))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
