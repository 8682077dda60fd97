"""Running a unit of work again when the database says that this may help.

Which failures are worth another attempt is said in `freehold.db.failures`. A unit
is always run again as a whole: after a deadlock or a lost connection nothing
of its transaction is left.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TypeVar

from oslo_db import exception as db_exc
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from freehold import accounts
from freehold.db import deadline, failures
from freehold.errors import DatabaseUnavailable, RequestTimedOut

log = logging.getLogger(__name__)

T = TypeVar("T")

DEADLINE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.5


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


def run(
    attempt: Callable[[], T], random: Random, *, deadline_seconds: float = DEADLINE_SECONDS
) -> T:
    """Run an attempt until it succeeds, fails for good or runs out of time.

    Between two attempts it waits a random time, the longer the more often it
    has failed, so that those who collided do not collide again.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing.
        RequestTimedOut: the request's time is over.
    """
    begun = time.monotonic()
    pause = FIRST_PAUSE_SECONDS
    while True:
        deadline.check()
        try:
            with accounts.effects():
                return attempt()
        except (RunAgain, db_exc.DBError, DBAPIError, PoolTimeout) as error:
            late = time.monotonic() - begun + pause > deadline_seconds
            again = isinstance(error, RunAgain)
            if late or not (again or failures.is_transient(error)):
                if again or failures.is_outage(error):
                    if deadline.is_over():
                        raise RequestTimedOut from error
                    # No traceback: the error's text can hold what was being stored.
                    log.error("The database failed: %s", failures.name(error))  # noqa: TRY400
                    raise DatabaseUnavailable from error
                raise
        accounts.run_again()
        time.sleep(random.uniform(0, pause))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
