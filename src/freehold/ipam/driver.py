"""The interface that an IPAM driver implements.

A `Driver` is made once in a process, and opens a `Pool` in each unit of work.
The pool knows subnets; a `Subnet` hands out its addresses, and a
`SubnetGroup` those of several subnets in order of preference.

A driver that keeps its books in the transaction that it is given says so by
``needs_rollback()`` being false: when the transaction is rolled back, so is
all that the driver did. Of any other driver each call is undone by a further
call (see `freehold.ipam.compensations`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from secrets import SystemRandom
from typing import TYPE_CHECKING, NamedTuple

from freehold.addresses.ranges import IPAddress
from freehold.errors import HistoryNotKept
from freehold.ipam.allocation import Allocation
from freehold.ipam.requests import (
    AddressRequest,
    BulkAddressRequest,
    SpecificSubnetRequest,
    SubnetRequest,
)
from freehold.ipam.strategy import Reuse

if TYPE_CHECKING:
    from sqlalchemy import Connection


def utc_now() -> datetime:
    """Return the time of the system's clock, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Surroundings:
    """What a driver takes from outside instead of reaching for it.

    Attributes:
        random: the source of randomness; unpredictable by default.
        now: the clock.
        reuse: how subnets choose addresses that do not say it themselves.
        keep_history: whether who held what is remembered after a release.
    """

    random: Random = field(default_factory=SystemRandom)
    now: Callable[[], datetime] = utc_now
    reuse: Reuse = field(default_factory=Reuse)
    keep_history: bool = True


class AllocatedAddress(NamedTuple):
    """An address and the subnet that it was taken from."""

    address: IPAddress
    subnet_id: str


class Subnet(ABC):
    """One subnet's addresses."""

    @abstractmethod
    def allocate(self, request: AddressRequest) -> IPAddress:
        """Hand out one address.

        Raises:
            IpAddressGenerationFailure: all addresses of the pools are held.
            IpAddressAlreadyAllocated: the address asked for is held, or was
                released too lately.
            InvalidIpForSubnet: the address asked for is not in the subnet, or
                is reserved there.
            InvalidInput: the request makes no sense for this subnet.
            SubnetNotFound: the subnet was removed in the meantime.
        """

    @abstractmethod
    def bulk_allocate(self, request: BulkAddressRequest) -> list[IPAddress]:
        """Hand out several addresses: all that were asked for, or none.

        Raises:
            IpAddressGenerationFailure: fewer than that are free.
            SubnetNotFound: the subnet was removed in the meantime.
        """

    def allocate_each(self, requests: Sequence[AddressRequest]) -> Iterator[tuple[int, IPAddress]]:
        """Hand out an address for each of several requests, in whatever order.

        A driver that has no way of serving many at once leaves this as it is.
        It is not all or none: at a refusal those addresses that were yielded
        before stay handed out, and no others are.

        Yields:
            The place of a request among them, and its address.

        Raises:
            FreeholdError: a request is refused; see `allocate`.
        """
        for place, request in enumerate(requests):
            yield place, self.allocate(request)

    @abstractmethod
    def deallocate(self, address: IPAddress) -> None:
        """Take an address back.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetNotFound: the subnet was removed in the meantime.
        """

    @abstractmethod
    def get_details(self) -> SpecificSubnetRequest:
        """Return the subnet as the request that would create it again."""


class SubnetGroup(ABC):
    """Several subnets that can serve one request, in order of preference."""

    @abstractmethod
    def allocate(self, request: AddressRequest) -> AllocatedAddress:
        """Hand out one address of the first subnet that has one.

        Raises:
            IpAddressGenerationFailureAllSubnets: none has; ``refusals`` hold
                each subnet's reason.
            IpAddressAlreadyAllocated: the address asked for is held.
            InvalidIpForSubnet: the address asked for is in none of them.
        """

    def allocate_each(
        self, requests: Sequence[AddressRequest]
    ) -> Iterator[tuple[int, AllocatedAddress]]:
        """Hand out an address for each of several requests; see `Subnet.allocate_each`.

        Each is served by the first subnet that has an address for it.

        Yields:
            The place of a request among them, and its address.

        Raises:
            FreeholdError: a request is refused; see `allocate`.
        """
        for place, request in enumerate(requests):
            yield place, self.allocate(request)


class Pool(ABC):
    """What a driver knows and does within one unit of work."""

    @abstractmethod
    def needs_rollback(self) -> bool:
        """Tell whether the driver's effects outlive a transaction rolled back."""

    @abstractmethod
    def get_subnet(self, subnet_id: str) -> Subnet:
        """Return a subnet.

        Raises:
            SubnetNotFound: the driver does not know it.
        """

    @abstractmethod
    def get_allocator(self, subnet_ids: Sequence[str]) -> SubnetGroup:
        """Return these subnets as a group, preferred ones first."""

    @abstractmethod
    def allocate_subnet(self, request: SubnetRequest) -> Subnet:
        """Take up a subnet, and validate its pools once more.

        Raises:
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
            SubnetAlreadyExists: the id is taken.
            InvalidSubnetRequest: the driver does not serve such requests.
        """

    def allocate_subnets(self, requests: Sequence[SubnetRequest]) -> Iterator[Subnet]:
        """Take up several subnets, in their order.

        A driver that has no way of taking up many at once leaves this as it is.
        It is not all or none: at a refusal those that were yielded before stay
        taken up, and no others are.

        Raises:
            FreeholdError: a subnet is refused; see `allocate_subnet`.
        """
        for request in requests:
            yield self.allocate_subnet(request)

    @abstractmethod
    def update_subnet(self, request: SpecificSubnetRequest) -> Subnet:
        """Replace a subnet's gateway, pools, strategy and cool-down.

        Pools of None stay as they are.

        Raises:
            SubnetNotFound: the driver does not know the subnet.
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
        """

    @abstractmethod
    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet, and with it whatever of it is still held.

        Raises:
            SubnetNotFound: the driver does not know it.
        """

    def history(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first.

        A driver that remembers nothing leaves this as it is.

        Args:
            address: the address.
            subnet_id: in this subnet only, be it gone by now; None for any.
            at: only who held it at this time, which knows its zone.
            limit: no more than this many; None for all.

        Raises:
            HistoryNotKept: the driver does not remember.
        """
        del address, subnet_id, at, limit
        raise HistoryNotKept

    def forget(self, past_before: datetime, rests_before: datetime, limit: int) -> int:
        """Forget what is old; a driver that remembers nothing leaves this as it is.

        Args:
            past_before: who gave an address back before this time is forgotten.
            rests_before: addresses released before this time count as never held;
                at least `freehold.ipam.strategy.LONGEST_COOL_DOWN` ago.
            limit: no more than about this many of each at once.

        Returns:
            How many were forgotten; 0 if there are no more.
        """
        del past_before, rests_before, limit
        return 0


class Driver(ABC):
    """What an entry point of the group ``freehold.ipam_drivers`` names.

    One object serves all threads of a process.
    """

    @abstractmethod
    def __init__(self, surroundings: Surroundings) -> None: ...

    @abstractmethod
    def open(self, connection: "Connection") -> Pool:
        """Open the pool for one unit of work.

        Args:
            connection: the unit's database connection, its transaction begun.
                A driver whose pools need rollback may ignore it.
        """
