"""Choosing addresses out of ranges, at random or from the low end.

All choices are uniform and without modulo bias, whatever the sizes of the
ranges, and cost the same in a /26 and in a /64: no range is ever listed.
The ranges given must be of one IP version and must not overlap. In production
the source of randomness is `secrets.SystemRandom`, so that nobody can foresee
the next address.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain, islice
from random import Random

from freehold.addresses.ranges import AddressRange


def total_size(ranges: Sequence[AddressRange]) -> int:
    """Return how many addresses the ranges have together."""
    return sum(one.size for one in ranges)


def random_address(ranges: Sequence[AddressRange], random: Random) -> int:
    """Return one address, each with the same probability.

    Raises:
        ValueError: the ranges have no address.
    """
    return _at(random.randrange(total_size(ranges)), ranges, _running_totals(ranges))


def sample_addresses(ranges: Sequence[AddressRange], count: int, random: Random) -> list[int]:
    """Return distinct addresses in random order, each selection equally likely.

    Takes O(count * log(number of ranges)) time. The method is R. Floyd's
    (J. Bentley, "A sample of brilliance", CACM 30:9, 1987), which needs one
    random number an address even if nearly all addresses are wanted;
    `random.sample` cannot count the addresses of an IPv6 range.

    Raises:
        ValueError: the count is negative, or the ranges have fewer addresses.
    """
    total = total_size(ranges)
    if not 0 <= count <= total:
        raise ValueError(f"cannot choose {count} of {total} addresses")
    chosen: set[int] = set()
    for highest in range(total - count, total):
        index = random.randrange(highest + 1)
        chosen.add(highest if index in chosen else index)
    ends = _running_totals(ranges)
    picked = [_at(index, ranges, ends) for index in sorted(chosen)]
    random.shuffle(picked)
    return picked


def lowest(ranges: Sequence[AddressRange], count: int) -> list[int]:
    """Return the lowest addresses in ascending order, fewer if there are no more.

    Raises:
        ValueError: the count is negative.
    """
    if count < 0:
        raise ValueError(f"cannot choose {count} addresses")
    numbers = chain.from_iterable(range(one.first, one.last + 1) for one in sorted(ranges))
    return list(islice(numbers, count))


def _running_totals(ranges: Sequence[AddressRange]) -> list[int]:
    return list(accumulate(one.size for one in ranges))


def _at(index: int, ranges: Sequence[AddressRange], ends: Sequence[int]) -> int:
    """Return the address with this index; ``ends`` are the running totals of the sizes."""
    place = bisect_right(ends, index)
    return ranges[place].last - (ends[place] - index - 1)
