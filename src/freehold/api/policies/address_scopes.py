"""Who may do what with address scopes."""

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

_ON = Paths("/address-scopes")

RULES = [
    RuleDefault(
        "shared_address_scopes",
        "field:address_scopes:shared=True",
        "An address scope that is shared with the project or with all.",
    ),
    documented("create_address_scope", ADMIN_OR_MEMBER, "Create an address scope.", *_ON.create),
    *attribute_rules("create", "address_scope", {"shared": ADMIN}, _ON.create),
    documented(
        "get_address_scope",
        any_of(ADMIN, READER, "rule:shared_address_scopes"),
        "See an address scope.",
        *_ON.get,
    ),
    documented("update_address_scope", ADMIN_OR_MEMBER, "Change an address scope.", *_ON.update),
    *attribute_rules("update", "address_scope", {"shared": ADMIN}, _ON.update),
    documented("delete_address_scope", ADMIN_OR_MEMBER, "Delete an address scope.", *_ON.delete),
]
