"""Units of work: all or nothing, also outside of the transaction, also at once."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, Event

import pytest
from oslo_db.exception import DBConnectionError, DBDuplicateEntry, DBReferenceError
from sqlalchemy import Connection, event, text

from freehold.db.database import Database, Unit
from freehold.db.retry import RunAgain, run_again_if_references_break
from freehold.errors import DatabaseUnavailable, NetworkNotFound
from tests.backends import NoPauses
from tests.db.scratch import (
    increment,
    increment_often,
    make_file,
    make_tables,
    note,
    notes,
    orphan,
    read_counter,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make_file(tmp_path / "scratch.sqlite")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url, random=NoPauses())
    yield made
    made.dispose()


def test_a_unit_that_ends_well_is_committed_and_its_answer_returned(
    database: Database, url: str
) -> None:
    assert database.write(increment) == 1
    assert database.read(read_counter) == 1
    other = Database(url)
    assert other.read(read_counter) == 1
    other.dispose()


def test_an_error_undoes_what_was_done_and_comes_out_as_it_is(database: Database) -> None:
    error = NetworkNotFound("n")

    def work(unit: Unit) -> None:
        increment(unit)
        note(unit.connection, "a")
        raise error

    with pytest.raises(NetworkNotFound) as caught:
        database.write(work)
    assert caught.value is error
    assert database.read(read_counter) == 0
    assert notes(database) == []
    assert database.write(increment) == 1


def test_compensations_run_after_an_error_the_last_one_first(database: Database) -> None:
    undone: list[str] = []

    def work(unit: Unit) -> None:
        unit.undo.add("undo one", partial(undone.append, "one"))
        unit.undo.add("undo two", partial(undone.append, "two"))
        raise NetworkNotFound("n")

    with pytest.raises(NetworkNotFound):
        database.write(work)
    assert undone == ["two", "one"]


def test_compensations_do_not_run_after_a_commit(database: Database) -> None:
    undone: list[str] = []

    def work(unit: Unit) -> int:
        unit.undo.add("undo", partial(undone.append, "one"))
        return increment(unit)

    assert database.write(work) == 1
    assert undone == []


@pytest.mark.parametrize("in_memory", [False, True])
def test_compensations_run_after_a_commit_that_fails_and_nothing_is_left(
    database: Database, in_memory: bool
) -> None:
    chosen = Database("sqlite://") if in_memory else database
    if in_memory:
        chosen.write(make_tables)
    undone: list[int] = []

    def work(unit: Unit) -> None:
        increment(unit)
        orphan(unit)
        unit.undo.add("undo", lambda: undone.append(chosen.read(read_counter)))

    with pytest.raises(DBReferenceError):
        chosen.write(work)
    # When the undo ran, the transaction was rolled back already.
    assert undone == [0]
    assert chosen.read(read_counter) == 0
    assert chosen.write(increment) == 1
    if in_memory:
        chosen.dispose()


def test_only_the_last_run_of_a_unit_has_an_effect(database: Database) -> None:
    runs: list[int] = []
    undone: list[int] = []

    def work(unit: Unit) -> int:
        runs.append(len(runs))
        unit.undo.add("undo", partial(undone.append, runs[-1]))
        note(unit.connection, f"run {runs[-1]}")
        if len(runs) < 3:
            raise RunAgain
        return increment(unit)

    assert database.write(work) == 1
    assert runs == [0, 1, 2]
    assert undone == [0, 1]
    assert notes(database) == ["run 2"]


def test_a_reference_that_breaks_makes_the_unit_run_again_on_the_new_state(
    database: Database,
) -> None:
    runs = 0

    def work(unit: Unit) -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            with run_again_if_references_break():
                unit.connection.execute(text("INSERT INTO strict_children VALUES (6)"))
        return increment(unit)

    assert database.write(work) == 1
    assert runs == 2


def test_a_duplicate_is_not_run_again(database: Database) -> None:
    runs = 0

    def work(unit: Unit) -> None:
        nonlocal runs
        runs += 1
        note(unit.connection, "same")
        note(unit.connection, "same")

    with pytest.raises(DBDuplicateEntry):
        database.write(work)
    assert runs == 1
    assert notes(database) == []


def test_a_connection_that_is_lost_at_the_commit_is_not_run_again(database: Database) -> None:
    runs = 0

    def lose(_connection: object) -> None:
        raise DBConnectionError

    def work(unit: Unit) -> None:
        nonlocal runs
        runs += 1
        increment(unit)

    event.listen(database.engine, "commit", lose)
    with pytest.raises(DatabaseUnavailable):
        database.write(work)
    event.remove(database.engine, "commit", lose)
    assert runs == 1
    assert database.read(read_counter) == 0


def test_a_reader_sees_one_state_throughout_and_does_not_wait_for_a_writer(
    database: Database,
) -> None:
    begun, changed = Event(), Event()

    def look(connection: Connection) -> tuple[int, int]:
        before = read_counter(connection)
        begun.set()
        assert changed.wait(10)
        return before, read_counter(connection)

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(database.read, look)
        assert begun.wait(10)
        assert database.write(increment) == 1
        changed.set()
        assert looking.result() == (0, 0)
    assert database.read(read_counter) == 1


def test_a_database_in_memory_is_one_for_all_threads() -> None:
    database = Database("sqlite://")
    database.write(make_tables)
    with ThreadPoolExecutor(8) as threads:
        writing = [threads.submit(database.write, increment) for _ in range(100)]
        reading = [threads.submit(database.read, read_counter) for _ in range(100)]
        more = [threads.submit(database.write, increment) for _ in range(100)]
    assert sorted(one.result() for one in writing + more) == list(range(1, 201))
    assert all(0 <= one.result() <= 200 for one in reading)
    assert database.read(read_counter) == 200
    database.dispose()


def test_writers_in_threads_lose_nothing(database: Database) -> None:
    barrier = Barrier(8)

    def write(_number: int) -> list[int]:
        barrier.wait()
        return [database.write(increment) for _ in range(25)]

    with ThreadPoolExecutor(8) as threads:
        seen = [value for values in threads.map(write, range(8)) for value in values]
    assert sorted(seen) == list(range(1, 201))
    assert database.read(read_counter) == 200


def test_writers_in_processes_lose_nothing(database: Database, url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        seen = [
            value
            for values in processes.map(increment_often, [url] * 3, [40] * 3)
            for value in values
        ]
    assert sorted(seen) == list(range(1, 121))
    assert database.read(read_counter) == 120
