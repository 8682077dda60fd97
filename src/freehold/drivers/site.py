"""One subnet's pools as the ledger shows them in this unit of work.

What the ways of proposing have in common: reading a stretch of the pools, and
finding the free runs in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random

from freehold.addresses.gaps import gaps
from freehold.addresses.picking import random_address, total_size
from freehold.addresses.proposing import WINDOW, Hints, find_free
from freehold.addresses.ranges import AddressRange
from freehold.ledger.protocol import Ledger, LedgerSubnet


@dataclass(frozen=True, slots=True)
class Site:
    """A subnet with all that proposing its addresses takes.

    Attributes:
        ledger: of this unit of work.
        subnet: as it was read in this unit of work.
        hints: what this process has seen free in the subnet; not to be trusted.
        random: the source of randomness.
        claimed: what this unit of work has claimed of the subnet by now.
    """

    ledger: Ledger
    subnet: LedgerSubnet
    hints: Hints
    random: Random
    claimed: set[int]

    @property
    def total(self) -> int:
        """How many addresses the pools have."""
        return total_size(self.subnet.pools)

    @property
    def is_small(self) -> bool:
        """Whether all rows of the pools can be read at once."""
        return self.total <= WINDOW

    @property
    def claimed_of_pools(self) -> int:
        """How many addresses of the pools this unit of work has claimed by now."""
        return sum(1 for number in self.claimed if self.in_pools(number))

    def in_pools(self, number: int) -> bool:
        """Tell whether the address with this value lies in a pool."""
        return any(pool.first <= number <= pool.last for pool in self.subnet.pools)

    def held(self, within: AddressRange) -> list[int]:
        """Return what is held of a range, ascending."""
        return self.ledger.held(self.subnet.subnet_id, within)

    def count(self, within: AddressRange) -> int:
        """Return how many addresses of a range are held."""
        return self.ledger.count(self.subnet.subnet_id, within)

    def count_all(self) -> int:
        """Return how many addresses of the pools are held."""
        return sum(self.count(pool) for pool in self.subnet.pools)

    def free_somewhere(self) -> tuple[AddressRange, ...] | None:
        """Return some free runs, or None when nothing is free: exact.

        Of small pools these are all the free runs, and one statement is
        enough unless the pools are islands among many other held addresses.
        """
        pools = self.subnet.pools
        if pools and self.is_small:
            hull = AddressRange(pools[0].version, pools[0].first, pools[-1].last)
            held = self.ledger.held(self.subnet.subnet_id, hull, 2 * WINDOW)
            if len(held) < 2 * WINDOW:
                return tuple(chain.from_iterable(gaps(pool, held) for pool in pools)) or None
        return find_free(pools, self.count, self.held, self.random)

    def walk(self, rows: int) -> Iterator[tuple[AddressRange, ...]]:
        """Yield the free runs of all the pools, one read at a time.

        It begins at a random place, goes up, and comes around to where it
        began. Each read is of so many rows at most; some find nothing free.
        """
        for part in self._pools_from(random_address(self.subnet.pools, self.random)):
            low = part.first
            while low <= part.last:
                rest = AddressRange(part.version, low, part.last)
                held = self.ledger.held(self.subnet.subnet_id, rest, rows)
                end = part.last if len(held) < rows else held[-1]
                yield tuple(gaps(AddressRange(part.version, low, end), held))
                low = end + 1

    def _pools_from(self, start: int) -> list[AddressRange]:
        """Return the pools in order from an address of theirs on, and around to it."""
        after = [pool for pool in self.subnet.pools if pool.first > start]
        before = [pool for pool in self.subnet.pools if pool.last < start]
        [around] = [pool for pool in self.subnet.pools if pool.first <= start <= pool.last]
        head = AddressRange(around.version, start, around.last)
        if start == around.first:
            return [head, *after, *before]
        return [head, *after, *before, AddressRange(around.version, around.first, start - 1)]
