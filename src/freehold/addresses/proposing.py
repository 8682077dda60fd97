"""What to propose next: the pure half of propose-then-claim.

The ledger's primary key is the only referee of who holds an address. What is
here only decides which address to try, so that a claim is rarely lost and
costs few statements however many addresses are held:

- `Hints` remember addresses that were seen free, a subnet at a time, and
  `HintBook` keeps the hints of the subnets used last. A hint is never evidence:
  the address may have been taken since, or have left the pools.
- `find_free` and `find_lowest_free` search by counting. They are exact: when
  they find nothing, nothing was free, if what they are told is one state of
  the ledger (a snapshot). Without a snapshot, each address of the ranges was
  seen held, or was taken by another, at some time during the search.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from random import Random
from threading import Lock

from freehold.addresses.gaps import gaps
from freehold.addresses.picking import total_size
from freehold.addresses.ranges import AddressRange

HINTS_PER_SUBNET = 256
"""Free runs remembered for one subnet, by default."""

SUBNETS_WITH_HINTS = 4096
"""Subnets for which free runs are remembered, by default."""

WINDOW = 1024
"""Rows that a search reads at most at a time, by default."""

_ROUNDS = 4
"""Random parts that a search may lose to others."""

CountHeld = Callable[[AddressRange], int]
ListHeld = Callable[[AddressRange], Sequence[int]]

_Run = tuple[int, int]  # the first and the last address


class Hints:
    """Free runs of addresses seen in one subnet; safe to share among threads.

    No two runs overlap or touch, so an address that was taken out comes back
    only after somebody has put it in again. At most ``capacity`` runs are
    kept. The length is the number of runs.
    """

    def __init__(self, capacity: int = HINTS_PER_SUBNET) -> None:
        if capacity < 1:
            raise ValueError("hints need room for one run")
        self._capacity = capacity
        self._lock = Lock()
        self._runs: list[_Run] = []  # ascending

    def __len__(self) -> int:
        return len(self._runs)

    def take(self, random: Random) -> int | None:
        """Take a random address, or tell that none is left.

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

    def clear(self) -> None:
        """Forget all runs."""
        with self._lock:
            self._runs = []


class HintBook:
    """The hints of the subnets used last, by subnet id; safe to share among threads."""

    def __init__(self, subnets: int = SUBNETS_WITH_HINTS, capacity: int = HINTS_PER_SUBNET) -> None:
        """Make an empty book for so many subnets, with so many runs for each."""
        if subnets < 1:
            raise ValueError("a book of hints needs room for one subnet")
        self._subnets = subnets
        self._capacity = capacity
        self._lock = Lock()
        self._pages: OrderedDict[str, Hints] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pages)

    def of(self, subnet_id: str) -> Hints:
        """Return the hints of a subnet; at first and after long disuse they are empty."""
        with self._lock:
            hints = self._pages.get(subnet_id)
            if hints is None:
                hints = self._pages[subnet_id] = Hints(self._capacity)
                if len(self._pages) > self._subnets:
                    self._pages.popitem(last=False)
            else:
                self._pages.move_to_end(subnet_id)
            return hints

    def forget(self, subnet_id: str) -> None:
        """Drop the hints of a subnet, also for those who have them at hand."""
        with self._lock:
            hints = self._pages.pop(subnet_id, None)
        if hints is not None:
            hints.clear()


