"""Servers that lose their cluster or their primary while units of work run on them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from random import Random
from threading import Event

import pytest
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

from freehold.db.database import Database, Done, Unit
from freehold.db.engine import CONNECT_SECONDS
from freehold.db.retry import LONGEST_PAUSE_SECONDS
from tests.db.test_servers import ANSWER_SECONDS, add, make_tables, note, noted, opened, values
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql_pair import PostgreSQLPair
from tests.servers.preferring import Preferring
from tests.servers.process import HOST

NOT_READY = 1047
CANNOT_COMMIT = {NOT_READY, 1180}
"""Which of them depends on how far the COMMIT had come when the node noticed."""

WHERE = text("SELECT inet_server_port()")


@pytest.fixture
def cluster(breakable_galera: MariaDB) -> Iterator[MariaDB]:
    yield breakable_galera
    breakable_galera.nodes[0].end_isolation()
    breakable_galera.wait_until_whole()


@pytest.fixture
def on_cluster(cluster: MariaDB) -> Iterator[Database]:
    """A database on all nodes that connects to the first one while it can."""
    hosts = [f"{HOST}:{node.port}" for node in cluster.nodes]
    several = make_url(cluster.lasting_database()[0]).set(host=None, port=None)
    url = several.update_query_dict({"host": hosts}).render_as_string(False)
    with opened(url, answer_seconds=15, random=Preferring()) as database:
        database.write(make_tables)
        yield database


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


def code(told: str) -> int:
    """Return the number of an error of MariaDB's."""
    return int(told.strip("(").partition(",")[0])


def cut_off(cluster: MariaDB) -> None:
    """Cut the first node off, and wait until it has noticed."""
    node = cluster.nodes[0]
    node.isolate()
    node.process.wait_until(lambda: node.status("wsrep_cluster_status") == "non-Primary")


def port(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT @@port")).scalar_one()
    return found


def test_a_node_that_lost_its_cluster_is_left_for_another(
    cluster: MariaDB, on_cluster: Database
) -> None:
    first, *others = (node.port for node in cluster.nodes)
    assert on_cluster.read(port) == first
    cut_off(cluster)
    with failures(on_cluster) as seen:
        assert on_cluster.read(values) == [0, 0]
    assert [int(one.strip("(").split(",")[0]) for one in seen] == [NOT_READY]
    assert on_cluster.read(port) in others
    on_cluster.write(lambda unit: add(unit.connection, 1))
    assert on_cluster.read(values) == [1, 0]


def test_a_commit_that_a_node_cannot_pass_on_is_looked_up_and_repeated_elsewhere(
    cluster: MariaDB, on_cluster: Database
) -> None:
    did: list[tuple[str, int]] = []

    def work(unit: Unit) -> str:
        did.append(("run", port(unit.connection)))
        note(unit.connection, 7)
        add(unit.connection, 1)
        if len(did) == 1:
            # It has not noticed when it commits.
            cluster.nodes[0].isolate()
        return "done"

    def look(connection: Connection) -> Done[str] | None:
        found = noted(7)(connection)
        did.append(("look", port(connection)))
        return found

    with failures(on_cluster) as seen:
        assert on_cluster.write(work, look) == "done"
    assert code(seen[0]) in CANNOT_COMMIT
    first, *others = (node.port for node in cluster.nodes)
    assert did[0] == ("run", first)
    what = [kind for kind, _ in did]
    assert what == ["run", *(["look"] * (len(did) - 2)), "run"]
    assert "look" in what
    assert {where for _, where in did[1:]} <= set(others)
    assert on_cluster.read(values) == [1, 0]


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
