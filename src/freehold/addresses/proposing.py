"""Where to look for free addresses, by counting what is taken.

The ledger's primary key is the only referee of who holds an address. What is
here only decides where to look, so that few rows are read however many
addresses are taken: a range is split, its pieces are counted in one statement,
and those that are not full are looked at closer. That is exact: where nothing
is found, nothing was free, if what is told is one state of the ledger. Without
a snapshot, each address of the ranges was seen taken at some time meanwhile.
"""

from collections.abc import Callable, Sequence

from freehold.addresses.gaps import gaps
from freehold.addresses.hints import Part
from freehold.addresses.ranges import AddressRange

WINDOW = 1024
"""Rows that the search for the lowest free address reads at most at a time, by default."""

PIECES = 16
"""Pieces that a range is split into at most: all are counted in one statement."""

READABLE = 256
"""Addresses of a piece that is not split further, but read."""

CountTaken = Callable[[Sequence[AddressRange]], Sequence[int]]
ListTaken = Callable[[AddressRange], Sequence[int]]


def split(whole: AddressRange, pieces: int = PIECES, least: int = READABLE) -> list[AddressRange]:
    """Cut a range into pieces of about the same size, in ascending order.

    Args:
        whole: what to cut.
        pieces: how many at the most, at least 1.
        least: how many addresses a piece has at least, but for the last one.
    """
    size = max(-(-whole.size // pieces), least)
    return [
        AddressRange(whole.version, first, min(first + size - 1, whole.last))
        for first in range(whole.first, whole.last + 1, size)
    ]


def count_free(ranges: Sequence[AddressRange], count_taken: CountTaken) -> list[Part]:
    """Return those of the ranges that are not full, with what is free in them."""
    counted = zip(ranges, count_taken(ranges), strict=True)
    return [Part(one, one.size - taken) for one, taken in counted if taken < one.size]


def find_lowest_free(
    ranges: Sequence[AddressRange],
    count_taken: CountTaken,
    list_taken: ListTaken,
    *,
    window: int = WINDOW,
) -> AddressRange | None:
    """Return the lowest free run, or None when nothing is free.

    The run starts at the lowest free address of the first range that has one;
    it may end before the next taken address does. The first window is read
    without counting. After it, blocks of doubling size are counted, and the
    first one that is not full is bisected to its left, so that the number of
    counts is at most about 2 * log2(taken addresses below / window), which in
    IPv6 is far less than the logarithm of the size.

    Args:
        ranges: where to search, of one IP version, in the order of preference.
        count_taken: tells how many addresses of each of some ranges are taken.
        list_taken: tells the taken addresses of a range in ascending order.
        window: the number of taken addresses that may be read at once.

    Raises:
        ValueError: the window is less than one address.
    """
    if window < 1:
        raise ValueError("a window has one address at least")
    for one in ranges:
        start, length = one.first, window
        while start <= one.last:
            block = AddressRange(one.version, start, min(start + length - 1, one.last))
            part = _lowest_part(block, count_taken, window)
            if part is not None:
                for gap in gaps(part, list_taken(part)):
                    return gap
            start, length = (part or block).last + 1, length * 2
    return None


def _lowest_part(block: AddressRange, count_taken: CountTaken, window: int) -> AddressRange | None:
    """Bisect to the lowest part of a block that can be read and is not known to be full.

    Returns None for a full block. All below the part is full.
    """
    if block.size <= window:
        return block
    [taken] = count_taken([block])
    if taken >= block.size:
        return None
    part = block
    while part.size > window and taken > window:
        left, right = split(part, 2, 1)
        [taken_left] = count_taken([left])
        if taken_left < left.size:
            part, taken = left, taken_left
        else:
            part, taken = right, taken - taken_left
    return part
