"""A ledger in the memory of one process: for tests, and for embedding.

Nothing outlives the process and no rollback undoes a claim, so it is also the
example of a ledger whose users have to compensate. One lock guards it all;
each method is one atomic step.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ipam.driver import utc_now
from freehold.ledger.protocol import Allocation, LedgerSubnet


@dataclass(slots=True)
class _Account:
    """A subnet and what is held in it; ``numbers`` are the same keys, ascending."""

    subnet: LedgerSubnet
    allocations: dict[IPAddress, Allocation] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)

    def add(self, allocation: Allocation) -> bool:
        if allocation.address in self.allocations:
            return False
        self.allocations[allocation.address] = allocation
        insort(self.numbers, int(allocation.address))
        return True

    def drop(self, address: IPAddress) -> bool:
        if self.allocations.pop(address, None) is None:
            return False
        del self.numbers[bisect_left(self.numbers, int(address))]
        return True

    def span(self, within: AddressRange) -> tuple[int, int]:
        """Return where the range begins and ends among the numbers."""
        if within.version != self.subnet.cidr.version:
            return 0, 0
        return bisect_left(self.numbers, within.first), bisect_right(self.numbers, within.last)


class MemoryLedger:
    """A `freehold.ledger.protocol.Ledger`; safe to share among threads."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._lock = Lock()
        self._accounts: dict[str, _Account] = {}

    @property
    def transactional(self) -> bool:
        """False: what was done stays done."""
        return False

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet.

        Raises:
            SubnetAlreadyExists: there is one with this id.
        """
        with self._lock:
            if subnet.subnet_id in self._accounts:
                raise SubnetAlreadyExists(subnet.subnet_id)
            self._accounts[subnet.subnet_id] = _Account(_in_order(subnet))

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for."""
        with self._lock:
            return [
                self._accounts[subnet_id].subnet
                for subnet_id in subnet_ids
                if subnet_id in self._accounts
            ]

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change the gateway and the pools of a subnet to these.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        with self._lock:
            account = self._account(subnet.subnet_id)
            account.subnet = replace(
                account.subnet, gateway_ip=subnet.gateway_ip, pools=_in_order(subnet).pools
            )

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet and whatever is held in it.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        with self._lock:
            self._account(subnet_id)
            del self._accounts[subnet_id]

    def claim(self, subnet_id: str, address: IPAddress, holder: str | None) -> bool:
        """Hold an address if nobody does, and tell whether that was so.

        Raises:
            SubnetNotFound: there is no such subnet.
        """
        return bool(self.claim_many(subnet_id, [address], holder))

    def claim_many(
        self, subnet_id: str, addresses: Sequence[IPAddress], holder: str | None
    ) -> list[IPAddress]:
        """Hold those of the addresses that nobody holds, and return them.

        Raises:
            SubnetNotFound: there is no such subnet.
        """
        since = self._now()
        with self._lock:
            account = self._account(subnet_id)
            return [
                address
                for address in addresses
                if account.add(
                    Allocation(subnet_id=subnet_id, address=address, holder=holder, since=since)
                )
            ]

    def release(self, subnet_id: str, address: IPAddress) -> None:
        """Make an address free again.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
        """
        with self._lock:
            account = self._accounts.get(subnet_id)
            if account is None or not account.drop(address):
                raise IpAddressAllocationNotFound(str(address), subnet_id)

    def release_many(self, subnet_id: str, addresses: Sequence[IPAddress]) -> None:
        """Make addresses free again; those that nobody holds are passed over."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            if account is not None:
                for address in addresses:
                    account.drop(address)

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            return None if account is None else account.allocations.get(address)

    def held(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the held addresses of a range, ascending."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            if account is None:
                return []
            start, stop = account.span(within)
            return account.numbers[start : stop if limit is None else min(stop, start + limit)]

    def allocations(
        self, subnet_id: str, within: AddressRange, limit: int | None = None
    ) -> list[Allocation]:
        """Return the held addresses of a range with their holders, ascending."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            if account is None:
                return []
            start, stop = account.span(within)
            numbers = account.numbers[start : stop if limit is None else min(stop, start + limit)]
            return [account.allocations[address_of(within.version, number)] for number in numbers]

    def count(self, subnet_id: str, within: AddressRange) -> int:
        """Return how many addresses of a range are held."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            if account is None:
                return 0
            start, stop = account.span(within)
            return stop - start

    def _account(self, subnet_id: str) -> _Account:
        try:
            return self._accounts[subnet_id]
        except KeyError:
            raise SubnetNotFound(subnet_id) from None


def _in_order(subnet: LedgerSubnet) -> LedgerSubnet:
    return replace(subnet, pools=tuple(sorted(subnet.pools)))
