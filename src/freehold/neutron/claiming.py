"""How a row of ``ipamallocations`` is inserted without a duplicate ending the request.

The same as `freehold.ledger.claiming`, on a table that has neither holders nor
subnets with stamps. Who loses a race is told so by the row that was not
inserted, and goes on in the same transaction; it is no error that Neutron would
answer by beginning the whole request anew.

Many rows are inserted in the order of their texts, so that two who insert the
same ones do not wait for each other.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection, Insert, Select, bindparam, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from freehold.ledger.claiming import MANY, portions
from freehold.ledger.protocol import SubnetChanged
from freehold.ledger.violations import is_duplicate, is_missing_reference, violations
from freehold.neutron.tables import ALLOCATED, ipam_allocations, ipam_subnets

_COLUMNS = ["ip_address", "status", "ipam_subnet_id"]
_THIS_SUBNET = select(ipam_subnets.c.id).where(ipam_subnets.c.id == bindparam("subnet"))
_LOCK_SUBNET = _THIS_SUBNET.with_for_update(read=True, key_share=True)
_ROW: Select[tuple[str, str, str]] = select(
    bindparam("address", type_=ipam_allocations.c.ip_address.type),
    literal(ALLOCATED),
    ipam_subnets.c.id,
).where(ipam_subnets.c.id == bindparam("subnet"))


class Claiming(Protocol):
    """A way of inserting rows of ``ipamallocations`` that passes over those that exist.

    The subnet is named by its id in ``ipamsubnets``.
    """

    def one(self, connection: Connection, ipam_id: str, address: str) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        ...

    def many(self, connection: Connection, ipam_id: str, addresses: Sequence[str]) -> set[str]:
        """Insert those rows that do not exist; return their addresses.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        ...


def _require_subnet(
    connection: Connection, ipam_id: str, how: Select[tuple[str]] = _THIS_SUBNET
) -> None:
    if connection.execute(how, {"subnet": ipam_id}).first() is None:
        raise SubnetChanged(ipam_id)


def _rows(ipam_id: str, addresses: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"ip_address": address, "status": ALLOCATED, "ipam_subnet_id": ipam_id}
        for address in sorted(addresses)
    ]


class PassingOver:
    """INSERT .. ON CONFLICT DO NOTHING.

    Args:
        dialect: whose INSERT it is.
    """

    def __init__(self, dialect: str) -> None:
        into = postgresql.insert if dialect == "postgresql" else sqlite.insert
        row = _ROW
        if dialect == "postgresql":
            # It also keeps the subnet from going in between, which would end the transaction.
            row = _ROW.with_for_update(read=True, key_share=True, of=ipam_subnets)
        self._one: Insert = (
            into(ipam_allocations)
            .from_select(_COLUMNS, row)
            .on_conflict_do_nothing()
            # SQLAlchemy keeps the row count of an INSERT only if told to.
            .execution_options(preserve_rowcount=True)
        )
        self._many = (
            into(ipam_allocations).on_conflict_do_nothing().returning(ipam_allocations.c.ip_address)
        )

    def one(self, connection: Connection, ipam_id: str, address: str) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        inserted = connection.execute(self._one, {"subnet": ipam_id, "address": address})
        if inserted.rowcount == 1:
            return True
        _require_subnet(connection, ipam_id)
        return False

    def many(self, connection: Connection, ipam_id: str, addresses: Sequence[str]) -> set[str]:
        """Insert those rows that do not exist; return their addresses.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        _require_subnet(connection, ipam_id, _LOCK_SUBNET)
        return set(connection.execute(self._many, _rows(ipam_id, addresses)).scalars())


class Catching:
    """A plain INSERT whose duplicate is caught: MariaDB, where the transaction goes on after it.

    Where one of many rows exists, none is inserted, and each half is tried by
    itself. To read which ones exist would not do: at MariaDB's default isolation
    level a read does not show what was committed since the transaction began.
    """

    _insert = insert(ipam_allocations)

    def one(self, connection: Connection, ipam_id: str, address: str) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        return self._all_of(connection, ipam_id, [address])

    def many(self, connection: Connection, ipam_id: str, addresses: Sequence[str]) -> set[str]:
        """Insert those rows that do not exist; return their addresses.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        inserted: set[str] = set()
        left = [list(portion) for portion in portions(sorted(addresses), MANY)]
        while left:
            some = left.pop()
            if self._all_of(connection, ipam_id, some):
                inserted.update(some)
            elif len(some) > 1:
                middle = len(some) // 2
                left += [some[middle:], some[:middle]]
        return inserted

    def _all_of(self, connection: Connection, ipam_id: str, addresses: Sequence[str]) -> bool:
        try:
            connection.execute(self._insert, _rows(ipam_id, addresses))
        except violations() as error:
            if is_missing_reference(error):
                raise SubnetChanged(ipam_id) from error
            if not is_duplicate(error):
                raise
            return False
        return True


def claiming_for(dialect: str) -> Claiming:
    """Return the way of claiming for a dialect of SQLAlchemy's."""
    return _BY_DIALECT.get(dialect, _CATCHING)


_CATCHING = Catching()
_BY_DIALECT: dict[str, Claiming] = {
    "sqlite": PassingOver("sqlite"),
    "postgresql": PassingOver("postgresql"),
}
