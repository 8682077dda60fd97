"""A run of consecutive addresses: what pools, gaps and hints are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPV4LENGTH,
    IPV6LENGTH,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from freehold.errors import InvalidAllocationPool

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


def address_of(version: int, number: int) -> IPAddress:
    """Return the address of IP version 4 or 6 whose value is the number.

    Raises:
        ValueError: there is no such address.
    """
    return IPv4Address(number) if version == 4 else IPv6Address(number)


@dataclass(frozen=True, slots=True, order=True)
class AddressRange:
    """All addresses from ``first`` to ``last``, both included.

    Ranges sort by version, then numerically.

    Attributes:
        version: 4 or 6.
        first: the lowest address, as an integer.
        last: the highest address, as an integer.
    """

    version: int
    first: int
    last: int

    def __post_init__(self) -> None:
        bits = IPV4LENGTH if self.version == 4 else IPV6LENGTH
        if not 0 <= self.first <= self.last < 1 << bits:
            raise ValueError(f"no range of IPv{self.version}: {self.first} to {self.last}")

    @classmethod
    def parse(cls, start: str, end: str) -> "AddressRange":
        """Read a range from the texts of its two ends.

        Raises:
            InvalidAllocationPool: an end is no address, the ends differ in
                version, or the end lies before the start.
        """
        # As Neutron names a pool that is none.
        named = str({"start": start, "end": end})
        try:
            low, high = ip_address(start), ip_address(end)
        except ValueError as error:
            raise InvalidAllocationPool(named, detail=f"{error}.") from error
        if low.version != high.version:
            raise InvalidAllocationPool(named, detail="Its ends are of different IP versions.")
        if low > high:  # type: ignore[operator]  # of one version, as was just checked
            raise InvalidAllocationPool(named, detail="It ends before it starts.")
        return cls(low.version, int(low), int(high))

    @classmethod
    def of_network(cls, network: IPNetwork) -> "AddressRange":
        """Return all the addresses of a CIDR, network and broadcast included."""
        return cls(network.version, int(network.network_address), int(network.broadcast_address))

    @property
    def start(self) -> IPAddress:
        """The lowest address."""
        return address_of(self.version, self.first)

    @property
    def end(self) -> IPAddress:
        """The highest address."""
        return address_of(self.version, self.last)

    @property
    def size(self) -> int:
        """How many addresses the range has."""
        return self.last - self.first + 1

    def __contains__(self, address: IPAddress) -> bool:
        return address.version == self.version and self.first <= int(address) <= self.last

    def __iter__(self) -> Iterator[IPAddress]:
        return (address_of(self.version, number) for number in range(self.first, self.last + 1))

    def overlaps(self, other: "AddressRange") -> bool:
        """Tell whether the two ranges share an address."""
        return (
            self.version == other.version and self.first <= other.last and other.first <= self.last
        )

    def within(self, other: "AddressRange") -> bool:
        """Tell whether each address of this range is in the other one too."""
        return (
            self.version == other.version and other.first <= self.first and self.last <= other.last
        )

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"
