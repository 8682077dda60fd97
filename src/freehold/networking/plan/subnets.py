"""What a new or changed subnet is going to be, or why it cannot be.

Each check has Neutron's outcome for the same input. A subnet's CIDR never
changes, and its IPv6 modes do not either.
"""

from collections.abc import Sequence
from dataclasses import replace

from freehold.addresses.eui64 import PREFIX_LENGTH
from freehold.addresses.gateway import check_gateway, default_gateway
from freehold.addresses.pools import check_pools, default_pools
from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.errors import (
    DNSNameServersExhausted,
    GatewayIpInUse,
    HostRoutesExhausted,
    InvalidInput,
)
from freehold.networking.limits import Limits
from freehold.networking.values import (
    AUTO_ADDRESS_MODES,
    Gateway,
    HostRoute,
    IPv6Mode,
    Subnet,
    SubnetChange,
    SubnetDraft,
    changed_attributes,
)

LONGEST_DHCP_PREFIX = {4: 30, 6: 126}
"""Longer prefixes leave no room for a DHCP server beside a host."""


def plan_new_subnet(
    subnet_id: str,
    draft: SubnetDraft,
    cidr: IPNetwork,
    limits: Limits,
    *,
    shared: bool = False,
    subnetpool_id: str | None = None,
) -> Subnet:
    """Return the subnet that a draft describes, whatever else there is on its network.

    Args:
        subnet_id: the id that it will have.
        draft: what the client asks for.
        cidr: the draft's CIDR, or what a subnet pool chose for it.
        limits: the operator's bounds.
        shared: whether its network is shared.
        subnetpool_id: the pool that the CIDR is from.

    Raises:
        InvalidInput: an attribute is not valid here.
        InvalidAllocationPool, OutOfBoundsAllocationPool,
        OverlappingAllocationPools, GatewayConflictWithAllocationPools: the
            pools cannot stand.
        DNSNameServersExhausted, HostRoutesExhausted: too many of them.
    """
    check_version(draft.ip_version, cidr, "cidr")
    _check_cidr(cidr, draft.enable_dhcp, asked=draft.cidr is not None)
    if isinstance(draft.gateway_ip, Gateway):
        gateway: IPAddress | None = default_gateway(cidr, explicit=draft.cidr is not None)
    else:
        gateway = draft.gateway_ip
        if gateway is not None:
            check_gateway(cidr, gateway)
    _check_told(draft.ip_version, draft.dns_nameservers, draft.host_routes, "new subnet", limits)
    _check_modes(draft, cidr)
    pools = _new_pools(draft, cidr, gateway)
    return Subnet(
        id=subnet_id,
        network_id=draft.network_id,
        project_id=draft.project_id,
        name=draft.name,
        description=draft.description,
        cidr=cidr,
        gateway_ip=gateway,
        allocation_pools=pools,
        dns_nameservers=draft.dns_nameservers,
        host_routes=draft.host_routes,
        enable_dhcp=draft.enable_dhcp,
        ipv6_ra_mode=draft.ipv6_ra_mode,
        ipv6_address_mode=draft.ipv6_address_mode,
        allocation_strategy=draft.allocation_strategy,
        cool_down=draft.cool_down,
        subnetpool_id=subnetpool_id,
        shared=shared,
        segment_id=draft.segment_id,
        service_types=draft.service_types,
    )


def plan_subnet_change(
    subnet: Subnet, change: SubnetChange, gateway_port_id: str | None, limits: Limits
) -> Subnet:
    """Return what a subnet is going to be after a change.

    Args:
        subnet: what it is.
        change: what the client asks for.
        gateway_port_id: the router's port that holds the present gateway
            address; None if there is none.
        limits: the operator's bounds.

    Raises:
        InvalidInput: an attribute is not valid here.
        GatewayIpInUse: the gateway would change under a router.
        InvalidAllocationPool, OutOfBoundsAllocationPool,
        OverlappingAllocationPools, GatewayConflictWithAllocationPools: the
            pools cannot stand.
        DNSNameServersExhausted, HostRoutesExhausted: too many of them.
    """
    # The attributes' own names and types are those of the change: see values.
    wanted = replace(subnet, **changed_attributes(change))  # type: ignore[arg-type]
    if wanted.enable_dhcp and not subnet.enable_dhcp:
        _check_dhcp_length(subnet.cidr)
        _check_dhcp_range(subnet.cidr)
    if wanted.gateway_ip != subnet.gateway_ip:
        _check_new_gateway(subnet, wanted.gateway_ip, gateway_port_id)
    # What stays as it is was checked before, against the limits of that time.
    _check_told(
        subnet.ip_version,
        () if wanted.dns_nameservers == subnet.dns_nameservers else wanted.dns_nameservers,
        () if wanted.host_routes == subnet.host_routes else wanted.host_routes,
        subnet.id,
        limits,
    )
    if not wanted.enable_dhcp and (subnet.ipv6_ra_mode or subnet.ipv6_address_mode):
        raise InvalidInput("Cannot disable enable_dhcp with ipv6 attributes set")
    if (wanted.gateway_ip, wanted.allocation_pools) == (
        subnet.gateway_ip,
        subnet.allocation_pools,
    ):
        return wanted
    pools = check_pools(subnet.cidr, wanted.gateway_ip, wanted.allocation_pools)
    return replace(wanted, allocation_pools=pools)


