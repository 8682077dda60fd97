"""Rows of quotas: limits of projects, and the room that their counters have left.

See `freehold.db.tables_quotas` for what counters are. Nobody but whoever opens or
closes the counters of a project removes number 0, so that what is given back always
finds it.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from freehold.db.tables import address_scopes, networks, ports, subnetpools, subnets
from freehold.db.tables_quotas import quota_counters, quotas
from freehold.networking.quota_values import UNLIMITED, Account, Counted

TABLES: Mapping[Counted, Table] = {
    Counted.NETWORK: networks,
    Counted.SUBNET: subnets,
    Counted.PORT: ports,
    Counted.SUBNETPOOL: subnetpools,
    Counted.ADDRESS_SCOPE: address_scopes,
}

COUNTERS = 8
"""How many counters a project has that is far from its limit."""

ROOM_FOR_SEVERAL = 64
"""What is the least room that is spread over several counters."""

Own = Mapping[Counted, int]

counters = quota_counters

_this_account = and_(
    counters.c.project_id == bindparam("in_project"),
    counters.c.resource == bindparam("of_resource"),
)
_this_counter = and_(_this_account, counters.c.number == bindparam("at"))

# Made once: to put a statement together takes longer than to have it carried out.
_TAKE = (
    update(counters)
    .where(
        _this_counter,
        counters.c.room >= bindparam("more"),
        or_(counters.c.default_most.is_(None), counters.c.default_most == bindparam("default")),
    )
    .values(room=counters.c.room - bindparam("more"))
)
_GIVE_BACK = update(counters).where(_this_counter).values(room=counters.c.room + bindparam("fewer"))
_GUARD = update(counters).where(_this_account).values(generation=counters.c.generation + 1)
_SUM = select(func.count(), func.sum(counters.c.room), func.max(counters.c.default_most)).where(
    _this_account
)
_OWN = (
    select(quotas.c.most)
    .where(
        quotas.c.project_id == bindparam("in_project"),
        quotas.c.resource == bindparam("of_resource"),
    )
    .scalar_subquery()
)
_STANDING = select(
    _OWN, exists().where(_this_account, counters.c.number == 0).select().scalar_subquery()
)


class Room(NamedTuple):
    """What the counters of an account say.

    Attributes:
        left: how many more there may be; negative if there are too many.
        default: the configured default from which that was reckoned; None if the
            project has a limit of its own.
        counters: how many counters there are.
    """

    left: int
    default: int | None
    counters: int


class Standing(NamedTuple):
    """Whether an account is limited.

    Attributes:
        own: the project's own limit; None if it has none.
        counted: whether there are counters.
    """

    own: int | None
    counted: bool


def is_uncounted(account: Account) -> ColumnElement[bool]:
    """Return the condition that an account has no counters, for a statement of another table."""
    return ~exists().where(
        counters.c.project_id == account.project_id,
        counters.c.resource == account.resource.value,
        counters.c.number == 0,
    )


def spread_over(room: int) -> int:
    """Return how many counters there are to be for so much room."""
    return COUNTERS if room >= ROOM_FOR_SEVERAL else 1


def take(connection: Connection, account: Account, more: int, number: int, default: int) -> bool:
    """Take room from one counter; tell whether it had as much, by the present default."""
    values = {**_of(account), "at": number, "more": more, "default": default}
    return bool(connection.execute(_TAKE, values).rowcount)


def give_back(connection: Connection, account: Account, fewer: int, number: int) -> bool:
    """Give room back to one counter; tell whether it is there."""
    values = {**_of(account), "at": number, "fewer": fewer}
    return bool(connection.execute(_GIVE_BACK, values).rowcount)


def guard(connection: Connection, account: Account) -> Room | None:
    """Exclude all others from the counters of an account, and return what they say.

    PostgreSQL's UPDATE waits for whoever holds the first counter, and then does not see
    the counters which that one has added: those are still to be guarded. Whoever holds
    the first one is the only one who adds and removes others.

    Returns:
        None if there are none.
    """
    guarded = connection.execute(_GUARD, _of(account)).rowcount
    if not guarded:
        return None
    number, left, default = connection.execute(_SUM, _of(account)).one()
    while guarded < number:
        guarded = connection.execute(_GUARD, _of(account)).rowcount
        number, left, default = connection.execute(_SUM, _of(account)).one()
    return Room(int(left), default, number)


def spread(connection: Connection, account: Account, room: Room, default: int | None) -> None:
    """Spread room over as many counters as it is to have, which are guarded.

    Args:
        connection: the unit's connection.
        account: whose counters.
        room: the room, and how many counters there are.
        default: the default from which it is reckoned; None for the project's own limit.
    """
    wanted = spread_over(room.left)
    shares = [
        {"at": number, "share": (room.left + wanted - 1 - number) // wanted}
        for number in range(wanted)
    ]
    this = _of(account)
    connection.execute(
        update(counters).where(_this_counter).values(room=bindparam("share"), default_most=default),
        [{**this, **share} for share in shares[: room.counters]],
    )
    if wanted < room.counters:
        connection.execute(delete(counters).where(_this_account, counters.c.number >= wanted), this)
    _insert(connection, account, shares[room.counters :], default)


def open_counters(connection: Connection, account: Account, left: int, default: int | None) -> None:
    """Begin to count.

    Raises:
        DBDuplicateEntry: somebody else has begun meanwhile.
    """
    wanted = spread_over(left)
    shares = [
        {"at": number, "share": (left + wanted - 1 - number) // wanted} for number in range(wanted)
    ]
    _insert(connection, account, shares, default)


def close_counters(connection: Connection, account: Account) -> None:
    """Do not count any more."""
    connection.execute(delete(counters).where(_this_account), _of(account))


def standing(connection: Connection, account: Account) -> Standing:
    """Return whether an account is limited."""
    own, counted = connection.execute(_STANDING, _of(account)).one()
    return Standing(own, bool(counted))


def count(connection: Connection, account: Account) -> int:
    """Count what a project has; its cost grows with that."""
    table = TABLES[account.resource]
    found: int | None = connection.scalar(
        select(func.count()).select_from(table).where(table.c.project_id == account.project_id)
    )
    return found or 0


def counts(connection: Connection, project_id: str) -> Mapping[Counted, int]:
    """Count all that a project has, by one statement."""
    row = connection.execute(
        select(
            *(
                select(func.count())
                .select_from(table)
                .where(table.c.project_id == project_id)
                .scalar_subquery()
                .label(resource.value)
                for resource, table in TABLES.items()
            )
        )
    ).one()
    return dict(zip(TABLES, row, strict=True))


def own_limits(connection: Connection, project_id: str) -> Own:
    """Return the limits that a project has of its own."""
    found = connection.execute(select(quotas).where(quotas.c.project_id == project_id))
    return {Counted(row.resource): row.most for row in found}


def set_own_limit(connection: Connection, account: Account, most: int) -> None:
    """Give a project a limit of its own.

    Raises:
        DBDuplicateEntry: somebody else has done so meanwhile.
    """
    known = connection.execute(
        update(quotas)
        .where(
            quotas.c.project_id == account.project_id,
            quotas.c.resource == account.resource.value,
        )
        .values(most=most)
    )
    if not known.rowcount:
        connection.execute(
            insert(quotas).values(
                project_id=account.project_id, resource=account.resource.value, most=most
            )
        )


def remove_own_limits(connection: Connection, project_id: str) -> None:
    """Take from a project all limits of its own."""
    connection.execute(delete(quotas).where(quotas.c.project_id == project_id))


def miscounted(connection: Connection) -> Collection[Account]:
    """Return the accounts whose counters do not agree with what there is.

    To be called in a unit that only reads, whose statements see one state.
    """
    return [account for resource in Counted for account in _miscounted_of(connection, resource)]


def _miscounted_of(connection: Connection, resource: Counted) -> Collection[Account]:
    limit = func.coalesce(func.max(quotas.c.most), func.max(counters.c.default_most), UNLIMITED)
    said = connection.execute(
        select(counters.c.project_id, (limit - func.sum(counters.c.room)).label("used"))
        .join_from(
            counters,
            quotas,
            and_(
                quotas.c.project_id == counters.c.project_id,
                quotas.c.resource == counters.c.resource,
            ),
            isouter=True,
        )
        .where(counters.c.resource == resource.value)
        .group_by(counters.c.project_id)
    ).all()
    table = TABLES[resource]
    there = {
        row[0]: row[1]
        for row in connection.execute(
            select(table.c.project_id, func.count())
            .where(
                table.c.project_id.in_(
                    select(counters.c.project_id).where(counters.c.resource == resource.value)
                )
            )
            .group_by(table.c.project_id)
        )
    }
    return [
        Account(resource, row.project_id)
        for row in said
        if int(row.used) != there.get(row.project_id, 0)
    ]


def _insert(
    connection: Connection,
    account: Account,
    shares: Collection[Mapping[str, int]],
    default: int | None,
) -> None:
    if shares:
        connection.execute(
            insert(counters),
            [
                {
                    "project_id": account.project_id,
                    "resource": account.resource.value,
                    "number": share["at"],
                    "room": share["share"],
                    "default_most": default,
                    "generation": 0,
                }
                for share in shares
            ],
        )


def _of(account: Account) -> dict[str, Any]:
    return {"in_project": account.project_id, "of_resource": account.resource.value}
