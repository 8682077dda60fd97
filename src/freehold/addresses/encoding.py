"""Addresses as bytes that sort as the addresses do.

Databases store addresses by these bytes: a fixed width of 16, big-endian, so
that the order of an index is the numeric order on every database, and a run of
addresses is a run of index entries. IPv4 addresses are written as
IPv4-mapped ones (``::ffff:a.b.c.d``, RFC 4291, 2.5.5.2).

Within one IP version the encoding is one-to-one and keeps the order. Across
versions it is not one-to-one, because ``::ffff:a.b.c.d`` is an IPv6 address as
well: whoever reads the bytes must know the version, as a subnet does.
"""

from ipaddress import IPV4LENGTH, IPV6LENGTH

from freehold.addresses.ranges import IPAddress

WIDTH = IPV6LENGTH // 8

_MAPPED = 0xFFFF << IPV4LENGTH


def to_bytes(address: IPAddress) -> bytes:
    """Return the 16 bytes of an address."""
    return number_to_bytes(address.version, int(address))


def number_to_bytes(version: int, number: int) -> bytes:
    """Return the 16 bytes of the address of IP version 4 or 6 with this value.

    Raises:
        ValueError: there is no such address.
    """
    bits = IPV4LENGTH if version == 4 else IPV6LENGTH
    if not 0 <= number < 1 << bits:
        raise ValueError(f"no IPv{version} address has the value {number}")
    return (number | _MAPPED if version == 4 else number).to_bytes(WIDTH)


def from_bytes(data: bytes, version: int) -> int:
    """Return the value of the address that the bytes stand for.

    Args:
        data: 16 bytes.
        version: 4 or 6, the version that the address is known to have.

    Raises:
        ValueError: the bytes are no address of this version.
    """
    number = int.from_bytes(data)
    if len(data) != WIDTH or (version == 4 and number >> IPV4LENGTH != 0xFFFF):
        raise ValueError(f"these bytes are no IPv{version} address: {data.hex()}")
    return number ^ _MAPPED if version == 4 else number
