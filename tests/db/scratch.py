"""A database with tables of a test's own, and work that other processes can do on it."""

from pathlib import Path

from sqlalchemy import Connection, text

from freehold.db.database import Database, Unit

TABLES = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    (
        "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) "
        "DEFERRABLE INITIALLY DEFERRED)"
    ),
    "CREATE TABLE strict_children (parent INTEGER REFERENCES parents (id))",
    "CREATE TABLE counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)",
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT UNIQUE NOT NULL)",
    "INSERT INTO counters VALUES (1, 0)",
)


def make_tables(unit: Unit) -> None:
    """Make the tables."""
    for statement in TABLES:
        unit.connection.execute(text(statement))


def make_file(path: Path) -> str:
    """Make the tables in a file, and return the file's URL."""
    database = Database(f"sqlite:///{path}")
    database.write(make_tables)
    url = str(database.engine.url)
    database.dispose()
    return url


def orphan(unit: Unit) -> None:
    """Add a child without a parent, which the commit refuses."""
    unit.connection.execute(text("INSERT INTO children (parent) VALUES (99)"))


def note(connection: Connection, body: str) -> None:
    """Add a note; two notes cannot be the same."""
    connection.execute(text("INSERT INTO notes (body) VALUES (:body)"), {"body": body})


def notes(database: Database) -> list[str]:
    """Return the notes as they were added."""
    return database.read(
        lambda connection: list(connection.scalars(text("SELECT body FROM notes ORDER BY id")))
    )


def read_counter(connection: Connection) -> int:
    """Return the counter."""
    value: int = connection.execute(text("SELECT value FROM counters")).scalar_one()
    return value


def increment(unit: Unit) -> int:
    """Count on by one in two statements, so that a writer in between would be lost."""
    value = read_counter(unit.connection) + 1
    unit.connection.execute(text("UPDATE counters SET value = :value"), {"value": value})
    return value


def increment_often(url: str, times: int) -> list[int]:
    """Count on, each time in a unit of its own, with a database object of its own."""
    database = Database(url)
    seen = [database.write(increment) for _ in range(times)]
    database.dispose()
    return seen
