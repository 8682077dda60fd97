"""Which addresses a port is to get, keep and give back.

A *wish* is one request and the subnets that may serve it, preferred ones
first. Wishes for one certain address come before the others, so that none of
the others is given that address.

Rules, all of them Neutron's but the last:

* A port without ``fixed_ips`` gets one IPv4 address and one stateful IPv6
  address, where there are such subnets.
* A port gets one automatic (EUI-64) address of each auto-address subnet,
  whatever else it asks for, and loses it only when its MAC address changes.
  Router interfaces get one only if they ask.
* DHCP ports take the next address, so that they sit at a pool's beginning.
* On an update an address that is asked for by value is kept if the port has
  it, and one that is asked for by subnet is kept if the port has any there.
* An address that was released too lately is had by whoever may, and by the host
  that forms it from its MAC address.

Which subnets are asked at all is said by `freehold.networking.plan.candidates`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from freehold.addresses.eui64 import eui64_address
from freehold.addresses.pools import is_assignable
from freehold.addresses.ranges import IPAddress
from freehold.errors import (
    AllocationOnAutoAddressSubnet,
    InvalidInput,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    Reason,
    Refusal,
    SubnetNotFound,
)
from freehold.ipam.refusals import unsuitable
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    AutomaticAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.networking import owners
from freehold.networking.plan.candidates import Candidates, check_move, find_candidates
from freehold.networking.values import FixedIP, FixedIPRequest, IPAllocation, Port, Subnet


@dataclass(frozen=True, slots=True)
class Wish:
    """One request for an address, and who may serve it.

    Attributes:
        request: what to ask for.
        subnet_ids: the subnets that may serve it, preferred ones first.
        rank: where the address stands among those that the port gets, which
            is not the order in which they are asked for.
    """

    request: AddressRequest
    subnet_ids: tuple[str, ...]
    rank: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PortPlan:
    """What is to be done about a port's addresses.

    Attributes:
        add: those to get.
        keep: those to keep.
        remove: those to give back.
        ip_allocation: when a new port gets its addresses.
    """

    add: tuple[Wish, ...] = ()
    keep: tuple[FixedIP, ...] = ()
    remove: tuple[FixedIP, ...] = ()
    ip_allocation: IPAllocation = IPAllocation.IMMEDIATE


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a port's addresses depend on, as it was read.

    Attributes:
        network_id: the port's network.
        subnets: the network's subnets, preferred ones first.
        elsewhere: ids of subnets that exist on other networks, among those
            that the request names.
        max_fixed_ips: how many addresses may be asked for.
        host_segments: the segments of the network that the port's host is on, or is
            going to be.
    """

    network_id: str
    subnets: tuple[Subnet, ...]
    elsewhere: frozenset[str]
    max_fixed_ips: int
    host_segments: frozenset[str] = frozenset()

    def narrowed(self, candidates: Candidates) -> "Surrounding":
        """Return the same with no other subnets than these; the others are elsewhere."""
        left = {subnet.id for subnet in candidates.subnets}
        others = {subnet.id for subnet in self.subnets} - left
        return replace(self, subnets=candidates.subnets, elsewhere=self.elsewhere.union(others))


def plan_new_port(
    port: Port, asked: Sequence[FixedIPRequest] | None, around: Surrounding
) -> PortPlan:
    """Plan the addresses of a port that is being created.

    Args:
        port: the port, without addresses.
        asked: the addresses that the client asks for; None if it leaves that
            to the network.
        around: what is on the network.

    Raises:
        InvalidInput, InvalidIpForNetwork, InvalidIpForSubnet,
        AllocationOnAutoAddressSubnet, SubnetNotFound: a request cannot be
            served, whoever holds what.
        FreeholdError: no subnet may serve the port; see
            `freehold.networking.plan.candidates.find_candidates`.
    """
    if asked is not None:
        _check_number(asked, around)
    candidates = find_candidates(port, around.subnets, around.host_segments, asked)
    near = around.narrowed(candidates)
    if asked is None:
        wishes = _offered(port, near.subnets)
    else:
        wishes = [wish for request in asked for wish in _asked_for(port, request, near)]
    if asked is not None and not asked:
        when = IPAllocation.NONE
    else:
        when = IPAllocation.DEFERRED if candidates.deferred else IPAllocation.IMMEDIATE
    add = _certain_first([*wishes, *_automatic(port, near.subnets)])
    return PortPlan(add=add, ip_allocation=when)


