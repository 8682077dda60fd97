"""Who may do what with networks."""

from oslo_policy.policy import RuleDefault

from freehold.api.policies.base import (
    ADMIN,
    ADMIN_OR_MEMBER,
    READER,
    SERVICE,
    Paths,
    any_of,
    attribute_rules,
    documented,
)

_ON = Paths("/networks")

_SEEN = any_of(ADMIN, READER, SERVICE, "rule:shared", "rule:external")
_PROVIDER = {
    "provider:network_type": ADMIN,
    "provider:physical_network": ADMIN,
    "provider:segmentation_id": ADMIN,
}
_GIVEN = {"shared": ADMIN, "router:external": ADMIN, **_PROVIDER}

RULES = [
    RuleDefault("external", "field:networks:router:external=True", "An external network."),
    documented("create_network", ADMIN_OR_MEMBER, "Create a network.", *_ON.create),
    *attribute_rules("create", "network", _GIVEN, _ON.create),
    documented("get_network", _SEEN, "See a network.", *_ON.get),
    *attribute_rules("get", "network", _PROVIDER, _ON.get),
    documented("update_network", ADMIN_OR_MEMBER, "Change a network.", *_ON.update),
    *attribute_rules("update", "network", _GIVEN, _ON.update),
    documented("delete_network", ADMIN_OR_MEMBER, "Delete a network.", *_ON.delete),
    *_ON.rules_of_tags(
        "network", any_of(ADMIN, READER, "rule:shared", "rule:external"), ADMIN_OR_MEMBER
    ),
]
