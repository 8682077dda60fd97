"""SQLite as it is unless an engine was told otherwise.

Elsewhere foreign keys hold, and a transaction that reads first may write later.
On SQLite both depend on the engine, and the engine may be somebody else's. So
a ledger finds out whether foreign keys are enforced on its connection, and sees
to them itself where they are not; and a transaction that is going to write can
take its turn among the writers before it reads.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, false, select, update
from sqlalchemy.dialects import sqlite

from freehold.errors import SubnetNotFound
from freehold.ledger.claiming import Row
from freehold.ledger.tables import allocations, ledger_pools, ledger_subnets

_ENFORCED = "freehold_enforces_references"

_subnet_exists = select(ledger_subnets.c.id).where(ledger_subnets.c.id == bindparam("subnet_id"))
_ONE = (
    sqlite.insert(allocations)
    .from_select(
        allocations.c.keys(),
        _subnet_exists.add_columns(
            *(
                bindparam(column.name, type_=column.type)
                for column in allocations.c
                if column.name != "subnet_id"
            )
        ),
    )
    .on_conflict_do_nothing()
    # SQLAlchemy keeps the row count of an INSERT only if told to.
    .execution_options(preserve_rowcount=True)
)
_MANY = sqlite.insert(allocations).on_conflict_do_nothing().returning(allocations.c.address)
_CHILDREN = tuple(
    delete(table).where(table.c.subnet_id == bindparam("in_subnet"))
    for table in (ledger_pools, allocations)
)
_WRITE_NOTHING = update(ledger_subnets).where(false()).values(project_id="")


def enforces_references(connection: Connection) -> bool:
    """Tell whether foreign keys hold on a connection; asked once for each."""
    if connection.dialect.name != "sqlite":
        return True
    if _ENFORCED not in connection.info:
        answer = connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()
        connection.info[_ENFORCED] = bool(answer)
    return bool(connection.info[_ENFORCED])


def take_turn_to_write(connection: Connection) -> None:
    """Make the transaction the one writer, on SQLite; wait for the one before.

    A transaction that has read an older state cannot write any more: SQLite
    refuses it at once as "locked". So this comes before the first read.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(_WRITE_NOTHING)


def remove_children(connection: Connection, subnet_id: str) -> None:
    """Remove what a foreign key that holds would have removed with a subnet."""
    for statement in _CHILDREN:
        connection.execute(statement, {"in_subnet": subnet_id})


class Unenforced:
    """A `freehold.ledger.claiming.Claiming` where foreign keys do not hold.

    Its checks come after the INSERT, which has made the transaction the one
    writer: nobody can remove the subnet in between.
    """

    def one(self, connection: Connection, row: Row) -> bool:
        """Insert a row, and tell whether there was none before.

        Raises:
            SubnetNotFound: its subnet is gone.
        """
        inserted = connection.execute(_ONE, row).rowcount == 1
        if not inserted:
            self._require_subnet(connection, row["subnet_id"])
        return inserted

    def many(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        """Insert the rows that do not exist; return their addresses.

        Raises:
            SubnetNotFound: their subnet is gone.
        """
        inserted = {bytes(row.address) for row in connection.execute(_MANY, rows)}
        subnet_id = rows[0]["subnet_id"]
        try:
            self._require_subnet(connection, subnet_id)
        except SubnetNotFound:
            remove_children(connection, subnet_id)
            raise
        return inserted

    def _require_subnet(self, connection: Connection, subnet_id: str) -> None:
        if connection.execute(_subnet_exists, {"subnet_id": subnet_id}).first() is None:
            raise SubnetNotFound(subnet_id)
