"""How a network is realised, as far as the API tells it: provider attributes and MTU.

Freehold realises nothing. It keeps what an administrator says, refuses what
cannot be, and leaves it to others to hand out VLANs and tunnels, and to keep two
networks from having the same one.

Sources: the texts and bounds of Neutron's type drivers; IEEE 802.1Q (VLAN
numbers); RFC 7348 and RFC 8926 (24 bits of VXLAN's and Geneve's), RFC 2890 (32 bits
of GRE's); RFC 791 and RFC 8200 (the smallest MTU of IPv4 and IPv6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from freehold.errors import InvalidInput, NetworkMTUSubnetConflict
from freehold.networking.values import (
    KEEP,
    LOCAL_NETWORK,
    Network,
    NetworkChange,
    NetworkDraft,
    Subnet,
    changed_attributes,
)

SMALLEST_MTU = {4: 68, 6: 1280}
"""By IP version, in bytes."""


@dataclass(frozen=True, slots=True)
class _Tunnel:
    """A type of network that is carried in IP packets.

    Attributes:
        overhead: bytes of each packet that it needs for itself over IPv4.
        last_id: the greatest number of a network.
    """

    overhead: int
    last_id: int


_TUNNELS = {
    "vxlan": _Tunnel(50, (1 << 24) - 1),
    "geneve": _Tunnel(50, (1 << 24) - 1),
    "gre": _Tunnel(42, (1 << 32) - 1),
}
_FLAT = "flat"
_VLAN = "vlan"
_VLANS = range(1, 4095)


def plan_new_network(network: Network, draft: NetworkDraft, physical_mtu: int) -> Network:
    """Complete a network by the provider attributes and the MTU of its draft.

    Args:
        network: the network, without these.
        draft: what the client asks for.
        physical_mtu: of the physical networks below, in bytes.

    Raises:
        InvalidInput: the provider attributes do not fit together, or the MTU is
            larger than they allow.
    """
    chosen = draft.network_type
    if chosen is None:
        if draft.physical_network is not None or draft.segmentation_id is not None:
            raise InvalidInput("network_type required")
        chosen = LOCAL_NETWORK
    planned = replace(
        network,
        network_type=chosen,
        physical_network=draft.physical_network,
        segmentation_id=draft.segmentation_id,
    )
    _check_provider(planned)
    return replace(planned, mtu=_mtu(planned, draft.mtu, physical_mtu))


def plan_network_change(
    network: Network, change: NetworkChange, subnets: Sequence[Subnet], physical_mtu: int
) -> Network:
    """Return a network as a change makes it.

    Args:
        network: the network as it is.
        change: what is to be different.
        subnets: its subnets; looked at if the MTU changes only.
        physical_mtu: of the physical networks below, in bytes.

    Raises:
        InvalidInput: the change leaves provider attributes that do not fit together,
            changes more of them than the number, or makes the MTU too large.
        NetworkMTUSubnetConflict: a subnet needs a larger MTU.
    """
    # The attributes' own names and types are those of the change: see values.
    new = replace(network, **changed_attributes(change))  # type: ignore[arg-type]
    fixed = {
        "provider:physical_network": new.physical_network != network.physical_network,
        "provider:network_type": new.network_type != network.network_type,
    }
    if any(fixed.values()):
        named = ", ".join(name for name, differs in fixed.items() if differs)
        raise InvalidInput(
            f"Plugin does not support updating the following provider network attributes: {named}"
        )
    if new.segmentation_id != network.segmentation_id:
        _check_provider(new)
    if change.mtu is KEEP:
        return new
    new = replace(new, mtu=_mtu(new, change.mtu, physical_mtu))
    for subnet in subnets:
        check_mtu(new, subnet.ip_version)
    return new


def check_mtu(network: Network, ip_version: int) -> None:
    """Refuse a network's MTU if a subnet of an IP version needs a larger one.

    Raises:
        NetworkMTUSubnetConflict: it does.
    """
    for version, least in SMALLEST_MTU.items():
        if version <= ip_version and network.mtu < least:
            raise NetworkMTUSubnetConflict(network.id, least)


def check_provider(
    kind: str | None, physical_network: str | None, segmentation_id: int | None
) -> None:
    """Refuse provider attributes that do not fit together.

    Raises:
        InvalidInput: they do not.
    """
    if kind is not None and kind in _TUNNELS:
        _check_tunnel(kind, physical_network, segmentation_id)
    elif kind == _VLAN:
        _check_vlan(physical_network, segmentation_id)
    elif kind in {LOCAL_NETWORK, _FLAT}:
        if kind == _FLAT and not physical_network:
            raise InvalidInput("physical_network required for flat provider network")
        if kind == LOCAL_NETWORK and physical_network is not None:
            raise InvalidInput("physical_network prohibited for local provider network")
        if segmentation_id is not None:
            raise InvalidInput(f"segmentation_id prohibited for {kind} provider network")
    else:
        raise InvalidInput(f"network_type value '{kind}' not supported")


def check_mtu_of_type(kind: str | None, mtu: int, physical_mtu: int) -> None:
    """Refuse an MTU that is too large for how a network is realised.

    Raises:
        InvalidInput: it is.
    """
    largest = _largest_mtu(kind, physical_mtu)
    if mtu > largest:
        raise InvalidInput(f"Requested MTU is too big, maximum is {largest}")


def _largest_mtu(kind: str | None, physical_mtu: int) -> int:
    tunnel = _TUNNELS.get(kind or "")
    return physical_mtu - (tunnel.overhead if tunnel else 0)


def _mtu(network: Network, asked: int, physical_mtu: int) -> int:
    """Return the MTU that is asked for, or the largest for 0."""
    check_mtu_of_type(network.network_type, asked, physical_mtu)
    return asked or _largest_mtu(network.network_type, physical_mtu)


def _check_provider(network: Network) -> None:
    check_provider(network.network_type, network.physical_network, network.segmentation_id)


def _check_vlan(physical_network: str | None, segmentation_id: int | None) -> None:
    if not physical_network:
        raise InvalidInput("segmentation_id requires physical_network for VLAN provider network")
    if segmentation_id is None:
        raise InvalidInput("segmentation_id required for VLAN provider network")
    _check_number(segmentation_id, _VLANS)


def _check_tunnel(kind: str, physical_network: str | None, segmentation_id: int | None) -> None:
    if physical_network is not None:
        raise InvalidInput(f"provider:physical_network specified for {kind} network")
    if segmentation_id is None:
        raise InvalidInput(f"segmentation_id required for {kind} provider network")
    _check_number(segmentation_id, range(_TUNNELS[kind].last_id + 1))


def _check_number(number: int, numbers: range) -> None:
    if number not in numbers:
        raise InvalidInput(f"segmentation_id out of range ({numbers[0]} through {numbers[-1]})")
