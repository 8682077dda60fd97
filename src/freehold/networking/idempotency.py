"""Requests that have one effect, however often they are sent.

A client names a request by a key. The first attempt at it is noted in a unit of its own,
so that others see that it is being worked on. Its answer is stored in the same
transaction as its effect: there is never one without the other, whatever crashes and
whenever. See docs/decisions/0016.

An attempt that came to no end, since its process is gone or has been at it for too
long, is taken over by the next one. Should the former still be alive, it finds so when
it stores its answer, and all that it did is rolled back: to take over too early costs
work, and has no second effect.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from freehold.db.companions import accompanied_by
from freehold.db.database import Database, Done, Unit
from freehold.db.retry import RunAgain
from freehold.errors import IdempotencyKeyReused, IdempotentRequestInProgress
from freehold.ipam.driver import Surroundings
from freehold.networking import lookups
from freehold.networking.ids import new_id
from freehold.networking.processes import may_be_running, this_process
from freehold.networking.store import idempotency as rows
from freehold.networking.store.idempotency import Keyed

LIFETIME = timedelta(hours=24)

PATIENCE = timedelta(seconds=60)
"""How long a request may take until another attempt at it may begin; a unit of work is
given up long before."""

AT_ONCE = 500
"""How many requests are forgotten in one unit of work."""


class Answer(NamedTuple):
    """What a request was answered: an HTTP status, and a JSON text."""

    status: int
    text: str


class Attempt(NamedTuple):
    """The right to have a request's effect.

    Attributes:
        key_id: the digest of whose key it is, for what, and of the key.
        id: what tells it from other attempts at the same request.
    """

    key_id: str
    id: str


class IdempotencyKeys:
    """The requests that were sent with a key.

    Args:
        database: the database.
        surroundings: the sources of time and randomness.
        lifetime: how long a key is known after its first use.
    """

    def __init__(
        self, database: Database, surroundings: Surroundings, lifetime: timedelta = LIFETIME
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._lifetime = lifetime

    def begin(self, key_id: str, fingerprint: str) -> Attempt | Answer:
        """Begin an attempt at a request, unless it has been answered.

        Args:
            key_id: the digest of whose key it is, for what, and of the key.
            fingerprint: the digest of the request.

        Raises:
            IdempotencyKeyReused: the key was used for another request.
            IdempotentRequestInProgress: somebody else is at it.
        """
        attempt = Attempt(key_id, new_id(self._surroundings.random))

        def work(unit: Unit) -> Attempt | Answer:
            now, process = self._surroundings.now(), this_process()
            known = rows.get(unit.connection, key_id)
            if known is not None and known.created_at + self._lifetime < now:
                rows.remove(unit.connection, known)
                known = None
            if known is None:
                new = Keyed(key_id, fingerprint, attempt.id, process, now, now, None, None)
                with _run_again_if_others_begin():
                    rows.add(unit.connection, new)
                return attempt
            if known.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            if known.status is not None:
                return Answer(known.status, known.answer or "")
            if known.begun_at + PATIENCE > now and may_be_running(known.process):
                raise IdempotentRequestInProgress
            if not rows.take_over(unit.connection, known, attempt.id, process, now):
                raise RunAgain
            return attempt

        def look(connection: Connection) -> Done[Attempt | Answer] | None:
            known = rows.get(connection, key_id)
            return Done(attempt) if known is not None and known.attempt == attempt.id else None

        return self._database.write(work, look)

    @contextmanager
    def settling(self, attempt: Attempt, answer: Callable[[Any], Answer]) -> Iterator[None]:
        """Have the unit of work of this block store its answer in its own transaction.

        Args:
            attempt: the attempt.
            answer: makes the answer of what the unit returns.

        Raises:
            IdempotentRequestInProgress: somebody else has taken over.
        """

        def settle(connection: Connection, result: object) -> None:
            _settle(connection, attempt, answer(result))

        with accompanied_by(settle):
            yield

    def refuse(self, attempt: Attempt, answer: Answer) -> None:
        """Store the answer of a request that had no effect.

        Raises:
            IdempotentRequestInProgress: somebody else has taken over.
        """
        self._database.write(
            lambda unit: _settle(unit.connection, attempt, answer),
            lambda connection: _is_settled(connection, attempt),
        )

    def abandon(self, attempt: Attempt) -> None:
        """Forget a request that was not answered, so that it can be sent again at once."""
        self._database.write(
            lambda unit: rows.abandon(unit.connection, attempt.key_id, attempt.id),
            lookups.run_again,
        )

    def forget_expired(self) -> int:
        """Forget some of the keys that are known for long enough; return how many."""
        before = self._surroundings.now() - self._lifetime
        return self._database.write(
            lambda unit: rows.remove_older(unit.connection, before, AT_ONCE), lookups.run_again
        )


def _settle(connection: Connection, attempt: Attempt, answer: Answer) -> None:
    if not rows.settle(connection, attempt.key_id, attempt.id, answer.status, answer.text):
        raise IdempotentRequestInProgress


def _is_settled(connection: Connection, attempt: Attempt) -> Done[None] | None:
    known = rows.get(connection, attempt.key_id)
    settled = known is not None and known.attempt == attempt.id and known.status is not None
    return Done(None) if settled else None


@contextmanager
def _run_again_if_others_begin() -> Iterator[None]:
    """Have the unit run again if the same key has come in meanwhile."""
    try:
        yield
    except DBDuplicateEntry as error:
        raise RunAgain from error
