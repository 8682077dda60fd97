"""Indexes are made and dropped in a way that a Galera cluster gets over while it is written to.

``CREATE INDEX`` on a table with foreign keys lets a node that applies several
transactions at once hang for good, and all others with it.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    TextClause,
    create_mock_engine,
    text,
)

from freehold.db import schema
from freehold.db.database import Database, Unit
from freehold.ledger.tables import metadata
from tests.conftest import OpenDatabase
from tests.engines import statements

ROUNDS = 10
INSERT = text(
    "INSERT INTO ledger_subnets (id, project_id, ip_version, cidr)"
    " VALUES (:id, :project_id, 4, '10.0.0.0/24')"
)
COUNT = text("SELECT COUNT(*) FROM ledger_subnets WHERE project_id = :project_id")
"""What goes with each revision of the schema."""


def made_by(tables: MetaData, url: str) -> list[str]:
    told: list[Any] = []
    engine = create_mock_engine(url, lambda one, *_, **__: told.append(one))
    tables.create_all(engine, checkfirst=False)
    return [str(one.compile(dialect=engine.dialect)).strip() for one in told]


def of_indexes(told: Sequence[str]) -> list[str]:
    return [one for one in told if " INDEX " in one.upper()]


def test_the_ledgers_indexes_on_mariadb() -> None:
    told = of_indexes(made_by(metadata, "mysql+pymysql://"))
    assert (
        "ALTER TABLE allocations ADD INDEX ix_allocations_released (subnet_id, released_at)" in told
    )


def test_the_ledgers_indexes_elsewhere() -> None:
    told = of_indexes(made_by(metadata, "postgresql+psycopg://"))
    assert (
        "CREATE INDEX ix_allocations_released ON allocations (subnet_id, released_at)"
        " WHERE released_at IS NOT NULL" in told
    )


@pytest.mark.parametrize("url", ["mysql+pymysql://", "postgresql+psycopg://"])
def test_the_indexes_of_others_are_made_as_ever(url: str) -> None:
    own = MetaData()
    Table("machines", own, Column("id", Integer), Index("ix_machines", "id"))
    assert of_indexes(made_by(own, url)) == ["CREATE INDEX ix_machines ON machines (id)"]


def test_the_migrations_name_the_tables_that_others_refer_to(open_database: OpenDatabase) -> None:
    database = Database(open_database("mariadb")[0])
    with statements(database.engine) as told:
        schema.upgrade(database)
        schema.downgrade(database, "base")
    database.dispose()
    verbs = [" ".join(one.split()[:2]).upper() for one in of_indexes(told)]
    assert len(verbs) > 30
    assert set(verbs) == {"ALTER TABLE"}


def test_a_cluster_is_migrated_while_it_is_written_to(open_database: OpenDatabase) -> None:
    databases = [Database(url) for url in open_database("galera")]
    schema.upgrade(databases[0], "0001")
    migrated = Event()
    with ThreadPoolExecutor(len(databases)) as threads:
        counts = [threads.submit(add_rows, one, migrated) for one in databases]
        try:
            for _ in range(ROUNDS):
                schema.upgrade(databases[0], "0002")
                schema.downgrade(databases[0], "0001")
        finally:
            migrated.set()
        written, stored = zip(*(count.result() for count in counts), strict=True)
    assert min(written) > 0
    assert stored == written
    for database in databases:
        database.dispose()


def add_rows(database: Database, migrated: Event) -> tuple[int, int]:
    """Add rows to a table until all is migrated; return how many, and how many are there."""
    own = {"project_id": str(uuid4())}
    written = 0
    while not migrated.is_set():
        database.write(partial(execute, INSERT, {**own, "id": str(uuid4())}))
        written += 1
    return written, database.read(lambda connection: int(connection.scalar(COUNT, own)))


def execute(statement: TextClause, told: Mapping[str, str], unit: Unit) -> None:
    unit.connection.execute(statement, told)
