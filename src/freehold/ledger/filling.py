"""How full subnets are: counted for all of them by one statement.

It is for whoever watches, and decides nothing. Only what lies in allocation pools is
counted, since that is what can run out: a gateway's address that a router holds is
not in them.
"""

from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, func, select

from freehold.ledger.tables import allocations, ledger_pools, ledger_subnets


@dataclass(frozen=True, slots=True)
class SubnetFilling:
    """The addresses in the allocation pools of one subnet.

    Attributes:
        subnet_id: the subnet.
        ip_version: 4 or 6.
        total: how many there are.
        held: how many somebody holds.
        resting: how many were released and rest, so that nobody gets them yet.
    """

    subnet_id: str
    ip_version: int
    total: int
    held: int
    resting: int

    @property
    def free(self) -> int:
        """How many can be handed out."""
        return self.total - self.held - self.resting

    @property
    def taken_part(self) -> float:
        """How much of it cannot be handed out, from 0 to 1."""
        return (self.held + self.resting) / self.total


# Each pool is a run of the key of allocations: what is read is what is in it, and no more.
_TAKEN = (
    select(func.count())
    .select_from(allocations)
    .where(
        allocations.c.subnet_id == ledger_pools.c.subnet_id,
        allocations.c.address.between(ledger_pools.c.first, ledger_pools.c.last),
    )
    .correlate(ledger_pools)
)
_COUNT = (
    select(
        ledger_pools.c.subnet_id,
        ledger_subnets.c.ip_version,
        ledger_pools.c.first,
        ledger_pools.c.last,
        _TAKEN.scalar_subquery(),
        _TAKEN.where(allocations.c.released_at.is_not(None)).scalar_subquery(),
    )
    .join_from(ledger_pools, ledger_subnets)
    .order_by(ledger_pools.c.subnet_id)
)


def read_filling(connection: Connection) -> list[SubnetFilling]:
    """Count the addresses of all subnets that have allocation pools."""
    rows = connection.execute(_COUNT).all()
    return [
        _of_subnet(subnet_id, [tuple(row) for row in several])
        for subnet_id, several in groupby(rows, key=lambda row: row.subnet_id)
    ]


def _of_subnet(
    subnet_id: str, pools: list[tuple[str, int, bytes, bytes, int, int]]
) -> SubnetFilling:
    taken = sum(pool[4] for pool in pools)
    resting = sum(pool[5] for pool in pools)
    return SubnetFilling(
        subnet_id,
        pools[0][1],
        # The bytes are those of numbers, shifted alike: their distance is the addresses'.
        sum(int.from_bytes(last) - int.from_bytes(first) + 1 for _, _, first, last, _, _ in pools),
        taken - resting,
        resting,
    )
