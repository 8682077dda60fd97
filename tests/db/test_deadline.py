"""What takes too long is ended, and leaves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import falcon.testing
import pytest
from oslo_db.exception import DBConnectionError
from sqlalchemy import Connection, event, text

from freehold.api.app import create_app
from freehold.config import Settings
from freehold.config.times import TimeLimits
from freehold.db import deadline
from freehold.db.database import Database, Done, Unit
from freehold.db.retry import RunAgain
from freehold.errors import ConfigurationError, DatabaseUnavailable, RequestTimedOut
from tests.backends import NoPauses
from tests.conftest import OpenDatabase
from tests.db.scratch import increment, make_file, note, notes

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
SLEEP = {"postgresql": "SELECT pg_sleep(60)", "mariadb": "SELECT SLEEP(60)"}
WAIT_SECONDS = 30


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(make_file(tmp_path / "scratch.sqlite"), random=NoPauses())
    yield made
    made.dispose()


@contextmanager
def writing_elsewhere(database: Database) -> Iterator[None]:
    """Have another thread be in the middle of a unit that writes."""
    begun, end = Event(), Event()

    def work(unit: Unit) -> None:
        begun.set()
        assert end.wait(WAIT_SECONDS)

    thread = Thread(target=database.write, args=(work,))
    thread.start()
    try:
        assert begun.wait(WAIT_SECONDS)
        yield
    finally:
        end.set()
        thread.join()


def test_a_statement_is_ended_when_the_request_has_no_time_left(database: Database) -> None:
    def work(unit: Unit) -> None:
        note(unit.connection, "half")
        unit.connection.execute(text(ENDLESS))

    with deadline.within(0.2), pytest.raises(RequestTimedOut):
        database.write(work)
    assert notes(database) == []
    assert database.write(increment) == 1


def test_no_statement_is_begun_when_the_time_is_over(database: Database) -> None:
    def work(unit: Unit) -> None:
        note(unit.connection, "half")
        deadline.begin(0)
        note(unit.connection, "more")

    with deadline.within(WAIT_SECONDS), pytest.raises(RequestTimedOut):
        database.write(work)
    assert notes(database) == []


def test_a_unit_waits_for_its_turn_no_longer_than_it_has_time(database: Database) -> None:
    with writing_elsewhere(database):
        with deadline.within(0.05), pytest.raises(RequestTimedOut):
            database.write(increment)
        with deadline.within(0.05):
            assert notes(database) == []
    assert database.write(increment) == 1


def test_a_unit_is_not_run_again_when_the_time_is_over(database: Database) -> None:
    runs: list[int] = []

    def work(unit: Unit) -> None:
        runs.append(increment(unit))
        deadline.begin(0)
        raise RunAgain

    with deadline.within(WAIT_SECONDS), pytest.raises(RequestTimedOut):
        database.write(work)
    assert runs == [1]


def test_what_became_of_a_commit_is_looked_up_however_late_it_is(database: Database) -> None:
    def lose(_connection: Connection) -> None:
        deadline.begin(0)
        raise DBConnectionError

    event.listen(database.engine, "commit", lose, once=True)
    with deadline.within(WAIT_SECONDS):
        assert database.write(increment, lambda connection: Done(7)) == 7


def test_the_time_of_one_request_is_not_that_of_the_next(database: Database) -> None:
    with deadline.within(0):
        assert deadline.is_over()
    assert deadline.remaining() is None
    assert database.write(increment) == 1


def test_a_statement_of_sqlite_has_a_time(tmp_path: Path) -> None:
    database = Database(
        make_file(tmp_path / "scratch.sqlite"), statement_seconds=1, random=NoPauses()
    )
    with pytest.raises(DatabaseUnavailable):
        database.read(lambda connection: connection.execute(text(ENDLESS)))
    assert database.write(increment) == 1
    database.dispose()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_statement_of_a_server_has_a_time(open_database: OpenDatabase, kind: str) -> None:
    # The server would be waited for longer than the test is: it is the server that ends it.
    database = Database(open_database(kind)[0], answer_seconds=600, statement_seconds=1)
    with pytest.raises(DatabaseUnavailable):
        database.read(lambda connection: connection.execute(text(SLEEP[kind])).all())
    assert database.read(lambda connection: connection.scalar(text("SELECT 1"))) == 1
    database.dispose()


def test_a_request_that_takes_too_long_is_told_to_come_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'freehold.sqlite'}"
    settings = Settings(database_url=url, times=TimeLimits(request_timeout=1))
    client = falcon.testing.TestClient(create_app(settings))
    elsewhere = Database(url)
    with writing_elsewhere(elsewhere):
        answer = client.simulate_post("/v2.0/networks", json={"network": {"name": "late"}})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["NeutronError"]["type"] == "RequestTimedOut"
    assert client.simulate_get("/v2.0/networks").json == {"networks": []}
    assert deadline.remaining() is None
    elsewhere.dispose()


@pytest.mark.parametrize("name", ["client_socket_timeout", "request_timeout", "statement_timeout"])
@pytest.mark.parametrize("seconds", [0, -1, 3601])
def test_a_time_that_cannot_be_meant_is_refused(name: str, seconds: int) -> None:
    with pytest.raises(ConfigurationError, match=name):
        TimeLimits(**{name: seconds})
