"""Who may do what with subnet pools."""

from oslo_policy.policy import RuleDefault

from freehold.api.policies.base import (
    ADMIN,
    ADMIN_OR_MEMBER,
    READER,
    Paths,
    any_of,
    attribute_rules,
    documented,
)

_ON = Paths("/subnetpools")

_SEEN = any_of(ADMIN, READER, "rule:shared_subnetpools")

RULES = [
    RuleDefault(
        "shared_subnetpools",
        "field:subnetpools:shared=True",
        "A subnet pool that is shared with the project or with all.",
    ),
    documented("create_subnetpool", ADMIN_OR_MEMBER, "Create a subnet pool.", *_ON.create),
    *attribute_rules("create", "subnetpool", {"shared": ADMIN, "is_default": ADMIN}, _ON.create),
    documented("get_subnetpool", _SEEN, "See a subnet pool.", *_ON.get),
    documented("update_subnetpool", ADMIN_OR_MEMBER, "Change a subnet pool.", *_ON.update),
    *attribute_rules("update", "subnetpool", {"is_default": ADMIN}, _ON.update),
    documented("delete_subnetpool", ADMIN_OR_MEMBER, "Delete a subnet pool.", *_ON.delete),
    documented(
        "onboard_network_subnets",
        ADMIN_OR_MEMBER,
        "Have the subnets of a network belong to a subnet pool. It is to hold for both.",
        ("PUT", "/subnetpools/{id}/onboard_network_subnets"),
    ),
    documented(
        "add_prefixes",
        ADMIN_OR_MEMBER,
        "Add prefixes to a subnet pool.",
        ("PUT", "/subnetpools/{id}/add_prefixes"),
    ),
    documented(
        "remove_prefixes",
        ADMIN_OR_MEMBER,
        "Remove prefixes from a subnet pool.",
        ("PUT", "/subnetpools/{id}/remove_prefixes"),
    ),
    *_ON.rules_of_tags("subnetpool", _SEEN, ADMIN_OR_MEMBER),
]
