"""What the tests of the backend have in common."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from freehold.db import schema
from freehold.db.database import Database, Unit
from tests.backends import IN_MEMORY, Premises

if TYPE_CHECKING:
    from tests.servers.mariadb import MariaDB
    from tests.servers.postgresql import PostgreSQL

Migrated = Callable[[str], str]


@pytest.fixture(scope="session")
def migrated(request: pytest.FixtureRequest) -> Migrated:
    """Return the URL of a server's one database for these tests: migrating takes its time."""

    @cache
    def make(kind: str) -> str:
        server: PostgreSQL | MariaDB = request.getfixturevalue(kind)
        [url] = server.lasting_database()
        return url

    return make


def empty(database: Database) -> None:
    """Delete each row of each table."""

    def work(unit: Unit) -> None:
        for metadata in schema.METADATA:
            for table in reversed(metadata.sorted_tables):
                unit.connection.execute(delete(table))

    database.write(work)


@pytest.fixture(params=["sqlite-memory", "postgresql", "mariadb"])
def premises(request: pytest.FixtureRequest, migrated: Migrated) -> Iterator[Premises]:
    """A backend on a database of each kind, without rows."""
    made = Premises(IN_MEMORY if request.param == "sqlite-memory" else migrated(request.param))
    yield made
    empty(made.database)
    made.database.dispose()
