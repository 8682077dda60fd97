"""The least that any register has to do: the row, and COMMIT, by the same engine.

The table is of the shape of ``allocations``, the engine and its connections are
those of Freehold's.
"""

import uuid
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert

from bench.contenders.freehold import make_subnet
from bench.rows import COLUMNS, Rows, make_raw_table
from freehold.addresses.encoding import number_to_bytes
from freehold.addresses.ranges import IPNetwork
from freehold.db.database import Database
from freehold.db.engine import WRITES


class RawRows:
    """INSERT and DELETE of single rows through SQLAlchemy.

    Args:
        database: whose engine to use.
    """

    name = "raw"
    looks = False
    refusals: tuple[type[Exception], ...] = ()
    patience = 10.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = make_raw_table(database.engine)
        self.tables: tuple[str, ...] = (self._table.name,)
        self._insert = insert(self._table)
        self._delete = delete(self._table).where(
            self._table.c.subnet_id == bindparam("in_subnet"),
            self._table.c.address == bindparam("this"),
        )
        self.rows = Rows(database.engine, self._table, 4)
        self._version = 4
        self.subnet_id = ""

    def take_up(self, cidr: IPNetwork) -> None:
        """Go on with a new subnet."""
        self.use(make_subnet(self._database, cidr), cidr.version)

    def use(self, subnet_id: str, version: int) -> None:
        """Go on with a subnet that there is."""
        self.subnet_id = subnet_id
        self._version = version
        self.rows = Rows(self._database.engine, self._table, version)

    def restart(self) -> None:
        """Do nothing: it learns nothing."""

    def hold(self, numbers: Sequence[int]) -> None:
        """Hold addresses."""
        self.rows.hold(self.subnet_id, numbers)

    def free(self, numbers: Sequence[int]) -> None:
        """Free addresses."""
        self.rows.free(self.subnet_id, numbers)

    def allocate(self, free: int) -> int:
        """Insert a row."""
        row = self.rows.row(self.subnet_id, free, str(uuid.uuid4()))
        self._commit(lambda connection: connection.execute(self._insert, row))
        return free

    def take_next(self, free: int) -> int:
        """Insert a row."""
        return self.allocate(free)

    def take(self, number: int) -> None:
        """Insert a row."""
        self.allocate(number)

    def release(self, number: int) -> None:
        """Delete a row."""
        key = {
            "in_subnet": self.subnet_id,
            "this": number_to_bytes(self._version, number),
        }
        self._commit(lambda connection: connection.execute(self._delete, key))

    def bulk(self, free: Sequence[int]) -> Sequence[int]:
        """Insert the rows by one statement, the fastest way there is on most databases."""
        values = self.rows.plain_values(self.subnet_id, free, str(uuid.uuid4()))
        self._commit(lambda connection: self._insert_all(connection, values))
        return free

    def _insert_all(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        # SQLAlchemy would take longer to make this statement than the server to carry it out.
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        row = f"({', '.join(mark for _ in COLUMNS)})"
        statement = (
            f"INSERT INTO {self._table.name} ({', '.join(COLUMNS)}) "
            f"VALUES {', '.join(row for _ in rows)}"
        )
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows)))

    def _commit(self, work: Callable[[Connection], object]) -> None:
        with self._database.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                work(connection)
