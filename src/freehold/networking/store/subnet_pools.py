"""Rows of subnet pools."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
    true,
    update,
)

from freehold.addresses.ranges import IPNetwork
from freehold.db.tables import network_guards, subnetpool_tags, subnetpools, subnets
from freehold.errors import SubnetPoolNotFound
from freehold.ledger.tables import stored_time
from freehold.networking.paging import ALL, Page
from freehold.networking.pool_values import SubnetPool
from freehold.networking.sharing_values import VISIBLE
from freehold.networking.store import sharing
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.store.records import columns_of, in_table, record_of
from freehold.networking.values import Filter

RECORDS = in_table(subnetpools, subnetpool_tags)

_SHARED = sharing.is_shared(subnetpools.c.id)


def _is_default(values: tuple[object, ...]) -> ColumnElement[bool]:
    column = subnetpools.c.default_for_version
    return or_(
        false(), *(column.is_not(None) if value else column.is_(None) for value in set(values))
    )


FILTERS: dict[str, Condition] = {
    **{
        name: one_of(subnetpools.c[name])
        for name in (
            "id",
            "name",
            "project_id",
            "ip_version",
            "min_prefixlen",
            "max_prefixlen",
            "default_prefixlen",
            "default_quota",
            "address_scope_id",
        )
    },
    "is_default": _is_default,
    "shared": sharing.if_true(_SHARED),
    VISIBLE: sharing.SUBNET_POOLS,
    **RECORDS.filters(),
}

SORTING = Sorting(
    subnetpools.c.id,
    {
        **{
            name: subnetpools.c[name]
            for name in (
                "name",
                "project_id",
                "ip_version",
                "min_prefixlen",
                "max_prefixlen",
                "default_prefixlen",
                "default_quota",
                "address_scope_id",
            )
        },
        "shared": sharing.as_number(_SHARED),
        "is_default": case((subnetpools.c.default_for_version.is_(None), 0), else_=1),
    },
)

_POOLS = select(subnetpools, _SHARED.label("shared"), *RECORDS.columns())


def add(connection: Connection, added: Sequence[SubnetPool]) -> None:
    """Store new subnet pools, without what is free of them and by which policies they are shared.

    Raises:
        DBDuplicateEntry: there is another default pool of the IP version.
        DBReferenceError: its address scope is gone.
    """
    if added:
        connection.execute(
            insert(subnetpools),
            [
                {
                    "id": pool.id,
                    "project_id": pool.project_id,
                    "ip_version": pool.ip_version,
                    **_changeable(pool),
                    **columns_of(pool.record),
                }
                for pool in added
            ],
        )


def replace(connection: Connection, before: SubnetPool, after: SubnetPool, now: datetime) -> None:
    """Overwrite what can change of a subnet pool as it was read, and raise its revision.

    Raises:
        RunAgain: the pool is not as it was read any more.
        DBDuplicateEntry: there is another default pool of the IP version.
        DBReferenceError: its address scope is gone.
    """
    RECORDS.raise_revision(connection, before.id, before.record, now, _changeable(after))


def get(connection: Connection, pool_id: str) -> SubnetPool:
    """Read one subnet pool.

    Raises:
        SubnetPoolNotFound: there is none of this id.
    """
    found = find(connection, [Filter("id", (pool_id,))])
    if not found:
        raise SubnetPoolNotFound(pool_id)
    return found[0]


def find(
    connection: Connection, filters: Sequence[Filter], page: Page = ALL
) -> tuple[SubnetPool, ...]:
    """Read those subnet pools that pass all the filters and are on the page.

    Raises:
        SubnetPoolNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(
        connection,
        _POOLS.where(where(filters, FILTERS)),
        page,
        sharing.view_of(filters, FILTERS),
    )
    if rows is None:
        raise SubnetPoolNotFound(str(page.marker))
    return tuple(_pool(row) for row in rows)


def default_id(connection: Connection, ip_version: int) -> str | None:
    """Return the id of the default pool of an IP version, if there is one."""
    return connection.scalar(
        select(subnetpools.c.id).where(subnetpools.c.default_for_version == ip_version)
    )


