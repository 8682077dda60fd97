"""What the errors of the databases mean to a unit of work.

oslo.db gives the common ones a class of their own. The others are told by the
code of their server (MariaDB, MySQL: the number; PostgreSQL: SQLSTATE; SQLite:
its primary code), and never by what is stored.

Invariant: a failure that leaves open whether a transaction was committed is
never taken for one that says that it was not.
"""

import re
import sqlite3
from collections.abc import Iterator

from oslo_db import exception as db_exc
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from freehold.words import Word

_LOST_MYSQL = frozenset(
    {
        1047,  # a Galera node without its cluster, or on its way into it or out of it
        1053,  # the server is shutting down
        1158,  # the network, in reading and writing
        1159,
        1160,
        1161,
        1180,  # a Galera node that lost the majority while it committed
        1927,  # the connection was killed
        2002,  # nobody listens
        2003,
        2006,  # gone away
        2013,  # lost during a statement, or not answered in time
        4031,  # the server ended an idle connection
    }
)
_READ_ONLY_MYSQL = frozenset({1290, 1792, 1836})
_AGAIN_MYSQL = frozenset(
    {
        1020,  # a row changed since it was read (innodb_snapshot_isolation)
        1040,  # too many connections
        1205,  # a lock was not granted in time
        1213,  # a deadlock, or another Galera node was first
    }
)
_ENDED_MYSQL = frozenset({1317, 1969, 3024})
"""A statement was ended by somebody, or since it took too long."""

_ENDED_POSTGRESQL = "57014"
"""The same."""

_NO_SAVEPOINT = 1305
"""What a deadlock within a savepoint looks like: the whole transaction is gone."""

_LOST_POSTGRESQL = re.compile(r"08...|57P0[1235]")
_READ_ONLY_POSTGRESQL = "25006"
_AGAIN_POSTGRESQL = frozenset(
    {
        "25P03",  # idle in a transaction for too long
        "40001",  # not serializable
        "40P01",  # a deadlock
        "53300",  # too many connections
        "55P03",  # a lock was not granted in time
    }
)
_NO_USE_IN_CONNECTING_AGAIN = re.compile(
    r"authentication failed|does not exist|pg_hba\.conf|no password supplied|invalid"
)
_BUSY_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE = 0xFF


def is_transient(error: Exception) -> bool:
    """Tell whether a unit that failed so may succeed if run again at once."""
    if isinstance(error, db_exc.DBDeadlock | db_exc.DBConnectionError):
        return True
    return any(ends_connection(cause) or _asks_for_another_run(cause) for cause in _causes(error))


def is_outage(error: Exception) -> bool:
    """Tell whether a failure is the database's, and not of what was asked of it."""
    # SQLite tells of a wrong statement, too, by an operational error.
    if any(_sqlite_code(cause) == sqlite3.SQLITE_ERROR for cause in _causes(error)):
        return False
    return is_transient(error) or isinstance(
        error, OperationalError | PoolTimeout | db_exc.DBNonExistentDatabase
    )


def leaves_commit_open(error: Exception) -> bool:
    """Tell whether a COMMIT that failed so may have been carried out all the same."""
    return isinstance(error, db_exc.DBConnectionError) or any(
        ends_connection(cause) or _was_ended(cause) for cause in _causes(error)
    )


def _was_ended(error: BaseException) -> bool:
    # Whether a COMMIT can be ended after it had its effect, the servers do not promise.
    return _mysql_number(error) in _ENDED_MYSQL or _sqlstate(error) == _ENDED_POSTGRESQL


def ends_connection(error: BaseException) -> bool:
    """Tell whether a driver's error means that its connection is of no more use.

    That is so if it is lost, and also if its server is not one to write to any
    more: then there is, or will be, another.
    """
    number, state = _mysql_number(error), _sqlstate(error)
    if number is not None:
        return number in _LOST_MYSQL or number in _READ_ONLY_MYSQL
    if state is not None:
        return bool(_LOST_POSTGRESQL.fullmatch(state)) or state == _READ_ONLY_POSTGRESQL
    # What psycopg says itself, or was told while it connected, has no state.
    return (
        _is_psycopg(error)
        and type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        and not _NO_USE_IN_CONNECTING_AGAIN.search(str(error))
    )


def name(error: Exception) -> Word:
    """Name an error for the log, by nothing that could hold a stored value."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.OperationalError):
            return Word(cause.sqlite_errorname)
        number, state = _mysql_number(cause), _sqlstate(cause)
        if number is not None or state is not None:
            return Word(f"{type(error).__name__} ({number or state})")
    return Word(type(error).__name__)


def _asks_for_another_run(error: BaseException) -> bool:
    number = _mysql_number(error)
    return (
        number in _AGAIN_MYSQL
        or (number == _NO_SAVEPOINT and "SAVEPOINT" in str(error))
        or _sqlstate(error) in _AGAIN_POSTGRESQL
        or _sqlite_code(error) in _BUSY_SQLITE
    )


def _causes(error: Exception) -> Iterator[BaseException]:
    """Yield an error's driver's own error: oslo.db and SQLAlchemy each wrap it once."""
    cause: BaseException | None = error
    if isinstance(cause, db_exc.DBError):
        cause = cause.inner_exception
    if isinstance(cause, DBAPIError):
        cause = cause.orig
    if cause is not None:
        yield cause


def _mysql_number(error: BaseException) -> int | None:
    if type(error).__module__.partition(".")[0] not in ("pymysql", "MySQLdb"):
        return None
    number = error.args[0] if error.args else None
    return number if isinstance(number, int) else None


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None) if _is_psycopg(error) else None


def _is_psycopg(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] == "psycopg"


def _sqlite_code(error: BaseException) -> int | None:
    if not isinstance(error, sqlite3.OperationalError):
        return None
    return error.sqlite_errorcode & _PRIMARY_CODE
