"""Telling which constraint an INSERT broke, on whosever engine it ran.

SQLAlchemy raises one class for all violated constraints. On an engine with
oslo.db's filters, such as the service's own, two classes of oslo.db's come in
its place. A ledger understands both, without asking for oslo.db: an engine can
only raise the classes of a module that somebody has loaded.
"""

import sys

from sqlalchemy.exc import IntegrityError

_DUPLICATE: frozenset[str | int] = frozenset(
    {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE", "23505", 1062}
)
_REFERENCE: frozenset[str | int] = frozenset({"SQLITE_CONSTRAINT_FOREIGNKEY", "23503", 1216, 1452})
"""SQLite's names, PostgreSQL's SQLSTATEs, and MariaDB's numbers."""


def violations() -> tuple[type[Exception], ...]:
    """Return the classes of which an error is that tells of a violated constraint."""
    oslo = sys.modules.get("oslo_db.exception")
    if oslo is None:
        return (IntegrityError,)
    return (IntegrityError, oslo.DBDuplicateEntry, oslo.DBReferenceError)


def is_duplicate(error: Exception) -> bool:
    """Tell whether there was a row with this key already."""
    return _is(error, "DBDuplicateEntry", _DUPLICATE)


def is_missing_reference(error: Exception) -> bool:
    """Tell whether the row that a foreign key points to is not there."""
    return _is(error, "DBReferenceError", _REFERENCE)


def _is(error: Exception, translated: str, codes: frozenset[str | int]) -> bool:
    if not isinstance(error, IntegrityError):
        return type(error).__name__ == translated
    cause = error.orig
    # sqlite3, psycopg, psycopg2 and asyncpg each have a name of their own for it.
    told = {getattr(cause, name, None) for name in ("sqlite_errorname", "sqlstate", "pgcode")}
    # PyMySQL and mysqlclient put the number first into the arguments.
    number = next(iter(getattr(cause, "args", ())), None)
    return bool(codes & (told | {number}))
