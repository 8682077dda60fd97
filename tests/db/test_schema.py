"""A database's schema: brought up, brought down, and never half of it."""

import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from oslo_db.exception import DBError
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from freehold.db import schema
from freehold.db.database import Database
from freehold.errors import DatabaseNotUpgraded

TABLES = {table.name for metadata in schema.METADATA for table in metadata.sorted_tables}

PARTS = r",\s*\n|,\s(?=[A-Z]|\w+ [A-Z])|\n"
"""What is between the columns and constraints of a table, those that were added later included."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'freehold.sqlite'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.dispose()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def structure(database: Database) -> set[tuple[str, ...]]:
    with database.engine.connect() as connection:
        rows = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        return {tuple(str(value) for value in row) for row in rows}


def test_an_empty_database_is_brought_up(database: Database) -> None:
    assert schema.current(database) is None
    schema.upgrade(database)
    assert schema.current(database) == schema.needed()
    assert tables(database) == TABLES | {"alembic_version"}
    schema.require_current(database)


def test_a_database_in_memory_is_brought_up() -> None:
    database = Database("sqlite://")
    schema.upgrade(database)
    schema.require_current(database)
    assert tables(database) == TABLES | {"alembic_version"}
    database.dispose()


def test_bringing_it_up_again_changes_nothing(database: Database) -> None:
    schema.upgrade(database)
    before = structure(database)
    schema.upgrade(database)
    schema.upgrade(database, schema.needed())
    assert structure(database) == before


def test_it_goes_down_to_nothing_and_up_again(database: Database) -> None:
    schema.upgrade(database)
    before = structure(database)
    schema.downgrade(database, "base")
    assert schema.current(database) is None
    assert tables(database) == {"alembic_version"}
    schema.upgrade(database)
    assert structure(database) == before


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, list(schema.METADATA)) == []  # type: ignore[arg-type]  # takes several


ADDED_REFERENCE = re.compile(r"((\w+) \w+\(\d+\)) CONSTRAINT (\w+) (REFERENCES \w+ \(\w+\))")


def test_the_migrations_make_the_same_tables_as_the_metadata(
    database: Database, tmp_path: Path
) -> None:
    schema.upgrade(database)
    direct = Database(f"sqlite:///{tmp_path / 'direct.sqlite'}")
    with direct.engine.begin() as connection:
        for metadata in schema.METADATA:
            metadata.create_all(connection)

    def parts(of: Database) -> set[tuple[str, str, str]]:
        # Constraints are listed in another order, and key columns are NOT NULL either way. A
        # column that was added has its foreign key beside it.
        return {
            (kind, name, part.replace(" NOT NULL", ""))
            for kind, name, _, sql in structure(of)
            if name != "alembic_version" and sql != "None" and "alembic" not in name
            for part in re.split(
                PARTS,
                ADDED_REFERENCE.sub(
                    r"\1, CONSTRAINT \3 FOREIGN KEY(\2) \4", sql.replace("\t", " ")
                ),
            )
            for part in [" ".join(part.split()).rstrip(",")]
        }

    assert parts(database) == parts(direct)
    direct.dispose()


def test_a_database_that_was_not_brought_up_is_refused(database: Database) -> None:
    with pytest.raises(DatabaseNotUpgraded) as error:
        schema.require_current(database)
    assert error.value.message == (
        "The database's schema is at revision none, and "
        f"{schema.needed()} is needed: run 'freehold db upgrade'."
    )
    assert tables(database) == set()


def test_a_database_of_another_version_is_refused(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNotUpgraded) as error:
        schema.require_current(database)
    assert "is at revision 9999" in error.value.message


def test_a_step_that_fails_halfway_leaves_nothing_behind(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE fixed_ips (stranger INTEGER)"))
    before = structure(database)
    with pytest.raises((DBError, OperationalError), match="fixed_ips already exists"):
        schema.upgrade(database)
    assert structure(database) == before
    assert schema.current(database) is None
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE fixed_ips"))
    schema.upgrade(database)
    schema.require_current(database)


def bring_up(url: str) -> str | None:
    database = Database(url)
    schema.upgrade(database)
    found = schema.current(database)
    database.dispose()
    return found


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_those_who_bring_it_up_at_once_do_so_one_after_the_other(
    url: str, database: Database, kind: str
) -> None:
    executor = (
        ThreadPoolExecutor(4)
        if kind == "threads"
        else ProcessPoolExecutor(4, mp_context=get_context("spawn"))
    )
    with executor:
        assert list(executor.map(bring_up, [url] * 4)) == [schema.needed()] * 4
    assert tables(database) == TABLES | {"alembic_version"}


def test_a_new_file_is_in_a_folder_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "freehold"
    database = Database(f"sqlite:///{folder / 'freehold.sqlite'}")
    schema.upgrade(database)
    assert (folder / "freehold.sqlite").is_file()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    database.dispose()


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    database = Database(f"sqlite:///{tmp_path / 'freehold.sqlite'}")
    schema.upgrade(database)
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    database.dispose()


@pytest.mark.parametrize("writes", [True, False])
def test_each_connection_keeps_foreign_keys_and_writes_ahead(
    database: Database, writes: bool
) -> None:
    schema.upgrade(database)

    def pragmas() -> dict[str, object]:
        names = ("journal_mode", "foreign_keys", "synchronous")
        with database.engine.connect() as connection:
            return {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names
            }

    if writes:
        database.write(lambda unit: unit.connection.execute(text("SELECT 1")).scalar())
    else:
        database.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
    assert pragmas() == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
    assert Path(f"{database.engine.url.database}-wal").exists()
