"""Device owners that get a treatment of their own.

Source: the constants of neutron-lib, and what Neutron does with them.
"""

DHCP = "network:dhcp"
DISTRIBUTED = "network:distributed"
ROUTER_GATEWAY = "network:router_gateway"
ROUTER_CENTRALIZED_SNAT = "network:router_centralized_snat"
NETWORK_PREFIX = "network:"
ROUTED = "network:routed"

ROUTER_INTERFACES = frozenset(
    {
        "network:router_interface",
        "network:ha_router_replicated_interface",
        "network:router_interface_distributed",
    }
)
"""They hold the gateways of subnets, and choose their addresses themselves."""

NO_AUTOMATIC_ADDRESSES = ROUTER_INTERFACES | {ROUTER_CENTRALIZED_SNAT}
"""They get no address from an auto-address subnet unless they ask for it."""

ROUTERS = NO_AUTOMATIC_ADDRESSES | {ROUTER_GATEWAY}
"""They may hold the first address of an IPv6 subnet (subnet-router anycast)."""

DELETED_WITH_NETWORK = frozenset({DHCP, DISTRIBUTED, "network:floatingip_agent_gateway"})
"""They keep neither a subnet nor a network from being deleted."""
