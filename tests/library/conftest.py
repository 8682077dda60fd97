"""Other people's engines: plain ones, and ones with habits of their own."""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

import pytest
from sqlalchemy import Connection, Engine, create_engine, event

import freehold


def their_engine(kind: str, folder: Path) -> Engine:
    """Return somebody else's engine on an empty database."""
    engine = create_engine(f"sqlite:///{folder / 'theirs.sqlite'}")
    if kind == "foreign keys":

        @event.listens_for(engine, "connect")
        def enforce(connection: SQLiteConnection, _record: object) -> None:
            connection.execute("PRAGMA foreign_keys = ON")

    if kind == "begin":  # the recipe of SQLAlchemy's documentation, with the log that many use

        @event.listens_for(engine, "connect")
        def leave_begin_to_us(connection: SQLiteConnection, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode = WAL")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    return engine


@pytest.fixture(params=["plain", "foreign keys", "begin"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made = their_engine(request.param, tmp_path)
    with made.begin() as connection:
        freehold.create_tables(connection)
    yield made
    made.dispose()


@pytest.fixture
def register() -> freehold.Register:
    return freehold.Register()
