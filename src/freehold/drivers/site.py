"""One subnet's pools as the ledger shows them in this unit of work.

What the ways of proposing have in common: reading a stretch of the pools, and
counting what is taken of them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random

from freehold.addresses.gaps import gaps
from freehold.addresses.hints import Hints
from freehold.addresses.picking import random_address, total_size
from freehold.addresses.ranges import AddressRange
from freehold.ipam.strategy import Reuse
from freehold.ledger.holdings import Holdings
from freehold.ledger.protocol import LedgerSubnet

ROUNDS = 8
"""Searches before it is said that others were faster, by default."""

SMALL = 1024
"""Pools that have no more addresses together are read as a whole."""


def never(undo: Callable[[], None]) -> None:
    """Tell nobody of a rollback: where there is none, or nobody knows of it."""
    del undo


@dataclass(frozen=True, slots=True)
class Site:
    """A subnet with all that proposing its addresses takes.

    Attributes:
        ledger: of this unit of work.
        subnet: as it is known in this unit of work.
        reuse: how it chooses addresses, and when it hands them out again.
        hints: what this process has seen of the subnet; not to be trusted.
        random: the source of randomness.
        now: the clock.
        claimed: what this unit of work has claimed of the subnet by now.
        released: what it has released, which nobody else sees before it ends.
        in_windows: whether a read of so many rows is one of twice as many
            addresses at most, of which half are taken if they are as many. For
            books whose addresses have no order that an index could follow.
        sees_latest: whether each read tells what was committed before it, so
            that the answer to one thread is one to another.
        rounds: searches before it is said that others were faster.
        at_rollback: has something done if this unit of work is rolled back.
    """

    ledger: Holdings
    subnet: LedgerSubnet
    reuse: Reuse
    hints: Hints
    random: Random
    now: Callable[[], datetime]
    claimed: set[int]
    released: set[int]
    in_windows: bool = False
    sees_latest: bool = True
    rounds: int = ROUNDS
    at_rollback: Callable[[Callable[[], None]], None] = never

    @property
    def total(self) -> int:
        """How many addresses the pools have."""
        return total_size(self.subnet.pools)

    @property
    def is_small(self) -> bool:
        """Whether all rows of the pools can be read at once."""
        return self.total <= SMALL

    @property
    def claimed_of_pools(self) -> int:
        """How many addresses of the pools this unit of work has claimed by now."""
        return sum(1 for number in self.claimed if self.in_pools(number))

    @property
    def rested(self) -> datetime:
        """The latest release after which an address may be handed out again by now."""
        if self.reuse.keeps_released:
            return self.now() - self.reuse.cool_down
        # Whatever rests from the time of another strategy may be had at once.
        return self.now()

    def in_pools(self, number: int) -> bool:
        """Tell whether the address with this value lies in a pool."""
        pools = self.subnet.pools
        place = bisect_right(pools, number, key=_first)
        return place > 0 and number <= pools[place - 1].last

    def saw_taken(self, number: int) -> None:
        """Remember that an address is taken, in case it was the lowest free one."""
        if self.hints.raise_lowest(number) and number in self.claimed:
            self.at_rollback(partial(self.hints.lower_lowest, number))

    def saw_lowest(self, run: AddressRange, now: datetime | None) -> None:
        """Remember a free run below which all is taken.

        Args:
            run: the free addresses.
            now: when all below it was seen; None if only what is above of the
                run that was remembered was seen.
        """
        if now is None:
            self.hints.saw_higher(run.first, run.last)
        else:
            self.hints.saw_lowest(run.first, run.last, now)
        if self.claimed:
            self.at_rollback(partial(self.hints.lower_lowest, min(self.claimed)))

    def saw_all_taken(self) -> None:
        """Remember that each address is taken, so that what is free is among those released."""
        self.hints.worn = self.reuse.keeps_released
        if self.claimed:
            self.at_rollback(self.hints.doubt_worn)

    def taken(self, within: AddressRange) -> list[int]:
        """Return what is taken of a range, ascending."""
        return self.ledger.taken(self.subnet.subnet_id, within)

    def count_taken(self, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken."""
        return self.ledger.count_taken(self.subnet.subnet_id, ranges)

    def count_resting(self) -> int:
        """Return how many addresses of the pools rest."""
        return self.ledger.count_resting(self.subnet.subnet_id, self.subnet.pools)

    def read_small_pools(self) -> tuple[AddressRange, ...] | None:
        """Return all free runs of small pools: exact, in one statement.

        Returns:
            None if the pools are not small, or are islands among so many other
            addresses that are taken that one statement does not do.
        """
        pools = self.subnet.pools
        if not pools or not self.is_small:
            return None
        hull = AddressRange(pools[0].version, pools[0].first, pools[-1].last)
        taken = self.ledger.taken(self.subnet.subnet_id, hull, 2 * SMALL)
        if len(taken) == 2 * SMALL:
            return None
        return tuple(gap for pool in pools for gap in gaps(pool, _of(pool, taken)))

    def walk(
        self, rows: int, *, growth: int = 1, upwards: bool = False
    ) -> Iterator[tuple[AddressRange, ...]]:
        """Yield the free runs of all the pools, one read at a time.

        It begins at a random place, or at the lowest address if ``upwards``,
        goes up, and comes around to where it began. The first read is of so
        many rows at most, each further one of ``growth`` times as many; some
        find nothing free.
        """
        pools = self.subnet.pools
        start = pools[0].first if upwards else random_address(pools, self.random)
        for part in self._pools_from(start):
            low = part.first
            while low <= part.last:
                last = min(part.last, low + 2 * rows - 1) if self.in_windows else part.last
                rest = AddressRange(part.version, low, last)
                taken = self.ledger.taken(self.subnet.subnet_id, rest, rows)
                end = last if len(taken) < rows else taken[-1]
                yield tuple(gaps(AddressRange(part.version, low, end), taken))
                low, rows = end + 1, rows * growth

    def _pools_from(self, start: int) -> list[AddressRange]:
        """Return the pools in order from an address of theirs on, and around to it."""
        after = [pool for pool in self.subnet.pools if pool.first > start]
        before = [pool for pool in self.subnet.pools if pool.last < start]
        [around] = [pool for pool in self.subnet.pools if pool.first <= start <= pool.last]
        head = AddressRange(around.version, start, around.last)
        if start == around.first:
            return [head, *after, *before]
        return [head, *after, *before, AddressRange(around.version, around.first, start - 1)]


def _first(pool: AddressRange) -> int:
    return pool.first


def _of(pool: AddressRange, taken: Sequence[int]) -> Sequence[int]:
    return taken[bisect_right(taken, pool.first - 1) : bisect_right(taken, pool.last)]
