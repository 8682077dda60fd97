"""Which addresses of a subnet are held when something is measured, and the books of that.

What an allocator costs depends on how many addresses are held and on how they
lie. So a layout says both, and the books, kept in memory beside the database,
say what is held by now, so that the measuring can bring a subnet back to its
layout without asking the one that is being measured.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_network
from random import Random

from freehold.addresses.ranges import AddressRange, IPNetwork

SELDOM = 64
"""One address of so many is free: then looking for it takes longer than looking at all."""


class Order(Enum):
    """How the held addresses lie in the pool."""

    RUN = "in a run"
    RANDOM = "at random"


@dataclass(frozen=True, slots=True)
class Layout:
    """A subnet and what is held in it.

    Attributes:
        cidr: the subnet; its first address is the gateway, its pool the rest.
        held: how many addresses of the pool are held.
        order: how they lie.
    """

    cidr: IPNetwork
    held: int
    order: Order

    @property
    def pool(self) -> AddressRange:
        """The subnet's only pool."""
        return pool_of(self.cidr)

    @property
    def batch(self) -> int:
        """How many operations there may be until what is held is brought back to this.

        Few where few addresses are free, so that the fill stays what it is said to be.
        """
        return max(1, min(64, (self.pool.size - self.held) // 4))


def pool_of(cidr: IPNetwork) -> AddressRange:
    """Return the pool of a subnet: all but its network, gateway and broadcast address."""
    return AddressRange(
        cidr.version, int(cidr.network_address) + 2, int(cidr.broadcast_address) - 1
    )


def filled(cidr: str, share: float, order: Order) -> Layout:
    """Return the layout of a subnet of whose pool a share is held; less than 1 is not full."""
    network: IPNetwork = ip_network(cidr)
    return Layout(network, int(share * pool_of(network).size), order)


class Books:
    """What is held of a pool, as the measuring knows it.

    Args:
        pool: the addresses there are.
        random: chooses among them.
    """

    def __init__(self, pool: AddressRange, random: Random) -> None:
        self._pool = pool
        self._random = random
        self._held: list[int] = []
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, number: int) -> bool:
        return number in self._places

    def __iter__(self) -> Iterator[int]:
        return iter(self._held)

    @property
    def is_full(self) -> bool:
        """Whether nothing of the pool is free."""
        return len(self._held) >= self._pool.size

    def add(self, numbers: Iterable[int]) -> None:
        """Take down that these came to be held."""
        for number in numbers:
            if number not in self._places:
                self._places[number] = len(self._held)
                self._held.append(number)

    def remove(self, numbers: Iterable[int]) -> None:
        """Take down that these came to be free."""
        for number in numbers:
            place = self._places.pop(number)
            last = self._held.pop()
            if last != number:
                self._held[place] = last
                self._places[last] = place

    def some_held(self, count: int) -> Sequence[int]:
        """Return so many held ones, at random."""
        return self._random.sample(self._held, count)

    def some_free(self, count: int) -> Sequence[int]:
        """Return so many free ones, at random; there must be as many."""
        if self._pool.size - len(self._held) < self._pool.size // SELDOM:
            return self.every_free()[:count]
        found: set[int] = set()
        while len(found) < count:
            number = self._random.randint(self._pool.first, self._pool.last)
            if number not in self._places:
                found.add(number)
        return list(found)

    def every_free(self) -> Sequence[int]:
        """Return all free ones in any order; only for pools that are not large."""
        numbers = range(self._pool.first, self._pool.last + 1)
        free = [number for number in numbers if number not in self._places]
        self._random.shuffle(free)
        return free
