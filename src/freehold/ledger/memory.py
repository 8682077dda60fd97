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
from freehold.ledger.protocol import (
    Allocation,
    Claim,
    LedgerSubnet,
    Released,
    SubnetChanged,
)


@dataclass(slots=True)
class _Account:
    """A subnet and what is taken in it; ``numbers`` are the same keys, ascending.

    An allocation that has an end is one of an address that rests.
    """

    subnet: LedgerSubnet
    allocations: dict[IPAddress, Allocation] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)

    def add(self, allocation: Allocation) -> bool:
        if allocation.address in self.allocations:
            return False
        self.allocations[allocation.address] = allocation
        insort(self.numbers, int(allocation.address))
        return True

    def drop(self, address: IPAddress) -> None:
        del self.allocations[address]
        del self.numbers[bisect_left(self.numbers, int(address))]

    def held(self, address: IPAddress) -> Allocation | None:
        found = self.allocations.get(address)
        return None if found is None or found.until is not None else found

    def resting(self) -> list[Released]:
        return sorted(
            Released(one.until, one.address)
            for one in self.allocations.values()
            if one.until is not None
        )

    def span(self, within: AddressRange) -> tuple[int, int]:
        """Return where the range begins and ends among the numbers."""
        if within.version != self.subnet.cidr.version:
            return 0, 0
        return bisect_left(self.numbers, within.first), bisect_right(self.numbers, within.last)