def plan_port_update(
    port: Port, new: Port, asked: Sequence[FixedIPRequest] | None, around: Surrounding
) -> PortPlan:
    """Plan the addresses of a port that is being updated.

    Args:
        port: the port as it is.
        new: the port as it is going to be, but for its addresses.
        asked: the addresses that the client asks for; None if they are to stay
            as they are.
        around: what is on the network.

    Raises:
        InvalidInput, InvalidIpForNetwork, InvalidIpForSubnet,
        AllocationOnAutoAddressSubnet, SubnetNotFound: a request cannot be
            served, whoever holds what.
        HostNotCompatibleWithFixedIps: it is to keep addresses that would not work on
            its new host.
        FreeholdError: no subnet may serve the port; see
            `freehold.networking.plan.candidates.find_candidates`.
    """
    if asked is None and gets_deferred_addresses(port, new):
        return plan_new_port(new, None, around)
    # As in Neutron, a new device owner counts from the next change on.
    mover = replace(new, device_owner=port.device_owner)
    outdated = _outdated(port, new, around.subnets)
    if asked is None and not outdated:
        if moves_with_addresses(port, new):
            there = find_candidates(mover, around.subnets, around.host_segments, None)
            check_move(port, new.host_id, port.fixed_ips, there.subnets)
        return PortPlan(keep=port.fixed_ips)
    if asked is None:
        asked = _as_requests(port.fixed_ips)
    else:
        _check_number(asked, around)
    unmet, unclaimed = _matched(asked, port.fixed_ips, outdated)
    automatic = {subnet.id for subnet in around.subnets if _implies_address(new, subnet)}
    given_up = {held for held in unclaimed if held.subnet_id not in automatic}
    remove = tuple(held for held in port.fixed_ips if held in given_up or held in outdated)
    keep = tuple(held for held in port.fixed_ips if held not in remove)
    wanted = [*unmet, *_as_requests([*keep, *outdated])]
    candidates = find_candidates(mover, around.subnets, around.host_segments, wanted)
    if moves_with_addresses(port, new):
        check_move(port, new.host_id, keep, candidates.subnets)
    near = around.narrowed(candidates)
    wishes = [wish for request in unmet for wish in _asked_for(new, request, near)]
    served = {held.subnet_id for held in keep}
    renewed = [subnet for subnet in near.subnets if subnet.id not in served]
    return PortPlan(
        add=_certain_first([*wishes, *_automatic(new, renewed)]), keep=keep, remove=remove
    )


def moves_with_addresses(port: Port, new: Port) -> bool:
    """Tell whether a change brings a port with addresses to a host."""
    return bool(port.fixed_ips and new.host_id and new.host_id != port.host_id)


def gets_deferred_addresses(port: Port, new: Port) -> bool:
    """Tell whether a change makes the host known for which a port's addresses had to wait."""
    waiting = port.ip_allocation is IPAllocation.DEFERRED and not port.fixed_ips
    return waiting and bool(new.host_id) and not port.host_id


def plan_automatic_address(port: Port, subnet: Subnet) -> Wish | None:
    """Plan the address that a port gets from a new auto-address subnet, if any."""
    wishes = _automatic(port, [subnet])
    return wishes[0] if wishes else None


def _offered(port: Port, subnets: Sequence[Subnet]) -> list[Wish]:
    """Wish for what a port gets without asking, automatic addresses aside."""
    wishes = []
    for version in (4, 6):
        candidates = tuple(
            subnet.id
            for subnet in subnets
            if subnet.ip_version == version and not subnet.auto_address
        )
        if candidates:
            wishes.append(Wish(_uncertain(port), candidates))
    return wishes


def _automatic(port: Port, subnets: Sequence[Subnet]) -> list[Wish]:
    """Wish for the automatic addresses that these subnets imply."""
    return [
        Wish(AutomaticAddressRequest(subnet.cidr, port.mac_address, holder=port.id), (subnet.id,))
        for subnet in subnets
        if _implies_address(port, subnet)
    ]


def _asked_for(port: Port, request: FixedIPRequest, around: Surrounding) -> list[Wish]:
    """Wish for what one entry asks for: nothing if the subnet implies it anyway."""
    subnet = _subnet_for(port, request, around)
    address, even_if_cooling = request.ip_address, request.even_if_cooling
    if address is None:
        if _implies_address(port, subnet):
            return []
        return [Wish(_uncertain(port), (subnet.id,))]
    if subnet.auto_address and port.device_owner not in owners.ROUTER_INTERFACES:
        formed = eui64_address(subnet.cidr, port.mac_address)
        if address != formed:
            raise AllocationOnAutoAddressSubnet(
                str(address), subnet.id, refusals=[_only_automatic(subnet, formed)]
            )
        if _implies_address(port, subnet):
            return []
        even_if_cooling = True
    wanted = SpecificAddressRequest(address, even_if_cooling, holder=port.id)
    return [Wish(wanted, (subnet.id,))]


