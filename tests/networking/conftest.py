"""What the tests of the backend have in common."""

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from freehold.db import schema
from freehold.db.database import Database, Unit
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
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


Twins = tuple[Premises, Premises]


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    """Two backends in memory, each to be made `anew` by who compares what they do."""
    both = Premises(), Premises()
    yield both
    for one in both:
        one.database.dispose()


def anew(premises: Premises) -> Premises:
    """Return a backend as it was made: without rows, and with the same random numbers to come."""
    empty(premises.database)
    surroundings = Surroundings(random=Random(7), now=premises.now)
    premises.backend = Backend(
        premises.database, ReferenceDriver(surroundings), surroundings=surroundings
    )
    return premises


@pytest.fixture(params=["sqlite-memory", "postgresql", "mariadb"])
def premises(request: pytest.FixtureRequest, migrated: Migrated) -> Iterator[Premises]:
    """A backend on a database of each kind, without rows."""
    made = Premises(IN_MEMORY if request.param == "sqlite-memory" else migrated(request.param))
    yield made
    empty(made.database)
    made.database.dispose()
