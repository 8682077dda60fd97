"""Which prefixes of a subnet pool are free, without reading its subnets for each one.

Neutron keeps a subnet pool's prefixes and its subnets' CIDRs, and a ``hash`` in
the pool's row that changes with each subnet that is allocated: the guard by
which of two who allocate at once one begins anew. It is a stamp as well. Who
has set it knows, when it is still there, that nobody has allocated since; what
was free then and was not handed out is free now, and what was deleted since is
free besides. So a process remembers the gaps under the hash that it has set, and
reads the CIDRs, as bare texts, only when another one has allocated, or when no
gap that it knows of is large enough.

What is chosen is looked up once more, by a statement that returns a row only if
a subnet of the pool is in its way: subnets can also join a pool otherwise
("onboarding"), and that does not change the hash.

The choice is Neutron's own: the beginning of the smallest gap with room, and of
several the lowest.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from threading import Lock
from uuid import uuid4

from sqlalchemy import Connection, String, bindparam, cast, func, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import LargeBinary

from freehold.addresses.prefixes import covers, prefix_at, subtract
from freehold.addresses.ranges import IPNetwork
from freehold.neutron.tables import subnet_pools, subnets

REMEMBERED = 256
"""Subnet pools whose gaps a process remembers."""

_this_pool = subnets.c.subnetpool_id == bindparam("pool")
_HASH = select(subnet_pools.c.hash).where(subnet_pools.c.id == bindparam("pool"))
_GUARD = (
    update(subnet_pools)
    .where(subnet_pools.c.id == bindparam("pool"), subnet_pools.c.hash == bindparam("known"))
    .values(hash=bindparam("new"))
)
_CIDRS = select(subnets.c.cidr).where(_this_pool)
_OVERLAPPING_IN_POSTGRESQL = _CIDRS.where(
    cast(subnets.c.cidr, postgresql.INET).op("&&")(
        cast(bindparam("wanted", type_=String), postgresql.INET)
    )
).limit(1)
_OVERLAPPING_IN_MARIADB = _CIDRS.where(
    or_(
        func.inet6_aton(func.substring_index(subnets.c.cidr, "/", 1), type_=LargeBinary).between(
            bindparam("first", type_=LargeBinary), bindparam("last", type_=LargeBinary)
        ),
        subnets.c.cidr.in_(bindparam("around", expanding=True)),
    )
).limit(1)
_LENGTHS = {
    "postgresql": func.split_part(subnets.c.cidr, "/", 2),
    "mysql": func.substring_index(subnets.c.cidr, "/", -1),
    "mariadb": func.substring_index(subnets.c.cidr, "/", -1),
    "sqlite": func.substr(subnets.c.cidr, func.instr(subnets.c.cidr, "/") + 1),
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A subnet pool that nobody else allocates from before the transaction ends.

    Attributes:
        pool_id: which one.
        before: its hash when it was read.
        after: its hash if the transaction is committed.
    """

    pool_id: str
    before: str
    after: str


def guard(connection: Connection, pool_id: str) -> Guarded | None:
    """Change a pool's hash, so that of two who allocate at once one has to begin anew.

    Returns:
        None if another one was faster.

    Raises:
        LookupError: there is no such pool.
    """
    before = connection.execute(_HASH, {"pool": pool_id}).scalar()
    if before is None:
        raise LookupError(pool_id)
    guarded = Guarded(pool_id, before, str(uuid4()))
    parameters = {"pool": pool_id, "known": before, "new": guarded.after}
    return guarded if connection.execute(_GUARD, parameters).rowcount else None


class Gaps:
    """Maximal free prefixes of one pool, the smallest first, and of those the lowest."""

    def __init__(self, version: int, prefixes: Iterable[IPNetwork]) -> None:
        self._version = version
        self._gaps = sorted(map(_key, prefixes))

    def best(self, length: int) -> IPNetwork | None:
        """Return the smallest gap with room for a prefix of this length; None if there is none."""
        place = bisect_left(self._gaps, (-length, 0))
        if place == len(self._gaps):
            return None
        negative, number = self._gaps[place]
        return prefix_at(self._version, number, -negative)

    def take(self, prefix: IPNetwork) -> None:
        """Take a prefix out of the gap that it is in, if it is in one."""
        number = int(prefix.network_address)
        for length in range(prefix.prefixlen, -1, -1):
            gap = prefix_at(self._version, number, length)
            key = _key(gap)
            place = bisect_left(self._gaps, key)
            if self._gaps[place : place + 1] == [key]:
                del self._gaps[place]
                for rest in subtract([gap], [prefix]):
                    insort(self._gaps, _key(rest))
                return


