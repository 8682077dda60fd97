"""Which addresses are held, taken and resting now: reading ``allocations``.

Nothing here locks or changes anything, and nothing that was read is a promise: a
claim finds out by itself. Lists are runs of the key, so that a limit reads no
more than it returns; ranges are counted many at a time, since a search for gaps
asks of many.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select

from freehold.addresses.encoding import from_bytes, number_to_bytes, to_bytes
from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.ledger.claiming import portions
from freehold.ledger.protocol import Allocation, LedgerSubnet, Released
from freehold.ledger.tables import allocations, stored_time

COUNTED = 16
"""Ranges that one statement counts at the most."""

# Statements are made once: making one costs more than SQLite takes to run it.
_this_subnet = allocations.c.subnet_id == bindparam("in_subnet")
_this_address = allocations.c.address == bindparam("this")
_within = allocations.c.address.between(bindparam("low"), bindparam("high"))
_held = allocations.c.released_at.is_(None)
_rests = allocations.c.released_at.is_not(None)

_FIND = select(allocations).where(_this_subnet, _this_address, _held)
_RELEASED_AT = select(allocations.c.released_at).where(_this_subnet, _this_address)
_ALLOCATIONS = (
    select(allocations).where(_this_subnet, _within, _held).order_by(allocations.c.address)
)
_LOWEST_ALLOCATIONS = _ALLOCATIONS.limit(bindparam("rows"))
_TAKEN = select(allocations.c.address).where(_this_subnet, _within).order_by(allocations.c.address)
_LOWEST_TAKEN = _TAKEN.limit(bindparam("rows"))
_RESTING = (
    select(allocations.c.released_at, allocations.c.address)
    .where(_this_subnet, _rests)
    .order_by(allocations.c.released_at, allocations.c.address)
    .limit(bindparam("rows"))
)
_after = bindparam("after", type_=allocations.c.released_at.type)
_RESTING_AFTER = _RESTING.where(
    or_(
        allocations.c.released_at > _after,
        and_(allocations.c.released_at == _after, allocations.c.address > bindparam("behind")),
    )
)


def _count(ranges: int, *also: ColumnElement[bool]) -> Select[*tuple[int, ...]]:
    """Return a statement that counts the rows of so many ranges, each in a column of its own."""
    return select(
        *(
            select(func.count())
            .select_from(allocations)
            .where(
                _this_subnet,
                allocations.c.address.between(bindparam(f"low{place}"), bindparam(f"high{place}")),
                *also,
            )
            .scalar_subquery()
            for place in range(ranges)
        )
    )


_COUNT = [_count(ranges) for ranges in range(1, COUNTED + 1)]
_COUNT_RESTING = [_count(ranges, _rests) for ranges in range(1, COUNTED + 1)]


def find(connection: Connection, subnet_id: str, address: IPAddress) -> Allocation | None:
    """Return who holds an address; None if nobody does."""
    parameters = {"in_subnet": subnet_id, "this": to_bytes(address)}
    row = connection.execute(_FIND, parameters).one_or_none()
    return None if row is None else _allocation(row, address)


def held(
    connection: Connection, subnet_id: str, within: AddressRange, limit: int | None
) -> list[Allocation]:
    """Return the held addresses of a range with their holders, ascending."""
    parameters = _bounds(subnet_id, within)
    if limit is None:
        rows = connection.execute(_ALLOCATIONS, parameters)
    else:
        rows = connection.execute(_LOWEST_ALLOCATIONS, {**parameters, "rows": limit})
    return [
        _allocation(row, address_of(within.version, from_bytes(bytes(row.address), within.version)))
        for row in rows
    ]


def taken(
    connection: Connection, subnet_id: str, within: AddressRange, limit: int | None
) -> list[int]:
    """Return the values of the addresses of a range that are taken, ascending."""
    parameters = _bounds(subnet_id, within)
    if limit is None:
        rows = connection.execute(_TAKEN, parameters)
    else:
        rows = connection.execute(_LOWEST_TAKEN, {**parameters, "rows": limit})
    return [from_bytes(bytes(data), within.version) for data in rows.scalars()]


def count_taken(
    connection: Connection, subnet_id: str, ranges: Sequence[AddressRange]
) -> list[int]:
    """Return how many addresses of each range are taken."""
    return _counts(connection, _COUNT, subnet_id, ranges)


def resting(
    connection: Connection, subnet: LedgerSubnet, limit: int, after: Released | None
) -> list[Released]:
    """Return released addresses that rest, by the time of their release."""
    parameters: dict[str, object] = {"in_subnet": subnet.subnet_id, "rows": limit}
    statement = _RESTING
    if after is not None:
        statement = _RESTING_AFTER
        parameters["after"] = stored_time(after.at)
        parameters["behind"] = to_bytes(after.address)
    version = subnet.cidr.version
    return [
        Released(
            row.released_at.replace(tzinfo=UTC),
            address_of(version, from_bytes(bytes(row.address), version)),
        )
        for row in connection.execute(statement, parameters)
    ]


def count_resting(connection: Connection, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
    """Return how many addresses of the ranges rest."""
    return sum(_counts(connection, _COUNT_RESTING, subnet_id, ranges))


def released_at(connection: Connection, subnet_id: str, address: IPAddress) -> datetime | None:
    """Return when an address that rests was released; None if it does not rest."""
    parameters = {"in_subnet": subnet_id, "this": to_bytes(address)}
    moment = connection.execute(_RELEASED_AT, parameters).scalar()
    return None if moment is None else moment.replace(tzinfo=UTC)


def _counts(
    connection: Connection,
    statements: Sequence[Select[*tuple[int, ...]]],
    subnet_id: str,
    ranges: Sequence[AddressRange],
) -> list[int]:
    counts: list[int] = []
    for portion in portions(ranges, COUNTED):
        parameters: dict[str, object] = {"in_subnet": subnet_id}
        for place, one in enumerate(portion):
            parameters[f"low{place}"] = number_to_bytes(one.version, one.first)
            parameters[f"high{place}"] = number_to_bytes(one.version, one.last)
        statement = statements[len(portion) - 1]
        counts += connection.execute(statement, parameters).one()
    return counts


def _allocation(row: Row[*tuple[Any, ...]], address: IPAddress) -> Allocation:
    return Allocation(
        subnet_id=row.subnet_id,
        address=address,
        holder=row.holder,
        since=row.allocated_at.replace(tzinfo=UTC),
    )


def _bounds(subnet_id: str, within: AddressRange) -> dict[str, object]:
    return {
        "in_subnet": subnet_id,
        "low": number_to_bytes(within.version, within.first),
        "high": number_to_bytes(within.version, within.last),
    }
