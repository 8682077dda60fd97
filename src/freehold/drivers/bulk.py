"""Claiming several addresses at once: all or none, in few statements.

Whatever was claimed is given back before a refusal is told, so that the caller
may go on in the same transaction, or have none.
"""

from collections.abc import Iterator

from freehold.addresses.picking import sample_addresses, total_size
from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.drivers import refusals
from freehold.drivers.site import Site
from freehold.errors import AllocationContention, IpAddressGenerationFailure

READ_ROWS = 4096
READS = 4
"""Reads of so many rows that look for enough free addresses before they are counted."""

ROUNDS = 16
"""Rounds in a row without a won claim, before it is said that others were faster."""


def claim_bulk(site: Site, count: int, holder: str | None) -> list[IPAddress]:
    """Claim so many free addresses of the pools, at random.

    Raises:
        IpAddressGenerationFailure: fewer are free.
        AllocationContention: others were faster, again and again.
        SubnetNotFound: the subnet is gone, and what was claimed with it.
    """
    claimed: list[IPAddress] = []
    try:
        for batch in _batches(site, count, holder):
            claimed += batch
    except (IpAddressGenerationFailure, AllocationContention):
        site.ledger.release_many(site.subnet.subnet_id, claimed)
        raise
    return claimed


def _batches(site: Site, count: int, holder: str | None) -> Iterator[list[IPAddress]]:
    """Claim and yield until the count is reached.

    The first batch is a blind guess, which is enough while the pools are
    rather empty; small pools are read instead.
    """
    missing = count
    if not site.is_small and count <= site.total:
        batch = _claim(site, site.subnet.pools, count, holder)
        missing -= len(batch)
        yield batch
    lost = 0
    while missing:
        found = _free_runs(site, count, missing)
        batch = _claim(site, found, min(missing, total_size(found)), holder)
        missing -= len(batch)
        yield batch
        lost = 0 if batch else lost + 1
        if lost == ROUNDS:
            raise AllocationContention(site.subnet.subnet_id)


def _free_runs(site: Site, count: int, missing: int) -> tuple[AddressRange, ...]:
    """Return free runs: of enough addresses if they are found soon, else some.

    Raises:
        IpAddressGenerationFailure: fewer addresses are free than are missing.
    """
    if site.is_small:
        found = site.free_somewhere() or ()
        _check_enough(site, total_size(found), count, missing)
        return found
    found = _look_around(site, missing) if missing <= site.total else ()
    if total_size(found) >= missing:
        return found
    _check_enough(site, site.total - site.count_all(), count, missing)
    return found or site.free_somewhere() or ()


def _look_around(site: Site, missing: int) -> tuple[AddressRange, ...]:
    found: list[AddressRange] = []
    for reads, runs in enumerate(site.walk(READ_ROWS), start=1):
        found += runs
        if total_size(found) >= missing or reads == READS:
            break
    return tuple(found)


def _check_enough(site: Site, free: int, count: int, missing: int) -> None:
    if free < missing:
        # Those claimed for this request are about to be given back.
        held = site.total - free - (count - missing)
        raise refusals.too_few(site.subnet, held, count)


def _claim(
    site: Site, runs: tuple[AddressRange, ...], count: int, holder: str | None
) -> list[IPAddress]:
    numbers = sample_addresses(runs, count, site.random)
    addresses = [address_of(site.subnet.cidr.version, number) for number in numbers]
    return site.ledger.claim_many(site.subnet.subnet_id, addresses, holder)
