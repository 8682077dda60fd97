"""Units of work: all of a request's reads and writes, or none of them.

Invariants: a unit is one transaction; whatever it did outside of the
transaction is undone if it does not commit; it may be run more than once,
and only the last run has an effect.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from random import Random
from secrets import SystemRandom
from threading import RLock
from typing import TypeVar

from oslo_db import exception as db_exc
from sqlalchemy import URL, Connection

from freehold.db import retry
from freehold.db.engine import WRITES, is_in_memory, is_sqlite, make_engine
from freehold.errors import DatabaseUnavailable
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


class Database:
    """A database, and how work is done on it.

    Args:
        url: an SQLAlchemy database URL.
        pool_size: how many units can run at once.
        random: the source of the pauses between attempts.
    """

    def __init__(
        self, url: str | URL, *, pool_size: int = 16, random: Random | None = None
    ) -> None:
        self.engine = make_engine(url, pool_size=pool_size)
        self._random = random or SystemRandom()
        # SQLite has one writer at a time: threads of one process queue here,
        # where they are woken at once, and not at SQLite, where they poll.
        # A database in memory has one connection, which readers need as well.
        queue = RLock() if is_sqlite(self.engine.url) else nullcontext()
        self._writers: AbstractContextManager[object] = queue
        self._readers = queue if is_in_memory(self.engine.url) else nullcontext()

    def write(self, work: Callable[[Unit], T]) -> T:
        """Run a unit of work that changes something; commit what it did.

        Args:
            work: called once or more often, each time in a new transaction.

        Raises:
            DatabaseUnavailable: the database failed, and went on failing.
        """

        def attempt() -> T:
            with self._writers, Compensations() as undo, self._transaction(True) as connection:
                return work(Unit(connection, undo))

        return retry.run(attempt, self._random)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a unit of work that only reads, on one consistent state.

        Raises:
            DatabaseUnavailable: the database failed, and went on failing.
        """

        def attempt() -> T:
            with self._readers, self._transaction(False) as connection:
                return work(connection)

        return retry.run(attempt, self._random)

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
                except db_exc.DBConnectionError as error:
                    # It may have been committed: running it again could do it twice.
                    raise DatabaseUnavailable from error
