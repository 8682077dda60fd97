"""Finding what is free where hints and guesses do not: exact, and remembered.

The pools are counted, and those that are not full are split and counted again,
until a piece is small enough to be read. Nothing that a count has shown is
thrown away: the pieces that have free addresses are hints, and the next search
goes on with them. So the last one of a hundred thousand addresses costs a full
count, and the one before costs a few statements.

When nothing is left, each refusal would count everything. Threads that want
that in the same moment share one count: who has waited for another's count to
end takes its answer, if it began after he asked, if each read of the other's
tells what was committed before it, and if he has not released anything himself
that the other could not see. So each answer is true at some time between
question and answer, however many ask.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from freehold.addresses.gaps import gaps
from freehold.addresses.hints import Part, likely_place
from freehold.addresses.picking import random_address
from freehold.addresses.proposing import READABLE, count_free, split
from freehold.addresses.ranges import AddressRange
from freehold.drivers.site import Site

SAMPLE = 1 << 16
"""Addresses around a random place that are counted before everything is."""

PARTS = 8
"""Parts that are looked into before it is said that others were faster there."""

PATIENCE_SECONDS = 5.0
"""How long to wait for another's count, before counting oneself."""


def sample(site: Site) -> None:
    """Remember which parts around a random place have free addresses."""
    number = random_address(site.subnet.pools, site.random)
    [pool] = [one for one in site.subnet.pools if one.first <= number <= one.last]
    first = max(pool.first, number - number % SAMPLE)
    last = min(pool.last, first + SAMPLE - 1)
    pieces = split(AddressRange(pool.version, first, last))
    site.hints.remember_parts(count_free(pieces, site.count_taken), site.random)


def count_pools(site: Site) -> bool:
    """Remember which pools have free addresses, and tell whether any has."""
    hints = site.hints
    asked = hints.searches
    with _turn(site):
        if hints.full_since > asked and not site.released and site.sees_latest:
            return False
        hints.searches += 1
        began = hints.searches
        parts = count_free(site.subnet.pools, site.count_taken)
        if parts:
            hints.remember_parts(parts, site.random, instead=True)
        else:
            hints.full_since = began
    return bool(parts)


def look_into_parts(site: Site) -> Iterator[tuple[AddressRange, ...]]:
    """Yield free runs out of the parts that are remembered, one part at a time.

    A part is found to be free as a whole, is small enough to be read, or is
    split. It ends when no part is left, or when several were empty by now.
    """
    for _ in range(PARTS):
        part = _readable(site)
        if part is None:
            return
        if part.is_free:
            yield (part.within,)
        else:
            found = tuple(gaps(part.within, site.taken(part.within)))
            if found:
                yield found


def _readable(site: Site) -> Part | None:
    """Take a part that can be read; split a larger one, and go down into one of its pieces.

    Were the next one taken of all that are known by then, addresses that lie
    close together would be found more often than others.
    """
    part = site.hints.take_part(site.random)
    while part is not None:
        if not _lies_in_pools(site, part.within):
            part = site.hints.take_part(site.random)
        elif part.is_free or part.within.size <= READABLE:
            return part
        else:
            found = count_free(split(part.within), site.count_taken)
            part = found.pop(likely_place(found, site.random)) if found else None
            site.hints.remember_parts(found, site.random)
            part = part or site.hints.take_part(site.random)
    return None


def _lies_in_pools(site: Site, within: AddressRange) -> bool:
    """Tell whether a part, which was of one pool, is still in the pools."""
    return any(within.within(pool) for pool in site.subnet.pools)


@contextmanager
def _turn(site: Site) -> Iterator[None]:
    """Be the only thread of the process that counts this subnet's pools, if that is soon."""
    taken = site.hints.searching.acquire(timeout=PATIENCE_SECONDS)
    try:
        yield
    finally:
        if taken:
            site.hints.searching.release()
