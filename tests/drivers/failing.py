"""A driver that keeps its books outside of our transaction and fails when it is told to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from freehold.addresses.ranges import IPAddress
from freehold.drivers.pool import LedgerPool, Memory
from freehold.ipam.driver import (
    AllocatedAddress,
    Driver,
    Pool,
    Subnet,
    SubnetGroup,
    Surroundings,
)
from freehold.ipam.requests import (
    AddressRequest,
    BulkAddressRequest,
    SpecificSubnetRequest,
    SubnetRequest,
)
from freehold.ledger.memory import MemoryLedger


class Outage(Exception):
    """What a driver of somebody else's raises when its server is away."""


@dataclass
class Fuse:
    """Counts the calls that have an effect, and blows at one of them.

    Attributes:
        blows_at: the number of the call that fails, from 1; None for never.
        calls: how many there were.
    """

    blows_at: int | None = None
    calls: int = 0

    def arm(self, blows_at: int | None) -> None:
        self.blows_at, self.calls = blows_at, 0

    def burn(self) -> None:
        self.calls += 1
        if self.calls == self.blows_at:
            raise Outage

    @property
    def blown(self) -> bool:
        return self.blows_at is not None and self.calls >= self.blows_at


class FailingDriver(Driver):
    """The reference driver's ways over a ledger in memory, with a fuse before each effect.

    Args:
        surroundings: the clock and the source of randomness.
        at_once: whether it serves many requests by one call, or leaves it to the interface.
    """

    def __init__(self, surroundings: Surroundings, *, at_once: bool = False) -> None:
        self._at_once = at_once
        self._surroundings = surroundings
        self._ledger = MemoryLedger(surroundings.now)
        self.fuse = Fuse()

    def books(self) -> dict[str, object]:
        """Return all that the driver keeps, the times and stamps aside."""
        return {
            subnet_id: (
                replace(account.subnet, stamp=0),
                {address: held.holder for address, held in account.allocations.items()},
            )
            for subnet_id, account in self._ledger._accounts.items()
        }

    def open(self, connection: Connection | None = None) -> Pool:
        del connection
        kind = _PoolAtOnce if self._at_once else _Pool
        return kind(LedgerPool(self._ledger, Memory(), self._surroundings), self.fuse)


class _Pool(Pool):
    def __init__(self, inner: Pool, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def needs_rollback(self) -> bool:
        return self._inner.needs_rollback()

    def get_subnet(self, subnet_id: str) -> Subnet:
        return _Subnet(self._inner.get_subnet(subnet_id), self._fuse)

    def get_allocator(self, subnet_ids: Sequence[str]) -> SubnetGroup:
        return _Group(self._inner.get_allocator(subnet_ids), self._fuse)

    def allocate_subnet(self, request: SubnetRequest) -> Subnet:
        self._fuse.burn()
        return self._inner.allocate_subnet(request)

    def update_subnet(self, request: SpecificSubnetRequest) -> Subnet:
        self._fuse.burn()
        return self._inner.update_subnet(request)

    def remove_subnet(self, subnet_id: str) -> None:
        self._fuse.burn()
        self._inner.remove_subnet(subnet_id)


class _PoolAtOnce(_Pool):
    def get_allocator(self, subnet_ids: Sequence[str]) -> SubnetGroup:
        return _GroupAtOnce(self._inner.get_allocator(subnet_ids), self._fuse)

    def allocate_subnets(self, requests: Sequence[SubnetRequest]) -> Iterator[Subnet]:
        self._fuse.burn()
        return self._inner.allocate_subnets(requests)


class _Group(SubnetGroup):
    def __init__(self, inner: SubnetGroup, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def allocate(self, request: AddressRequest) -> AllocatedAddress:
        self._fuse.burn()
        return self._inner.allocate(request)


class _GroupAtOnce(_Group):
    def allocate_each(
        self, requests: Sequence[AddressRequest]
    ) -> Iterator[tuple[int, AllocatedAddress]]:
        self._fuse.burn()
        return self._inner.allocate_each(requests)


class _Subnet(Subnet):
    def __init__(self, inner: Subnet, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def allocate(self, request: AddressRequest) -> IPAddress:
        self._fuse.burn()
        return self._inner.allocate(request)

    def bulk_allocate(self, request: BulkAddressRequest) -> list[IPAddress]:
        self._fuse.burn()
        return self._inner.bulk_allocate(request)

    def deallocate(self, address: IPAddress) -> None:
        self._fuse.burn()
        self._inner.deallocate(address)

    def get_details(self) -> SpecificSubnetRequest:
        return self._inner.get_details()
