"""How full subnet pools are, by two statements for all of them."""

from collections import defaultdict
from dataclasses import dataclass
from ipaddress import ip_network

from sqlalchemy import Connection, func, select

from freehold.db.tables import subnetpool_usage, subnetpools

_BITS = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True)
class PoolFilling:
    """The addresses of one subnet pool's prefixes.

    Attributes:
        subnetpool_id: the subnet pool.
        ip_version: 4 or 6.
        total: how many there are.
        held: how many are in subnets.
    """

    subnetpool_id: str
    ip_version: int
    total: int
    held: int

    @property
    def free(self) -> int:
        """How many are in no subnet."""
        return self.total - self.held

    @property
    def taken_part(self) -> float:
        """How much of it is in subnets, from 0 to 1."""
        return self.held / self.total


_POOLS = select(subnetpools.c.id, subnetpools.c.ip_version, subnetpools.c.prefixes)
_USAGE = select(
    subnetpool_usage.c.subnetpool_id,
    subnetpool_usage.c.prefixlen,
    func.sum(subnetpool_usage.c.subnets),
).group_by(subnetpool_usage.c.subnetpool_id, subnetpool_usage.c.prefixlen)


def read_pools(connection: Connection) -> list[PoolFilling]:
    """Count the addresses of all subnet pools that have prefixes."""
    lengths: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for pool_id, length, subnets in connection.execute(_USAGE):
        lengths[pool_id].append((length, int(subnets)))
    return [
        PoolFilling(
            pool_id,
            version,
            sum(ip_network(prefix).num_addresses for prefix in prefixes),
            sum(subnets << _BITS[version] - length for length, subnets in lengths[pool_id]),
        )
        for pool_id, version, prefixes in connection.execute(_POOLS)
        if prefixes
    ]
