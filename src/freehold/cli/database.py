"""Opening the database for a command, and ``freehold db``.

Whatever is wrong with a database is told in one sentence, and no sentence
holds a password.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.util.exc import CommandError
from oslo_db.exception import DBError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from freehold.cli.failure import CommandFailed, ExitCode
from freehold.cli.logs import secrets_of
from freehold.config import Settings
from freehold.db import schema
from freehold.db.database import Database
from freehold.db.engine import ANSWER_SECONDS, is_in_memory, is_sqlite
from freehold.db.urls import shown_url
from freehold.errors import DatabaseUnavailable

PRIVATE = 0o077
"""The umask under which a database file is made: nobody else reads it."""

MIGRATION_SECONDS = 3600
"""How long one statement of a migration may take: it may rewrite a large table."""


def shown(settings: Settings) -> str:
    """Return the database's URL without its password.

    The query is left out too, since drivers take a password there as well.
    """
    return shown_url(settings.database_url)


def upgrade(settings: Settings) -> str:
    """Bring the database to the schema of this version, from nothing if need be.

    Returns:
        What to tell the operator.
    """
    with opened(settings, answer_seconds=MIGRATION_SECONDS) as database:
        before = schema.current(database)
        schema.upgrade(database)
    if before == schema.needed():
        return f"{shown(settings)} is at revision {before} already."
    return f"{shown(settings)} was upgraded from {before or 'nothing'} to {schema.needed()}."


def describe(settings: Settings) -> str:
    """Return a sentence on which revision the database is at."""
    found = None if _is_missing(settings) else _current(settings)
    if found == schema.needed():
        return f"{shown(settings)} is at revision {found}, which is the one needed."
    return f"{shown(settings)} is at revision {found or 'none'}; {schema.needed()} is needed."


def prepare(settings: Settings) -> None:
    """Make sure that the service can start on the database.

    SQLite is ours alone and is brought up to date without being asked. Any other
    database may be in use by other machines, and when its schema changes is the
    operator's decision.

    Raises:
        CommandFailed: the service cannot start on it.
        DatabaseNotUpgraded: the operator has to upgrade it first.
    """
    url = make_url(settings.database_url)
    if is_in_memory(url):
        raise CommandFailed(
            "An SQLite database in memory cannot be served: name a file.", ExitCode.MISUSED
        )
    if is_sqlite(url):
        upgrade(settings)
        return
    with opened(settings) as database:
        schema.require_current(database)


def _current(settings: Settings) -> str | None:
    with opened(settings) as database:
        return schema.current(database)


@contextmanager
def opened_as_it_is(settings: Settings) -> Iterator[Database]:
    """Open a database that is there and has the schema of this version.

    Raises:
        CommandFailed: it is not there, or cannot be used.
        DatabaseNotUpgraded: it has another schema.
    """
    if _is_missing(settings):
        raise CommandFailed(f"{shown(settings)} does not exist.")
    with opened(settings) as database:
        schema.require_current(database)
        yield database


@contextmanager
def opened(settings: Settings, answer_seconds: int = ANSWER_SECONDS) -> Iterator[Database]:
    """Open a database; a file that is missing is made.

    Raises:
        CommandFailed: it cannot be used.
    """
    url = make_url(settings.database_url)
    if is_sqlite(url):
        os.umask(PRIVATE)
        _make_writable_folder(url)
    try:
        database = Database(url, pool_size=1, answer_seconds=answer_seconds)
    except (ImportError, NoSuchModuleError) as error:
        raise CommandFailed(
            f"The driver of {shown(settings)} is not installed: {error}."
        ) from error
    except (ArgumentError, TypeError, ValueError) as error:
        # Its driver does not take what the URL has, and may quote it.
        raise CommandFailed(
            f"{shown(settings)} cannot be used: {_reason(error, settings)}."
        ) from error
    try:
        yield database
    except CommandError as error:
        raise CommandFailed(
            f"{shown(settings)} is not a database that this version can upgrade: {error}."
        ) from error
    except (DatabaseUnavailable, DBError, DatabaseError) as error:
        raise CommandFailed(
            f"{shown(settings)} cannot be used: {_reason(error, settings)}."
        ) from error
    finally:
        database.dispose()


def _reason(error: BaseException, settings: Settings) -> str:
    """Return what the database's own driver said, without what others made of it."""
    while (inner := getattr(error, "orig", None) or error.__cause__) is not None:
        error = inner
    return secrets_of(settings).removed_from(str(error))


def _is_missing(settings: Settings) -> bool:
    """Tell whether it is a file that is not there, which a look must not make."""
    url = make_url(settings.database_url)
    return is_sqlite(url) and not is_in_memory(url) and not Path(url.database or "").exists()


def _make_writable_folder(url: URL) -> None:
    """Make the folder of an SQLite file, which SQLite writes to beside the file."""
    if is_in_memory(url) or not url.database or url.database.startswith("file:"):
        return
    folder = Path(url.database).absolute().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"Cannot make the folder {folder}: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CommandFailed(f"Cannot write to the folder {folder}.")
    if Path(url.database).exists() and not os.access(url.database, os.R_OK | os.W_OK):
        raise CommandFailed(f"Cannot read and write {url.database}.")
