"""Who held an address, and when: reading it, and forgetting what is old."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    select,
)

from freehold.addresses.encoding import to_bytes
from freehold.addresses.ranges import IPAddress
from freehold.ledger.protocol import Allocation
from freehold.ledger.tables import allocations, ledger_subnets, past_allocations, stored_time

_past = past_allocations.c
_held = allocations.c

_CURRENT = select(_held.subnet_id, _held.holder, _held.allocated_at, _held.released_at).where(
    _held.address == bindparam("this"), _held.released_at.is_(None)
)
# Subnet by subnet, since each address has its place behind its subnet in the key.
_CURRENT_ANYWHERE = _CURRENT.join_from(
    ledger_subnets, allocations, ledger_subnets.c.id == _held.subnet_id
)
_FORMER = (
    select(_past.subnet_id, _past.holder, _past.allocated_at, _past.released_at)
    .where(_past.address == bindparam("this"))
    .order_by(_past.allocated_at.desc(), _past.released_at.desc(), _past.id.desc())
)
# The oldest rows, whether they are old enough or not: a condition would have all rows read.
_OLDEST = select(_past.id, _past.released_at).order_by(_past.id).limit(bindparam("rows"))
_OLDEST_RESTING = (
    select(_held.subnet_id, _held.address).where(_held.released_at < bindparam("before"))
).limit(bindparam("rows"))
_FORGET = delete(past_allocations).where(_past.id.in_(bindparam("ids", expanding=True)))
_FORGET_RESTING = delete(allocations).where(
    _held.subnet_id == bindparam("in_subnet"),
    _held.address.in_(bindparam("addresses", expanding=True)),
    _held.released_at < bindparam("before"),
)


def history(
    connection: Connection,
    address: IPAddress,
    subnet_id: str | None,
    at: datetime | None,
    limit: int | None,
) -> list[Allocation]:
    """Return who holds and who held an address, those who got it last first."""
    found = [
        _allocation(row, address)
        for row in _rows(
            connection, address, subnet_id, None if at is None else stored_time(at), limit
        )
    ]
    found.sort(key=lambda one: (one.until is None, one.since), reverse=True)
    return found[:limit]


def forget(connection: Connection, past_before: datetime, rests_before: datetime, rows: int) -> int:
    """Forget about so many past holders and rests each; return how many it were."""
    before = stored_time(past_before)
    oldest = connection.execute(_OLDEST, {"rows": rows}).all()
    ids = [row.id for row in oldest if row.released_at < before]
    if ids:
        connection.execute(_FORGET, {"ids": ids})
    moment = stored_time(rests_before)
    resting: dict[str, list[bytes]] = defaultdict(list)
    for row in connection.execute(_OLDEST_RESTING, {"before": moment, "rows": rows}).all():
        resting[row.subnet_id].append(bytes(row.address))
    for subnet_id, addresses in resting.items():
        connection.execute(
            _FORGET_RESTING,
            {"in_subnet": subnet_id, "addresses": addresses, "before": moment},
        )
    return len(ids) + sum(map(len, resting.values()))


def _rows(
    connection: Connection,
    address: IPAddress,
    subnet_id: str | None,
    at: datetime | None,
    limit: int | None,
) -> Iterator[Row[*tuple[Any, ...]]]:
    current, former = _CURRENT_ANYWHERE, _FORMER.limit(limit)
    if subnet_id is not None:
        current = _CURRENT.where(_held.subnet_id == subnet_id)
        former = former.where(_past.subnet_id == subnet_id)
    if at is not None:
        current = current.where(_held.allocated_at <= at)
        former = former.where(and_(_past.allocated_at <= at, _past.released_at > at))
    for statement in (current, former):
        yield from connection.execute(statement, {"this": to_bytes(address)})


def _allocation(row: Row[*tuple[Any, ...]], address: IPAddress) -> Allocation:
    until = row.released_at
    return Allocation(
        subnet_id=row.subnet_id,
        address=address,
        holder=row.holder,
        since=row.allocated_at.replace(tzinfo=UTC),
        until=None if until is None else until.replace(tzinfo=UTC),
    )
