"""SQLite as it is unless an engine was told otherwise.

Elsewhere foreign keys hold, and a transaction that reads first may write later.
On SQLite both depend on the engine, and the engine may be somebody else's. So
a ledger finds out whether foreign keys are enforced on its connection, and sees
to what they would have removed where they are not; and a transaction that is going to write can
take its turn among the writers before it reads.
"""

from sqlalchemy import Connection, bindparam, delete, false, update

from freehold.ledger.tables import allocations, ledger_pools, ledger_subnets

_ENFORCED = "freehold_enforces_references"

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