def check_version(ip_version: int, value: IPNetwork | IPAddress, name: str) -> None:
    """Refuse an address or CIDR of the other IP version.

    Raises:
        InvalidInput: it is.
    """
    if value.version != ip_version:
        raise InvalidInput(f"{name} '{value}' does not match the ip_version '{ip_version}'")


def _check_cidr(cidr: IPNetwork, enable_dhcp: bool, *, asked: bool) -> None:
    # A pool that begins like this is its owner's wish, and nothing else would come from it.
    if asked and cidr.version == 6 and not int(cidr.network_address):
        raise InvalidInput("IPv6 subnet '::' is not supported")
    if enable_dhcp:
        _check_dhcp_length(cidr)
        if asked:
            _check_dhcp_range(cidr)
    if not cidr.prefixlen:
        raise InvalidInput("0 is not allowed as CIDR prefix length")


def _check_dhcp_length(cidr: IPNetwork) -> None:
    if cidr.prefixlen > LONGEST_DHCP_PREFIX[cidr.version]:
        raise InvalidInput(
            "Subnet has a prefix length that is incompatible with DHCP service enabled"
        )


def _check_dhcp_range(cidr: IPNetwork) -> None:
    if cidr.is_multicast:
        raise InvalidInput("Multicast IP subnet is not supported if enable_dhcp is True")
    if cidr.is_loopback:
        raise InvalidInput("Loopback IP subnet is not supported if enable_dhcp is True")
    if cidr.version == 4 and not int(cidr.network_address):
        raise InvalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.")


def _check_new_gateway(
    subnet: Subnet, gateway: IPAddress | None, gateway_port_id: str | None
) -> None:
    if gateway is not None:
        check_gateway(subnet.cidr, gateway)
    if gateway_port_id is not None:
        raise GatewayIpInUse(str(subnet.gateway_ip), gateway_port_id)


def _check_told(
    ip_version: int,
    servers: Sequence[IPAddress],
    routes: Sequence[HostRoute],
    subnet_id: str,
    limits: Limits,
) -> None:
    """Check what the subnet's hosts are told: DNS servers and routes."""
    if len(servers) > limits.max_dns_nameservers:
        raise DNSNameServersExhausted(subnet_id, limits.max_dns_nameservers)
    for server in servers:
        check_version(ip_version, server, "dns_nameserver")
    if len(routes) > limits.max_subnet_host_routes:
        raise HostRoutesExhausted(subnet_id, limits.max_subnet_host_routes)
    for route in routes:
        check_version(ip_version, route.nexthop, "nexthop")
        check_version(ip_version, route.destination, "destination")


def _check_modes(draft: SubnetDraft, cidr: IPNetwork) -> None:
    modes: dict[str, IPv6Mode] = {
        name: mode
        for name, mode in (
            ("ipv6_ra_mode", draft.ipv6_ra_mode),
            ("ipv6_address_mode", draft.ipv6_address_mode),
        )
        if mode is not None
    }
    if not modes:
        return
    if draft.ip_version == 4:
        raise InvalidInput(f"{next(iter(modes))} is not valid when ip_version is 4")
    if not draft.enable_dhcp:
        raise InvalidInput(
            "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False"
        )
    if len(set(modes.values())) > 1:
        raise InvalidInput(
            f"ipv6_ra_mode set to '{draft.ipv6_ra_mode}' with ipv6_address_mode set to "
            f"'{draft.ipv6_address_mode}' is not valid. If both attributes are set, they must "
            "be the same value"
        )
    if AUTO_ADDRESS_MODES & set(modes.values()) and cidr.prefixlen != PREFIX_LENGTH:
        raise InvalidInput(
            f"Invalid CIDR {cidr} for IPv6 address mode. OpenStack uses the EUI-64 address "
            "format, which requires the prefix to be /64"
        )


def _new_pools(
    draft: SubnetDraft, cidr: IPNetwork, gateway: IPAddress | None
) -> tuple[AddressRange, ...]:
    if draft.allocation_pools is None:
        return default_pools(cidr, gateway)
    return check_pools(cidr, gateway, draft.allocation_pools)


def check_overlap(subnet: Subnet, siblings: Sequence[Subnet]) -> None:
    """Refuse a new subnet whose CIDR overlaps with one that its network has.

    Raises:
        InvalidInput: it does.
    """
    if any(
        sibling.ip_version == subnet.ip_version and sibling.cidr.overlaps(subnet.cidr)
        for sibling in siblings
    ):
        # Which sibling it is may be nobody's business who asks.
        raise InvalidInput(
            f"Requested subnet with cidr: {subnet.cidr} for network: {subnet.network_id} overlaps "
            "with another subnet"
        )
