"""What is free of a pool while many prefixes are cut out of it.

The rule is that of `freehold.addresses.prefixes.best_fit`: a prefix of whatever
address is the beginning of the smallest gap that has room for it, and of several
the lowest. Here each cut costs as much among many gaps as among few.

Invariant: the gaps share no address with each other, nor with what was cut out.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush

from freehold.addresses.prefixes import prefix_at
from freehold.addresses.ranges import IPNetwork

Gap = tuple[int, int]
"""The value of the first address, and the length."""


class FreePrefixes:
    """The gaps of a pool, or as many of them as can matter.

    Args:
        version: 4 or 6.
        gaps: they do not overlap.
    """

    def __init__(self, version: int, gaps: Iterable[IPNetwork]) -> None:
        self._version = version
        self._bits = 32 if version == 4 else 128
        self._gaps: set[Gap] = set()
        # By length; those that are gaps no more are passed over when they come up.
        self._firsts: dict[int, list[int]] = defaultdict(list)
        for gap in gaps:
            self._add(int(gap.network_address), gap.prefixlen)

    def gaps(self) -> frozenset[IPNetwork]:
        """Return what is free by now."""
        return frozenset(prefix_at(self._version, *gap) for gap in self._gaps)

    def take_any(self, length: int) -> IPNetwork | None:
        """Cut out the prefix of this length that fits best; None if none is free."""
        for size in range(length, -1, -1):
            firsts = self._firsts[size]
            while firsts and (firsts[0], size) not in self._gaps:
                heappop(firsts)
            if firsts:
                return self._cut((firsts[0], size), firsts[0], length)
        return None

    def take(self, prefix: IPNetwork) -> bool:
        """Cut out this prefix; tell whether it was free."""
        first = int(prefix.network_address)
        for size in range(prefix.prefixlen, -1, -1):
            host_bits = self._bits - size
            gap = (first >> host_bits << host_bits, size)
            if gap in self._gaps:
                self._cut(gap, first, prefix.prefixlen)
                return True
        return False

    def _cut(self, gap: Gap, first: int, length: int) -> IPNetwork:
        """Halve a gap until it is the prefix, and keep the other halves."""
        self._gaps.remove(gap)
        start, size = gap
        while size < length:
            size += 1
            half = 1 << (self._bits - size)
            if first & half:
                self._add(start, size)
                start += half
            else:
                self._add(start + half, size)
        return prefix_at(self._version, start, length)

    def _add(self, first: int, size: int) -> None:
        self._gaps.add((first, size))
        heappush(self._firsts[size], first)
