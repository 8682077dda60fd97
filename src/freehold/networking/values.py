"""The resources of the Networking API as frozen values.

Of each resource there are three: the resource itself, the *draft* that
creates it, and the *change* that updates it. "Not specified" exists in
drafts and changes only, under a name of its own, and ends in the plan.

Names and meanings: OpenStack Networking API v2.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.ipam.strategy import Strategy
from freehold.networking.port_attributes import AddressPair, DHCPOption
from freehold.networking.records import UNSTORED, Record

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Keep(Enum):
    """What a change says of an attribute that it leaves as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


class Gateway(Enum):
    """What a draft says of a gateway that it leaves to Freehold."""

    DEFAULT = "default"


class MacAddress(Enum):
    """What a draft or change says of a MAC address that is to be made up."""

    GENERATE = "generate"


class IPAllocation(StrEnum):
    """When a port gets its addresses: at once, when its host is known, or not at all."""

    IMMEDIATE = "immediate"
    DEFERRED = "deferred"
    NONE = "none"


class IPv6Mode(StrEnum):
    """How hosts on an IPv6 subnet come by their addresses."""

    SLAAC = "slaac"
    DHCPV6_STATEFUL = "dhcpv6-stateful"
    DHCPV6_STATELESS = "dhcpv6-stateless"


LOCAL_NETWORK = "local"
LARGEST_MTU = 0
"""What a draft or change says of an MTU that is to be as large as it can be."""

NORMAL_VNIC = "normal"

AUTO_ADDRESS_MODES = frozenset({IPv6Mode.SLAAC, IPv6Mode.DHCPV6_STATELESS})


