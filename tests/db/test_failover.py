"""PostgreSQL loses its primary while units of work run on it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from random import Random
from threading import Event

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

from freehold.db.database import Database, Unit
from freehold.db.engine import CONNECT_SECONDS
from freehold.db.retry import LONGEST_PAUSE_SECONDS
from tests.db.test_servers import ANSWER_SECONDS, add, make_tables, opened, values
from tests.servers.postgresql_pair import PostgreSQLPair

WHERE = text("SELECT inet_server_port()")


@pytest.fixture
def pair(breakable_pair: PostgreSQLPair) -> Iterator[PostgreSQLPair]:
    yield breakable_pair
    breakable_pair.rejoin()


class Pauses(Random):
    """Randomness that tells when units have been run again often.

    Attributes:
        often: set when the pause between two runs of a unit does not grow any more.
    """

    def __init__(self) -> None:
        super().__init__(1)
        self.often = Event()

    def uniform(self, a: float, b: float) -> float:
        """Make no pause."""
        if b >= LONGEST_PAUSE_SECONDS:
            self.often.set()
        return a


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def on_pair(pair: PostgreSQLPair, pauses: Pauses) -> Iterator[Database]:
    url, _ = pair.lasting_database()
    with opened(url, random=pauses) as database:
        database.write(make_tables)
        # What was committed is safe there, but may not be shown yet, not even the database.
        pair.wait_until_level()
        yield database


@contextmanager
def failures(database: Database) -> Iterator[list[str]]:
    """Collect what the servers and the driver say in the block."""
    seen: list[str] = []

    def collect(context: ExceptionContext) -> None:
        seen.append(str(context.original_exception))

    event.listen(database.engine, "handle_error", collect, insert=True)
    try:
        yield seen
    finally:
        event.remove(database.engine, "handle_error", collect)


def test_a_write_waits_until_the_standby_is_promoted(
    pair: PostgreSQLPair, on_pair: Database, pauses: Pauses
) -> None:
    on_pair.write(lambda unit: add(unit.connection, 1))
    pair.primary.kill()
    on_pair.dispose()
    with pytest.raises(OperationalError) as caught:
        on_pair.engine.connect()
    for told in ("Connection refused", "session is read-only"):
        assert told in str(caught.value)
    with ThreadPoolExecutor(1) as threads:
        pauses.often.clear()
        written = threads.submit(on_pair.write, lambda unit: add(unit.connection, 1))
        try:
            assert pauses.often.wait(30)
        finally:
            pair.promote()
        written.result()
    assert on_pair.read(values) == [2, 0]


def test_a_session_of_a_server_that_became_a_standby_is_left_for_the_primary(
    pair: PostgreSQLPair, on_pair: Database
) -> None:
    on_pair.write(lambda unit: add(unit.connection, 1))
    pair.primary.shut_down()
    pair.promote()
    pair.rejoin()
    with failures(on_pair) as seen:
        on_pair.write(lambda unit: add(unit.connection, 1))
        [address] = on_pair.read(lambda connection: connection.scalars(WHERE).all())
    assert address == pair.primary.port
    assert on_pair.read(values) == [2, 0]
    assert seen


def test_a_primary_that_hangs_is_left_when_the_standby_is_promoted(
    pair: PostgreSQLPair, on_pair: Database
) -> None:
    runs: list[float] = []

    def work(unit: Unit) -> None:
        runs.append(time.monotonic())
        add(unit.connection, 1)
        if len(runs) == 1:
            hung.enter_context(pair.primary.process.hung())
            pair.promote()
        add(unit.connection, 2)

    with ExitStack() as hung:
        on_pair.write(work)
        waited = time.monotonic() - runs[0]
        # It is fenced before it can come to itself.
        pair.standby.kill()
    assert len(runs) == 2
    assert waited < ANSWER_SECONDS + CONNECT_SECONDS + 5
    assert on_pair.read(values) == [1, 1]
