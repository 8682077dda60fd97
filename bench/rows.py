"""Changing many rows of a ledger's table behind the back of those who are measured.

A million addresses are held within seconds, and none of the drivers that are
then measured had a part in it. The table is ``allocations``, or one of its shape.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, bindparam, delete, insert, text
from sqlalchemy.sql.elements import quoted_name

from freehold.addresses.encoding import number_to_bytes
from freehold.db.engine import WRITES
from freehold.ipam.driver import utc_now
from freehold.ledger.tables import allocations, ledger_subnets, stored_time

PORTION = 10_000
_IN = 500
COLUMNS = ("subnet_id", "address", "holder", "allocated_at")
NOW = stored_time(utc_now())


def make_raw_table(engine: Engine) -> Table:
    """Make a table like ``allocations``: the same columns, key, indexes and foreign key."""
    metadata = MetaData()
    ledger_subnets.to_metadata(metadata)
    table = allocations.to_metadata(metadata, name="raw_allocations")
    # On PostgreSQL a key's name is its index's, of which a schema has one.
    for constraint in table.constraints:
        constraint.name = f"raw_{constraint.name}"
    for index in table.indexes:
        index.name = quoted_name(f"raw_{index.name}", quote=None)
    table.create(engine, checkfirst=True)
    return table


class Rows:
    """One version's addresses in one table of a database.

    Args:
        engine: made by `freehold.db.engine`.
        table: of the shape of ``allocations``.
        version: 4 or 6.
    """

    def __init__(self, engine: Engine, table: Table, version: int) -> None:
        self._engine = engine
        self._table = table
        self._version = version
        self._insert = insert(table)
        self._delete = delete(table).where(
            table.c.subnet_id == bindparam("in_subnet"),
            table.c.address.in_(bindparam("addresses", expanding=True)),
        )

    def hold(self, subnet_id: str, numbers: Sequence[int]) -> None:
        """Hold addresses, for nobody."""
        for portion in _portions(sorted(numbers), PORTION):
            with self._engine.connect() as plain:
                connection = plain.execution_options(**{WRITES: True})
                with connection.begin():
                    self._insert_rows(connection, subnet_id, portion)

    def free(self, subnet_id: str, numbers: Sequence[int]) -> None:
        """Make addresses free."""
        for portion in _portions(numbers, _IN):
            addresses = [number_to_bytes(self._version, number) for number in portion]
            with self._engine.connect() as plain:
                connection = plain.execution_options(**{WRITES: True})
                with connection.begin():
                    connection.execute(
                        self._delete, {"in_subnet": subnet_id, "addresses": addresses}
                    )

    def row(self, subnet_id: str, number: int, holder: str | None) -> dict[str, Any]:
        """Return the row that holds an address."""
        values = (subnet_id, number_to_bytes(self._version, number), holder, NOW)
        return dict(zip(COLUMNS, values, strict=True))

    def plain_values(
        self, subnet_id: str, numbers: Sequence[int], holder: str
    ) -> Sequence[tuple[Any, ...]]:
        """Return rows as tuples in the order of `COLUMNS`, as any database's driver takes them."""
        rows = [self.row(subnet_id, number, holder) for number in numbers]
        # Each server takes a time as text, and the sqlite3 module is to stop taking another.
        return [(*list(row.values())[:-1], row["allocated_at"].isoformat(" ")) for row in rows]

    def _insert_rows(self, connection: Connection, subnet_id: str, numbers: Sequence[int]) -> None:
        rows = [self.row(subnet_id, number, None) for number in numbers]
        if len(rows) > _IN and connection.dialect.name == "postgresql":
            copy = f"COPY {self._table.name} ({', '.join(COLUMNS)}) FROM STDIN"
            cursor: Any = connection.connection.cursor()
            with cursor.copy(copy) as copying:
                for row in rows:
                    copying.write_row(list(row.values()))
        else:
            connection.execute(self._insert, rows)


def settle(engine: Engine, tables: Sequence[str]) -> None:
    """Have a server learn of its rows what it learns by itself of a database in use.

    SQLite does not do so by itself, so it is left as it is.
    """
    statements = {
        "postgresql": [f"VACUUM ANALYZE {table}" for table in tables],
        "mysql": [f"ANALYZE TABLE {table}" for table in tables],
    }
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements.get(engine.dialect.name, []):
            connection.execute(text(statement)).close()


def _portions(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
