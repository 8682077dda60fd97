"""Making an SQLAlchemy engine on which the rest can rely.

Every engine translates errors through oslo.db's filters, so that duplicate
keys, missing references and lost connections look the same on any database.
The values of a statement never get into an error's text, nor so into a log.
A server is waited for only so long (`freehold.db.postgresql`,
`freehold.db.mariadb`), and a statement of a unit that writes sees what was
committed before it began (READ COMMITTED); all that a unit reads which only
reads is of one time (REPEATABLE READ).

On SQLite it sees to what other databases do by themselves: foreign keys
hold, readers do not block a writer (WAL), and a unit that is going to write
says so when it begins (``BEGIN IMMEDIATE``), since SQLite cannot promote a
reader to a writer without a chance of failing halfway.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from secrets import SystemRandom
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from oslo_db.sqlalchemy import exc_filters
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from freehold import accounts
from freehold.db import deadline, failures, mariadb, postgresql, statement_clock

WRITES = "freehold_writes"
"""The execution option with which a connection announces a writing transaction."""

SQLITE_BUSY_SECONDS = 2
"""How long SQLite waits for another process; after that the unit waits, as it has time."""

ANSWER_SECONDS = 15
"""How long a server may take to answer: a Galera cluster stalls for 6 when a node dies."""

CONNECT_SECONDS = 3


def is_sqlite(url: URL) -> bool:
    """Tell whether a database URL means SQLite."""
    return url.get_backend_name() == "sqlite"


def is_in_memory(url: URL) -> bool:
    """Tell whether a database URL means an SQLite database without a file."""
    return is_sqlite(url) and url.database in (None, "", ":memory:")


def sqlite_file(url: URL) -> Path | None:
    """Return the file that a database URL names by its path; None if it names none."""
    if not is_sqlite(url) or is_in_memory(url) or str(url.database).startswith("file:"):
        return None
    return Path(str(url.database))


def make_engine(
    url: str | URL,
    *,
    pool_size: int = 16,
    answer_seconds: int = ANSWER_SECONDS,
    statement_seconds: int | None = None,
    random: Random | None = None,
) -> Engine:
    """Make an engine.

    Args:
        url: an SQLAlchemy database URL. The folder of an SQLite file is made
            if it is missing.
        pool_size: how many connections are kept open at the most.
        answer_seconds: how long a server may take to answer.
        statement_seconds: how long one statement may take; None for as long as an
            answer.
        random: chooses between several servers of a MariaDB cluster.
    """
    target = make_url(url)
    if is_sqlite(target):
        engine = _sqlite_engine(target, pool_size, answer_seconds, statement_seconds)
    else:
        times = {
            "connect_seconds": CONNECT_SECONDS,
            "answer_seconds": answer_seconds,
            "statement_seconds": statement_seconds,
        }
        engine = _server_engine(target, pool_size, times, random or SystemRandom())
    # At a later event than this, oslo.db would take it for an error of the database's.
    event.listen(engine, "before_execute", _begin_in_time)
    exc_filters.register_engine(engine)
    event.listen(engine, "handle_error", _drop_useless_connection)
    event.listen(engine, "before_cursor_execute", _count)
    return engine


def _begin_in_time(*_details: object) -> None:
    deadline.check()


def _count(*_statement: object) -> None:
    accounts.statement()


def _drop_useless_connection(context: ExceptionContext) -> None:
    """Do not use a connection again whose server is gone, or cannot be written to."""
    if failures.ends_connection(context.original_exception):
        context.is_disconnect = True


def _server_engine(url: URL, pool_size: int, times: Mapping[str, Any], random: Random) -> Engine:
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": times["answer_seconds"],
        "pool_recycle": 3600,
        "hide_parameters": True,
        "isolation_level": "READ COMMITTED",
    }
    match url.get_backend_name():
        case "postgresql":
            engine = postgresql.make_engine(url, **times, **options)
        case "mysql" | "mariadb":
            engine = mariadb.make_engine(url, random=random, **times, **options)
        case _:
            engine = create_engine(url, **options)
    event.listen(engine, "begin", _read_one_state)
    return engine


def _read_one_state(connection: Connection) -> None:
    """Have all that a unit reads which only reads be of one time."""
    # SQLAlchemy's own option of that name talks to MariaDB behind the back of its
    # handling of errors: what fails there is no SQLAlchemy error, nor is it run again.
    if connection.get_execution_options().get(WRITES) is False:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _sqlite_engine(
    url: URL, pool_size: int, answer_seconds: int, statement_seconds: int | None
) -> Engine:
    # isolation_level=None: the transactions are ours, not the sqlite3 module's.
    arguments: dict[str, Any] = {
        "check_same_thread": False,
        "isolation_level": None,
        "timeout": SQLITE_BUSY_SECONDS,
    }
    if is_in_memory(url):
        engine = create_engine(
            url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True
        )
    else:
        if (file := sqlite_file(url)) is not None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not file.exists():
                # SQLite would make it readable for all; its other files take after it.
                file.touch(mode=0o600)
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=answer_seconds,
            connect_args=arguments,
            hide_parameters=True,
        )

    @event.listens_for(engine, "connect")
    def prepare(connection: SQLiteConnection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    statement_clock.install(engine, statement_seconds)

    @event.listens_for(engine, "checkin")
    def end_what_did_not_commit(connection: SQLiteConnection | None, _record: object) -> None:
        # A COMMIT that fails leaves SQLite's transaction open, and SQLAlchemy takes it for ended.
        if connection is not None and connection.in_transaction:
            connection.rollback()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