@dataclass(frozen=True, slots=True)
class Network:
    """A layer-2 domain to which subnets and ports belong.

    Attributes:
        external: whether it leads out of the cloud.
        network_type: how its first segment is realised: local, flat, vlan, vxlan, gre
            or geneve; None if it has no segment.
        physical_network: on what; None where the type needs none.
        segmentation_id: as which VLAN or tunnel; None likewise.
        mtu: in bytes.
        ipv4_address_scope: the address scope of its IPv4 subnets' pools, if any.
        ipv6_address_scope: the address scope of its IPv6 subnets' pools, if any.
        routed: whether it has subnets on segments, so that it is no one layer-2 domain.
    """

    id: str
    project_id: str
    name: str
    admin_state_up: bool
    shared: bool
    status: str = "ACTIVE"
    subnet_ids: tuple[str, ...] = ()
    ipv4_address_scope: str | None = None
    ipv6_address_scope: str | None = None
    description: str = field(default="", kw_only=True)
    dns_domain: str = field(default="", kw_only=True)
    external: bool = field(default=False, kw_only=True)
    network_type: str | None = field(default=LOCAL_NETWORK, kw_only=True)
    physical_network: str | None = field(default=None, kw_only=True)
    segmentation_id: int | None = field(default=None, kw_only=True)
    mtu: int = field(default=1500, kw_only=True)
    vlan_transparent: bool = field(default=False, kw_only=True)
    routed: bool = field(default=False, kw_only=True)
    record: Record = field(default=UNSTORED, kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDraft:
    """A network to be."""

    project_id: str
    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    shared: bool = False
    dns_domain: str = ""
    external: bool = False
    network_type: str | None = None
    physical_network: str | None = None
    segmentation_id: int | None = None
    mtu: int = LARGEST_MTU
    vlan_transparent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChange:
    """What is to be different about a network."""

    name: str | Keep = KEEP
    description: str | Keep = KEEP
    admin_state_up: bool | Keep = KEEP
    shared: bool | Keep = KEEP
    dns_domain: str | Keep = KEEP
    external: bool | Keep = KEEP
    network_type: str | Keep = KEEP
    physical_network: str | Keep | None = KEEP
    segmentation_id: int | Keep | None = KEEP
    mtu: int | Keep = KEEP


@dataclass(frozen=True, slots=True)
class HostRoute:
    """A route that hosts on a subnet are told of."""

    destination: IPNetwork
    nexthop: IPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A CIDR on a network, and what of it is handed out.

    Attributes:
        allocation_strategy: how addresses are chosen; None for the configured way.
        cool_down: how long a released address rests, in whole seconds; None for
            the configured time.
        subnetpool_id: the pool that the CIDR was cut from; None for none.
        shared: whether its network is shared.
        segment_id: the segment that it is on; None if all of its network can use it.
        service_types: the device owners whose ports it serves; empty for all.
    """

    id: str
    network_id: str
    project_id: str
    name: str
    cidr: IPNetwork
    gateway_ip: IPAddress | None
    allocation_pools: tuple[AddressRange, ...]
    dns_nameservers: tuple[IPAddress, ...] = ()
    host_routes: tuple[HostRoute, ...] = ()
    enable_dhcp: bool = True
    ipv6_ra_mode: IPv6Mode | None = None
    ipv6_address_mode: IPv6Mode | None = None
    allocation_strategy: Strategy | None = None
    cool_down: timedelta | None = None
    subnetpool_id: str | None = None
    shared: bool = False
    segment_id: str | None = None
    service_types: tuple[str, ...] = ()
    description: str = ""
    record: Record = UNSTORED

    @property
    def ip_version(self) -> int:
        """4 or 6."""
        return self.cidr.version

    @property
    def auto_address(self) -> bool:
        """Whether hosts form their own addresses here, by EUI-64."""
        return bool({self.ipv6_ra_mode, self.ipv6_address_mode} & AUTO_ADDRESS_MODES)


@dataclass(frozen=True, slots=True)
class FromPool:
    """The subnet pool that a subnet's CIDR is to come from.

    Attributes:
        subnetpool_id: None for the default pool of the IP version.
        prefixlen: of a CIDR that the pool is to choose; None for the length
            that the pool has for this.
    """

    subnetpool_id: str | None = None
    prefixlen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetDraft:
    """A subnet to be.

    Attributes:
        cidr: None if a subnet pool is to choose it, alone or by the gateway.
        from_pool: None for a CIDR that belongs to no pool.
        allocation_pools: None for all that can be handed out but the gateway.
        allocation_strategy: None for the configured one.
        cool_down: None for the configured one.
    """

    network_id: str
    project_id: str
    ip_version: int
    cidr: IPNetwork | None
    from_pool: FromPool | None = None
    name: str = ""
    description: str = ""
    gateway_ip: IPAddress | Gateway | None = Gateway.DEFAULT
    allocation_pools: tuple[AddressRange, ...] | None = None
    dns_nameservers: tuple[IPAddress, ...] = ()
    host_routes: tuple[HostRoute, ...] = ()
    enable_dhcp: bool = True
    ipv6_ra_mode: IPv6Mode | None = None
    ipv6_address_mode: IPv6Mode | None = None
    allocation_strategy: Strategy | None = None
    cool_down: timedelta | None = None
    segment_id: str | None = None
    service_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetChange:
    """What is to be different about a subnet."""

    name: str | Keep = KEEP
    description: str | Keep = KEEP
    gateway_ip: IPAddress | Keep | None = KEEP
    allocation_pools: tuple[AddressRange, ...] | Keep = KEEP
    dns_nameservers: tuple[IPAddress, ...] | Keep = KEEP
    host_routes: tuple[HostRoute, ...] | Keep = KEEP
    enable_dhcp: bool | Keep = KEEP
    allocation_strategy: Strategy | Keep | None = KEEP
    cool_down: timedelta | Keep | None = KEEP
    segment_id: str | Keep | None = KEEP
    service_types: tuple[str, ...] | Keep = KEEP


@dataclass(frozen=True, slots=True)
class FixedIP:
    """An address that a port holds, and the subnet that it came from."""

    subnet_id: str
    ip_address: IPAddress


@dataclass(frozen=True, slots=True)
class Holding:
    """Who shows one address of a subnet."""

    port_id: str
    device_owner: str
    fixed_ip: FixedIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An attachment point of a network, with its MAC and IP addresses.

    Attributes:
        ip_allocation: when it gets, or got, its addresses.
        host_id: the host that it is plugged in on; empty for none yet.
        vnic_type: how it is plugged in there.
        binding_profile: what its host is told beyond that, as JSON; empty for nothing.
    """

    id: str
    network_id: str
    project_id: str
    name: str
    admin_state_up: bool
    mac_address: str
    device_id: str
    device_owner: str
    fixed_ips: tuple[FixedIP, ...] = ()
    status: str = "DOWN"
    ip_allocation: IPAllocation = IPAllocation.IMMEDIATE
    description: str = ""
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    extra_dhcp_opts: tuple[DHCPOption, ...] = ()
    dns_name: str = ""
    host_id: str = ""
    vnic_type: str = NORMAL_VNIC
    binding_profile: str = ""
    record: Record = UNSTORED


@dataclass(frozen=True, slots=True)
class FixedIPRequest:
    """One entry of the ``fixed_ips`` that a client asks for.

    Attributes:
        subnet_id: take it from this subnet; None for whichever contains it.
        ip_address: take this one; None for any.
        even_if_cooling: whether whoever asks may have an address that was
            released too lately for others.
    """

    subnet_id: str | None = None
    ip_address: IPAddress | None = None
    even_if_cooling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PortDraft:
    """A port to be.

    Attributes:
        fixed_ips: None for what the network's subnets offer by themselves; an
            empty tuple for none but automatic addresses.
    """

    network_id: str
    project_id: str
    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    mac_address: str | MacAddress = MacAddress.GENERATE
    fixed_ips: tuple[FixedIPRequest, ...] | None = None
    device_id: str = ""
    device_owner: str = ""
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    extra_dhcp_opts: tuple[DHCPOption, ...] = ()
    dns_name: str = ""
    host_id: str = ""
    vnic_type: str = NORMAL_VNIC
    binding_profile: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortChange:
    """What is to be different about a port.

    Attributes:
        allowed_address_pairs: all that it is to have.
        extra_dhcp_opts: those that are to be added, changed or, without a value, removed.
    """

    name: str | Keep = KEEP
    description: str | Keep = KEEP
    admin_state_up: bool | Keep = KEEP
    mac_address: str | MacAddress | Keep = KEEP
    fixed_ips: tuple[FixedIPRequest, ...] | Keep = KEEP
    device_id: str | Keep = KEEP
    device_owner: str | Keep = KEEP
    allowed_address_pairs: tuple[AddressPair, ...] | Keep = KEEP
    extra_dhcp_opts: tuple[DHCPOption, ...] | Keep = KEEP
    dns_name: str | Keep = KEEP
    host_id: str | Keep = KEEP
    vnic_type: str | Keep = KEEP
    binding_profile: str | Keep = KEEP


def changed_attributes(change: "DataclassInstance") -> Mapping[str, object]:
    """Return those attributes of a change that it does not keep, by name."""
    values = {field.name: getattr(change, field.name) for field in fields(change)}
    return {name: value for name, value in values.items() if value is not KEEP}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a list: the attribute has one of the values.

    Attributes:
        attribute: the resource's attribute; ``fixed_ips.ip_address``,
            ``fixed_ips.ip_address_substr`` and ``fixed_ips.subnet_id`` look into
            a port's addresses. ``changed_since``, ``tags`` and its kin, too, mean
            more than equality: see `freehold.networking.store.records`.
        values: what it may be, in the attribute's own type.
    """

    attribute: str
    values: tuple[object, ...]
