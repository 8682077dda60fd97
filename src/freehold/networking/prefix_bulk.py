"""Taking many prefixes out of subnet pools within one unit of work, by few statements.

What can matter of a pool's gaps is read at first, the prefixes are cut out in
memory, and what has become of the gaps is written at last. Each prefix is the one
that `freehold.networking.prefixes.Prefixes` would have taken in its turn. Who is
refused, and why, is not for this module to tell: see `freehold.networking.bulk`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from freehold.addresses.free_prefixes import FreePrefixes
from freehold.addresses.ranges import IPNetwork
from freehold.errors import SubnetAllocationError
from freehold.networking.plan.subnet_pools import check_quota
from freehold.networking.pool_values import SubnetPool
from freehold.networking.prefixes import Prefixes
from freehold.networking.store import prefixes as rows


class Taking(NamedTuple):
    """What one subnet is to take of a pool.

    Attributes:
        pool: the pool, guarded.
        wanted: a prefix of its own choice, or any of a length.
        project_id: for whom.
    """

    pool: SubnetPool
    wanted: IPNetwork | int
    project_id: str


class _Book:
    """One pool's gaps, and how many subnets of each length each project has of it."""

    def __init__(
        self, pool: SubnetPool, gaps: Collection[IPNetwork], used: dict[str, Counter[int]]
    ) -> None:
        self._gaps = frozenset(gaps)
        self._used = used
        self._free = FreePrefixes(pool.ip_version, gaps)
        self._taken: Counter[tuple[str, int]] = Counter()

    def take(self, taking: Taking) -> IPNetwork:
        """Cut out a prefix; see `Prefixes.take`."""
        pool, wanted, project_id = taking
        length = wanted if isinstance(wanted, int) else wanted.prefixlen
        if pool.default_quota:
            check_quota(pool, self._used[project_id], length)
            self._used[project_id][length] += 1
        if isinstance(wanted, int):
            prefix = self._free.take_any(wanted)
        else:
            prefix = wanted if self._free.take(wanted) else None
        if prefix is None:
            raise SubnetAllocationError("Insufficient prefix space for all subnets")
        self._taken[project_id, length] += 1
        return prefix

    def write(self, connection: Connection, pool_id: str) -> None:
        """Store what has become of the gaps, and who has got how many prefixes."""
        gaps = self._free.gaps()
        rows.remove_gaps(connection, pool_id, self._gaps - gaps)
        rows.add_gaps(connection, pool_id, gaps - self._gaps)
        for (project_id, length), number in sorted(self._taken.items()):
            rows.count(connection, pool_id, project_id, length, number)


class ManyPrefixes:
    """The subnet pools that one unit of work takes many prefixes of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._prefixes = Prefixes(connection)
        self._books: dict[str, _Book] = {}

    def pool(self, pool_id: str) -> SubnetPool:
        """Return a pool, which no other unit changes or takes prefixes of from now on.

        Raises:
            SubnetPoolNotFound: there is none of this id.
        """
        return self._prefixes.pool(pool_id)

    def read(self, takings: Sequence[Taking]) -> None:
        """Read what can matter to all that is going to be taken."""
        by_pool: dict[str, list[Taking]] = defaultdict(list)
        for taking in takings:
            by_pool[taking.pool.id].append(taking)
        for pool_id, some in by_pool.items():
            self._books[pool_id] = self._book(some[0].pool, some)

    def take(self, pool: SubnetPool, wanted: IPNetwork | int, project_id: str) -> IPNetwork:
        """Take a prefix that was announced to `read`; see `Prefixes.take`.

        Raises:
            SubnetPoolQuotaExceeded: the project has its share of the pool.
            SubnetAllocationError: the prefix is not free, or no prefix of the
                length is.
        """
        return self._books[pool.id].take(Taking(pool, wanted, project_id))

    def write(self) -> None:
        """Store all that was taken."""
        for pool_id, book in self._books.items():
            book.write(self._connection, pool_id)

    def _book(self, pool: SubnetPool, takings: Sequence[Taking]) -> _Book:
        gaps: set[IPNetwork] = set()
        shortest = min(prefix.prefixlen for prefix in pool.prefixes)
        lengths = [one.wanted for one in takings if isinstance(one.wanted, int)]
        if lengths:
            # Each taking uses up one of those that fit best, at the most.
            gaps.update(
                rows.smallest_gaps(
                    self._connection,
                    pool.id,
                    pool.ip_version,
                    range(shortest, max(lengths) + 1),
                    len(takings),
                )
            )
        given = {one.wanted for one in takings if not isinstance(one.wanted, int)}
        if given:
            gaps.update(rows.gaps_around(self._connection, pool.id, given, shortest))
        used: dict[str, Counter[int]] = {}
        if pool.default_quota:
            used = {
                project_id: Counter(rows.used(self._connection, pool.id, project_id))
                for project_id in {taking.project_id for taking in takings}
            }
        return _Book(pool, gaps, used)
