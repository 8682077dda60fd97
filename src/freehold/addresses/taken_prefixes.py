"""Which addresses are taken while prefixes are added to them, one after the other.

`freehold.addresses.prefixes.common` looks at all prefixes for each question. Here
they are kept in order, so that a question costs as many steps as there are bits in
their number, and many pools are checked against each other in a time that grows
hardly faster than their number.

Invariant: no two of the prefixes share an address.
"""

from bisect import bisect_right
from collections.abc import Iterable

from freehold.addresses.prefixes import compact
from freehold.addresses.ranges import AddressRange, IPNetwork


class TakenPrefixes:
    """The prefixes that are taken by now.

    Args:
        prefixes: those that are taken at first, all of one IP version; they may overlap.
    """

    def __init__(self, prefixes: Iterable[IPNetwork] = ()) -> None:
        taken = [AddressRange.of_network(prefix) for prefix in compact(prefixes)]
        self._firsts = [one.first for one in taken]
        self._lasts = [one.last for one in taken]

    def have_any_of(self, prefixes: Iterable[IPNetwork]) -> bool:
        """Tell whether some address of these prefixes, of the same IP version, is taken."""
        return any(
            place > 0 and self._lasts[place - 1] >= one.first
            for one in map(AddressRange.of_network, prefixes)
            for place in [bisect_right(self._firsts, one.last)]
        )

    def add(self, prefixes: Iterable[IPNetwork]) -> None:
        """Take prefixes of which no address is taken, and that share none with each other."""
        for one in map(AddressRange.of_network, prefixes):
            place = bisect_right(self._firsts, one.first)
            self._firsts.insert(place, one.first)
            self._lasts.insert(place, one.last)
