"""Released addresses that rest: which may be handed out again, and when the next may be."""

from collections.abc import Iterator
from datetime import datetime

from freehold.addresses.hints import Rest
from freehold.drivers.site import Site
from freehold.ledger.protocol import Released

AT_ONCE = 64
"""Released addresses that are looked at together at least, those released first."""

AT_MOST = 10_000
"""And at most."""


def rested(site: Site, wanted: int = AT_ONCE) -> list[Rest]:
    """Return addresses of the pools that have rested long enough, those released first.

    Args:
        site: the subnet.
        wanted: how many at the most. Fewer are returned only if there are no more.
    """
    found: list[Rest] = []
    until = site.rested
    for page in _pages(site, min(max(wanted, AT_ONCE), AT_MOST)):
        found += [
            Rest(int(one.address), one.at)
            for one in page
            if one.at <= until and site.in_pools(int(one.address))
        ]
        if len(found) >= wanted or page[-1].at > until:
            break
    return found[:wanted]


def next_free_at(site: Site) -> datetime | None:
    """Return when the next address of the pools will have rested; None if none rests still."""
    until = site.rested
    for page in _pages(site, AT_ONCE):
        for one in page:
            if one.at > until and site.in_pools(int(one.address)):
                return one.at + site.reuse.cool_down
    return None


def _pages(site: Site, size: int) -> Iterator[list[Released]]:
    """Yield all that rests in the subnet, those released first, page by page."""
    last: Released | None = None
    while page := site.ledger.resting(site.subnet, size, last):
        yield page
        last = page[-1]
        if len(page) < size:
            return
