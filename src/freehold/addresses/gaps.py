"""The free runs between held addresses.

The other half of reading a stretch of the ledger: rows tell what is held, and
what can be proposed is in between.
"""

from collections.abc import Iterable, Iterator

from freehold.addresses.ranges import AddressRange


def gaps(within: AddressRange, held: Iterable[int]) -> Iterator[AddressRange]:
    """Yield the longest runs of a range that hold none of the held addresses.

    Args:
        within: where to look.
        held: values of held addresses in ascending order; duplicates and
            values outside of the range are passed over.

    Yields:
        The free runs in ascending order; no two of them touch.
    """
    free_from = within.first
    for number in held:
        if number > within.last:
            break
        if number > free_from:
            yield AddressRange(within.version, free_from, number - 1)
        free_from = max(free_from, number + 1)
    if free_from <= within.last:
        yield AddressRange(within.version, free_from, within.last)
