"""The row and COMMIT by the database's own Python driver, without SQLAlchemy.

The table is the one of `bench.contenders.raw`; what is between the two figures
is what SQLAlchemy and the settings of Freehold's connections cost.
"""

import sqlite3
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from sqlalchemy import make_url

from bench.contenders.raw import RawRows
from bench.rows import COLUMNS
from freehold.addresses.encoding import number_to_bytes
from freehold.addresses.ranges import IPNetwork
from freehold.db.database import Database


class PlainRows:
    """INSERT and DELETE of single rows through the driver.

    Args:
        database: where the table is; used for what is not measured.
        url: the database's.
    """

    name = "plain driver"
    looks = False
    refusals: tuple[type[Exception], ...] = ()
    patience = 10.0

    def __init__(self, database: Database, url: str) -> None:
        self._raw = RawRows(database)
        self.tables: tuple[str, ...] = self._raw.tables
        self._connection, self._begin, mark = _connect(url)
        [table] = self.tables
        self._insert = (
            f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES ({mark}, {mark}, {mark}, {mark})"
        )
        self._delete = f"DELETE FROM {table} WHERE subnet_id = {mark} AND address = {mark}"
        self._version = 4

    def take_up(self, cidr: IPNetwork) -> None:
        """Go on with a new subnet."""
        self._raw.take_up(cidr)
        self._version = cidr.version

    def restart(self) -> None:
        """Do nothing: it learns nothing."""

    def hold(self, numbers: Sequence[int]) -> None:
        """Hold addresses."""
        self._raw.hold(numbers)

    def free(self, numbers: Sequence[int]) -> None:
        """Free addresses."""
        self._raw.free(numbers)

    def allocate(self, free: int) -> int:
        """Insert a row."""
        [row] = self._values([free])
        self._commit(lambda cursor: cursor.execute(self._insert, row))
        return free

    def take_next(self, free: int) -> int:
        """Insert a row."""
        return self.allocate(free)

    def take(self, number: int) -> None:
        """Insert a row."""
        self.allocate(number)

    def release(self, number: int) -> None:
        """Delete a row."""
        key = (self._raw.subnet_id, number_to_bytes(self._version, number))
        self._commit(lambda cursor: cursor.execute(self._delete, key))

    def bulk(self, free: Sequence[int]) -> Sequence[int]:
        """Insert the rows as the driver does with many."""
        rows = self._values(free)
        self._commit(lambda cursor: cursor.executemany(self._insert, rows))
        return free

    def _values(self, numbers: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        return self._raw.rows.plain_values(self._raw.subnet_id, numbers, str(uuid.uuid4()))

    def _commit(self, work: Callable[[Any], object]) -> None:
        cursor = self._connection.cursor()
        if self._begin:
            cursor.execute(self._begin)
        work(cursor)
        cursor.close()
        self._connection.commit()


def _connect(url: str) -> tuple[Any, str, str]:
    """Return a connection, how a transaction is begun on it, and how SQL marks a parameter."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            file = sqlite3.connect(Path(parsed.database or ""), isolation_level=None)
            file.execute("PRAGMA synchronous = FULL")
            file.execute("PRAGMA foreign_keys = ON")
            return file, "BEGIN IMMEDIATE", "?"
        case "postgresql":
            server = psycopg.connect(
                host=parsed.host, port=parsed.port, user=parsed.username, dbname=parsed.database
            )
            return server, "", "%s"
        case _:
            node = pymysql.connect(
                host=parsed.host,
                port=parsed.port or 3306,
                user=parsed.username,
                password=parsed.password or "",
                database=parsed.database,
            )
            return node, "", "%s"
