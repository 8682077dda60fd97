"""How addresses that rest are claimed again.

The row of an address that rests is there, so it is changed, and not inserted. That
it still rests, since early enough, and in the subnet that the caller knows, are
conditions of the statement that takes it: of two who want it one finds nothing.

One UPDATE cannot give each of many rows another holder. So many rows are locked,
and those that were had are dropped and inserted anew.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, insert, null, select, update

from freehold.ledger.claiming import MANY, Row, portions, require_subnet
from freehold.ledger.protocol import LedgerSubnet
from freehold.ledger.tables import allocations, ledger_subnets, stored_time

_this_subnet = allocations.c.subnet_id == bindparam("in_subnet")
_these_addresses = allocations.c.address.in_(bindparam("addresses", expanding=True))
_RESTS_LONG_ENOUGH = and_(
    _this_subnet,
    allocations.c.released_at <= bindparam("released_by"),
    select(ledger_subnets.c.stamp)
    .where(ledger_subnets.c.id == bindparam("in_subnet"))
    .scalar_subquery()
    == bindparam("stamp"),
)
_reclaimed = {
    "holder": bindparam("new_holder"),
    "allocated_at": bindparam("now", type_=allocations.c.allocated_at.type),
    "released_at": null(),
}
_RECLAIM = (
    update(allocations)
    .where(_RESTS_LONG_ENOUGH, allocations.c.address == bindparam("this"))
    .values(_reclaimed)
)
_LOCK_RESTING = (
    select(allocations.c.address).where(_RESTS_LONG_ENOUGH, _these_addresses).with_for_update()
)
_DROP_MANY = delete(allocations).where(_this_subnet, _these_addresses)
_INSERT_MANY = insert(allocations)


def reclaim(
    connection: Connection, subnet: LedgerSubnet, rows: Sequence[Row], released_by: datetime
) -> set[bytes]:
    """Put rows in the place of those that rest, and were released by some time.

    Returns:
        The addresses of those that were put there.

    Raises:
        SubnetChanged: the subnet is not the one of this stamp.
    """
    parameters: dict[str, object] = {
        "in_subnet": subnet.subnet_id,
        "stamp": subnet.stamp,
        "released_by": stored_time(released_by),
    }
    if len(rows) == 1:
        reclaimed = _one(connection, rows[0], parameters)
    else:
        reclaimed = {
            address
            for portion in portions(rows, MANY)
            for address in _portion(connection, portion, parameters)
        }
    if not reclaimed:
        require_subnet(connection, subnet.subnet_id, subnet.stamp)
    return reclaimed


def _one(connection: Connection, row: Row, parameters: dict[str, object]) -> set[bytes]:
    how = {
        **parameters,
        "this": row["address"],
        "new_holder": row["holder"],
        "now": row["allocated_at"],
    }
    return {row["address"]} if connection.execute(_RECLAIM, how).rowcount else set()


def _portion(
    connection: Connection, rows: Sequence[Row], parameters: dict[str, object]
) -> set[bytes]:
    these = {**parameters, "addresses": [row["address"] for row in rows]}
    resting = {bytes(address) for address in connection.execute(_LOCK_RESTING, these).scalars()}
    if resting:
        connection.execute(
            _DROP_MANY, {"in_subnet": parameters["in_subnet"], "addresses": list(resting)}
        )
        connection.execute(_INSERT_MANY, [row for row in rows if row["address"] in resting])
    return resting
