"""Units of work: all of a request's reads and writes, or none of them.

Invariants: a unit is one transaction; whatever it did outside of the
transaction is undone if it does not commit; it may be run more than once,
and only one run has an effect.

When a connection is lost during COMMIT, nobody knows at first whether that run
had its effect. The unit's own lookup tells, on another connection: it asks for
something that only this unit can have done, such as a row whose id it made up
before the first run. If it finds it, that is the answer. If it does not, the unit
runs again; should the lost COMMIT be carried out only then, the key of that row
makes the new run fail, and it is looked up once more.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from random import Random
from secrets import SystemRandom
from typing import Generic, TypeVar

from oslo_db.exception import DBError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from freehold.db import companions, deadline, failures, retry
from freehold.db.engine import (
    ANSWER_SECONDS,
    WRITES,
    is_in_memory,
    is_sqlite,
    make_engine,
    sqlite_file,
)
from freehold.db.turns import ProcessTurn
from freehold.errors import DatabaseUnavailable, FreeholdError
from freehold.ipam.compensations import Compensations

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a writing unit of work has at hand.

    Attributes:
        connection: the database connection, its transaction begun.
        undo: where effects outside of that transaction register their undo.
    """

    connection: Connection
    undo: Compensations


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What a lookup returns that finds its unit's effect.

    Attributes:
        answer: what the unit returned, or would return now.
    """

    answer: T


Lookup = Callable[[Connection], Done[T] | None]


class OutcomeUnknown(Exception):
    """A COMMIT was asked for, and the answer to it was lost."""


class Database:
    """A database, and how work is done on it.

    Args:
        url: an SQLAlchemy database URL.
        pool_size: how many units can run at once.
        answer_seconds: how long a server may take to answer.
        statement_seconds: how long one statement may take; None for as long as an
            answer.
        random: the source of the pauses between attempts.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        pool_size: int = 16,
        answer_seconds: int = ANSWER_SECONDS,
        statement_seconds: int | None = None,
        random: Random | None = None,
    ) -> None:
        self._random = random or SystemRandom()
        self.engine = make_engine(
            url,
            pool_size=pool_size,
            answer_seconds=answer_seconds,
            statement_seconds=statement_seconds,
            random=self._random,
        )
        self._writers = _queue(self.engine.url)
        # A database in memory has one connection, which readers need as well.
        self._readers = self._writers if is_in_memory(self.engine.url) else nullcontext()

    def write(self, work: Callable[[Unit], T], lookup: Lookup[T] | None = None) -> T:
        """Run a unit of work that changes something; commit what it did.

        Args:
            work: called once or more often, each time in a new transaction.
            lookup: tells, in a transaction that reads, whether a run of the unit
                was committed. Without one, a unit is not run again after a COMMIT
                whose outcome is unknown.

        Raises:
            DatabaseUnavailable: the database failed, and went on failing; or
                it is not known whether the unit was committed.
            RequestTimedOut: the request's time is over; nothing was committed.
        """
        open_ends = 0

        def run() -> T:
            nonlocal open_ends
            with self._writers, Compensations() as undo:
                try:
                    with self._transaction(True) as connection:
                        answer = work(Unit(connection, undo))
                        companions.accompany(connection, answer)
                        return answer
                except OutcomeUnknown as error:
                    open_ends += 1
                    if lookup is None:
                        raise DatabaseUnavailable from error
                    if (done := self._look_up(lookup)) is not None:
                        return done.answer
                    raise retry.RunAgain from error

        def attempt() -> T:
            try:
                return run()
            except (FreeholdError, DBError, DBAPIError, retry.RunAgain):
                # It may be an earlier run's effect that this one has met. What this one
                # did outside of the transaction is undone by now, whoever was first.
                if open_ends and lookup and (done := self._look_up(lookup)) is not None:
                    return done.answer
                raise

        return retry.run(attempt, self._random)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a unit of work that only reads, on one consistent state.

        Raises:
            DatabaseUnavailable: the database failed, and went on failing.
            RequestTimedOut: the request's time is over.
        """

        def attempt() -> T:
            with self._readers, self._transaction(False) as connection:
                return work(connection)

        return retry.run(attempt, self._random)

    def _look_up(self, lookup: Lookup[T]) -> Done[T] | None:
        """Find out whether a run was committed, which has to be known however late it is."""
        with deadline.lifted():
            return self.read(lookup)

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Connection]:
        with self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: writes})
            with connection.begin() as transaction:
                yield connection
                try:
                    transaction.commit()
                except (DBError, DBAPIError) as error:
                    if writes and failures.leaves_commit_open(error):
                        raise OutcomeUnknown from error
                    raise


def _queue(url: URL) -> AbstractContextManager[object]:
    # SQLite has one writer at a time: those that wait queue here, where they are woken
    # at once, and not at SQLite, where they poll.
    if (file := sqlite_file(url)) is not None:
        return ProcessTurn(file)
    return deadline.Turn() if is_sqlite(url) else nullcontext()
