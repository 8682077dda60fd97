"""Each keeper of the ledger, behind one way of opening a unit of work on it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import cycle
from typing import Protocol

from sqlalchemy import Engine

from freehold.addresses.ranges import AddressRange
from freehold.ledger.claiming import Claiming
from freehold.ledger.memory import MemoryLedger
from freehold.ledger.protocol import Ledger, LedgerSubnet
from freehold.ledger.sql import SqlLedger
from tests.engines import abandoned, writing

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


class Keeper(Protocol):
    def unit(self) -> AbstractContextManager[Ledger]:
        """Open a unit of work; what it did is there for the next one."""
        ...


class MemoryKeeper:
    def __init__(self) -> None:
        self._ledger = MemoryLedger(lambda: NOON)

    @contextmanager
    def unit(self) -> Iterator[Ledger]:
        yield self._ledger


class SqlKeeper:
    """A ledger on a database; on a cluster each unit of work is done at the next node."""

    def __init__(self, engine: Engine, *others: Engine, how: Claiming | None = None) -> None:
        self.engine = engine
        self.how = how
        self._engines = cycle((engine, *others))

    @contextmanager
    def unit(self) -> Iterator[Ledger]:
        with writing(next(self._engines)) as connection:
            yield SqlLedger(connection, lambda: NOON, how=self.how)

    @contextmanager
    def abandoned_unit(self) -> Iterator[Ledger]:
        """Open a unit of work that is rolled back at the end."""
        with abandoned(self.engine) as connection:
            yield SqlLedger(connection, lambda: NOON, how=self.how)


def subnet(
    cidr: str = "10.0.0.0/24", *pools: tuple[str, str], subnet_id: str = "s1"
) -> LedgerSubnet:
    """Return a subnet with the pools in the order given, and its first address as gateway."""
    network = ip_network(cidr)
    return LedgerSubnet(
        subnet_id=subnet_id,
        project_id="p1",
        cidr=network,
        gateway_ip=ip_address(int(network.network_address) + 1),
        pools=tuple(AddressRange.parse(start, end) for start, end in pools),
    )
