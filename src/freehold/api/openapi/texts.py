"""What the attributes, filters and tags of the document mean, in a sentence each."""

from collections.abc import Mapping

from freehold.api.definitions.allocation_strategy import COOL_DOWN, STRATEGY
from freehold.api.definitions.segment_hosts import HOSTS


def attribute_text(kind: str, name: str) -> str:
    """Return what an attribute of a kind means; empty if nobody has told."""
    return ATTRIBUTES.get(f"{kind}.{name}", ATTRIBUTES.get(name, ""))


def filter_text(name: str) -> str:
    """Return what a filter looks for, if it is not simply the attribute's value."""
    return _FILTERS.get(name, "")


def tag_text(tag: str) -> str:
    """Return what a group of operations is about; empty if nobody has told."""
    return _TAGS.get(tag, "")


ATTRIBUTES: Mapping[str, str] = {
    "id": "Its id, a UUID in lower case.",
    "name": "A name for people; several may have the same.",
    "description": "Whatever people want to say about it.",
    "project_id": "The project that owns it; that of the request by default.",
    "tenant_id": "The old name of `project_id`, with the same value.",
    "shared": (
        "Whether an RBAC policy lets the project that asks use it: one for this project, or one "
        "for all. To send `true` makes one for all."
    ),
    "tags": "Short texts by which lists can be filtered.",
    "created_at": "When it was created, in UTC.",
    "updated_at": "When it was last changed, in UTC.",
    "revision_number": "A number that grows with each change; see the header `If-Match`.",
    "admin_state_up": "Whether its owner wants it to work; Freehold keeps and shows it.",
    "network_id": "The network that it belongs to.",
    "ip_version": "4 or 6.",
    "network.status": "Always `ACTIVE`.",
    "network.subnets": "The ids of its subnets.",
    "network.dns_domain": "The domain of the names of its ports, with a dot at its end.",
    "network.router:external": "Whether it leads to the outside.",
    "network.provider:network_type": "How it is realised; kept for others.",
    "network.provider:physical_network": "Where it is realised; kept for others.",
    "network.provider:segmentation_id": "Its VLAN or tunnel number; kept for others.",
    "network.mtu": "The largest packet in bytes; 0 asks for the largest that the operator allows.",
    "network.vlan_transparent": "Whether VLAN tags pass through it; kept for others.",
    "network.ipv4_address_scope": "The address scope of its IPv4 subnets.",
    "network.ipv6_address_scope": "The address scope of its IPv6 subnets.",
    "network.l2_adjacency": "Whether all of it is one broadcast domain: it is not routed.",
    "subnet.cidr": "Its addresses. Without one a subnet pool chooses it.",
    "subnet.gateway_ip": (
        "The address of its router: the first one by default, none if it is null. It is not "
        "handed out."
    ),
    "subnet.allocation_pools": (
        "What is handed out when no particular address is asked for: by default all but the "
        "gateway and, in IPv4, the first and the last address."
    ),
    "subnet.dns_nameservers": "DNS servers for its hosts, in the order of preference.",
    "subnet.host_routes": "Further routes for its hosts.",
    "subnet.enable_dhcp": "Whether its hosts are to get their addresses by DHCP.",
    "subnet.ipv6_ra_mode": "How routers announce it.",
    "subnet.ipv6_address_mode": (
        "How hosts get their addresses; with `slaac` and `dhcpv6-stateless` a port's address "
        "follows from its MAC address."
    ),
    "subnet.subnetpool_id": "The subnet pool that its CIDR is from.",
    "subnet.prefixlen": "How long a prefix the subnet pool is to choose.",
    "subnet.use_default_subnetpool": "Whether the CIDR is to be from the default subnet pool.",
    f"subnet.{STRATEGY}": "How it chooses addresses; null for what the operator has configured.",
    f"subnet.{COOL_DOWN}": (
        "For how many seconds a released address rests; null for what the operator has configured."
    ),
    "subnet.segment_id": "The segment of the network that it is on.",
    "subnet.service_types": "The device owners whose ports get addresses of it; all if empty.",
    "port.mac_address": "Its MAC address; one is made up if it is null or not given.",
    "port.fixed_ips": (
        "Its addresses. To ask for one, name a subnet, an address, or both; without the attribute "
        "a port gets one of each IP version, with an empty list none."
    ),
    "port.device_id": "What it is plugged into.",
    "port.device_owner": "What kind of thing that is, such as `compute:nova` or `network:dhcp`.",
    "port.status": "Always `DOWN`: nobody tells whether it is plugged in.",
    "port.allowed_address_pairs": "Further addresses that may be used behind it; kept for others.",
    "port.extra_dhcp_opts": "DHCP options for it alone; kept for others.",
    "port.dns_name": "Its name in the operator's domain.",
    "port.dns_assignment": "Its name for each of its addresses.",
    "port.binding:host_id": "The host on which it is plugged in.",
    "port.binding:vnic_type": "How it is to be plugged in; kept for others.",
    "port.binding:profile": "Whatever those who plug it in tell each other.",
    "port.binding:vif_type": "`unbound`, or `binding_failed` with a host: nobody plugs it in.",
    "port.binding:vif_details": "Always empty.",
    "port.ip_allocation": "Whether it has its addresses, or gets them when its host is known.",
    "address_scope.shared": (
        "Whether an RBAC policy lets the project that asks use it: one for this project, or one "
        "for all. To send `true` makes one for all, which only its deletion ends."
    ),
    "subnetpool.prefixes": "What subnets are cut out of; neighbours are shown as one.",
    "subnetpool.min_prefixlen": "The shortest prefix, hence the largest subnet.",
    "subnetpool.max_prefixlen": "The longest prefix, hence the smallest subnet.",
    "subnetpool.default_prefixlen": "The length for subnets that ask for none.",
    "subnetpool.default_quota": (
        "How much of it each project may hold: in addresses of IPv4, in /64 prefixes of IPv6."
    ),
    "subnetpool.is_default": "Whether it serves those that ask for the default subnet pool.",
    "subnetpool.address_scope_id": "Its address scope, within which no two pools overlap.",
    "segment.network_type": "How it is realised.",
    "segment.physical_network": "Where it is realised.",
    "segment.segmentation_id": "Its VLAN or tunnel number.",
    f"segment.{HOSTS}": "The hosts that are on it, whose ports get addresses of its subnets.",
    "rbac_policy.object_type": "What is shared.",
    "rbac_policy.object_id": "Which one is shared.",
    "rbac_policy.action": "As what it is shared.",
    "rbac_policy.target_tenant": "With whom: a project, or `*` for all.",
    "network_ip_availability.network_id": "The network.",
    "network_ip_availability.network_name": "Its name.",
    "network_ip_availability.project_id": "The project that owns it.",
    "network_ip_availability.total_ips": "How many addresses its subnets have together.",
    "network_ip_availability.used_ips": "How many of them ports hold.",
    "network_ip_availability.subnet_ip_availability": "The same of each of its subnets.",
    "network_ip_availability.ip_availability_details": "The same, told apart.",
    "subnet_ip_availability.subnet_id": "The subnet.",
    "subnet_ip_availability.subnet_name": "Its name.",
    "subnet_ip_availability.cidr": "All its addresses.",
    "subnet_ip_availability.total_ips": (
        "How many addresses its allocation pools have, or its CIDR if it has no pools."
    ),
    "subnet_ip_availability.used_ips": "How many of its addresses ports hold.",
    "subnet_ip_availability.ip_availability_details": "The same, told apart.",
    "ip_availability_details.total_ips_in_subnet": "How many addresses ports could hold.",
    "ip_availability_details.total_ips_in_allocation_pool": "How many allocation pools have.",
    "ip_availability_details.used_ips_in_subnet": "How many addresses ports hold.",
    "ip_availability_details.used_ips_in_allocation_pool": "How many of those are of the pools.",
}
"""By ``kind.attribute``, or by ``attribute`` for all kinds."""

