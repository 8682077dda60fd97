"""How a claim is put to each kind of database.

A claim is an INSERT that must not disturb the transaction when somebody else
has the address. Where the database can pass over duplicates without passing
over other errors, it is asked to. Elsewhere (MariaDB, whose INSERT IGNORE
would hide a missing subnet as well) the duplicate is an error that is caught;
there it does not end the transaction.

What is inserted comes out of a SELECT of the subnet under its stamp. So it is
nothing, and no error, if the subnet is gone or is another one than the caller
knows; and no statement more is needed to find that out. On PostgreSQL it also
locks the subnet as the foreign key's check would do right afterwards, so that
it cannot go in between: an error would end the transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypedDict, TypeVar

from sqlalchemy import Connection, Select, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from freehold.addresses.encoding import to_bytes
from freehold.ledger.protocol import Claim, SubnetChanged
from freehold.ledger.tables import allocations, ledger_subnets
from freehold.ledger.violations import is_duplicate, violations

MANY = 1000
"""Rows, or values of an IN, that one statement has at most."""

_VALUES = ("address", "holder", "allocated_at")
_COLUMNS = ["subnet_id", *_VALUES]

T = TypeVar("T")


class Row(TypedDict):
    """One row of ``allocations``."""

    subnet_id: str
    address: bytes
    holder: str | None
    allocated_at: object


def rows_of(subnet_id: str, wanted: Iterable[Claim], since: object) -> list[Row]:
    """Return the rows that claims of one subnet's addresses come to.

    Args:
        subnet_id: the subnet.
        wanted: the claims.
        since: the time of all of them, as it is stored.
    """
    return [
        {
            "subnet_id": subnet_id,
            "address": to_bytes(address),
            "holder": holder,
            "allocated_at": since,
        }
        for address, holder in wanted
    ]


class Claiming(Protocol):
    """A way of inserting rows of ``allocations`` that passes over those that exist."""

    def one(self, connection: Connection, row: Row, stamp: int) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: its subnet does not have this stamp.
        """
        ...

    def many(self, connection: Connection, rows: Sequence[Row], stamp: int) -> set[bytes]:
        """Insert those of one subnet's rows that do not exist; return their addresses.

        Raises:
            SubnetChanged: their subnet does not have this stamp.
        """
        ...


_this_subnet = (
    ledger_subnets.c.id == bindparam("subnet_id"),
    ledger_subnets.c.stamp == bindparam("stamp"),
)
_FIND = select(ledger_subnets.c.id).where(*_this_subnet)
_LOCK = _FIND.with_for_update(read=True, key_share=True)
_ROW = select(
    ledger_subnets.c.id,
    *(bindparam(name, type_=allocations.c[name].type) for name in _VALUES),
).where(*_this_subnet)


def require_subnet(
    connection: Connection, subnet_id: str, stamp: int, how: Select[tuple[str]] = _FIND
) -> None:
    """Check that a subnet has a stamp.

    Raises:
        SubnetChanged: it has another one, or is gone.
    """
    if connection.execute(how, {"subnet_id": subnet_id, "stamp": stamp}).first() is None:
        raise SubnetChanged(subnet_id)


