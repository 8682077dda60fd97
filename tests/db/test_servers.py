"""Real servers that refuse, hang, end a session, or hold a lock that somebody else waits for."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, event, make_url, text

from freehold.db.database import Database, Done, Unit
from freehold.db.engine import CONNECT_SECONDS
from freehold.errors import DatabaseUnavailable
from tests.backends import NoPauses
from tests.conftest import OpenDatabase
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.preferring import Preferring
from tests.servers.process import HOST, Process, free_ports

ANSWER_SECONDS = 3
KINDS = ["postgresql", "mariadb", "galera"]
TABLES = (
    "CREATE TABLE counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO counters VALUES (1, 0)",
    "INSERT INTO counters VALUES (2, 0)",
    "CREATE TABLE notes (id INTEGER PRIMARY KEY)",
)
END_ALL_OTHERS = {
    "postgresql": (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ),
    "mysql": (
        "SELECT CONCAT('KILL ', id) FROM information_schema.processlist "
        "WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def urls(kind: str, open_database: OpenDatabase) -> list[str]:
    return open_database(kind)


@pytest.fixture
def database(urls: list[str]) -> Iterator[Database]:
    with opened(urls[0]) as made:
        made.write(make_tables)
        yield made


@contextmanager
def opened(
    url: str, answer_seconds: int = ANSWER_SECONDS, random: Random | None = None
) -> Iterator[Database]:
    made = Database(url, answer_seconds=answer_seconds, random=random or NoPauses(3))
    try:
        yield made
    finally:
        made.dispose()


def make_tables(unit: Unit) -> None:
    for statement in TABLES:
        unit.connection.execute(text(statement))


def add(connection: Connection, row: int) -> None:
    connection.execute(text("UPDATE counters SET value = value + 1 WHERE id = :row"), {"row": row})


def values(connection: Connection) -> list[int]:
    return list(connection.scalars(text("SELECT value FROM counters ORDER BY id")))


def note(connection: Connection, number: int) -> None:
    connection.execute(text("INSERT INTO notes VALUES (:number)"), {"number": number})


def noted(number: int) -> Callable[[Connection], Done[str] | None]:
    """Return a lookup for a unit that makes this note."""

    def look(connection: Connection) -> Done[str] | None:
        found = connection.scalars(
            text("SELECT id FROM notes WHERE id = :number"), {"number": number}
        ).all()
        return Done("found") if found else None

    return look


def end_all_others(connection: Connection) -> None:
    """End all other sessions of the database."""
    rows = connection.execute(text(END_ALL_OTHERS[connection.dialect.name])).scalars().all()
    for row in rows if connection.dialect.name == "mysql" else ():
        connection.execute(text(row))


def lose_next_commit(database: Database, *, but_carry_it_out: bool = False) -> None:
    """End the session that commits next, right before that, or before the answer comes."""

    def lose(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if but_carry_it_out:
            # SQLAlchemy knows nothing of it, and finds that its COMMIT of the next one fails.
            driver.commit()
            driver.cursor().execute("SELECT 1")
        with database.engine.connect() as other:
            end_all_others(other)

    event.listen(database.engine, "commit", lose, once=True)


def server_process(request: pytest.FixtureRequest, kind: str) -> Process:
    server: PostgreSQL | MariaDB = request.getfixturevalue(kind)
    return server.process if isinstance(server, PostgreSQL) else server.nodes[0].process


def test_a_statement_sees_what_was_committed_before_it_and_a_reader_one_state(
    database: Database,
) -> None:
    def write(unit: Unit) -> list[list[int]]:
        before = values(unit.connection)
        database.write(lambda other: add(other.connection, 1))
        return [before, values(unit.connection)]

    assert database.write(write) == [[0, 0], [1, 0]]

    def read(connection: Connection) -> list[list[int]]:
        before = values(connection)
        database.write(lambda other: add(other.connection, 1))
        return [before, values(connection)]

    assert database.read(read) == [[1, 0], [1, 0]]


def test_two_units_that_wait_for_each_other_both_get_done(database: Database) -> None:
    both = Barrier(2)
    runs: list[int] = []

    def work(first: int, second: int, unit: Unit) -> None:
        runs.append(first)
        add(unit.connection, first)
        if len(runs) <= 2:
            both.wait(10)
        add(unit.connection, second)

    with ThreadPoolExecutor(2) as threads:
        units = [
            threads.submit(database.write, lambda unit, a=a, b=b: work(a, b, unit))
            for a, b in ((1, 2), (2, 1))
        ]
        assert [unit.result() for unit in units] == [None, None]
    assert len(runs) > 2
    assert database.read(values) == [2, 2]


def test_a_session_that_was_ended_does_not_reach_the_caller(database: Database) -> None:
    ended: list[bool] = []

    def work(unit: Unit) -> None:
        add(unit.connection, 1)
        if not ended:
            ended.append(True)
            with database.engine.connect() as other:
                end_all_others(other)
        add(unit.connection, 2)

    database.write(work)
    assert ended
    assert database.read(values) == [1, 1]


def test_a_commit_that_was_lost_is_looked_up(database: Database) -> None:
    runs: list[int] = []

    def work(unit: Unit) -> str:
        runs.append(1)
        note(unit.connection, 7)
        add(unit.connection, 1)
        return "done"

    lose_next_commit(database)
    assert database.write(work, noted(7)) == "done"
    assert len(runs) == 2
    lose_next_commit(database)
    with pytest.raises(DatabaseUnavailable):
        database.write(lambda unit: add(unit.connection, 1))
    assert database.read(values) == [1, 0]


def test_a_commit_whose_answer_was_lost_is_not_repeated(database: Database) -> None:
    runs: list[int] = []

    def work(unit: Unit) -> str:
        runs.append(1)
        note(unit.connection, 8)
        add(unit.connection, 1)
        return "done"

    lose_next_commit(database, but_carry_it_out=True)
    assert database.write(work, noted(8)) == "found"
    assert len(runs) == 1
    assert database.read(values) == [1, 0]


def test_a_lock_that_is_held_for_long_is_not_waited_for_for_ever(database: Database) -> None:
    waits: list[float] = []

    def work(unit: Unit) -> None:
        begun = time.monotonic()
        try:
            add(unit.connection, 1)
        finally:
            waits.append(time.monotonic() - begun)
            if len(waits) == 1:
                holder.rollback()

    with database.engine.connect() as holder:
        add(holder, 1)
        database.write(work)
    assert len(waits) == 2
    assert waits[0] < ANSWER_SECONDS
    assert database.read(values) == [1, 0]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"], indirect=True)
def test_a_hung_server_does_not_hang_its_caller(
    database: Database, kind: str, request: pytest.FixtureRequest
) -> None:
    waits: list[float] = []

    def work(unit: Unit) -> None:
        add(unit.connection, 1)
        if waits:
            return
        begun = time.monotonic()
        with server_process(request, kind).hung():
            try:
                values(unit.connection)
            finally:
                waits.append(time.monotonic() - begun)

    database.write(work)
    assert ANSWER_SECONDS <= waits[0] < ANSWER_SECONDS + 3
    assert database.read(values) == [1, 0]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"], indirect=True)
def test_a_connection_to_a_hung_server_is_given_up_long_before_an_answer_would_be(
    database: Database, urls: list[str], kind: str, request: pytest.FixtureRequest
) -> None:
    patient = opened(urls[0], answer_seconds=60)
    with patient as new, server_process(request, kind).hung():
        begun = time.monotonic()
        with pytest.raises(Exception, match=r"timeout|timed out|did not answer|Lost connection"):
            new.engine.connect()
        assert time.monotonic() - begun < CONNECT_SECONDS + 5


def test_a_new_connection_has_all_the_time_for_its_answers(open_database: OpenDatabase) -> None:
    [url] = open_database("mariadb")
    with opened(url, answer_seconds=CONNECT_SECONDS + 10) as database:
        pause = text(f"SELECT SLEEP({CONNECT_SECONDS + 1})")
        assert database.read(lambda connection: connection.scalar(pause)) == 0


def test_a_server_that_does_not_greet_is_tried_last_from_then_on(
    mariadb: MariaDB, open_database: OpenDatabase
) -> None:
    [url] = open_database("mariadb")
    with socket.create_server((HOST, 0)) as silent, opened(url) as plain:
        plain.write(make_tables)
        hosts = [f"{HOST}:{silent.getsockname()[1]}", f"{HOST}:{mariadb.nodes[0].port}"]
        several = make_url(url).set(host=None, port=None).update_query_dict({"host": hosts})
        with opened(several.render_as_string(False), random=Preferring()) as database:
            database.write(lambda unit: add(unit.connection, 1))
            # Nobody took the connection off the queue, where a second one would be behind it.
            silent.accept()[0].close()
            database.dispose()
            database.write(lambda unit: add(unit.connection, 1))
            silent.settimeout(0)
            with pytest.raises(BlockingIOError):
                silent.accept()
            assert database.read(values) == [2, 0]


def test_the_server_that_answers_is_found_among_several(urls: list[str]) -> None:
    url = make_url(urls[0])
    [nobody] = free_ports(1)
    hosts = [f"{HOST}:{nobody}", *(f"{HOST}:{make_url(one).port}" for one in urls)]
    with opened(urls[0]) as plain:
        plain.write(make_tables)
    several = url.set(host=None, port=None).update_query_dict({"host": hosts})
    for _ in range(4):
        with opened(several.render_as_string(hide_password=False)) as database:
            database.write(lambda unit: add(unit.connection, 1))
            assert database.read(values)[0] > 0
    with opened(urls[-1]) as plain:
        assert plain.read(values) == [4, 0]


def test_a_node_that_rejects_queries_is_left_for_another(
    galera: MariaDB, open_database: OpenDatabase
) -> None:
    urls = open_database("galera")
    hosts = [f"{HOST}:{make_url(one).port}" for one in urls]
    with opened(urls[0]) as plain:
        plain.write(make_tables)
    several = make_url(urls[0]).set(host=None, port=None).update_query_dict({"host": hosts})
    with galera.nodes[1].connect() as admin, admin.cursor() as cursor:
        # The node takes connections and answers pings, but works on no table.
        cursor.execute("SET GLOBAL wsrep_desync = OFF, GLOBAL wsrep_reject_queries = ALL")
        try:
            for _ in range(6):
                with opened(several.render_as_string(hide_password=False)) as database:
                    database.write(lambda unit: add(unit.connection, 1))
        finally:
            cursor.execute("SET GLOBAL wsrep_reject_queries = NONE")
    with opened(urls[1]) as plain:
        assert plain.read(values) == [6, 0]


def test_a_node_that_hangs_stalls_the_others_and_fails_nothing(
    galera: MariaDB, open_database: OpenDatabase
) -> None:
    urls = open_database("galera")
    hosts = [f"{HOST}:{make_url(one).port}" for one in urls]
    several = make_url(urls[0]).set(host=None, port=None).update_query_dict({"host": hosts})
    with opened(several.render_as_string(hide_password=False), answer_seconds=15) as database:
        database.write(make_tables)
        begun = time.monotonic()
        with galera.nodes[2].process.hung():
            for _ in range(5):
                database.write(lambda unit: add(unit.connection, 1))
        assert time.monotonic() - begun < 45
    galera.nodes[2].process.wait_until(galera.nodes[2].is_synced)
    with opened(urls[2]) as plain:
        assert plain.read(values) == [5, 0]


def test_a_write_at_one_node_is_read_at_once_at_the_next(open_database: OpenDatabase) -> None:
    urls = open_database("galera")
    with opened(urls[0]) as one, opened(urls[1]) as two, opened(urls[2]) as three:
        one.write(make_tables)
        for number in range(1, 61, 2):
            one.write(lambda unit: add(unit.connection, 1))
            assert two.read(values)[0] == number
            two.write(lambda unit: add(unit.connection, 1))
            assert three.read(values)[0] == number + 1


def test_several_nodes_that_count_in_one_row_lose_nothing(open_database: OpenDatabase) -> None:
    urls = open_database("galera")
    with opened(urls[0]) as database:
        database.write(make_tables)

    def count(number: int) -> None:
        with opened(urls[number % 3], answer_seconds=15) as own:
            for _ in range(15):
                own.write(lambda unit: add(unit.connection, 1))

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(count, range(6))) == [None] * 6
    with opened(urls[1]) as database:
        assert database.read(values) == [90, 0]


def test_a_server_that_nobody_started_is_unavailable(tmp_path: Path) -> None:
    [port] = free_ports(1)
    for scheme in ("postgresql+psycopg", "mysql+pymysql"):
        with opened(f"{scheme}://freehold:secret@{HOST}:{port}/nothing") as database:
            with pytest.raises(Exception, match="refused") as caught:
                database.engine.connect()
            assert "secret" not in str(caught.value)