def _subnet_for(port: Port, request: FixedIPRequest, around: Surrounding) -> Subnet:
    """Return the subnet that one entry means."""
    if not around.subnets:
        raise InvalidInput(
            "IP allocation requires subnets for network",
            refusals=[Refusal(Reason.NO_SUBNET, f"Network {around.network_id} has no subnets.")],
        )
    address = request.ip_address
    if request.subnet_id is not None:
        subnet = _member(request.subnet_id, around)
        if address is not None and not _may_hold(port, address, subnet):
            raise InvalidIpForSubnet(
                str(address), refusals=[unsuitable(subnet.id, subnet.cidr, address)]
            )
        return subnet
    if address is None:
        raise InvalidInput("IP allocation requires subnet_id or ip_address")
    for subnet in around.subnets:
        if _may_hold(port, address, subnet):
            return subnet
    raise InvalidIpForNetwork(
        str(address),
        refusals=[unsuitable(subnet.id, subnet.cidr, address) for subnet in around.subnets],
    )


def _member(subnet_id: str, around: Surrounding) -> Subnet:
    for subnet in around.subnets:
        if subnet.id == subnet_id:
            return subnet
    if subnet_id in around.elsewhere:
        raise InvalidInput(
            f"Failed to create port on network {around.network_id}, because fixed_ips included "
            f"invalid subnet {subnet_id}"
        )
    raise SubnetNotFound(subnet_id)


def _may_hold(port: Port, address: IPAddress, subnet: Subnet) -> bool:
    # As in Neutron, a port without an owner may turn out to be a router's.
    may_be_router = not port.device_owner or port.device_owner in owners.ROUTERS
    return is_assignable(subnet.cidr, address, router=may_be_router)


def _implies_address(port: Port, subnet: Subnet) -> bool:
    return subnet.auto_address and port.device_owner not in owners.NO_AUTOMATIC_ADDRESSES


def _outdated(port: Port, new: Port, subnets: Sequence[Subnet]) -> tuple[FixedIP, ...]:
    """Return the automatic addresses that a change of the MAC address outdates."""
    if port.mac_address == new.mac_address:
        return ()
    formed = {
        FixedIP(subnet.id, eui64_address(subnet.cidr, port.mac_address))
        for subnet in subnets
        if _implies_address(new, subnet)
    }
    return tuple(held for held in port.fixed_ips if held in formed)


def _matched(
    asked: Sequence[FixedIPRequest], held: Sequence[FixedIP], outdated: Sequence[FixedIP]
) -> tuple[list[FixedIPRequest], list[FixedIP]]:
    """Return the entries that nothing held serves, and what is held and serves no entry."""
    unclaimed = list(held)
    unmet: list[FixedIPRequest] = []
    for request in sorted(asked, key=lambda request: request.ip_address is None):
        serving = _already_held(request, unclaimed)
        if serving is not None:
            unclaimed.remove(serving)
        elif not _stands_for(request, outdated):
            unmet.append(request)
    return unmet, unclaimed


def _as_requests(held: Sequence[FixedIP]) -> list[FixedIPRequest]:
    return [FixedIPRequest(one.subnet_id, one.ip_address) for one in held]


def _already_held(request: FixedIPRequest, unclaimed: Sequence[FixedIP]) -> FixedIP | None:
    """Return the address that serves an entry without anything being done."""
    for held in reversed(unclaimed):
        if _stands_for(request, (held,)):
            return held
    return None


def _stands_for(request: FixedIPRequest, held: Sequence[FixedIP]) -> bool:
    """Tell whether one of these addresses is what an entry asks for."""
    return any(
        request.subnet_id in (None, fixed_ip.subnet_id)
        and request.ip_address in (None, fixed_ip.ip_address)
        and (request.subnet_id is not None or request.ip_address is not None)
        for fixed_ip in held
    )


def _uncertain(port: Port) -> AddressRequest:
    if port.device_owner == owners.DHCP:
        return PreferNextAddressRequest(holder=port.id)
    return AnyAddressRequest(holder=port.id)


def _certain_first(wishes: Sequence[Wish]) -> tuple[Wish, ...]:
    """Rank the wishes as they stand, and put those for one certain address first."""
    ranked = [replace(wish, rank=rank) for rank, wish in enumerate(wishes)]
    return tuple(
        sorted(
            ranked,
            key=lambda wish: isinstance(wish.request, AnyAddressRequest | PreferNextAddressRequest),
        )
    )


def _check_number(asked: Sequence[FixedIPRequest], around: Surrounding) -> None:
    if len(asked) > around.max_fixed_ips:
        raise InvalidInput(
            f"Exceeded maximum amount of fixed IPs per port: {len(asked)} asked for, "
            f"{around.max_fixed_ips} allowed"
        )


def _only_automatic(subnet: Subnet, formed: IPAddress) -> Refusal:
    return Refusal(
        Reason.AUTOMATIC_ADDRESSES_ONLY,
        f"Subnet {subnet.id} ({subnet.cidr}) has automatic addresses only; this port's is "
        f"{formed}.",
        subnet.id,
        str(subnet.cidr),
        {"automatic_address": str(formed)},
    )
