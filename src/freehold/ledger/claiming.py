"""How a claim is put to each kind of database.

A claim is an INSERT that must not disturb the transaction when somebody else
holds the address. Where the database can pass over duplicates without passing
over other errors, it is asked to. Elsewhere (MariaDB, whose INSERT IGNORE
would hide a missing subnet as well) the duplicate is an error that is caught;
there it does not end the transaction.

On PostgreSQL any error ends the transaction. So there a claim inserts out of a
SELECT of its subnet, which finds nothing, and makes no error, when that is gone;
and it locks the subnet as the foreign key's check would do right afterwards, so
that it cannot go in between.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypedDict, TypeVar

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from freehold.errors import SubnetNotFound
from freehold.ledger.tables import allocations, ledger_subnets
from freehold.ledger.violations import is_duplicate, violations

MANY = 1000
"""Rows, or values of an IN, that one statement has at most."""

_VALUES = ("address", "holder", "allocated_at")

T = TypeVar("T")


class Row(TypedDict):
    """One row of ``allocations``."""

    subnet_id: str
    address: bytes
    holder: str | None
    allocated_at: object


class Claiming(Protocol):
    """A way of inserting rows of ``allocations`` that passes over those that exist."""

    def one(self, connection: Connection, row: Row) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetNotFound, or one of `violations`: its subnet is gone.
        """
        ...

    def many(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        """Insert those of one subnet's rows that do not exist; return their addresses."""
        ...


class PassingOver:
    """INSERT .. ON CONFLICT DO NOTHING, of SQLite."""

    _one = sqlite.insert(allocations).on_conflict_do_nothing()
    _many = _one.returning(allocations.c.address)

    def one(self, connection: Connection, row: Row) -> bool:
        """Insert a row, and tell whether there was none before."""
        return connection.execute(self._one, [row]).rowcount == 1

    def many(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        """Insert the rows that do not exist: SQLAlchemy sends up to 1,000 a statement."""
        return {bytes(row.address) for row in connection.execute(self._many, rows)}


class PassingOverInPostgreSQL:
    """INSERT .. ON CONFLICT DO NOTHING that makes no error if the subnet is gone."""

    _lock = (
        select(ledger_subnets.c.id)
        .where(ledger_subnets.c.id == bindparam("subnet_id"))
        .with_for_update(read=True, key_share=True)
    )
    _values = select(
        ledger_subnets.c.id,
        *(bindparam(name, type_=allocations.c[name].type) for name in _VALUES),
    ).where(ledger_subnets.c.id == bindparam("subnet_id"))
    _one = (
        postgresql.insert(allocations)
        .from_select(["subnet_id", *_VALUES], _values.with_for_update(read=True, key_share=True))
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    _many = postgresql.insert(allocations).on_conflict_do_nothing().returning(allocations.c.address)

    def one(self, connection: Connection, row: Row) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetNotFound: its subnet is gone.
        """
        inserted = connection.execute(self._one, row).rowcount == 1
        if not inserted:
            self._lock_subnet(connection, row)
        return inserted

    def many(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        """Insert the rows that do not exist: SQLAlchemy sends up to 1,000 a statement.

        Raises:
            SubnetNotFound: their subnet is gone.
        """
        self._lock_subnet(connection, rows[0])
        return {bytes(row.address) for row in connection.execute(self._many, rows)}

    def _lock_subnet(self, connection: Connection, row: Row) -> None:
        subnet_id = row["subnet_id"]
        if connection.execute(self._lock, {"subnet_id": subnet_id}).first() is None:
            raise SubnetNotFound(subnet_id)


class Catching:
    """A plain INSERT whose duplicate is caught: any database that goes on after it."""

    _insert = insert(allocations)
    _held = select(allocations.c.address).where(
        allocations.c.subnet_id == bindparam("subnet_id"),
        allocations.c.address.in_(bindparam("addresses", expanding=True)),
    )

    def one(self, connection: Connection, row: Row) -> bool:
        """Insert a row, and tell whether there was none before."""
        try:
            connection.execute(self._insert, [row])
        except violations() as error:
            if not is_duplicate(error):
                raise
            return False
        return True

    def many(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        """Insert the rows that do not exist, singly where others come in between."""
        return {
            address
            for portion in portions(rows, MANY)
            for address in self._portion(connection, portion)
        }

    def _portion(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        parameters = {
            "subnet_id": rows[0]["subnet_id"],
            "addresses": [row["address"] for row in rows],
        }
        held = {bytes(row.address) for row in connection.execute(self._held, parameters)}
        free = [row for row in rows if row["address"] not in held]
        if not free:
            return set()
        try:
            connection.execute(self._insert.values(free))
        except violations() as error:
            if not is_duplicate(error):
                raise
            return {row["address"] for row in free if self.one(connection, row)}
        return {row["address"] for row in free}


def claiming_for(dialect: str) -> Claiming:
    """Return the way of claiming for a dialect of SQLAlchemy's."""
    return _BY_DIALECT.get(dialect, _CATCHING)


def portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in their order, at most ``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


_CATCHING = Catching()
_BY_DIALECT: dict[str, Claiming] = {
    "sqlite": PassingOver(),
    "postgresql": PassingOverInPostgreSQL(),
}