class KnownGaps:
    """The gaps of the pools used last, each under a hash; safe to share among threads."""

    def __init__(self, pools: int = REMEMBERED) -> None:
        self._most = pools
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[str, frozenset[IPNetwork], Gaps]] = OrderedDict()

    def take(self, guarded: Guarded, prefixes: frozenset[IPNetwork]) -> Gaps | None:
        """Return what is known under the pool's hash and prefixes, and forget it."""
        with self._lock:
            known = self._known.pop(guarded.pool_id, None)
        if known is None or known[:2] != (guarded.before, prefixes):
            return None
        return known[2]

    def put(self, guarded: Guarded, prefixes: frozenset[IPNetwork], gaps: Gaps) -> None:
        """Remember what is free if the transaction is committed."""
        with self._lock:
            self._known[guarded.pool_id] = (guarded.after, prefixes, gaps)
            self._known.move_to_end(guarded.pool_id)
            if len(self._known) > self._most:
                self._known.popitem(last=False)


class PoolPrefixes:
    """One subnet pool's prefixes, in a transaction that has guarded it.

    Args:
        connection: in the transaction.
        guarded: the pool.
        prefixes: what the pool has.
        known: what the process knows.
    """

    def __init__(
        self,
        connection: Connection,
        guarded: Guarded,
        prefixes: Iterable[IPNetwork],
        known: KnownGaps,
    ) -> None:
        self._connection = connection
        self._guarded = guarded
        self._prefixes = frozenset(prefixes)
        self._known = known

    def take_any(self, version: int, length: int) -> IPNetwork | None:
        """Take the prefix of this length that leaves larger gaps whole; None if none is free."""
        gaps = self._known.take(self._guarded, self._prefixes)
        found = None if gaps is None else self._free(gaps, length)
        if gaps is None or found is None:
            gaps = self._read(version)
            found = self._free(gaps, length)
        if found is not None:
            gaps.take(found)
        self._known.put(self._guarded, self._prefixes, gaps)
        return found

    def take(self, prefix: IPNetwork) -> bool:
        """Take this prefix, and tell whether it was free."""
        if not covers(self._prefixes, [prefix]) or self._is_held(prefix):
            return False
        gaps = self._known.take(self._guarded, self._prefixes)
        if gaps is not None:
            # One that was freed since is in no gap known; then there is nothing to take.
            gaps.take(prefix)
            self._known.put(self._guarded, self._prefixes, gaps)
        return True

    def used(self, project_id: str) -> dict[int, int]:
        """Return how many subnets of each prefix length a project has of the pool."""
        length = _LENGTHS[self._connection.dialect.name]
        counts = (
            select(length, func.count())
            .where(_this_pool, subnets.c.project_id == project_id)
            .group_by(length)
        )
        rows = self._connection.execute(counts, {"pool": self._guarded.pool_id})
        return {int(bits): count for bits, count in rows}

    def _read(self, version: int) -> Gaps:
        return Gaps(version, subtract(self._prefixes, self._held()))

    def _held(self) -> list[IPNetwork]:
        rows = self._connection.execute(_CIDRS, {"pool": self._guarded.pool_id}).scalars()
        return [ip_network(cidr, strict=False) for cidr in rows]

    def _free(self, gaps: Gaps, length: int) -> IPNetwork | None:
        gap = gaps.best(length)
        if gap is None:
            return None
        prefix = prefix_at(gap.version, int(gap.network_address), length)
        return None if self._is_held(prefix) else prefix

    def _is_held(self, prefix: IPNetwork) -> bool:
        """Tell whether a subnet of the pool has some of a prefix."""
        parameters: dict[str, object] = {"pool": self._guarded.pool_id}
        match self._connection.dialect.name:
            case "postgresql":
                parameters["wanted"] = str(prefix)
                statement = _OVERLAPPING_IN_POSTGRESQL
            case "mysql" | "mariadb":
                parameters["first"] = prefix.network_address.packed
                parameters["last"] = prefix.broadcast_address.packed
                parameters["around"] = [str(one) for one in _around(prefix)]
                statement = _OVERLAPPING_IN_MARIADB
            case _:
                return any(prefix.overlaps(one) for one in self._held())
        return self._connection.execute(statement, parameters).first() is not None


def _around(prefix: IPNetwork) -> Sequence[IPNetwork]:
    number = int(prefix.network_address)
    return [prefix_at(prefix.version, number, length) for length in range(prefix.prefixlen + 1)]


def _key(prefix: IPNetwork) -> tuple[int, int]:
    return -prefix.prefixlen, int(prefix.network_address)
