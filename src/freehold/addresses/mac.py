"""MAC addresses: one spelling for all, and random ones under a prefix.

Ports are compared by their MAC address as text, so each MAC address has
exactly one text here: lower case, two digits an octet, colons in between.
"""

import re
from random import Random

OCTETS = 6

_SPELLINGS = re.compile(
    r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"  # aa:bb:cc:dd:ee:ff
    r"|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}"  # aa-bb-cc-dd-ee-ff
    r"|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"  # aabb.ccdd.eeff
    r"|[0-9a-f]{12}"  # aabbccddeeff
)
_SEPARATORS = str.maketrans("", "", ":-.")


def normalise_mac(text: str) -> str:
    """Return the one spelling of a MAC address, such as ``fa:16:3e:00:00:01``.

    Args:
        text: six octets in hexadecimal digits of either case, written with
            colons, with dashes, as three dotted groups of four digits, or
            without separators.

    Raises:
        ValueError: the text is none of these.
    """
    lowered = text.lower()
    if _SPELLINGS.fullmatch(lowered) is None:
        raise ValueError(f"'{text}' is not a MAC address")
    return _spell(bytes.fromhex(lowered.translate(_SEPARATORS)))


def parse_base_mac(text: str) -> tuple[int, ...]:
    """Return the octets that all generated MAC addresses begin with.

    Args:
        text: a whole MAC address, as Neutron's option ``base_mac``: the first
            three octets are fixed, and the fourth one is too unless it is 00.

    Returns:
        Three or four octets, each from 0 to 255.

    Raises:
        ValueError: the text is not a MAC address, or it is one of a group
            (IEEE 802: the lowest bit of the first octet), which no port can
            have as its own.
    """
    octets = bytes.fromhex(normalise_mac(text).translate(_SEPARATORS))
    if octets[0] & 1:
        raise ValueError(f"'{text}' is the MAC address of a group, not of a port")
    return tuple(octets[: 4 if octets[3] else 3])


def random_mac(base: str, random: Random) -> str:
    """Return a random MAC address, uniform over all that begin as the base does.

    Args:
        base: see `parse_base_mac`.
        random: where the other octets come from.

    Raises:
        ValueError: the base is not valid.
    """
    fixed = bytes(parse_base_mac(base))
    free = OCTETS - len(fixed)
    return _spell(fixed + random.getrandbits(8 * free).to_bytes(free))


def _spell(octets: bytes) -> str:
    return octets.hex(":")
