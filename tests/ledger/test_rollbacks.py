"""Who remembers what a transaction did is told that it was rolled back."""

from collections.abc import Iterator
from functools import partial
from gc import collect
from weakref import ref

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from freehold.ledger.rollbacks import at_rollback


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def work(connection: Connection, told: list[int], number: int) -> None:
    connection.execute(text("SELECT 1"))
    at_rollback(connection, partial(told.append, number))


def test_a_rollback_is_told_once(connection: Connection) -> None:
    told: list[int] = []
    work(connection, told, 1)
    work(connection, told, 2)
    connection.rollback()
    assert sorted(told) == [1, 2]
    connection.execute(text("SELECT 1"))
    connection.rollback()
    assert sorted(told) == [1, 2]


def test_a_connection_closed_without_a_commit_was_rolled_back(engine: Engine) -> None:
    told: list[int] = []
    with engine.connect() as connection:
        work(connection, told, 1)
    assert told == [1]


def test_a_rollback_to_a_savepoint_is_told(connection: Connection) -> None:
    told: list[int] = []
    connection.execute(text("SELECT 1"))
    with connection.begin_nested() as savepoint:
        work(connection, told, 1)
        savepoint.rollback()
    assert told == [1]


def test_of_what_was_committed_nothing_is_told(connection: Connection) -> None:
    told: list[int] = []
    work(connection, told, 1)
    connection.commit()
    work(connection, told, 2)
    connection.rollback()
    assert told == [2]


def test_a_connection_that_is_used_for_long_is_listened_to_once(connection: Connection) -> None:
    told: list[int] = []
    for number in range(5):
        work(connection, told, number)
        connection.commit()
    assert len(connection.dispatch.rollback) == 1
    assert len(connection.dispatch.begin) == 1


def test_an_engine_is_not_listened_to_and_connections_go(engine: Engine) -> None:
    told: list[int] = []
    with engine.connect() as connection:
        work(connection, told, 1)
        gone = ref(connection)
    del connection
    collect()
    assert gone() is None
    assert len(engine.dispatch.rollback) == 0