class PassingOver:
    """INSERT .. ON CONFLICT DO NOTHING, of SQLite, whether or not foreign keys are enforced."""

    _one = (
        sqlite.insert(allocations)
        .from_select(_COLUMNS, _ROW)
        .on_conflict_do_nothing()
        # SQLAlchemy keeps the row count of an INSERT only if told to.
        .execution_options(preserve_rowcount=True)
    )
    _many = sqlite.insert(allocations).on_conflict_do_nothing().returning(allocations.c.address)
    # It changes nothing, but makes the transaction the one writer.
    _lock = update(ledger_subnets).where(*_this_subnet).values(stamp=ledger_subnets.c.stamp)

    def one(self, connection: Connection, row: Row, stamp: int) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: its subnet does not have this stamp.
        """
        inserted = connection.execute(self._one, {**row, "stamp": stamp}).rowcount == 1
        if not inserted:
            require_subnet(connection, row["subnet_id"], stamp)
        return inserted

    def many(self, connection: Connection, rows: Sequence[Row], stamp: int) -> set[bytes]:
        """Insert the rows that do not exist: SQLAlchemy sends up to 1,000 a statement.

        Raises:
            SubnetChanged: their subnet does not have this stamp.
        """
        subnet_id = rows[0]["subnet_id"]
        locked = connection.execute(self._lock, {"subnet_id": subnet_id, "stamp": stamp})
        if locked.rowcount == 0:
            raise SubnetChanged(subnet_id)
        return {bytes(row.address) for row in connection.execute(self._many, rows)}


class PassingOverInPostgreSQL:
    """INSERT .. ON CONFLICT DO NOTHING that makes no error if the subnet is gone."""

    _one = (
        postgresql.insert(allocations)
        .from_select(_COLUMNS, _ROW.with_for_update(read=True, key_share=True))
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    _many = postgresql.insert(allocations).on_conflict_do_nothing().returning(allocations.c.address)

    def one(self, connection: Connection, row: Row, stamp: int) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: its subnet does not have this stamp.
        """
        inserted = connection.execute(self._one, {**row, "stamp": stamp}).rowcount == 1
        if not inserted:
            require_subnet(connection, row["subnet_id"], stamp)
        return inserted

    def many(self, connection: Connection, rows: Sequence[Row], stamp: int) -> set[bytes]:
        """Insert the rows that do not exist: SQLAlchemy sends up to 1,000 a statement.

        Raises:
            SubnetChanged: their subnet does not have this stamp.
        """
        require_subnet(connection, rows[0]["subnet_id"], stamp, _LOCK)
        return {bytes(row.address) for row in connection.execute(self._many, rows)}


class Catching:
    """A plain INSERT whose duplicate is caught: any database that goes on after it.

    Args:
        rows_in_one: whether the driver makes one INSERT of many rows by itself,
            as those of MariaDB do; having SQLAlchemy make it takes it long.
    """

    _one = (
        insert(allocations)
        .from_select(_COLUMNS, _ROW.with_for_update(read=True))
        .execution_options(preserve_rowcount=True)
    )
    _many = insert(allocations)
    _taken = select(allocations.c.address).where(
        allocations.c.subnet_id == bindparam("subnet_id"),
        allocations.c.address.in_(bindparam("addresses", expanding=True)),
    )

    def __init__(self, *, rows_in_one: bool = False) -> None:
        self._rows_in_one = rows_in_one

    def one(self, connection: Connection, row: Row, stamp: int) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: its subnet does not have this stamp.
        """
        try:
            inserted = connection.execute(self._one, {**row, "stamp": stamp}).rowcount
        except violations() as error:
            if not is_duplicate(error):
                raise
            return False
        if inserted == 0:
            raise SubnetChanged(row["subnet_id"])
        return True

    def many(self, connection: Connection, rows: Sequence[Row], stamp: int) -> set[bytes]:
        """Insert the rows that do not exist, singly where others come in between.

        Raises:
            SubnetChanged: their subnet does not have this stamp.
        """
        require_subnet(connection, rows[0]["subnet_id"], stamp, _LOCK)
        return {
            address
            for portion in portions(rows, MANY)
            for address in self._portion(connection, portion, stamp)
        }

    def _portion(self, connection: Connection, rows: Sequence[Row], stamp: int) -> set[bytes]:
        if self._insert(connection, rows):
            return {row["address"] for row in rows}
        parameters = {
            "subnet_id": rows[0]["subnet_id"],
            "addresses": [row["address"] for row in rows],
        }
        taken = {bytes(row.address) for row in connection.execute(self._taken, parameters)}
        free = [row for row in rows if row["address"] not in taken]
        if not free:
            return set()
        if self._insert(connection, free):
            return {row["address"] for row in free}
        return {row["address"] for row in free if self.one(connection, row, stamp)}

    def _insert(self, connection: Connection, rows: Sequence[Row]) -> bool:
        """Insert all the rows, or, if one of them exists, none."""
        try:
            if self._rows_in_one:
                connection.execute(self._many, rows)
            else:
                connection.execute(self._many.values(rows))
        except violations() as error:
            if not is_duplicate(error):
                raise
            return False
        return True


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
    "mysql": Catching(rows_in_one=True),
    "mariadb": Catching(rows_in_one=True),
}