def find_free(
    ranges: Sequence[AddressRange],
    count_held: CountHeld,
    list_held: ListHeld,
    random: Random,
    *,
    window: int = WINDOW,
) -> tuple[AddressRange, ...] | None:
    """Return free runs out of a random part of the ranges, or None when nothing is free.

    The part is found by bisection. Each side is chosen with a probability
    proportional to its free addresses, hence an address picked uniformly out
    of the returned runs is uniform over all the free addresses. The bisection
    ends as soon as a part holds few enough addresses to read them. When others
    take a part before it is read, again and again, the lowest free run is the
    answer: that search cannot be kept going by others.

    Counts once a range, and then at most log2(size / window) times; ranges
    that have no more than ``window`` addresses together are read at once.

    Args:
        ranges: where to search, of one IP version, without overlap.
        count_held: tells how many addresses of a range are held.
        list_held: tells the held addresses of a range in ascending order.
        random: decides which part.
        window: the number of held addresses that may be read at once.

    Raises:
        ValueError: the window is less than one address.
    """
    _check_window(window)
    if total_size(ranges) <= window:
        return tuple(gap for one in ranges for gap in gaps(one, list_held(one))) or None
    for _ in range(_ROUNDS):
        free = [max(one.size - count_held(one), 0) for one in ranges]
        if not any(free):
            return None
        place = _weighted_place(free, random)
        part = _random_part(ranges[place], free[place], count_held, random, window)
        found = tuple(gaps(part, list_held(part)))
        if found:
            return found
        # Others took what had just been counted as free, so look again.
    lowest = find_lowest_free(ranges, count_held, list_held, window=window)
    return None if lowest is None else (lowest,)


def find_lowest_free(
    ranges: Sequence[AddressRange],
    count_held: CountHeld,
    list_held: ListHeld,
    *,
    window: int = WINDOW,
) -> AddressRange | None:
    """Return the lowest free run, or None when nothing is free.

    The run starts at the lowest free address of the first range that has one;
    it may end before the next held address does. The first window is read
    without counting. After it, blocks of doubling size are counted, and the
    first one that is not full is bisected to its left, so that the number of
    counts is at most about 2 * log2(held addresses below / window), which in
    IPv6 is far less than the logarithm of the size.

    Args:
        ranges: where to search, of one IP version, in the order of preference.
        count_held: tells how many addresses of a range are held.
        list_held: tells the held addresses of a range in ascending order.
        window: the number of held addresses that may be read at once.

    Raises:
        ValueError: the window is less than one address.
    """
    _check_window(window)
    for one in ranges:
        start, length = one.first, window
        while start <= one.last:
            block = AddressRange(one.version, start, min(start + length - 1, one.last))
            part = _lowest_part(block, count_held, window)
            if part is not None:
                for gap in gaps(part, list_held(part)):
                    return gap
            start, length = (part or block).last + 1, length * 2
    return None


def _weighted_place(weights: Sequence[int], random: Random) -> int:
    """Return a random place, each as likely as its weight; exact where floats are not."""
    return bisect_right(list(accumulate(weights)), random.randrange(sum(weights)))


def _random_part(
    whole: AddressRange, free: int, count_held: CountHeld, random: Random, window: int
) -> AddressRange:
    """Bisect a range with free addresses to a part that has some and few held ones."""
    part = whole
    while part.size > window and part.size - free > window:
        left, right = _halves(part)
        free_left = min(max(left.size - count_held(left), 0), free)
        if random.randrange(free) < free_left:
            part, free = left, free_left
        else:
            part, free = right, free - free_left
    return part


def _lowest_part(block: AddressRange, count_held: CountHeld, window: int) -> AddressRange | None:
    """Bisect to the lowest part of a block that can be read and is not known to be full.

    Returns None for a full block. All below the part is full.
    """
    if block.size <= window:
        return block
    held = count_held(block)
    if held >= block.size:
        return None
    part = block
    while part.size > window and held > window:
        left, right = _halves(part)
        held_left = count_held(left)
        if held_left < left.size:
            part, held = left, held_left
        else:
            part, held = right, held - held_left
    return part


def _halves(whole: AddressRange) -> tuple[AddressRange, AddressRange]:
    middle = (whole.first + whole.last) // 2
    return (
        AddressRange(whole.version, whole.first, middle),
        AddressRange(whole.version, middle + 1, whole.last),
    )


def _check_window(window: int) -> None:
    if window < 1:
        raise ValueError("a window has one address at least")


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
