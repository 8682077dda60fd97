"""Addresses that a host makes itself from its prefix and its MAC address.

Where a subnet's addresses are automatic (SLAAC, stateless DHCPv6), nobody
hands an address out: the host forms it, and the register has to arrive at the
same one. The rule is the modified EUI-64 format of RFC 4291, appendix A.
"""

from ipaddress import IPv6Address

from freehold.addresses.mac import normalise_mac
from freehold.addresses.ranges import IPAddress, IPNetwork
from freehold.errors import InvalidInput

PREFIX_LENGTH = 64

_MIDDLE = 0xFFFE
_MIDDLE_SHIFT = 24
_MIDDLE_MASK = 0xFFFF << _MIDDLE_SHIFT
_LOWER_HALF = (1 << _MIDDLE_SHIFT) - 1
_UNIVERSAL_LOCAL_BIT = 1 << 57


def eui64_address(prefix: IPNetwork, mac: str) -> IPAddress:
    """Return the address that a host with this MAC address forms under a prefix.

    Args:
        prefix: an IPv6 CIDR with a prefix length of 64 bits.
        mac: a MAC address in any spelling that `normalise_mac` reads.

    Raises:
        InvalidInput: the prefix is not an IPv6 /64 (RFC 4862, 5.5.3 d: prefix
            and interface identifier must fill the address), or the MAC address
            is malformed.
    """
    if prefix.version != 6 or prefix.prefixlen != PREFIX_LENGTH:
        raise InvalidInput(f"EUI-64 addresses need an IPv6 prefix of /64, and '{prefix}' is none")
    try:
        number = int(normalise_mac(mac).replace(":", ""), 16)
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    vendor, serial = number >> _MIDDLE_SHIFT, number & _LOWER_HALF
    interface_id = vendor << 40 | _MIDDLE << _MIDDLE_SHIFT | serial
    return IPv6Address(int(prefix.network_address) | interface_id ^ _UNIVERSAL_LOCAL_BIT)


def is_eui64_address(address: IPAddress) -> bool:
    """Tell whether an address looks as if it was formed from a MAC address.

    It does when it is an IPv6 address with ``ff:fe`` in the middle of its
    interface identifier. A random identifier looks so once in 65536 times.
    """
    return address.version == 6 and int(address) & _MIDDLE_MASK == _MIDDLE << _MIDDLE_SHIFT
