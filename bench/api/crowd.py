"""What is there before anything is measured, in the same way for both services."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from random import Random

from freehold.addresses.prefixes import prefix_at
from freehold.addresses.ranges import IPNetwork

PORTS_CIDR = ip_network("10.128.0.0/14")
POOL_PREFIX = ip_network("10.0.0.0/8")
TAG = "rare"
TAGGED = 100
"""How many ports have the tag."""


@dataclass(frozen=True, slots=True)
class CrowdPort:
    """A port with one address.

    Attributes:
        number: which one it is.
        id: its id, in no order.
        address: every third one of the subnet.
        tagged: whether it has the tag `TAG`.
    """

    number: int
    id: str
    address: IPv4Address
    tagged: bool

    @property
    def name(self) -> str:
        return f"port-{self.number}"

    @property
    def mac(self) -> str:
        return "02:00:" + ":".join(f"{byte:02x}" for byte in self.number.to_bytes(4, "big"))


def ports(count: int) -> list[CrowdPort]:
    """Return so many ports."""
    random = Random(4)
    first = int(PORTS_CIDR.network_address) + 16
    step = max(count // TAGGED, 1)
    return [
        CrowdPort(number, new_id(random), IPv4Address(first + 3 * number), number % step == 0)
        for number in range(count)
    ]


def prefixes(count: int) -> Iterator[IPNetwork]:
    """Yield so many prefixes of the pool: every third /28."""
    first = int(POOL_PREFIX.network_address)
    return (prefix_at(4, first + 48 * number, 28) for number in range(count))


def new_id(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))
