"""Who may say by RBAC policies who may use what."""

from freehold.api.policies.base import (
    ADMIN,
    ADMIN_OR_MEMBER,
    ADMIN_OR_READER,
    Paths,
    any_of,
    attribute_rules,
    documented,
)

_ON = Paths("/rbac-policies")

_TARGET = {"target_tenant": any_of(ADMIN, "not field:rbac_policy:target_tenant=*")}

RULES = [
    documented(
        "create_rbac_policy",
        ADMIN_OR_MEMBER,
        "Create an RBAC policy. It is to hold for the object, too.",
        *_ON.create,
    ),
    *attribute_rules("create", "rbac_policy", _TARGET, _ON.create),
    documented("get_rbac_policy", ADMIN_OR_READER, "See an RBAC policy.", *_ON.get),
    documented(
        "update_rbac_policy",
        ADMIN_OR_MEMBER,
        "Change an RBAC policy.",
        *_ON.update,
    ),
    *attribute_rules("update", "rbac_policy", _TARGET, _ON.update),
    documented("delete_rbac_policy", ADMIN_OR_MEMBER, "Delete an RBAC policy.", *_ON.delete),
]
