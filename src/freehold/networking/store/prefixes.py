"""Rows of what is free of subnet pools, and of how much each project holds of them.

Whoever changes them has guarded the pool (`subnet_pools.guard`). Each function
is one statement or two, and reads a few rows by an index, however many prefixes
are held and however many gaps there are.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, delete, func, insert, select, union_all, update

from freehold.addresses.encoding import from_bytes, number_to_bytes
from freehold.addresses.prefixes import prefix_at
from freehold.addresses.ranges import IPNetwork
from freehold.db.retry import RunAgain
from freehold.db.tables import subnetpool_gaps, subnetpool_usage
from freehold.networking.store.conditions import AnyRow, in_batches

gaps = subnetpool_gaps
usage = subnetpool_usage


def smallest_gap(
    connection: Connection, pool_id: str, ip_version: int, length: int
) -> IPNetwork | None:
    """Return the smallest gap with room for a prefix of a length, the lowest of several."""
    fitting = (
        select(func.max(gaps.c.prefixlen))
        .where(gaps.c.subnetpool_id == pool_id, gaps.c.prefixlen <= length)
        .correlate(None)
        .scalar_subquery()
    )
    row = connection.execute(
        select(gaps)
        .where(gaps.c.subnetpool_id == pool_id, gaps.c.prefixlen == fitting)
        .order_by(gaps.c.first)
        .limit(1)
    ).first()
    return None if row is None else _gap(row, ip_version)


def gap_around(connection: Connection, pool_id: str, prefix: IPNetwork) -> IPNetwork | None:
    """Return the gap that contains a prefix; None if the prefix is not all free."""
    row = connection.execute(
        select(gaps)
        .where(gaps.c.subnetpool_id == pool_id, gaps.c.first <= _first(prefix))
        .order_by(gaps.c.first.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    gap = _gap(row, prefix.version)
    contains = gap.prefixlen <= prefix.prefixlen and prefix.network_address in gap
    return gap if contains else None


def gaps_among(
    connection: Connection, pool_id: str, candidates: Iterable[IPNetwork]
) -> frozenset[IPNetwork]:
    """Return those of some prefixes that are gaps, not larger and not smaller."""
    wanted = frozenset(candidates)
    if not wanted:
        return wanted
    version = next(iter(wanted)).version
    rows = connection.execute(
        select(gaps).where(
            gaps.c.subnetpool_id == pool_id,
            gaps.c.first.in_([_first(one) for one in wanted]),
        )
    )
    return wanted & {_gap(row, version) for row in rows}


def smallest_gaps(
    connection: Connection, pool_id: str, ip_version: int, lengths: range, number: int
) -> frozenset[IPNetwork]:
    """Return at least the smallest gaps with room for a prefix, and the lowest of those.

    Args:
        connection: the unit's connection.
        pool_id: the pool.
        ip_version: the pool's.
        lengths: from that of the pool's largest prefix to that of the wanted one.
        number: how many gaps are needed; so many of each length are read.
    """
    of_a_length = [
        select(gaps.c.first, gaps.c.prefixlen)
        .where(gaps.c.subnetpool_id == pool_id, gaps.c.prefixlen == length)
        .order_by(gaps.c.first)
        .limit(number)
        .subquery()
        for length in lengths
    ]
    if not of_a_length:
        return frozenset()
    rows = connection.execute(union_all(*(select(one) for one in of_a_length)))
    return frozenset(_gap(row, ip_version) for row in rows)


def gaps_around(
    connection: Connection, pool_id: str, prefixes: Collection[IPNetwork], shortest: int
) -> frozenset[IPNetwork]:
    """Return the gaps that contain one of these prefixes.

    Args:
        connection: the unit's connection.
        pool_id: the pool.
        prefixes: of the pool's IP version.
        shortest: the length of the pool's largest prefix.
    """
    candidates = {
        prefix_at(prefix.version, int(prefix.network_address), length)
        for prefix in prefixes
        for length in range(shortest, prefix.prefixlen + 1)
    }
    return frozenset(
        gap
        for firsts in in_batches(sorted({_first(one) for one in candidates}))
        for row in connection.execute(
            select(gaps).where(gaps.c.subnetpool_id == pool_id, gaps.c.first.in_(firsts))
        )
        if (gap := _gap(row, next(iter(candidates)).version)) in candidates
    )


def largest_length(connection: Connection, pool_id: str) -> int | None:
    """Return the prefix length of the largest gap; None if nothing is free."""
    length: int | None = connection.scalar(
        select(func.min(gaps.c.prefixlen)).where(gaps.c.subnetpool_id == pool_id)
    )
    return length


def add_gaps(connection: Connection, pool_id: str, added: Collection[IPNetwork]) -> None:
    """Store gaps."""
    add_gaps_of(connection, {pool_id: added})


def add_gaps_of(connection: Connection, added: Mapping[str, Collection[IPNetwork]]) -> None:
    """Store gaps of several pools."""
    rows = [
        {"subnetpool_id": pool_id, "first": _first(gap), "prefixlen": gap.prefixlen}
        for pool_id, of_pool in added.items()
        for gap in of_pool
    ]
    if rows:
        connection.execute(insert(gaps), rows)


def remove_gaps(connection: Connection, pool_id: str, removed: Collection[IPNetwork]) -> None:
    """Delete gaps.

    Raises:
        RunAgain: one of them is not there: the pool was not guarded.
    """
    for some in in_batches(list(removed)):
        deleted = connection.execute(
            delete(gaps).where(
                gaps.c.subnetpool_id == pool_id,
                gaps.c.first.in_([_first(gap) for gap in some]),
            )
        )
        if deleted.rowcount != len(some):
            raise RunAgain


def used(connection: Connection, pool_id: str, project_id: str) -> Mapping[int, int]:
    """Return how many subnets of each prefix length a project has out of a pool."""
    rows = connection.execute(
        select(usage.c.prefixlen, usage.c.subnets).where(
            usage.c.subnetpool_id == pool_id, usage.c.project_id == project_id
        )
    )
    return {row.prefixlen: row.subnets for row in rows}


def count(connection: Connection, pool_id: str, project_id: str, length: int, more: int) -> None:
    """Note that a project has so many more subnets of a prefix length out of a pool."""
    known = connection.execute(
        update(usage)
        .where(
            usage.c.subnetpool_id == pool_id,
            usage.c.project_id == project_id,
            usage.c.prefixlen == length,
        )
        .values(subnets=usage.c.subnets + more)
    )
    if not known.rowcount:
        connection.execute(
            insert(usage).values(
                subnetpool_id=pool_id, project_id=project_id, prefixlen=length, subnets=more
            )
        )


def _first(prefix: IPNetwork) -> bytes:
    return number_to_bytes(prefix.version, int(prefix.network_address))


def _gap(row: AnyRow, ip_version: int) -> IPNetwork:
    return prefix_at(ip_version, from_bytes(row.first, ip_version), row.prefixlen)
