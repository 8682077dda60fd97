"""Prefixes cut out of larger ones: the mathematics of subnet pools.

A set of addresses is told by its *maximal* prefixes: no prefix of them overlaps
with another, and no two of them make up a larger one. There is one such way to
tell each set, so that two who tell the same set tell it alike.

What is free in a pool is told like that too: its *gaps*. A prefix is free if
and only if a single gap contains it, and some prefix of a given length is free
if and only if there is a gap that is not longer in bits. So what fits, and
where it fits best, is decided by looking at gaps alone, however many prefixes
are held between them.

The prefixes that a function is given are all of one IP version.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPV4LENGTH, IPV6LENGTH, IPv4Network, IPv6Network

from freehold.addresses.ranges import AddressRange, IPNetwork


def prefix_at(version: int, number: int, length: int) -> IPNetwork:
    """Return the prefix of this length that contains the address of this value.

    Raises:
        ValueError: there is no such address, or no prefix of this length.
    """
    kind = IPv4Network if version == 4 else IPv6Network
    return kind((number, length), strict=False)


def compact(prefixes: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
    """Return the maximal prefixes of all addresses of some prefixes, ascending.

    Takes O(n log n) time for n prefixes.
    """
    return _cut(_runs(prefixes))


def subtract(prefixes: Iterable[IPNetwork], taken: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
    """Return the maximal prefixes of what is left when some is taken, ascending.

    Takes O(n log n) time for n prefixes, in what is given and in what is returned.
    """
    others = _runs(taken)
    left: list[AddressRange] = []
    place = 0
    for run in _runs(prefixes):
        first = run.first
        while place < len(others) and others[place].last < first:
            place += 1
        while place < len(others) and others[place].first <= run.last:
            other = others[place]
            if other.first > first:
                left.append(AddressRange(run.version, first, other.first - 1))
            first = other.last + 1
            if first > run.last:
                break  # the other may reach into the next run as well
            place += 1
        if first <= run.last:
            left.append(AddressRange(run.version, first, run.last))
    return _cut(left)


def common(some: Collection[IPNetwork], others: Collection[IPNetwork]) -> tuple[IPNetwork, ...]:
    """Return the maximal prefixes of what both have, ascending."""
    return subtract(some, subtract(some, others))


def covers(prefixes: Iterable[IPNetwork], others: Iterable[IPNetwork]) -> bool:
    """Tell whether each address of the others is in one of the prefixes."""
    return not subtract(others, prefixes)


def best_fit(gaps: Iterable[IPNetwork], length: int) -> IPNetwork | None:
    """Return the prefix of this length at the beginning of the gap that it fills best.

    That is the smallest gap which has room for it, and of several the lowest,
    so that larger gaps stay whole for those who need them.

    Args:
        gaps: maximal prefixes of what is free.
        length: in bits.

    Returns:
        The prefix; None if no prefix of this length is free.
    """
    roomy = [gap for gap in gaps if gap.prefixlen <= length]
    if not roomy:
        return None
    best = min(roomy, key=lambda gap: (-gap.prefixlen, int(gap.network_address)))
    return beginning(best, length)


def beginning(gap: IPNetwork, length: int) -> IPNetwork:
    """Return the first prefix of this length in a gap that has room for it."""
    return prefix_at(gap.version, int(gap.network_address), length)


def buddies(prefix: IPNetwork) -> Iterator[IPNetwork]:
    """Yield the prefixes that would double a prefix, one after the other.

    The first one makes it twice as large, the second one doubles that, and so
    on up to all addresses that there are.
    """
    number = int(prefix.network_address)
    for length in range(prefix.prefixlen, 0, -1):
        yield prefix_at(prefix.version, number ^ 1 << (prefix.max_prefixlen - length), length)


@dataclass(frozen=True, slots=True)
class Joined:
    """What becomes of a prefix that is given back.

    Attributes:
        gap: the gap that it is then in.
        absorbed: the former gaps that this gap takes the place of.
    """

    gap: IPNetwork
    absorbed: tuple[IPNetwork, ...]


def join(prefix: IPNetwork, gaps: Collection[IPNetwork]) -> Joined:
    """Join a prefix that is given back with the gaps beside it.

    Args:
        prefix: what is given back; no gap overlaps with it.
        gaps: maximal prefixes of what is free, or as many of them as are
            `buddies` of the prefix.
    """
    absorbed: list[IPNetwork] = []
    for buddy in buddies(prefix):
        if buddy not in gaps:
            break
        absorbed.append(buddy)
    length = prefix.prefixlen - len(absorbed)
    return Joined(prefix_at(prefix.version, int(prefix.network_address), length), tuple(absorbed))


def _runs(prefixes: Iterable[IPNetwork]) -> list[AddressRange]:
    """Return what prefixes cover, ascending; no two of the runs touch."""
    runs: list[AddressRange] = []
    for one in sorted(AddressRange.of_network(prefix) for prefix in prefixes):
        if runs and one.first <= runs[-1].last + 1:
            before = runs.pop()
            one = AddressRange(one.version, before.first, max(before.last, one.last))
        runs.append(one)
    return runs


def _cut(runs: Iterable[AddressRange]) -> tuple[IPNetwork, ...]:
    """Return the maximal prefixes of runs that do not touch."""
    prefixes: list[IPNetwork] = []
    for run in runs:
        bits = IPV4LENGTH if run.version == 4 else IPV6LENGTH
        first = run.first
        while first <= run.last:
            aligned = (first & -first).bit_length() - 1 if first else bits
            room = (run.last - first + 1).bit_length() - 1
            prefixes.append(prefix_at(run.version, first, bits - min(aligned, room)))
            first += 1 << min(aligned, room)
    return tuple(prefixes)
