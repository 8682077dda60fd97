"""A driver's unit of work over any ledger.

A subnet that the process knows is not read again: whether it still exists, and
is what it is thought to be, is decided by the ledger when an address is claimed
or released. What was read for a group answers for its subnets, too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from ipaddress import IPv6Address

from freehold.addresses.hints import HintBook
from freehold.addresses.pools import check_pools, default_pools
from freehold.addresses.ranges import IPAddress
from freehold.drivers.known import KnownSubnets
from freehold.drivers.site import Site, never
from freehold.drivers.subnet import LedgerBackedSubnet
from freehold.errors import HistoryNotKept, InvalidInput, InvalidSubnetRequest, SubnetNotFound
from freehold.ipam.allocation import Allocation
from freehold.ipam.driver import Pool, Subnet, SubnetGroup, Surroundings
from freehold.ipam.requests import SpecificSubnetRequest, SubnetRequest
from freehold.ipam.strategy import LONGEST_COOL_DOWN, Reuse
from freehold.ipam.subnet_group import OrderedSubnetGroup
from freehold.ledger.protocol import Ledger, LedgerSubnet

_STAMP_BITS = 63


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process keeps of subnets from one unit of work to the next."""

    subnets: KnownSubnets = field(default_factory=KnownSubnets)
    hints: HintBook = field(default_factory=HintBook)

    def forget(self, subnet_id: str) -> None:
        """Forget a subnet."""
        self.subnets.forget(subnet_id)
        self.hints.forget(subnet_id)


