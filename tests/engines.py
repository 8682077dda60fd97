"""Databases for tests: Freehold's own engine, with the ledger's tables made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event

from freehold.db.engine import WRITES, make_engine
from freehold.ledger.tables import metadata

IN_MEMORY = "sqlite://"


def ledger_engine(url: str = IN_MEMORY) -> Engine:
    """Return an engine on a database that has the ledger's tables and no rows."""
    engine = make_engine(url)
    with writing(engine) as connection:
        metadata.create_all(connection)
    return engine


def plain_ledger_engine(folder: Path, *, enforcing: bool = False) -> Engine:
    """Return an engine as anybody makes it, perhaps with foreign keys enforced by SQLite."""
    engine = create_engine(f"sqlite:///{folder / 'plain.sqlite'}")
    if enforcing:
        event.listen(
            engine,
            "connect",
            lambda connection, _record: connection.execute("PRAGMA foreign_keys = ON"),
        )
    with engine.begin() as connection:
        metadata.create_all(connection)
    return engine


def ledger_engines(urls: Sequence[str]) -> list[Engine]:
    """Return an engine a node on a database that has the ledger's tables and no rows."""
    return [ledger_engine(urls[0]), *(make_engine(url) for url in urls[1:])]


def file_url(folder: Path) -> str:
    """Return the URL of an SQLite file in a folder."""
    return f"sqlite:///{folder / 'ledger.sqlite'}"


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a writing unit of work; commit it, or roll it back if it fails."""
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def abandoned(engine: Engine) -> Iterator[Connection]:
    """Open a writing unit of work, and roll it back at the end."""
    with writing(engine) as connection:
        yield connection
        connection.rollback()


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the texts of all statements that are executed inside of the block."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
