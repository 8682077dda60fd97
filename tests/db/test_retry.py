"""Which failures are worth another attempt, for how long, and what is told of them."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from threading import Semaphore, Thread

import pytest
from oslo_db.exception import DBDuplicateEntry, DBError
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from freehold.db import retry
from freehold.db.database import Database, Unit
from freehold.db.retry import RunAgain
from freehold.errors import DatabaseUnavailable, NetworkNotFound
from tests.backends import NoPauses
from tests.db.scratch import increment, make_file, note, read_counter

SECRET = "hunter2-do-not-log"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scratch.sqlite"


class Telling(NoPauses):
    """Tells of each pause that it is asked for."""

    def __init__(self, told: Semaphore) -> None:
        super().__init__(1)
        self._semaphore = told
        self.told = 0

    def uniform(self, a: float, b: float) -> float:
        self.told += 1
        self._semaphore.release()
        return super().uniform(a, b)


def impatient_database(url: str, pauses: Random) -> Database:
    """Return a database whose connections wait for a lock for a moment only."""
    database = Database(url, random=pauses)

    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 20")

    event.listen(database.engine, "connect", hurry)
    return database


@pytest.fixture
def impatient(path: Path) -> Iterator[Database]:
    database = impatient_database(make_file(path), NoPauses())
    yield database
    database.dispose()


class Attempts:
    """Fails a number of times, and counts."""

    def __init__(self, failures: int, error: Callable[[], Exception] = RunAgain) -> None:
        self.made = 0
        self._failures = failures
        self._error = error

    def __call__(self) -> int:
        self.made += 1
        if self.made <= self._failures:
            raise self._error()
        return self.made


class Pauses(Random):
    """Remembers the longest pauses that it was asked for, and makes them none."""

    def __init__(self) -> None:
        super().__init__(1)
        self.longest: list[float] = []

    def uniform(self, a: float, b: float) -> float:
        assert a == 0
        self.longest.append(b)
        return 0.0


def test_an_attempt_that_succeeds_is_the_only_one() -> None:
    attempts, pauses = Attempts(0), Pauses()
    assert retry.run(attempts, pauses) == 1
    assert pauses.longest == []


def test_each_pause_may_be_twice_as_long_as_the_one_before_up_to_a_bound() -> None:
    pauses = Pauses()
    assert retry.run(Attempts(9), pauses) == 10
    assert pauses.longest == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]


def test_asking_to_run_again_for_too_long_is_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    attempts = Attempts(10**9)
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as error:
        retry.run(attempts, NoPauses(), deadline_seconds=0.6)
    assert time.monotonic() - begun < 5
    assert attempts.made > 1
    assert isinstance(error.value.__cause__, RunAgain)
    assert error.value.message == "The database is not available at the moment; try again."
    assert [record.getMessage() for record in caplog.records] == ["The database failed: RunAgain"]


def test_without_time_there_is_one_attempt() -> None:
    attempts = Attempts(1)
    with pytest.raises(DatabaseUnavailable):
        retry.run(attempts, NoPauses(), deadline_seconds=0)
    assert attempts.made == 1


@pytest.mark.parametrize(
    "error", [lambda: NetworkNotFound("n"), KeyError, DBDuplicateEntry, DBError]
)
def test_other_failures_come_out_at_once(error: Callable[[], Exception]) -> None:
    attempts = Attempts(1, error)
    with pytest.raises((NetworkNotFound, KeyError, DBError)) as caught:
        retry.run(attempts, NoPauses())
    assert not isinstance(caught.value, DatabaseUnavailable)
    assert attempts.made == 1


def test_a_locked_database_is_tried_again_until_it_is_released(path: Path) -> None:
    url = make_file(path)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE counters SET value = 41")
        turned_away = Semaphore(0)
        pauses = Telling(turned_away)
        database = impatient_database(url, pauses)

        def release() -> None:
            for _ in range(2):
                assert turned_away.acquire(timeout=20)
            other.execute("COMMIT")

        thread = Thread(target=release)
        thread.start()
        assert database.write(increment) == 42
        thread.join()
    assert pauses.told >= 2
    assert database.read(read_counter) == 42
    database.dispose()


def test_a_database_that_stays_locked_is_unavailable_after_the_deadline(
    impatient: Database, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = 0

    def write() -> int:
        nonlocal attempts
        attempts += 1
        with impatient._transaction(True) as connection:
            note(connection, SECRET)
            return read_counter(connection)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailable) as error:
            retry.run(write, NoPauses(), deadline_seconds=0.2)
        assert time.monotonic() - begun < 5
        assert attempts > 2
        assert retry.run(lambda: impatient.read(read_counter), NoPauses()) == 0
        other.execute("ROLLBACK")
    assert SECRET not in f"{error.value} {error.value.detail} {error.value.__cause__}"
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is None
    assert write() == 0


def test_a_wrong_statement_is_no_outage(impatient: Database) -> None:
    def run(statement: str, connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    for statement in ("SELECT nothing FROM counters", "CREATE TABLE notes (id INTEGER)", "SELEC"):
        with pytest.raises((OperationalError, DBError)):
            impatient.read(partial(run, statement))


def test_a_file_that_is_no_database_is_unavailable_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder.sqlite").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'folder.sqlite'}", random=NoPauses())
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        database.read(read_counter)
    with pytest.raises(DatabaseUnavailable):
        database.write(increment)
    assert time.monotonic() - begun < 5
    database.dispose()


def test_neither_an_error_nor_the_log_holds_what_was_to_be_stored(
    impatient: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def twice(unit: Unit) -> None:
        note(unit.connection, SECRET)
        note(unit.connection, SECRET)

    with caplog.at_level(logging.DEBUG), pytest.raises(DBDuplicateEntry) as duplicate:
        impatient.write(twice)

    def missing(unit: Unit) -> None:
        note(unit.connection, SECRET)
        unit.connection.exec_driver_sql("INSERT INTO nowhere VALUES (?)", (SECRET,))

    with caplog.at_level(logging.DEBUG), pytest.raises(DBError) as unknown:
        impatient.write(missing)
    for error in (duplicate.value, unknown.value):
        told: BaseException | None = error
        while told is not None:
            assert SECRET not in f"{told} {told!r}"
            told = told.__cause__ or told.__context__
    assert SECRET not in caplog.text
