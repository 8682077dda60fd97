"""Bringing a database's schema to the state that this version of Freehold needs.

The schema changes by Alembic migrations only. Upgrading is a unit of work: on
a database with transactional DDL (SQLite, PostgreSQL) it happens as a whole or
not at all, and two processes that upgrade at once do so one after the other.
"""

from collections.abc import Sequence

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from freehold.db import tables
from freehold.db.database import Database, Unit
from freehold.errors import DatabaseNotUpgraded
from freehold.ledger import tables as ledger_tables

METADATA: Sequence[MetaData] = (ledger_tables.metadata, tables.metadata)


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring a database up to a revision; an empty one from nothing.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing.
    """
    if revision == "head" and current(database) == needed():
        return
    database.write(lambda unit: command.upgrade(_config(unit.connection), revision))


def downgrade(database: Database, revision: str) -> None:
    """Bring a database back to an earlier revision; ``base`` is none at all.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing.
    """

    def work(unit: Unit) -> None:
        command.downgrade(_config(unit.connection), revision)

    database.write(work)


def current(database: Database) -> str | None:
    """Return the revision that a database is at; None for an empty one."""
    return database.read(
        lambda connection: MigrationContext.configure(connection).get_current_revision()
    )


def needed() -> str:
    """Return the revision that this version of Freehold needs."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise RuntimeError("this installation of Freehold has lost its migrations")
    return head


def require_current(database: Database) -> None:
    """Refuse a database whose schema is not the one that is needed.

    Raises:
        DatabaseNotUpgraded: it is at another revision.
    """
    found = current(database)
    if found != needed():
        raise DatabaseNotUpgraded(found, needed())


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "freehold:db/migrations")
    config.attributes["connection"] = connection
    return config
