"""Taking prefixes out of subnet pools, and giving them back, within one unit of work.

The gaps of a pool and the CIDRs of its subnets make up its prefixes, and no two
of them share an address: that holds before and after each call. A prefix is
taken by replacing the one gap that contains it by what is left of that gap,
and given back by joining it with the gaps beside it. See
docs/decisions/0011 for why gaps are stored.

A pool is guarded before anything of it is read, so that of two units one waits
for the other, or is run again: on any database, and on all nodes of a cluster.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from freehold.addresses.prefixes import beginning, buddies, common, join, subtract
from freehold.addresses.ranges import IPNetwork
from freehold.errors import IllegalSubnetPoolPrefixUpdate, SubnetAllocationError
from freehold.networking.plan.subnet_pools import check_quota
from freehold.networking.pool_values import SubnetPool
from freehold.networking.store import prefixes as rows
from freehold.networking.store import subnet_pools as pool_rows
from freehold.networking.values import Subnet


class Prefixes:
    """The subnet pools that one unit of work takes prefixes of, or gives them back to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._guarded: dict[str, SubnetPool] = {}

    def pool(self, pool_id: str) -> SubnetPool:
        """Return a pool, which no other unit changes or takes prefixes of from now on.

        Raises:
            SubnetPoolNotFound: there is none of this id.
        """
        if pool_id not in self._guarded:
            pool_rows.guard(self._connection, pool_id)
            self._guarded[pool_id] = pool_rows.get(self._connection, pool_id)
        return self._guarded[pool_id]

    def take(self, pool: SubnetPool, wanted: IPNetwork | int, project_id: str) -> IPNetwork:
        """Take a prefix for a project, one of its own choice or any of a length.

        Of those of a length it is the one that leaves the largest gaps whole.

        Raises:
            SubnetPoolQuotaExceeded: the project has its share of the pool.
            SubnetAllocationError: the prefix is not free, or no prefix of the
                length is.
        """
        length = wanted if isinstance(wanted, int) else wanted.prefixlen
        if pool.default_quota:
            check_quota(pool, rows.used(self._connection, pool.id, project_id), length)
        if isinstance(wanted, int):
            gap = rows.smallest_gap(self._connection, pool.id, pool.ip_version, length)
            if gap is None:
                raise self._nothing_left(pool, length)
            prefix = beginning(gap, length)
        else:
            prefix, gap = wanted, rows.gap_around(self._connection, pool.id, wanted)
            if gap is None:
                raise _not_free(pool, wanted)
        self._carve(pool.id, gap, prefix)
        rows.count(self._connection, pool.id, project_id, length, 1)
        return prefix

    def take_onboard(self, pool: SubnetPool, subnet: Subnet) -> bool:
        """Take the CIDR that a subnet has already; tell whether it was free."""
        gap = rows.gap_around(self._connection, pool.id, subnet.cidr)
        if gap is not None:
            self._carve(pool.id, gap, subnet.cidr)
            length = subnet.cidr.prefixlen
            rows.count(self._connection, pool.id, subnet.project_id, length, 1)
        return gap is not None

    def give_back(self, subnets: Iterable[Subnet]) -> None:
        """Give back the CIDRs of subnets that are from a pool; pass over the others."""
        pooled = [(one.subnetpool_id, one) for one in subnets if one.subnetpool_id is not None]
        # In one order, so that no two units that give back wait for each other.
        for pool_id, subnet in sorted(pooled, key=lambda pair: pair[0]):
            self.pool(pool_id)
            self._join(pool_id, subnet.cidr)
            length = subnet.cidr.prefixlen
            rows.count(self._connection, pool_id, subnet.project_id, length, -1)

    def add(self, pool: SubnetPool, prefixes: Iterable[IPNetwork]) -> None:
        """Add to what is free of a pool that has got more prefixes."""
        for prefix in subtract(prefixes, pool.prefixes):
            self._join(pool.id, prefix)

    def remove(self, pool: SubnetPool, prefixes: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
        """Take from what is free of a pool that is to lose prefixes.

        Returns:
            The prefixes that the pool has left.

        Raises:
            IllegalSubnetPoolPrefixUpdate: a subnet has some of them.
        """
        lost = common(pool.prefixes, [one for one in prefixes if one.version == pool.ip_version])
        for prefix in lost:
            gap = rows.gap_around(self._connection, pool.id, prefix)
            if gap is None:
                raise IllegalSubnetPoolPrefixUpdate(
                    "One or more the prefixes to be removed is in use by a subnet.",
                    detail=f"A subnet has addresses of {prefix}.",
                )
            self._carve(pool.id, gap, prefix)
        return subtract(pool.prefixes, lost)

    def _carve(self, pool_id: str, gap: IPNetwork, prefix: IPNetwork) -> None:
        rows.remove_gaps(self._connection, pool_id, [gap])
        rows.add_gaps(self._connection, pool_id, subtract([gap], [prefix]))

    def _join(self, pool_id: str, prefix: IPNetwork) -> None:
        beside = rows.gaps_among(self._connection, pool_id, buddies(prefix))
        joined = join(prefix, beside)
        rows.remove_gaps(self._connection, pool_id, joined.absorbed)
        rows.add_gaps(self._connection, pool_id, [joined.gap])

    def _nothing_left(self, pool: SubnetPool, length: int) -> SubnetAllocationError:
        largest = rows.largest_length(self._connection, pool.id)
        left = "nothing is free" if largest is None else f"the largest free prefix is a /{largest}"
        return SubnetAllocationError(
            f"Insufficient prefix space to allocate subnet size /{length}",
            detail=f"Subnet pool {pool.id}: {left}.",
        )


def _not_free(pool: SubnetPool, wanted: IPNetwork) -> SubnetAllocationError:
    outside = subtract([wanted], pool.prefixes)
    reason = (
        f"{outside[0]} is not among its prefixes"
        if outside
        else f"{wanted} or a part of it is held by another subnet"
    )
    return SubnetAllocationError(
        "Cannot allocate requested subnet from the available set of prefixes",
        detail=f"Subnet pool {pool.id}: {reason}.",
    )