def guard(connection: Connection, pool_id: str) -> None:
    """Exclude all other units that change the pool, or take or give back prefixes of it.

    To be called before what is free is read; see `networks.guard`.

    Raises:
        SubnetPoolNotFound: the pool is gone.
    """
    touched = connection.execute(
        update(subnetpools)
        .where(subnetpools.c.id == pool_id)
        .values(generation=subnetpools.c.generation + 1)
    )
    if not touched.rowcount:
        raise SubnetPoolNotFound(pool_id)


def guard_networks(connection: Connection, pool_id: str, now: datetime) -> None:
    """Exclude all other units that change the subnets of networks with subnets of the pool.

    The revisions of these networks grow by one: they are about to show another
    address scope.
    """
    connection.execute(
        update(network_guards)
        .where(
            network_guards.c.network_id.in_(
                select(subnets.c.network_id).where(subnets.c.subnetpool_id == pool_id)
            )
        )
        .values(generation=network_guards.c.generation + 1, updated_at=stored_time(now))
    )


def prefixes_in_scopes(
    connection: Connection, scope_ids: Collection[str], but: str | None
) -> Mapping[str, Sequence[IPNetwork]]:
    """Return the prefixes of all pools of some address scopes, but those of one pool.

    Returns:
        The prefixes by the id of the scope; nothing of a scope without pools.
    """
    found: dict[str, list[IPNetwork]] = defaultdict(list)
    for ids in in_batches(sorted(scope_ids)):
        for row in connection.execute(
            select(subnetpools.c.address_scope_id, subnetpools.c.prefixes).where(
                subnetpools.c.address_scope_id.in_(ids),
                true() if but is None else subnetpools.c.id != but,
            )
        ):
            found[row.address_scope_id] += _networks(row.prefixes)
    return found


def is_in_use(connection: Connection, pool_id: str) -> bool:
    """Tell whether a subnet is from the pool."""
    found = connection.scalar(
        select(subnets.c.id).where(subnets.c.subnetpool_id == pool_id).limit(1)
    )
    return found is not None


def shares_a_network(connection: Connection, pool: SubnetPool) -> bool:
    """Tell whether a network has subnets of the pool, and others of the same IP version."""
    other = subnets.alias("other")
    beside = exists().where(
        other.c.network_id == subnets.c.network_id,
        other.c.ip_version == pool.ip_version,
        or_(other.c.subnetpool_id.is_(None), other.c.subnetpool_id != pool.id),
    )
    found = connection.scalar(
        select(subnets.c.id).where(subnets.c.subnetpool_id == pool.id, beside).limit(1)
    )
    return found is not None


def remove(connection: Connection, pool_id: str) -> None:
    """Delete a subnet pool that no subnet is from any more."""
    connection.execute(delete(subnetpools).where(subnetpools.c.id == pool_id))


def _changeable(pool: SubnetPool) -> dict[str, object]:
    return {
        "name": pool.name,
        "description": pool.description,
        "prefixes": [str(prefix) for prefix in pool.prefixes],
        "min_prefixlen": pool.min_prefixlen,
        "max_prefixlen": pool.max_prefixlen,
        "default_prefixlen": pool.default_prefixlen,
        "default_quota": pool.default_quota,
        "default_for_version": pool.ip_version if pool.is_default else None,
        "address_scope_id": pool.address_scope_id,
    }


def _pool(row: AnyRow) -> SubnetPool:
    return SubnetPool(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        ip_version=row.ip_version,
        prefixes=_networks(row.prefixes),
        min_prefixlen=row.min_prefixlen,
        max_prefixlen=row.max_prefixlen,
        default_prefixlen=row.default_prefixlen,
        default_quota=row.default_quota,
        shared=row.shared,
        is_default=row.default_for_version is not None,
        address_scope_id=row.address_scope_id,
        description=row.description,
        record=record_of(row),
    )


def _networks(texts: Sequence[str]) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(text) for text in texts)