_FILTERS: Mapping[str, str] = {
    "changed_since": "Those that were changed at that time or later.",
    "fixed_ips": (
        "Those that have such an address: `ip_address=192.0.2.7`, `ip_address_substr=192.0.2.`, "
        "or `subnet_id=` with an id. Different ones have to hold together."
    ),
    "tags": "Those that have all of these tags, with commas between them.",
    "tags-any": "Those that have one of these tags.",
    "not-tags": "Those that do not have all of these tags.",
    "not-tags-any": "Those that have none of these tags.",
}

_TAGS: Mapping[str, str] = {
    "networks": "Layer-2 networks, as far as addresses are concerned.",
    "subnets": "Blocks of addresses on a network, and what is handed out of them.",
    "ports": "Whoever holds addresses: the plugs of a network.",
    "address-scopes": "Sets of subnet pools whose addresses do not overlap.",
    "subnetpools": "Prefixes out of which subnets are cut.",
    "address-holdings": "Who holds and who held an address, from when to when.",
    "segments": "Parts of routed networks.",
    "quotas": "How much a project may hold.",
    "network-ip-availabilities": "How many addresses there are, and how many are held.",
    "rbac-policies": "What is shared with whom.",
    "dry-run": "What would be created, or why it would not, without creating it.",
    "discovery": "What the service offers.",
}
