"""Allocation pools: which addresses of a subnet can be handed out.

Invariants: the pools of a subnet are inside of its assignable addresses, no
two of them share an address, none of them has the gateway, and each address of
a pool is one that `is_assignable` allows to any port.
"""

from collections.abc import Sequence
from itertools import pairwise

from freehold.addresses.gaps import gaps
from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.errors import (
    GatewayConflictWithAllocationPools,
    InvalidAllocationPool,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
)


def assignable(cidr: IPNetwork) -> AddressRange:
    """Return the addresses of a CIDR that pools may cover.

    For IPv4 these are all but the network and the broadcast address, and all
    on a /31 (RFC 3021) and a /32. For IPv6 these are all but the first one,
    which is the subnet-router anycast address (RFC 4291, 2.6.1), and the only
    one of a /128. A /127 keeps one address as in Neutron, although RFC 6164
    would allow both.
    """
    everything = AddressRange.of_network(cidr)
    if cidr.prefixlen == cidr.max_prefixlen:
        return everything
    if cidr.version == 6:
        return AddressRange(6, everything.first + 1, everything.last)
    if cidr.prefixlen == cidr.max_prefixlen - 1:
        return everything
    return AddressRange(4, everything.first + 1, everything.last - 1)


def default_pools(cidr: IPNetwork, gateway: IPAddress | None) -> tuple[AddressRange, ...]:
    """Return the pools of a subnet for which none were asked.

    They are the assignable addresses without the gateway: one pool, two if the
    gateway lies in between, none if the gateway takes the only address of a
    /127. A subnet of a single address keeps it, be it the gateway or not, as
    in Neutron.
    """
    free = assignable(cidr)
    if gateway is None or gateway not in free or cidr.prefixlen == cidr.max_prefixlen:
        return (free,)
    return tuple(gaps(free, [int(gateway)]))


def validate_pools(cidr: IPNetwork, pools: Sequence[AddressRange]) -> tuple[AddressRange, ...]:
    """Return the pools in ascending order if a subnet can have them.

    Pools that touch stay apart. Takes O(n log n) time for n pools.

    Raises:
        InvalidAllocationPool: a pool is of the other IP version.
        OutOfBoundsAllocationPool: a pool has an address that is not assignable
            in this CIDR.
        OverlappingAllocationPools: two pools share an address; they are named
            in the order in which they were given.
    """
    bounds = assignable(cidr)
    for pool in pools:
        if pool.version != cidr.version:
            raise InvalidAllocationPool(str(pool), detail=f"It is not of IPv{cidr.version}.")
        if not pool.within(bounds):
            raise OutOfBoundsAllocationPool(
                str(pool), str(cidr), detail=f"Pools of this subnet lie in {bounds}."
            )
    # Among pools sorted by their first address, neighbours overlap if any two do.
    by_place = sorted(range(len(pools)), key=lambda place: pools[place])
    for low, high in pairwise(by_place):
        if pools[low].overlaps(pools[high]):
            one, other = sorted((low, high))
            raise OverlappingAllocationPools(str(pools[one]), str(pools[other]), str(cidr))
    return tuple(pools[place] for place in by_place)


def check_gateway_outside(gateway: IPAddress | None, pools: Sequence[AddressRange]) -> None:
    """Refuse pools out of which the gateway's address could be handed out.

    Raises:
        GatewayConflictWithAllocationPools: a pool has the gateway.
    """
    if gateway is None:
        return
    for pool in pools:
        if gateway in pool:
            raise GatewayConflictWithAllocationPools(str(gateway), str(pool))


def check_pools(
    cidr: IPNetwork, gateway: IPAddress | None, pools: Sequence[AddressRange]
) -> tuple[AddressRange, ...]:
    """Return the pools in ascending order if a subnet with this gateway can have them.

    The default pool of a single address keeps that address even if it is the
    gateway's.

    Raises:
        InvalidAllocationPool, OutOfBoundsAllocationPool,
        OverlappingAllocationPools: see `validate_pools`.
        GatewayConflictWithAllocationPools: a pool has the gateway.
    """
    valid = validate_pools(cidr, pools)
    if valid != default_pools(cidr, gateway):
        check_gateway_outside(gateway, valid)
    return valid


def is_assignable(cidr: IPNetwork, address: IPAddress, *, router: bool = False) -> bool:
    """Tell whether a port may be given this address of the subnet when it asks for it.

    On IPv4 that is every address but the network and the broadcast address.
    On IPv6 it is every address, but the network address for routers' ports
    only. On a /31 (RFC 3021), a /32 and a /128 there is nothing to set aside,
    so that each address is assignable; Neutron puts such addresses into its
    default pools and then refuses some of them when they are asked for by
    value.

    Args:
        cidr: the subnet's CIDR.
        address: any address; one outside of the CIDR is not assignable.
        router: the port is a router's, or its owner is not known.
    """
    if address in assignable(cidr):
        return True
    return router and cidr.version == 6 and address == cidr.network_address
