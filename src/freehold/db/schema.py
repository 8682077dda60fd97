"""Bringing a database's schema to the state that this version of Freehold needs.

The schema changes by Alembic migrations only. Upgrading is a unit of work: on
a database with transactional DDL (SQLite, PostgreSQL) it happens as a whole or
not at all, and two processes that upgrade at once do so one after the other.
MariaDB commits after each statement of a migration; and it keeps those who upgrade
apart if they do so at the same node of a cluster only.

Who waits for another to be done with its migrations waits as long as these may
take, which is longer than a unit of work may be tried: the time that a unit has
begins anew with each look at the lock.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from secrets import SystemRandom
from threading import RLock

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, func, select

from freehold.db import retry, tables, tables_idempotency, tables_quotas
from freehold.db.database import Database, Unit
from freehold.errors import DatabaseNotUpgraded
from freehold.ledger import tables as ledger_tables

# Several modules put their tables into the same metadata.
METADATA: Sequence[MetaData] = tuple(
    dict.fromkeys(
        module.metadata for module in (ledger_tables, tables, tables_idempotency, tables_quotas)
    )
)

# Alembic keeps the migration that is under way in variables of its modules.
_ALEMBIC = RLock()
_LOCK_NUMBER = 0x46524545484F4C44
_LOCK_SECONDS = 5
"""How long one look at MariaDB's lock waits for it; the server's answer has to be in time."""

WAIT_SECONDS = 600.0
"""How long the migrations of others are waited for."""


class _Busy(Exception):  # it asks for patience, and is no failure
    """Raised where somebody else migrates the database just now."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring a database up to a revision; an empty one from nothing.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing, or somebody
            else went on migrating it.
    """
    if revision == "head" and current(database) == needed():
        return
    _migrate(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Bring a database back to an earlier revision; ``base`` is none at all.

    Raises:
        DatabaseUnavailable: as for `upgrade`.
    """
    _migrate(database, lambda config: command.downgrade(config, revision))


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


def _migrate(database: Database, migration: Callable[[Config], None]) -> None:
    def work(unit: Unit) -> None:
        with _alone(unit.connection):
            migration(_config(unit.connection))

    def attempt() -> None:
        try:
            database.write(work)
        except _Busy as error:
            raise retry.RunAgain from error

    with _ALEMBIC:
        retry.run(attempt, SystemRandom(), deadline_seconds=WAIT_SECONDS)


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep all others from migrating this database.

    Raises:
        _Busy: somebody else migrates it.
    """
    match connection.dialect.name:
        case "postgresql":
            # It ends with the transaction.
            if not connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK_NUMBER))):
                raise _Busy
            yield
        case "mysql":
            name = func.concat("freehold-", func.database())
            if connection.scalar(select(func.get_lock(name, _LOCK_SECONDS))) != 1:
                raise _Busy
            try:
                yield
                # What the last migration wrote down of itself is not committed yet, and
                # whoever gets the lock next looks at that first.
                connection.exec_driver_sql("COMMIT")
            finally:
                if not connection.invalidated:
                    connection.scalar(select(func.release_lock(name)))
        case _:
            yield


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "freehold:db/migrations")
    config.attributes["connection"] = connection
    return config
