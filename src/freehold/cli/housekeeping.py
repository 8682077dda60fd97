"""What a serving process does beside serving: it clears away what is old.

A chore is done in units of work that are short, and so often that nothing is
left; several processes may be at it at the same time. It can be left at any
moment, since what is not done yet is done the next time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from threading import Event, Thread

from freehold.config import Settings
from freehold.errors import DatabaseUnavailable
from freehold.ipam.driver import utc_now
from freehold.networking.backend import Backend
from freehold.words import Word

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
"""How long it is from one round to the next, on average."""


@dataclass(frozen=True, slots=True)
class Chore:
    """One thing that is to be cleared away.

    Attributes:
        what: its name, for the log.
        do: clears some of it away, in one unit of work, and returns how many; 0
            when nothing is left.
    """

    what: str
    do: Callable[[], int]


def chores(
    backend: Backend, settings: Settings, now: Callable[[], datetime] = utc_now
) -> tuple[Chore, ...]:
    """Return all that has to be done on a backend."""
    remembered = timedelta(days=settings.history_days)
    return (
        Chore("past holders", lambda: backend.history.forget(now() - remembered)),
        Chore("idempotency keys", backend.idempotency_keys.forget_expired),
        Chore("miscounted quotas", backend.quotas.recount),
    )


def begin(work: Sequence[Chore], stopping: Event, random: Random) -> Thread:
    """Have a thread of this process do the chores.

    Nobody has to wait for its end: the process may end while it is at a unit of
    work, which is then rolled back.

    Args:
        work: the chores.
        stopping: to be set when the process stops.
        random: the source of the pauses.
    """
    thread = Thread(
        target=keep_house, args=(work, stopping, random), name="housekeeping", daemon=True
    )
    thread.start()
    return thread


def keep_house(work: Sequence[Chore], stopping: Event, random: Random) -> None:
    """Do the chores again and again, until the process stops.

    The pauses are random, so that processes that were started together are not
    at it together.
    """
    while not stopping.wait(random.uniform(0, 2 * EVERY_SECONDS)):
        for chore in work:
            _do(chore, stopping)


def _do(chore: Chore, stopping: Event) -> None:
    done = 0
    try:
        while not stopping.is_set() and (count := chore.do()):
            done += count
    except DatabaseUnavailable as error:
        log.warning("Clearing away %s has to wait: %s", Word(chore.what), error)
    if done:
        log.info("Cleared away %s: %d", Word(chore.what), done)
