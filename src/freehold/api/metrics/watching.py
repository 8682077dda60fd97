"""Reading something slow in a thread of its own, and telling it to whoever asks, in time.

Who scrapes metrics or probes a service is not to wait for a database that hangs, and is
not to keep it busy either, however often he asks.

Invariants: one thread at most is at it; nobody waits longer than a reading may take, and
nobody at all for one that has taken longer than that; the reading takes no more than a
given part of the time.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Generic, TypeVar

from oslo_db.exception import DBError
from sqlalchemy.exc import SQLAlchemyError

from freehold.db import failures
from freehold.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What was read.

    Attributes:
        value: the value.
        begun: when the reading began, by `time.monotonic`.
        seconds: how long it took.
    """

    value: T
    begun: float
    seconds: float

    @property
    def age_seconds(self) -> float:
        """How old it is."""
        return time.monotonic() - self.begun


class Watched(Generic[T]):
    """Something that is read when somebody asks for it, and not too often.

    Args:
        name: what it is, for the log.
        read: reads it; may fail with `DatabaseUnavailable`.
        keep_seconds: how long a reading is good at least.
        limit_seconds: how long to wait for one.
        busy_part: how much of the time may be spent on reading: what took long is good
            for longer.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], T],
        *,
        keep_seconds: float,
        limit_seconds: float,
        busy_part: float = 1.0,
    ) -> None:
        self._name = name
        self._read = read
        self._keep_seconds = keep_seconds
        self._limit_seconds = limit_seconds
        self._busy_part = busy_part
        self._changed = Condition()
        self._begun: float | None = None
        self._last: Reading[T] | None = None

    def ask(self) -> None:
        """Have it read if that is due, and go on meanwhile."""
        with self._changed:
            self._begin_if_due()

    def fresh(self) -> Reading[T] | None:
        """Return a reading that is not too old; None if there is none in time."""
        self._await()
        last = self._last
        return last if last is not None and self._is_good(last) else None

    def latest(self, *, wait: bool) -> Reading[T] | None:
        """Return the last reading that succeeded, however old; None if there was none.

        Args:
            wait: whether to wait for another one if that is due.
        """
        if wait:
            self._await()
        return self._last

    def _await(self) -> None:
        with self._changed:
            self._begin_if_due()
            while self._begun is not None:
                left = self._begun + self._limit_seconds - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)

    def _is_good(self, reading: Reading[T]) -> bool:
        kept = max(self._keep_seconds, reading.seconds / self._busy_part)
        return reading.age_seconds < kept + reading.seconds

    def _begin_if_due(self) -> None:
        if self._begun is None and (self._last is None or not self._is_good(self._last)):
            self._begun = time.monotonic()
            Thread(target=self._work, name=f"watch {self._name}", daemon=True).start()

    def _work(self) -> None:
        begun, reading = time.monotonic(), None
        try:
            value = self._read()
            reading = Reading(value, begun, time.monotonic() - begun)
        except (DatabaseUnavailable, DBError, SQLAlchemyError) as error:
            log.warning("Reading the %s failed: %s", self._name, failures.name(error))
        finally:
            with self._changed:
                self._begun = None
                self._last = reading or self._last
                self._changed.notify_all()