class LedgerPool(Pool):
    """A pool for one unit of work; not to be shared among threads.

    Args:
        ledger: bound to the unit of work.
        memory: shared by all pools of a driver.
        surroundings: where randomness and time come from.
        at_rollback: has something done if the unit of work is rolled back; for a
            ledger whose books are.
    """

    def __init__(
        self,
        ledger: Ledger,
        memory: Memory,
        surroundings: Surroundings,
        at_rollback: Callable[[Callable[[], None]], None] = never,
    ) -> None:
        self._ledger = ledger
        self._memory = memory
        self._surroundings = surroundings
        self._at_rollback = at_rollback
        self._read: dict[str, LedgerSubnet] = {}
        self._together: tuple[str, ...] = ()
        self._claimed: dict[str, set[int]] = defaultdict(set)
        self._released: dict[str, set[int]] = defaultdict(set)

    def needs_rollback(self) -> bool:
        """Tell whether what is done here outlives a transaction rolled back."""
        return not self._ledger.transactional

    def get_subnet(self, subnet_id: str) -> Subnet:
        """Return a subnet.

        Raises:
            SubnetNotFound: the ledger does not know it.
        """
        if self._memory.subnets.get(subnet_id) is None:
            self._fresh(subnet_id)
        return self._open(subnet_id)

    def get_allocator(self, subnet_ids: Sequence[str]) -> SubnetGroup:
        """Return these subnets as a group, preferred ones first; reads them at once."""
        unknown = [one for one in subnet_ids if self._memory.subnets.get(one) is None]
        for subnet in self._ledger.get_subnets(unknown):
            self._learn(subnet)
        self._together = tuple(subnet_ids)
        return OrderedSubnetGroup(self, subnet_ids)

    def allocate_subnet(self, request: SubnetRequest) -> Subnet:
        """Take up a subnet, and validate its pools once more.

        Raises:
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
            SubnetAlreadyExists: the id is taken.
            InvalidSubnetRequest: the request does not name a CIDR.
        """
        subnet = self._taken_up(request)
        self._ledger.create_subnet(subnet)
        return self._open_new(subnet)

    def allocate_subnets(self, requests: Sequence[SubnetRequest]) -> Iterator[Subnet]:
        """Take up several subnets, by few statements; see `allocate_subnet`."""
        subnets = [self._taken_up(request) for request in requests]
        self._ledger.create_subnets(subnets)
        return iter([self._open_new(subnet) for subnet in subnets])

    def update_subnet(self, request: SpecificSubnetRequest) -> Subnet:
        """Replace a subnet's gateway, pools, strategy and cool-down.

        Pools of None stay as they are.

        Raises:
            SubnetNotFound: the ledger does not know the subnet.
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
            InvalidSubnetRequest: the CIDR is another one.
        """
        subnet = self._fresh(request.subnet_id)
        if request.cidr != subnet.cidr:
            raise InvalidSubnetRequest(
                f"the CIDR of subnet {subnet.subnet_id} is {subnet.cidr} and cannot change."
            )
        pools = subnet.pools if request.allocation_pools is None else request.allocation_pools
        subnet = replace(
            subnet,
            gateway_ip=request.gateway_ip,
            pools=check_pools(subnet.cidr, request.gateway_ip, pools),
            strategy=request.strategy,
            cool_down=request.cool_down,
            stamp=self._new_stamp(),
        )
        _reuse(subnet, self._surroundings.reuse)
        self._ledger.replace_subnet(subnet)
        self._memory.hints.forget(subnet.subnet_id)
        self._learn(subnet)
        return self._open(subnet.subnet_id)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet, and with it whatever of it is still held.

        Raises:
            SubnetNotFound: the ledger does not know it.
        """
        self._ledger.remove_subnet(subnet_id)
        self._forget(subnet_id)
        # It may be taken up anew.
        self._claimed.pop(subnet_id, None)
        self._released.pop(subnet_id, None)

    def history(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first.

        An IPv4-mapped IPv6 address is the IPv4 address that it maps (RFC 4291,
        section 2.5.5.2).

        Raises:
            HistoryNotKept: the surroundings do not want it to be remembered.
        """
        if not self._surroundings.keep_history:
            raise HistoryNotKept
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return self._ledger.history(mapped or address, subnet_id=subnet_id, at=at, limit=limit)

    def forget(self, past_before: datetime, rests_before: datetime, limit: int) -> int:
        """Forget past holders, and end rests; return how many of both."""
        return self._ledger.forget(past_before, rests_before, limit)

    def _fresh(self, subnet_id: str) -> LedgerSubnet:
        """Return a subnet as this unit of work has read it, or reads it now."""
        if subnet_id not in self._read:
            # Where one subnet of a group is looked at again, so will the others be.
            others = self._together if subnet_id in self._together else ()
            wanted = {subnet_id, *others} - self._read.keys()
            for subnet in self._ledger.get_subnets(sorted(wanted)):
                self._learn(subnet)
            if subnet_id not in self._read:
                self._forget(subnet_id)
                raise SubnetNotFound(subnet_id)
        return self._read[subnet_id]

    def _taken_up(self, request: SubnetRequest) -> LedgerSubnet:
        """Return what a new subnet is going to be."""
        if not isinstance(request, SpecificSubnetRequest):
            raise InvalidSubnetRequest("this driver serves requests for a given CIDR only.")
        pools = request.allocation_pools
        if pools is None:
            pools = default_pools(request.cidr, request.gateway_ip)
        subnet = LedgerSubnet(
            subnet_id=request.subnet_id,
            project_id=request.project_id,
            cidr=request.cidr,
            gateway_ip=request.gateway_ip,
            pools=check_pools(request.cidr, request.gateway_ip, pools),
            strategy=request.strategy,
            cool_down=request.cool_down,
            stamp=self._new_stamp(),
        )
        _reuse(subnet, self._surroundings.reuse)
        return subnet

    def _open_new(self, subnet: LedgerSubnet) -> Subnet:
        self._memory.hints.forget(subnet.subnet_id)
        self._learn(subnet)
        return self._open(subnet.subnet_id)

    def _learn(self, subnet: LedgerSubnet) -> None:
        self._read[subnet.subnet_id] = subnet
        self._memory.subnets.put(subnet)

    def _forget(self, subnet_id: str) -> None:
        self._read.pop(subnet_id, None)
        self._memory.forget(subnet_id)

    def _open(self, subnet_id: str) -> LedgerBackedSubnet:
        return LedgerBackedSubnet(partial(self._site, subnet_id), partial(self._forget, subnet_id))

    def _site(self, subnet_id: str, *, fresh: bool = False) -> Site:
        subnet = None if fresh else self._memory.subnets.get(subnet_id)
        subnet = subnet or self._fresh(subnet_id)
        return Site(
            self._ledger,
            subnet,
            _reuse(subnet, self._surroundings.reuse),
            self._memory.hints.of(subnet_id, subnet.stamp),
            self._surroundings.random,
            self._surroundings.now,
            self._claimed[subnet_id],
            self._released[subnet_id],
            at_rollback=self._at_rollback,
        )

    def _new_stamp(self) -> int:
        return self._surroundings.random.getrandbits(_STAMP_BITS)


def _reuse(subnet: LedgerSubnet, default: Reuse) -> Reuse:
    """Return how a subnet reuses addresses: as it says, or else as by default.

    Raises:
        InvalidInput: its cool-down cannot be.
    """
    if subnet.strategy is None and subnet.cool_down is None:
        return default
    cool_down = default.cool_down if subnet.cool_down is None else subnet.cool_down
    if not timedelta(0) <= cool_down <= LONGEST_COOL_DOWN:
        raise InvalidInput(
            f"a cool-down is from 0 to {int(LONGEST_COOL_DOWN.total_seconds())} seconds"
        )
    return Reuse(strategy=subnet.strategy or default.strategy, cool_down=cool_down)
