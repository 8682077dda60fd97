"""Addresses as Neutron spells them in its tables.

Equality in the tables is equality of texts, so the spelling is part of the
address: that of netaddr, which is the C library's. Python's own differs for
some of IPv6 (``::ffff:10.0.0.1``), and not alike in all its versions.
"""

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from freehold.addresses.ranges import AddressRange, IPAddress


def text_of(version: int, number: int) -> str:
    """Return how the address of IP version 4 or 6 with this value is spelled."""
    family, width = (AF_INET, 4) if version == 4 else (AF_INET6, 16)
    return inet_ntop(family, number.to_bytes(width))


def text(address: IPAddress) -> str:
    """Return how an address is spelled."""
    return text_of(address.version, int(address))


def number(version: int, spelled: str) -> int:
    """Return the value of the address that a text is.

    Raises:
        OSError: it is no address of this IP version.
    """
    return int.from_bytes(inet_pton(AF_INET if version == 4 else AF_INET6, spelled))


def texts_within(within: AddressRange) -> list[str]:
    """Return how each address of a range is spelled, ascending."""
    return [text_of(within.version, one) for one in range(within.first, within.last + 1)]
