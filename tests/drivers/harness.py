"""Drivers under test, behind one way of opening units of work on them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from ipaddress import ip_address, ip_network
from itertools import cycle
from random import Random
from typing import Protocol, TypeVar

from sqlalchemy import Engine

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.db import retry
from freehold.drivers.memory import MemoryDriver
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Pool, Subnet, Surroundings
from freehold.ipam.requests import SpecificSubnetRequest
from freehold.ipam.strategy import Reuse
from freehold.ledger.memory import MemoryLedger
from tests.engines import writing

T = TypeVar("T")


class Harness(Protocol):
    def opener(self) -> AbstractContextManager[Callable[[], Pool]]:
        """Begin a transaction; what it yields opens pools in it."""
        ...

    def unit(self) -> AbstractContextManager[Pool]:
        """Open one pool in a transaction of its own."""
        ...

    def run(self, work: Callable[[Pool], T]) -> T:
        """Do a unit of work on a pool, as often as the database asks for it."""
        ...

    def another_process(self, surroundings: Surroundings | None = None) -> "Harness":
        """Return the same driver on the same ledger, without what it has in memory."""
        ...


class SqlHarness:
    """The reference driver; on a cluster each transaction is at the next node."""

    def __init__(
        self,
        engine: Engine,
        random: Random | None = None,
        *others: Engine,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.engine = engine
        self._others = others
        self._engines = cycle((engine, *others))
        self.driver = ReferenceDriver(surroundings or made_of(random))

    @contextmanager
    def opener(self) -> Iterator[Callable[[], Pool]]:
        with writing(next(self._engines)) as connection:
            yield lambda: self.driver.open(connection)

    @contextmanager
    def unit(self) -> Iterator[Pool]:
        with self.opener() as open_pool:
            yield open_pool()

    def run(self, work: Callable[[Pool], T]) -> T:
        return retry.run(partial(_in_unit, self, work), Random())

    def another_process(self, surroundings: Surroundings | None = None) -> "SqlHarness":
        return SqlHarness(self.engine, None, *self._others, surroundings=surroundings)


class MemoryHarness:
    def __init__(
        self,
        ledger: MemoryLedger | None = None,
        random: Random | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        given = surroundings or made_of(random)
        self.ledger = ledger or MemoryLedger(given.now)
        self.driver = MemoryDriver(given, self.ledger)

    @contextmanager
    def opener(self) -> Iterator[Callable[[], Pool]]:
        yield self.driver.open

    @contextmanager
    def unit(self) -> Iterator[Pool]:
        with self.opener() as open_pool:
            yield open_pool()

    def run(self, work: Callable[[Pool], T]) -> T:
        return _in_unit(self, work)

    def another_process(self, surroundings: Surroundings | None = None) -> "MemoryHarness":
        return MemoryHarness(self.ledger, surroundings=surroundings)


def made_of(random: Random | None) -> Surroundings:
    return Surroundings() if random is None else Surroundings(random)


def _in_unit(harness: Harness, work: Callable[[Pool], T]) -> T:
    with harness.unit() as pool:
        return work(pool)


def create(
    pool: Pool,
    cidr: str = "10.0.0.0/26",
    *pools: str,
    gateway: str | None = None,
    subnet_id: str = "s1",
    reuse: Reuse | None = None,
) -> Subnet:
    """Take up a subnet; pools are written as ``10.0.0.2-10.0.0.9``, none means the default."""
    wanted = request(cidr, *pools, gateway=gateway, subnet_id=subnet_id, reuse=reuse)
    return pool.allocate_subnet(wanted)


def request(
    cidr: str,
    *pools: str,
    gateway: str | None = None,
    subnet_id: str = "s1",
    reuse: Reuse | None = None,
) -> SpecificSubnetRequest:
    return SpecificSubnetRequest(
        subnet_id=subnet_id,
        project_id="p1",
        cidr=ip_network(cidr),
        gateway_ip=None if gateway is None else ip_address(gateway),
        allocation_pools=ranges(*pools) if pools else None,
        strategy=None if reuse is None else reuse.strategy,
        cool_down=None if reuse is None else reuse.cool_down,
    )


def ranges(*texts: str) -> tuple[AddressRange, ...]:
    return tuple(AddressRange.parse(*text.split("-")) for text in texts)


def ips(*texts: str) -> list[IPAddress]:
    return [ip_address(text) for text in texts]
