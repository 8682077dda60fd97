"""Each keeper of the ledger, behind one way of opening a unit of work on it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import cycle
from typing import Protocol

from sqlalchemy import Connection, Engine

from freehold.addresses.ranges import AddressRange
from freehold.ledger.claiming import Claiming
from freehold.ledger.memory import MemoryLedger
from freehold.ledger.protocol import Ledger, LedgerSubnet
from freehold.ledger.sql import SqlLedger
from tests.engines import abandoned, writing

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


class Clock:
    """Stands still until a test sets it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Keeper(Protocol):
    clock: Clock
    keep_history: bool

    def unit(self) -> AbstractContextManager[Ledger]:
        """Open a unit of work; what it did is there for the next one."""
        ...


class MemoryKeeper:
    def __init__(self) -> None:
        self.clock = Clock()
        self._ledger = MemoryLedger(self.clock)

    @property
    def keep_history(self) -> bool:
        return True

    @keep_history.setter
    def keep_history(self, wanted: bool) -> None:
        """Begin anew, with the subnets that there are."""
        subnets = self._ledger.get_subnets(["s1", "s6"])
        self._ledger = MemoryLedger(self.clock, keep_history=wanted)
        for one in subnets:
            self._ledger.create_subnet(one)

    @contextmanager
    def unit(self) -> Iterator[Ledger]:
        yield self._ledger


class SqlKeeper:
    """A ledger on a database; on a cluster each unit of work is done at the next node."""

    def __init__(
        self,
        engine: Engine,
        *others: Engine,
        how: Claiming | None = None,
    ) -> None:
        self.clock = Clock()
        self.keep_history = True
        self.engine = engine
        self.how = how
        self._engines = cycle((engine, *others))

    @contextmanager
    def unit(self) -> Iterator[Ledger]:
        with writing(next(self._engines)) as connection:
            yield self._ledger(connection)

    @contextmanager
    def abandoned_unit(self) -> Iterator[Ledger]:
        """Open a unit of work that is rolled back at the end."""
        with abandoned(self.engine) as connection:
            yield self._ledger(connection)

    def _ledger(self, connection: Connection) -> SqlLedger:
        return SqlLedger(connection, self.clock, keep_history=self.keep_history, how=self.how)


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
