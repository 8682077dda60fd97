"""Which addresses to try, one after the other, until a claim is won.

The proposals are lazy: the next one is only looked for when the one before was
lost. They end in one of two ways: with the error that nothing is free, which
is exact, or just so, which means that others were faster each time.

Addresses that were never held, or that nobody remembers to have been, come
first; those that rest, and have rested long enough, come when there are no such.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from freehold.addresses.picking import random_address, total_size
from freehold.addresses.proposing import count_free, find_lowest_free
from freehold.addresses.ranges import AddressRange
from freehold.drivers import refusals
from freehold.drivers.resting import rested
from freehold.drivers.searching import SAMPLE, count_pools, look_into_parts, sample
from freehold.drivers.site import Site
from freehold.ipam.strategy import Strategy

TRIES = 4
"""Proposals out of what was learned by one read."""

TRIES_UPWARDS = 12
"""Proposals out of the lowest run: all who ask for the next address want the same one."""

OLDEST = 4
"""Addresses that rest of which any may come first: not one only, that all would want at once."""

CHUNK_ROWS = 1000

FEW = 8
"""Free addresses in a chunk that are not worth reading another one for."""

MANY_POOLS = 4
"""Pools of which the full ones are found by counting rather than by reading."""


class Proposal(NamedTuple):
    """An address to try.

    Attributes:
        number: its value.
        rests_since: when it was released, if it is to be claimed from that rest;
            None if it is not known to rest.
    """

    number: int
    rests_since: datetime | None = None


Proposals = Generator[Proposal, None, bool]


def propose(site: Site, *, lowest: bool = False) -> Iterator[Proposal]:
    """Propose free addresses of the pools as the subnet's strategy wants it.

    Args:
        site: the subnet.
        lowest: whether the lowest is asked for, whatever the strategy.

    Raises:
        IpAddressGenerationFailure: nothing is free.
    """
    if not site.subnet.pools:
        raise refusals.no_pools(site.subnet)
    if site.hints.worn:
        yield from _rested(site)
    never_held = _next if lowest or site.reuse.strategy is Strategy.NEXT else _any
    for _ in range(site.rounds):
        used_up = yield from never_held(site)
        if used_up:
            site.saw_all_taken()
            any_rested = yield from _rested(site)
            if not any_rested:
                raise refusals.exhausted(site)


def _any(site: Site) -> Proposals:
    """Propose in an order that nobody can foresee; return whether all is taken.

    Ordered by cost: hints and a blind guess cost nothing but the claim; a
    chunk and a part cost one read of some rows; a count is of all rows.
    """
    yield from _hinted(site)
    yield from _of_parts(site)
    if not site.hints.crowded:
        site.hints.crowded = site.is_small
        yield Proposal(random_address(site.subnet.pools, site.random))
    found = site.read_small_pools()
    if found is not None:
        yield from _learned(site, found)
        return not found
    found = next(site.walk(CHUNK_ROWS))
    yield from _learned(site, found)
    free = total_size(found)
    site.hints.crowded = free < CHUNK_ROWS
    if free < FEW and site.total > SAMPLE:
        sample(site)
        yield from _of_parts(site)
    if not count_pools(site):
        return True
    yield from _of_parts(site)
    return False


def _next(site: Site) -> Proposals:
    """Propose from the low end of the pools; return whether all is taken."""
    run = _lowest_run(site)
    if run is None:
        return True
    for number in range(run.first, min(run.last, run.first + TRIES_UPWARDS - 1) + 1):
        yield Proposal(number)
        # It is taken, by whomever: this is only reached if the claim was lost.
        site.saw_taken(number)
    # Others took some of the run, and maybe thousands.
    site.hints.doubt_lowest()
    return False


def _rested(site: Site) -> Proposals:
    """Propose addresses that have rested long enough; return whether there were any.

    They come in the order of their release, as far as it can be kept when many
    ask: of the few oldest any may be the first, and after each lost race any of
    twice as many. A lost race also tells that what is remembered is out of date.
    """
    yield from _of_the_oldest(site, OLDEST)
    found = rested(site)
    site.hints.remember_released(found)
    for lost in range(TRIES):
        yield from _of_the_oldest(site, OLDEST << lost)
    return bool(found)


def _of_the_oldest(site: Site, oldest: int) -> Iterator[Proposal]:
    one = site.hints.take_released(site.random, oldest)
    if one is not None and site.in_pools(one.number):
        yield Proposal(one.number, one.since)


def _of_parts(site: Site) -> Iterator[Proposal]:
    for found in look_into_parts(site):
        yield from _learned(site, found)


def _learned(site: Site, found: tuple[AddressRange, ...]) -> Iterator[Proposal]:
    """Keep what was just seen free as hints, and propose a few of them.

    The hints of before did not help, and could crowd out what is known now.
    """
    site.hints.forget_runs()
    site.hints.remember(found, site.random)
    yield from _hinted(site)


def _hinted(site: Site) -> Iterator[Proposal]:
    """Propose a few hints, as long as they lie in the pools."""
    for _ in range(TRIES):
        number = site.hints.take(site.random)
        if number is None:
            return
        if not site.in_pools(number):
            # The pools are others than when this was learned.
            site.hints.clear()
            return
        yield Proposal(number)


def _lowest_run(site: Site) -> AddressRange | None:
    """Return the lowest free run: for a while from where it was seen last."""
    pools = site.subnet.pools
    if site.is_small:
        return find_lowest_free(pools, site.count_taken, site.taken)
    now = site.now()
    known = site.hints.lowest(now)
    if known is not None:
        first, last = known
        if first <= last and site.in_pools(first):
            return AddressRange(pools[0].version, first, last)
        # All below that run was taken, and so is the run by now.
        above = [
            AddressRange(pool.version, max(pool.first, first), pool.last)
            for pool in pools
            if pool.last >= first
        ]
        run = _search_upwards(site, above)
        if run is not None:
            site.saw_lowest(run, None)
            return run
    run = _search_upwards(site, pools)
    if run is not None:
        site.saw_lowest(run, now)
    return run


def _search_upwards(site: Site, ranges: Sequence[AddressRange]) -> AddressRange | None:
    if len(ranges) > MANY_POOLS:
        ranges = [part.within for part in count_free(ranges, site.count_taken)]
    return find_lowest_free(ranges, site.count_taken, site.taken)
