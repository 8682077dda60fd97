"""Claiming several addresses at once: all or none, in few statements.

Whatever was claimed is put back before a refusal is told, so that the caller
may go on in the same transaction, or have none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from freehold.addresses.picking import lowest, sample_addresses, total_size
from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.drivers import refusals
from freehold.drivers.resting import rested
from freehold.drivers.searching import count_pools, look_into_parts
from freehold.drivers.site import Site
from freehold.errors import AllocationContention, IpAddressGenerationFailure
from freehold.ipam.strategy import Strategy
from freehold.ledger.protocol import SubnetChanged

READ_ROWS = 1024
READS = 5
"""Reads that look for enough free addresses before they are counted, each of twice as many rows."""

ROUNDS = 16
"""Rounds in a row without a won claim, before it is said that others were faster."""

Runs = tuple[AddressRange, ...]


@dataclass(slots=True)
class _Bulk:
    """One request, and what was claimed for it by now."""

    site: Site
    count: int
    holder: str | None
    claimed: list[IPAddress] = field(default_factory=list)
    reclaimed: list[IPAddress] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return self.count - len(self.claimed) - len(self.reclaimed)

    @property
    def upwards(self) -> bool:
        return self.site.reuse.strategy is Strategy.NEXT

    def claim_of(self, runs: Runs) -> None:
        """Claim of these runs as many as are missing, if there are so many."""
        count = min(self.missing, total_size(runs))
        if self.upwards:
            numbers = lowest(runs, count)
        else:
            numbers = sample_addresses(runs, count, self.site.random)
        subnet = self.site.subnet
        wanted = [address_of(subnet.cidr.version, number) for number in numbers]
        self.claimed += self.site.ledger.claim_many(subnet, wanted, self.holder)

    def reclaim(self, numbers: list[int]) -> None:
        """Claim of these addresses that rest as many as are missing."""
        subnet = self.site.subnet
        wanted = [address_of(subnet.cidr.version, number) for number in numbers[: self.missing]]
        self.reclaimed += self.site.ledger.reclaim_many(
            subnet, wanted, self.holder, self.site.rested
        )


def claim_bulk(site: Site, count: int, holder: str | None) -> list[IPAddress]:
    """Claim so many free addresses of the pools, as the subnet's strategy wants it.

    Raises:
        IpAddressGenerationFailure: fewer are free.
        AllocationContention: others were faster, again and again.
        SubnetChanged: the subnet is not as it is known here, or is gone.
    """
    bulk = _Bulk(site, count, holder)
    at_rest = site.rested
    try:
        _claim_all(bulk)
    except (IpAddressGenerationFailure, AllocationContention, SubnetChanged):
        site.ledger.put_back(site.subnet.subnet_id, bulk.claimed, None)
        site.ledger.put_back(site.subnet.subnet_id, bulk.reclaimed, at_rest)
        raise
    return [*bulk.claimed, *bulk.reclaimed]


def _claim_all(bulk: _Bulk) -> None:
    """Claim until nothing is missing."""
    site = bulk.site
    lost = 0
    while before := bulk.missing:
        for runs in _free_runs(bulk):
            bulk.claim_of(runs)
            if not bulk.missing:
                return
        lost = 0 if bulk.missing < before else lost + 1
        if lost == ROUNDS:
            raise AllocationContention(site.subnet.subnet_id)


def _free_runs(bulk: _Bulk) -> Iterator[Runs]:
    """Yield free runs: of enough addresses together if they are found soon, else some.

    Raises:
        IpAddressGenerationFailure: fewer addresses are free than are missing.
    """
    site, missing = bulk.site, bulk.missing
    found = site.read_small_pools()
    if found is None:
        found = _look_around(bulk) if missing <= site.total else ()
        free = total_size(found)
        if free < missing:
            free = site.total - sum(site.count_taken(site.subnet.pools))
    else:
        free = total_size(found)
    if free < missing:
        _reclaim_the_rest(bulk, free)
    if found:
        yield found
    elif free and count_pools(site):
        yield from look_into_parts(site)


def _reclaim_the_rest(bulk: _Bulk, free: int) -> None:
    """Claim what has rested long enough, where what never was held is not enough.

    Raises:
        IpAddressGenerationFailure: both together are not enough.
    """
    wanted = bulk.missing - free
    numbers = rested(bulk.site, wanted)
    if len(numbers) < wanted:
        # Those claimed for this request are about to be put back.
        free += bulk.count - bulk.missing
        raise refusals.too_few(bulk.site, free, len(numbers), bulk.count)
    bulk.reclaim(numbers)


def _look_around(bulk: _Bulk) -> Runs:
    """Read some rows, from a random place or from the low end, and return the runs between."""
    found: list[AddressRange] = []
    rows = max(READ_ROWS, bulk.missing)
    walk = bulk.site.walk(rows, growth=2, upwards=bulk.upwards)
    for reads, runs in enumerate(walk, start=1):
        found += runs
        if total_size(found) >= bulk.missing or reads == READS:
            break
    return tuple(found)
