"""Which constraint was broken, as each database driver tells it."""

import sqlite3

import pytest
from oslo_db.exception import DBDuplicateEntry, DBError, DBReferenceError
from sqlalchemy.exc import IntegrityError

from freehold.ledger.violations import is_duplicate, is_missing_reference, violations


class PostgresqlError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("violates a constraint")
        self.sqlstate = sqlstate


class OlderPostgresqlError(Exception):
    def __init__(self, pgcode: str) -> None:
        super().__init__("violates a constraint")
        self.pgcode = pgcode


def of_sqlite(statement: str) -> sqlite3.IntegrityError:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "PRAGMA foreign_keys = ON; CREATE TABLE a (x PRIMARY KEY, u UNIQUE); "
        "CREATE TABLE c (x PRIMARY KEY, n NOT NULL) WITHOUT ROWID; INSERT INTO c VALUES (1, 1); "
        "CREATE TABLE b (x REFERENCES a (x)); INSERT INTO a VALUES (1, 1);"
    )
    with pytest.raises(sqlite3.IntegrityError) as caught:
        connection.execute(statement)
    return caught.value


def raised(cause: BaseException) -> IntegrityError:
    return IntegrityError("INSERT", {}, cause)


DUPLICATES = [
    of_sqlite("INSERT INTO a VALUES (1, 2)"),
    of_sqlite("INSERT INTO a VALUES (2, 1)"),
    of_sqlite("INSERT INTO c VALUES (1, 1)"),
    PostgresqlError("23505"),
    OlderPostgresqlError("23505"),
    Exception(1062, "Duplicate entry"),
]
REFERENCES = [
    of_sqlite("INSERT INTO b VALUES (2)"),
    PostgresqlError("23503"),
    OlderPostgresqlError("23503"),
    Exception(1452, "Cannot add or update a child row"),
]
OTHERS = [
    of_sqlite("INSERT INTO c VALUES (2, NULL)"),
    PostgresqlError("23502"),
    Exception(1048, "Column cannot be null"),
    Exception(),
]


@pytest.mark.parametrize("error", [*map(raised, DUPLICATES), DBDuplicateEntry()], ids=repr)
def test_a_duplicate_is_told(error: Exception) -> None:
    assert isinstance(error, violations())
    assert (is_duplicate(error), is_missing_reference(error)) == (True, False)


@pytest.mark.parametrize(
    "error", [*map(raised, REFERENCES), DBReferenceError("t", "c", "k", "kt")], ids=repr
)
def test_a_missing_reference_is_told(error: Exception) -> None:
    assert isinstance(error, violations())
    assert (is_duplicate(error), is_missing_reference(error)) == (False, True)


@pytest.mark.parametrize("error", [*map(raised, OTHERS), DBError()], ids=repr)
def test_anything_else_is_neither(error: Exception) -> None:
    assert (is_duplicate(error), is_missing_reference(error)) == (False, False)
