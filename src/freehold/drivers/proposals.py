"""Which addresses to try, one after the other, until a claim is won.

The proposals are lazy: the next one is only looked for when the one before was
lost. They end in one of two ways: with the error that nothing is free, which
is exact, or just so, which means that others were faster each time.
"""

from collections.abc import Iterable, Iterator

from freehold.addresses.picking import random_address
from freehold.addresses.proposing import find_lowest_free
from freehold.addresses.ranges import AddressRange
from freehold.drivers import refusals
from freehold.drivers.site import Site

TRIES = 4
"""Proposals out of what was learned by one read."""

CHUNKS = 3
CHUNK_ROWS = 1000

ROUNDS = 16
"""Exact searches before it is said that others were faster."""


def propose_any(site: Site) -> Iterator[int]:
    """Propose free addresses of the pools in an order that nobody can foresee.

    Ordered by cost: hints and a blind guess cost nothing but the claim; a
    chunk costs one read of consecutive rows; the exact search costs about
    log2(size / 1,000) counts.

    Raises:
        IpAddressGenerationFailure: nothing is free.
    """
    if not site.subnet.pools:
        raise refusals.exhausted(site.subnet)
    yield from _hinted(site)
    yield random_address(site.subnet.pools, site.random)
    if not site.is_small:
        for _ in range(CHUNKS):
            yield from _learned(site, next(site.walk(CHUNK_ROWS)))
    for _ in range(ROUNDS):
        found = site.free_somewhere()
        if found is None:
            raise refusals.exhausted(site.subnet, site.claimed_of_pools)
        yield from _learned(site, found)


def propose_next(site: Site) -> Iterator[int]:
    """Propose the lowest free addresses of the pools.

    Raises:
        IpAddressGenerationFailure: nothing is free.
    """
    for _ in range(ROUNDS):
        run = find_lowest_free(site.subnet.pools, site.count, site.held)
        if run is None:
            raise refusals.exhausted(site.subnet, site.claimed_of_pools)
        yield from range(run.first, min(run.last, run.first + TRIES - 1) + 1)


def _learned(site: Site, found: Iterable[AddressRange]) -> Iterator[int]:
    """Keep what was just seen free as hints, and propose a few of them.

    The hints of before did not help, and could crowd out what is known now.
    """
    site.hints.clear()
    site.hints.remember(found, site.random)
    yield from _hinted(site)


def _hinted(site: Site) -> Iterator[int]:
    """Propose a few hints, as long as they lie in the pools."""
    for _ in range(TRIES):
        number = site.hints.take(site.random)
        if number is None:
            return
        if not site.in_pools(number):
            # The pools are others than when this was learned.
            site.hints.clear()
            return
        yield number
