"""Who may do what with subnets: mostly those whose network it is."""

from oslo_policy.policy import RuleDefault

from freehold.api.policies.base import (
    ADMIN,
    MEMBER,
    NETWORK_MEMBER,
    NETWORK_READER,
    READER,
    SERVICE,
    Paths,
    any_of,
    attribute_rules,
    documented,
)

_ON = Paths("/subnets", "/freehold/dry-run/subnets")

_CREATES = any_of(ADMIN, NETWORK_MEMBER)
_CHANGES = any_of(ADMIN, MEMBER, NETWORK_MEMBER)
_SEES = any_of(ADMIN, READER, "rule:shared", "rule:external_network", NETWORK_READER)
_FOR_ADMINISTRATORS = {"segment_id": ADMIN, "service_types": ADMIN}
_STRATEGY = ("freehold:allocation_strategy", "freehold:cool_down")

RULES = [
    RuleDefault(
        "external_network",
        "field:subnets:router:external=True",
        "A subnet of an external network.",
    ),
    documented("create_subnet", _CREATES, "Create a subnet.", *_ON.create),
    *attribute_rules(
        "create",
        "subnet",
        {**_FOR_ADMINISTRATORS, **dict.fromkeys(_STRATEGY, _CREATES)},
        _ON.create,
    ),
    documented("get_subnet", any_of(_SEES, SERVICE), "See a subnet.", *_ON.get),
    *attribute_rules("get", "subnet", {"segment_id": ADMIN}, _ON.get),
    documented("update_subnet", _CHANGES, "Change a subnet.", *_ON.update),
    *attribute_rules(
        "update",
        "subnet",
        {**_FOR_ADMINISTRATORS, **dict.fromkeys(_STRATEGY, _CHANGES)},
        _ON.update,
    ),
    documented("delete_subnet", _CHANGES, "Delete a subnet.", *_ON.delete),
    *_ON.rules_of_tags("subnet", _SEES, _CHANGES),
]
