"""What a process remembers of a subnet, so that its next claim is rarely lost.

Nothing in here is evidence: an address may have been taken since it was seen
free, or have left the pools. The claim decides, so an address that is held is never
handed out again. What is wrongly thought to be free costs a lost claim. What is wrongly
thought to be held costs the order: another address comes first. So that is taken
back when the transaction in which it was learned is rolled back (see
`freehold.drivers.site.Site`), and is believed for a while only, because other
processes do not tell.

`Hints` are of one subnet; a `HintBook` keeps those of the subnets used last.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from threading import Lock
from typing import NamedTuple

from freehold.addresses.ranges import AddressRange

HINTS_PER_SUBNET = 256
"""Free runs remembered for one subnet, and parts that have free addresses, by default."""

SUBNETS_WITH_HINTS = 4096
"""Subnets for which anything is remembered, by default."""

LOWEST_FOR = timedelta(seconds=10)
"""How long it is believed that all below some address is held."""

_Run = tuple[int, int]  # the first and the last address


@dataclass(frozen=True, slots=True)
class Part:
    """A range of which it was counted how many addresses are free, but not seen which.

    Attributes:
        within: the range.
        free: how many of its addresses, at least 1.
    """

    within: AddressRange
    free: int

    @property
    def is_free(self) -> bool:
        """Whether all its addresses are free."""
        return self.free == self.within.size


class Rest(NamedTuple):
    """An address that was seen to rest.

    Attributes:
        number: its value.
        since: when it was released.
    """

    number: int
    since: datetime


@dataclass(frozen=True, slots=True)
class _Lowest:
    """A free run below which all was taken when it was ``seen``."""

    first: int
    last: int
    seen: datetime


class Hints:
    """What was seen of one subnet; safe to share among threads.

    No two runs overlap or touch, so an address that was taken out comes back
    only after somebody has put it in again. At most ``capacity`` runs, and as
    many parts and released addresses, are kept. The length is the number of runs.

    Attributes:
        crowded: whether the last look found few addresses free, so that a
            blind guess is not worth a claim.
        worn: whether each address was found to have been held at some time, so
            that what is free is among those released.
        searching: whoever holds it is counting all of the pools (see
            `freehold.drivers.searching`).
        searches: how many such counts were begun.
        full_since: the number of the last count that began and found nothing
            free; 0 if none did.
    """

    def __init__(self, capacity: int = HINTS_PER_SUBNET) -> None:
        if capacity < 1:
            raise ValueError("hints need room for one run")
        self._capacity = capacity
        self._lock = Lock()
        self._runs: list[_Run] = []  # ascending
        self._parts: list[Part] = []
        self._released: list[Rest] = []  # those released first come first
        self._lowest: _Lowest | None = None
        self.crowded = False
        self.worn = False
        self.searching = Lock()
        self.searches = 0
        self.full_since = 0

    def __len__(self) -> int:
        return len(self._runs)

    def take(self, random: Random) -> int | None:
        """Take a random address of the runs, or tell that none is left.

        Each address is as likely as any other: were each run so, addresses
        would come in clusters out of the shortest gaps.
        """
        with self._lock:
            if not self._runs:
                return None
            ends = list(accumulate(last - first + 1 for first, last in self._runs))
            index = random.randrange(ends[-1])
            place = bisect_right(ends, index)
            first, last = self._runs[place]
            number = last - (ends[place] - index - 1)
            rest = [run for run in ((first, number - 1), (number + 1, last)) if run[0] <= run[1]]
            if len(self._runs) - 1 + len(rest) > self._capacity:
                rest = [max(rest, key=_size)]
            self._runs[place : place + 1] = rest
            return number

    def remember(self, ranges: Iterable[AddressRange], random: Random) -> None:
        """Add ranges that were just seen free.

        Beyond the capacity, a random choice of the old and new runs is kept,
        so that workers who saw the same ranges remember different ones.
        """
        with self._lock:
            runs = _joined([*self._runs, *((one.first, one.last) for one in ranges)])
            if len(runs) > self._capacity:
                runs = sorted(random.sample(runs, self._capacity))
            self._runs = runs

    def add(self, number: int) -> None:
        """Add one address, such as one just given back, if there is room for it."""
        with self._lock:
            place = bisect_right(self._runs, number, key=_first)
            beside = slice(max(place - 1, 0), place + 1)
            runs = _joined([*self._runs[beside], (number, number)])
            if len(self._runs) - len(self._runs[beside]) + len(runs) <= self._capacity:
                self._runs[beside] = runs

    def take_part(self, random: Random) -> Part | None:
        """Take a part, the likelier the more of it is free; None if none is left."""
        with self._lock:
            if not self._parts:
                return None
            place = likely_place(self._parts, random)
            part = self._parts[place]
            self._parts[place] = self._parts[-1]
            self._parts.pop()
            return part

    def remember_parts(
        self, parts: Sequence[Part], random: Random, *, instead: bool = False
    ) -> None:
        """Add parts that were just counted, and are not among those known; a choice of them.

        Args:
            parts: of which each has free addresses.
            random: makes the choice.
            instead: whether they are all there is, so that what was known of
                others, or of parts of them, is out of date.
        """
        with self._lock:
            known = [*([] if instead else self._parts), *parts]
            if len(known) > self._capacity:
                known = random.sample(known, self._capacity)
            self._parts = known

    def take_released(self, random: Random, oldest: int) -> Rest | None:
        """Take a random one of the oldest released addresses; None if none is left.

        Args:
            random: makes the choice.
            oldest: among how many of those remembered, those released first.
        """
        with self._lock:
            if not self._released:
                return None
            return self._released.pop(random.randrange(min(oldest, len(self._released))))

    def remember_released(self, rests: Iterable[Rest]) -> None:
        """Remember these released addresses, the oldest first, instead of those known."""
        with self._lock:
            self._released = list(rests)[: self._capacity]

    def lowest(self, now: datetime) -> tuple[int, int] | None:
        """Return where free addresses began and ended, below which all was taken.

        Returns:
            The first and the last address of that run; it ends before it begins
            if all of it was taken meanwhile. None if it was not seen lately.
        """
        with self._lock:
            known = self._lowest
            if known is None or not known.seen <= now < known.seen + LOWEST_FOR:
                return None
            return known.first, known.last

    def saw_lowest(self, first: int, last: int, now: datetime) -> None:
        """Remember a free run below which all was just seen to be taken."""
        with self._lock:
            self._lowest = _Lowest(first, last, now)

    def saw_higher(self, first: int, last: int) -> None:
        """Remember that all from the run remembered up to this one was seen to be taken."""
        with self._lock:
            if self._lowest is not None and first > self._lowest.first:
                self._lowest = replace(self._lowest, first=first, last=last)

    def raise_lowest(self, number: int) -> bool:
        """Remember that an address is taken, in case it was the lowest free one.

        Returns:
            Whether it was.
        """
        with self._lock:
            if self._lowest is None or number != self._lowest.first:
                return False
            self._lowest = replace(self._lowest, first=number + 1)
            return True

    def doubt_lowest(self) -> None:
        """Remember that others took the lowest free run, or some of it; not what is below it."""
        with self._lock:
            if self._lowest is not None:
                self._lowest = replace(self._lowest, last=self._lowest.first - 1)

    def lower_lowest(self, number: int) -> None:
        """Remember that an address was given back."""
        with self._lock:
            if self._lowest is not None and number < self._lowest.first:
                self._lowest = replace(self._lowest, first=number, last=number)

    def forget_released(self) -> None:
        """Forget the released addresses only."""
        with self._lock:
            self._released = []

    def doubt_worn(self) -> None:
        """Remember no longer that each address was held at some time."""
        self.worn = False

    def forget_runs(self) -> None:
        """Forget the runs only."""
        with self._lock:
            self._runs = []

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._runs, self._parts, self._released, self._lowest = [], [], [], None
            self.crowded = self.worn = False


class HintBook:
    """The hints of the subnets used last, by subnet id; safe to share among threads."""

    def __init__(self, subnets: int = SUBNETS_WITH_HINTS, capacity: int = HINTS_PER_SUBNET) -> None:
        """Make an empty book for so many subnets, with so many runs for each."""
        if subnets < 1:
            raise ValueError("a book of hints needs room for one subnet")
        self._subnets = subnets
        self._capacity = capacity
        self._lock = Lock()
        self._pages: OrderedDict[str, tuple[int, Hints]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pages)

    def of(self, subnet_id: str, stamp: int = 0) -> Hints:
        """Return the hints of a subnet; at first and after long disuse they are empty.

        So they are under another stamp: what is full, or held from the low end
        on, is so in the pools of the time.
        """
        with self._lock:
            page = self._pages.get(subnet_id)
            if page is None or page[0] != stamp:
                page = self._pages[subnet_id] = (stamp, Hints(self._capacity))
            self._pages.move_to_end(subnet_id)
            if len(self._pages) > self._subnets:
                self._pages.popitem(last=False)
            return page[1]

    def forget(self, subnet_id: str) -> None:
        """Drop the hints of a subnet, also for those who have them at hand."""
        with self._lock:
            page = self._pages.pop(subnet_id, None)
        if page is not None:
            page[1].clear()


def likely_place(parts: Sequence[Part], random: Random) -> int:
    """Return the index of one of the parts, the likelier the more of it is free."""
    ends = list(accumulate(part.free for part in parts))
    # Not random.choices, whose weights are floats.
    return bisect_right(ends, random.randrange(ends[-1]))


def _joined(runs: Iterable[_Run]) -> list[_Run]:
    """Return the same addresses as the fewest runs, ascending."""
    joined: list[_Run] = []
    for first, last in sorted(runs):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _first(run: _Run) -> int:
    return run[0]


def _size(run: _Run) -> int:
    return run[1] - run[0] + 1
