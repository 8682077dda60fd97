"""Claiming several addresses at once, each for a holder of its own, in few statements.

Whatever was claimed is put back before a refusal is told, so that the caller
may go on in the same transaction, or have none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from freehold import accounts
from freehold.addresses.picking import lowest, sample_addresses, total_size
from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.drivers import refusals
from freehold.drivers.resting import rested
from freehold.drivers.searching import count_pools, look_into_parts
from freehold.drivers.site import Site
from freehold.errors import AllocationContention, IpAddressGenerationFailure
from freehold.ipam.strategy import Strategy
from freehold.ledger.protocol import Claim, SubnetChanged

READ_ROWS = 1024
READS = 5
"""Reads that look for enough free addresses before they are counted, each of twice as many rows."""

ROUNDS = 16
"""Rounds in a row without a won claim, before it is said that others were faster."""

Runs = tuple[AddressRange, ...]


@dataclass(slots=True)
class _Bulk:
    """Those who want an address each, and what was claimed for them by now.

    Attributes:
        site: the subnet.
        holders: who wants one.
        upwards: whether the lowest addresses are wanted.
        all_or_none: whether fewer addresses than that are none.
        waiting: the places of those holders who have none yet.
        claimed: what was free, by the place of its holder.
        reclaimed: what had rested, by the place of its holder.
    """

    site: Site
    holders: Sequence[str | None]
    upwards: bool
    all_or_none: bool
    waiting: list[int]
    claimed: dict[int, IPAddress] = field(default_factory=dict)
    reclaimed: dict[int, IPAddress] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        return len(self.waiting)

    def claim_of(self, runs: Runs) -> None:
        """Claim of these runs as many as are missing, if there are so many."""
        count = min(self.missing, total_size(runs))
        if self.upwards:
            numbers = lowest(runs, count)
        else:
            numbers = sample_addresses(runs, count, self.site.random)
        wanted = self._wanted(numbers)
        won = self.site.ledger.claim_many(self.site.subnet, list(wanted.values()))
        self._note(wanted, won, self.claimed)

    def reclaim(self, numbers: list[int]) -> None:
        """Claim of these addresses that rest as many as are missing."""
        wanted = self._wanted(numbers)
        subnet, by = self.site.subnet, self.site.rested
        won = self.site.ledger.reclaim_many(subnet, list(wanted.values()), by)
        self._note(wanted, won, self.reclaimed)

    def give_up(self, number: int) -> None:
        """Leave the last so many of those who wait without an address."""
        del self.waiting[len(self.waiting) - number :]

    def _wanted(self, numbers: Sequence[int]) -> dict[int, Claim]:
        """Return a claim for each of the first of those who wait."""
        version = self.site.subnet.cidr.version
        return {
            place: Claim(address_of(version, number), self.holders[place])
            for place, number in zip(self.waiting, numbers, strict=False)
        }

    def _note(
        self, wanted: Mapping[int, Claim], won: Sequence[IPAddress], into: dict[int, IPAddress]
    ) -> None:
        addresses = frozenset(won)
        accounts.lost_races(len(wanted) - len(addresses))
        for place, claim in wanted.items():
            if claim.address in addresses:
                into[place] = claim.address
        self.waiting = [place for place in self.waiting if place not in into]


def claim_bulk(
    site: Site,
    holders: Sequence[str | None],
    *,
    lowest: bool = False,
    all_or_none: bool = True,
) -> list[tuple[int, IPAddress]]:
    """Claim a free address of the pools for each holder, as the subnet's strategy wants it.

    Args:
        site: the subnet.
        holders: who is to hold one; one who is there twice gets two.
        lowest: whether the lowest are asked for, whatever the strategy.
        all_or_none: whether it is refused if fewer are free; else only as many
            of the holders get one.

    Returns:
        The places of the holders, and what each has got.

    Raises:
        IpAddressGenerationFailure: fewer are free.
        AllocationContention: others were faster, again and again.
        SubnetChanged: the subnet is not as it is known here, or is gone.
    """
    upwards = lowest or site.reuse.strategy is Strategy.NEXT
    bulk = _Bulk(site, holders, upwards, all_or_none, list(range(len(holders))))
    at_rest = site.rested
    try:
        _claim_all(bulk)
    except (IpAddressGenerationFailure, AllocationContention, SubnetChanged):
        site.ledger.put_back(site.subnet.subnet_id, list(bulk.claimed.values()), None)
        site.ledger.put_back(site.subnet.subnet_id, list(bulk.reclaimed.values()), at_rest)
        raise
    served = [*bulk.claimed.items(), *bulk.reclaimed.items()]
    site.claimed.update(int(address) for _, address in served)
    return served


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
        IpAddressGenerationFailure: both together are not enough, and all or none are wanted.
    """
    wanted = bulk.missing - free
    numbers = [one.number for one in rested(bulk.site, wanted)]
    if len(numbers) < wanted:
        if bulk.all_or_none:
            # Those claimed for this request are about to be put back.
            free += len(bulk.holders) - bulk.missing
            raise refusals.too_few(bulk.site, free, len(numbers), len(bulk.holders))
        bulk.give_up(wanted - len(numbers))
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
