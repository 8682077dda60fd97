"""The databases that any test can ask for by name.

A server is started when the first test asks for it, and ended after the last
test. Each test has an empty database of its own on it.

Where several processes share the tests, those of one server are one process's,
so that each server is started once; of the others, each file is one process's.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from freehold.ledger.tables import ledger_subnets, past_allocations
from tests.engines import ledger_engines, writing
from tests.servers import mariadb as mariadb_servers
from tests.servers import postgresql as postgresql_servers
from tests.servers import postgresql_pair as postgresql_pairs
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.postgresql_pair import PostgreSQLPair

OpenDatabase = Callable[[str], list[str]]
OpenLedger = Callable[[str], list[Engine]]

SERVERS = ("galera", "mariadb", "postgresql")


class ByServer(LoadScopeScheduling):  # type: ignore[misc]  # it comes without types
    """Gives all tests of a server to one process, and of the others each file."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, rest = nodeid.partition("::")
        given = rest.partition("[")[2]
        return next((server for server in SERVERS if server in given), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    """Say how several processes share the tests."""
    return ByServer(config, log)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One PostgreSQL server."""
    server = postgresql_servers.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """One MariaDB server."""
    server = mariadb_servers.start(1)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def galera() -> Iterator[MariaDB]:
    """Three MariaDB servers that are a Galera cluster."""
    cluster = mariadb_servers.start(3)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def breakable_galera() -> Iterator[MariaDB]:
    """A cluster whose nodes a test may kill, hang or cut off; whole again when the test is over."""
    cluster = mariadb_servers.start(3, provider={**mariadb_servers.FAST, "gcache.size": "128M"})
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def breakable_pair() -> Iterator[PostgreSQLPair]:
    """A primary and a synchronous standby, either of which a test may end; both run afterwards."""
    pair = postgresql_pairs.start("on")
    yield pair
    pair.stop()


@pytest.fixture
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenDatabase]:
    """Make an empty database by its kind, and return its URL; on a cluster that of each node."""
    with ExitStack() as opened:

        def make(kind: str) -> list[str]:
            if kind == "sqlite":
                return [f"sqlite:///{tmp_path / 'freehold.sqlite'}"]
            server: PostgreSQL | MariaDB = request.getfixturevalue(kind)
            return opened.enter_context(server.database())

        yield make


@pytest.fixture(scope="session")
def lasting_ledgers(request: pytest.FixtureRequest) -> OpenLedger:
    """Return the engines, one a node, of a server's one database with the ledger's tables."""

    @cache
    def make(kind: str) -> list[Engine]:
        server: PostgreSQL | MariaDB = request.getfixturevalue(kind)
        return ledger_engines(server.lasting_database())

    return make


@pytest.fixture
def open_ledger(lasting_ledgers: OpenLedger) -> Iterator[OpenLedger]:
    """Return a server's ledger, empty, by its kind; making its tables anew takes its time."""
    used: list[list[Engine]] = []

    def make(kind: str) -> list[Engine]:
        used.append(lasting_ledgers(kind))
        return used[-1]

    yield make
    for engines in used:
        with writing(engines[0]) as connection:
            for table in (ledger_subnets, past_allocations):
                connection.execute(delete(table))
