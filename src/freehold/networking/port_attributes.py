"""What a port has beside its addresses that nothing here acts upon.

Whoever forwards or filters a port's packets, or answers its DHCP requests, reads
these from the API; Freehold keeps them, and refuses what could not be obeyed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.errors import (
    AllowedAddressPairExhausted,
    DuplicateAddressPairInRequest,
    InvalidInput,
)

MOST_DHCP_OPTIONS = 1000
"""How many options one port may have."""


@dataclass(frozen=True, slots=True)
class AddressPair:
    """Further addresses that a port may send from.

    Attributes:
        ip_address: an address or a CIDR, spelled as the client spelled it.
        mac_address: spelled likewise; None for the port's own, until it is stored.
    """

    ip_address: str
    mac_address: str | None = None


@dataclass(frozen=True, slots=True)
class DHCPOption:
    """One option that a DHCP server is to give to a port.

    Attributes:
        name: as the server calls it.
        value: what to answer; None, in a request only, for no such option.
        ip_version: 4 or 6.
    """

    name: str
    value: str | None
    ip_version: int = 4


def with_mac(pairs: Sequence[AddressPair], mac: str, most: int) -> tuple[AddressPair, ...]:
    """Complete address pairs by a port's MAC address.

    Raises:
        AllowedAddressPairExhausted: there are more than that.
        DuplicateAddressPairInRequest: two of them say the same.
    """
    if len(pairs) > most:
        raise AllowedAddressPairExhausted(most)
    _refuse_twins(pairs)
    completed = tuple(AddressPair(pair.ip_address, pair.mac_address or mac) for pair in pairs)
    _refuse_twins(completed)
    return completed


def merged(held: Sequence[DHCPOption], asked: Sequence[DHCPOption]) -> tuple[DHCPOption, ...]:
    """Return a port's DHCP options after a request, by which each is added, changed or removed.

    Args:
        held: the options that it has.
        asked: the request. What is not in it stays as it is.

    Raises:
        InvalidInput: one option is asked for twice, or there would be too many.
    """
    options = {(option.name, option.ip_version): option for option in held}
    seen: set[tuple[str, int]] = set()
    for option in asked:
        key = (option.name, option.ip_version)
        if key in seen:
            raise InvalidInput(f"Duplicate items in the list: '{option.name}'")
        seen.add(key)
        if option.value is None:
            options.pop(key, None)
        else:
            options[key] = option
    if len(options) > MOST_DHCP_OPTIONS:
        raise InvalidInput(f"A port has at most {MOST_DHCP_OPTIONS} extra DHCP options")
    return tuple(options.values())


def _refuse_twins(pairs: Sequence[AddressPair]) -> None:
    seen: set[AddressPair] = set()
    for pair in pairs:
        if pair in seen:
            raise DuplicateAddressPairInRequest(pair.mac_address, pair.ip_address)
        seen.add(pair)