class MemoryLedger:
    """A `freehold.ledger.protocol.Ledger`; safe to share among threads.

    Args:
        now: the clock; what it returns knows its time zone.
        keep_history: whether who held what is remembered after a release.
    """

    def __init__(self, now: Callable[[], datetime] = utc_now, *, keep_history: bool = True) -> None:
        self._now = now
        self._lock = Lock()
        self._accounts: dict[str, _Account] = {}
        self._past: list[Allocation] | None = [] if keep_history else None

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

    def create_subnets(self, subnets: Sequence[LedgerSubnet]) -> None:
        """Take up subnets, all or none.

        Raises:
            SubnetAlreadyExists: there is one with the id of one of them.
        """
        with self._lock:
            added: dict[str, _Account] = {}
            for subnet in subnets:
                if subnet.subnet_id in self._accounts or subnet.subnet_id in added:
                    raise SubnetAlreadyExists(subnet.subnet_id)
                added[subnet.subnet_id] = _Account(_in_order(subnet))
            self._accounts.update(added)

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for."""
        with self._lock:
            return [
                self._accounts[subnet_id].subnet
                for subnet_id in subnet_ids
                if subnet_id in self._accounts
            ]

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change a subnet's gateway, pools, strategy, cool-down and stamp to these.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        with self._lock:
            account = self._account(subnet.subnet_id)
            ordered = _in_order(subnet)
            account.subnet = replace(
                ordered, project_id=account.subnet.project_id, cidr=account.subnet.cidr
            )
            for _, address in account.resting():
                if not any(address in pool for pool in ordered.pools):
                    account.drop(address)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet; whatever is held in it is released.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        with self._lock:
            account = self._account(subnet_id)
            for allocation in account.allocations.values():
                if allocation.until is None:
                    self._remember(allocation)
            del self._accounts[subnet_id]

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken, and tell whether that was so.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        return bool(self.claim_many(subnet, [Claim(address, holder)]))

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        """Hold those of the addresses that are not taken, and return them.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        since = self._now()
        with self._lock:
            account = self._current(subnet)
            if account is None:
                raise SubnetChanged(subnet.subnet_id)
            return [
                claim.address
                for claim in wanted
                if account.add(_allocation(subnet.subnet_id, claim, since))
            ]

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        """Hold those of the addresses that rest, and were released by some time.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        since = self._now()
        with self._lock:
            account = self._current(subnet)
            if account is None:
                raise SubnetChanged(subnet.subnet_id)
            resting = {one.address for one in account.resting() if one.at <= released_by}
            reclaimed = [claim for claim in wanted if claim.address in resting]
            for claim in reclaimed:
                account.allocations[claim.address] = _allocation(subnet.subnet_id, claim, since)
            return [claim.address for claim in reclaimed]

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetChanged: the subnet is not the one of this stamp.
        """
        with self._lock:
            account = self._current(subnet)
            if account is None:
                raise SubnetChanged(subnet.subnet_id)
            held = account.held(address)
            if held is None:
                raise IpAddressAllocationNotFound(str(address), subnet.subnet_id)
            former = self._remember(held)
            if keep:
                account.allocations[address] = former
            else:
                account.drop(address)

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims, or reclaims, of this unit of work: as if nobody had held them."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            for address in addresses:
                held = None if account is None else account.held(address)
                if account is None or held is None:
                    continue
                if released_at is None:
                    account.drop(address)
                else:
                    account.allocations[address] = replace(held, until=released_at)

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            return None if account is None else account.held(address)

    def allocations(
        self, subnet_id: str, within: AddressRange, limit: int | None = None
    ) -> list[Allocation]:
        """Return the held addresses of a range with their holders, ascending."""
        with self._lock:
            found = [
                held
                for account, number in self._taken(subnet_id, within)
                if (held := account.held(address_of(within.version, number))) is not None
            ]
            return found[:limit]

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending."""
        with self._lock:
            return [number for _, number in self._taken(subnet_id, within, limit)]

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            if account is None:
                return [0] * len(ranges)
            spans = [account.span(one) for one in ranges]
            return [stop - start for start, stop in spans]

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return released addresses that rest, by the time of their release."""
        with self._lock:
            account = self._accounts.get(subnet.subnet_id)
            resting = [] if account is None else account.resting()
            return [one for one in resting if after is None or one > after][:limit]

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return how many addresses of the ranges rest."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            resting = [] if account is None else account.resting()
            return sum(any(one.address in within for within in ranges) for one in resting)

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return when an address that rests was released; None if it does not rest."""
        with self._lock:
            account = self._accounts.get(subnet_id)
            found = None if account is None else account.allocations.get(address)
            return None if found is None else found.until

    def history(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first."""
        with self._lock:
            held = [account.held(address) for account in self._accounts.values()]
            known = [*reversed(self._past or ()), *held]
        found = [
            one
            for one in known
            if one is not None
            and one.address == address
            and subnet_id in (None, one.subnet_id)
            and (at is None or (one.since <= at and (one.until is None or at < one.until)))
        ]
        found.sort(key=lambda one: (one.until is None, one.since), reverse=True)
        return found[:limit]

    def forget(self, past_before: datetime, rests_before: datetime, limit: int) -> int:
        """Forget past holders, and end rests; return how many of both."""
        with self._lock:
            past = self._past or []
            old = [one for one in past[:limit] if one.until is not None and one.until < past_before]
            for one in old:
                past.remove(one)
            rested = [
                (account, released.address)
                for account in self._accounts.values()
                for released in account.resting()
                if released.at < rests_before
            ][:limit]
            for account, address in rested:
                account.drop(address)
            return len(old) + len(rested)

    def _remember(self, held: Allocation) -> Allocation:
        """Return an allocation that ends now, and keep it if history is kept."""
        former = replace(held, until=self._now())
        if self._past is not None:
            self._past.append(former)
        return former

    def _taken(
        self, subnet_id: str, within: AddressRange, limit: int | None = None
    ) -> list[tuple[_Account, int]]:
        account = self._accounts.get(subnet_id)
        if account is None:
            return []
        start, stop = account.span(within)
        end = stop if limit is None else min(stop, start + limit)
        return [(account, number) for number in account.numbers[start:end]]

    def _account(self, subnet_id: str) -> _Account:
        try:
            return self._accounts[subnet_id]
        except KeyError:
            raise SubnetNotFound(subnet_id) from None

    def _current(self, subnet: LedgerSubnet) -> _Account | None:
        """Return the account of a subnet; None if it is not the one of this stamp."""
        account = self._accounts.get(subnet.subnet_id)
        return account if account is not None and account.subnet.stamp == subnet.stamp else None


def _allocation(subnet_id: str, claim: Claim, since: datetime) -> Allocation:
    return Allocation(subnet_id=subnet_id, address=claim.address, holder=claim.holder, since=since)


def _in_order(subnet: LedgerSubnet) -> LedgerSubnet:
    return replace(subnet, pools=tuple(sorted(subnet.pools)))
