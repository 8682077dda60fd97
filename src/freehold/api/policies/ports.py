"""Who may do what with ports.

A port belongs to one project and may be on another one's network. What could harm others on the
network, such as an address or a MAC address of one's own choice, is up to the network's owner.
"""

from oslo_policy.policy import RuleDefault

from freehold.api.policies.base import (
    ADMIN,
    ADMIN_OR_MEMBER,
    ADMIN_OR_SERVICE,
    MEMBER,
    NETWORK_MANAGER,
    NETWORK_MEMBER,
    NETWORK_READER,
    READER,
    SERVICE,
    Paths,
    any_of,
    attribute_rules,
    documented,
)

_ON = Paths("/ports", "/freehold/dry-run/ports")

ON_SHARED_NETWORK = "role:member and rule:shared"

_NETWORKS_OWNER = any_of(ADMIN_OR_SERVICE, NETWORK_MEMBER)
_ALSO_IF_SHARED = any_of(_NETWORKS_OWNER, ON_SHARED_NETWORK)
_NO_NETWORK_DEVICE = any_of("not rule:network_device", _NETWORKS_OWNER)
_PORTS_OWNER = any_of(ADMIN_OR_MEMBER, SERVICE)
_ONE_OF_BOTH = any_of(NETWORK_MEMBER, MEMBER)

_ALIKE = {
    "device_id": _PORTS_OWNER,
    "device_owner": _NO_NETWORK_DEVICE,
    "fixed_ips:ip_address": _NETWORKS_OWNER,
    "fixed_ips:subnet_id": _ALSO_IF_SHARED,
    "binding:host_id": ADMIN_OR_SERVICE,
    "binding:profile": SERVICE,
    "binding:vnic_type": _PORTS_OWNER,
    "allowed_address_pairs": _NETWORKS_OWNER,
    "allowed_address_pairs:mac_address": _NETWORKS_OWNER,
    "allowed_address_pairs:ip_address": _NETWORKS_OWNER,
}
_BINDING = ("binding:vif_type", "binding:vif_details", "binding:host_id", "binding:profile")

RULES = [
    RuleDefault(
        "network_device", "field:port:device_owner=~^network:", "A port of a network service."
    ),
    RuleDefault("compute_device", "field:port:device_owner=~^compute:", "A port of a server."),
    RuleDefault(
        "baremetal_device", "field:port:device_owner=~^baremetal:", "A port of a real machine."
    ),
    RuleDefault(
        "manila_device", "field:port:device_owner=~^manila:", "A port of a shared file system."
    ),
    documented("create_port", _ALSO_IF_SHARED, "Create a port.", *_ON.create),
    *attribute_rules(
        "create",
        "port",
        {**_ALIKE, "mac_address": _NETWORKS_OWNER, "fixed_ips": _ALSO_IF_SHARED},
        _ON.create,
    ),
    documented(
        "get_port", any_of(ADMIN_OR_SERVICE, NETWORK_READER, READER), "See a port.", *_ON.get
    ),
    *attribute_rules("get", "port", dict.fromkeys(_BINDING, ADMIN_OR_SERVICE), _ON.get),
    documented("update_port", any_of(ADMIN_OR_SERVICE, MEMBER), "Change a port.", *_ON.update),
    *attribute_rules(
        "update",
        "port",
        {
            **_ALIKE,
            "mac_address": any_of(ADMIN_OR_SERVICE, NETWORK_MANAGER),
            "fixed_ips": _NETWORKS_OWNER,
        },
        _ON.update,
    ),
    documented(
        "delete_port",
        any_of(
            ADMIN_OR_SERVICE,
            f"service_roles:service and {any_of(_ONE_OF_BOTH)}",
            "not rule:compute_device and not rule:baremetal_device and not rule:manila_device "
            f"and {any_of(_ONE_OF_BOTH)}",
        ),
        "Delete a port. What is plugged in somewhere is unplugged by the service that did it.",
        *_ON.delete,
    ),
    *_ON.rules_of_tags(
        "port",
        any_of(ADMIN, NETWORK_READER, READER),
        ADMIN_OR_MEMBER,
        any_of(ADMIN, MEMBER, NETWORK_MEMBER),
    ),
]
