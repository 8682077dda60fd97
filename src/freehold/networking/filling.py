"""How full subnets and subnet pools are, for whoever watches that."""

from dataclasses import dataclass

from sqlalchemy import Connection

from freehold.ledger.filling import SubnetFilling, read_filling
from freehold.networking.store.filling import PoolFilling, read_pools

__all__ = ["Filling", "PoolFilling", "SubnetFilling", "read"]


@dataclass(frozen=True, slots=True)
class Filling:
    """How full all is at one time.

    Attributes:
        subnets: the subnets that have allocation pools. A driver that keeps no
            ledger here has none to tell of.
        pools: the subnet pools that have prefixes.
    """

    subnets: tuple[SubnetFilling, ...]
    pools: tuple[PoolFilling, ...]


def read(connection: Connection) -> Filling:
    """Count the addresses of all subnets and of all subnet pools: three statements."""
    return Filling(tuple(read_filling(connection)), tuple(read_pools(connection)))
