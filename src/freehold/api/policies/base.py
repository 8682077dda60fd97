"""Of what the rules are made: who somebody is, in relation to what.

Names and meanings are Neutron's, so that a policy file of a Neutron is understood here. Roles
imply one another as Keystone has it (admin, manager, member, reader), and whoever authenticates
sends all of them; so a rule names the least that is needed.
"""

from collections.abc import Sequence

from oslo_policy.policy import DocumentedRuleDefault, RuleDefault

from freehold.api.policies import checks

FIELD_CHECK = checks.FieldCheck
"""Without it ``field:...`` in the rules below has no meaning."""

ADMIN = "rule:admin_only"
SERVICE = "rule:service_api"
ADMIN_OR_SERVICE = f"({ADMIN}) or ({SERVICE})"

OWN = "project_id:%(project_id)s"
MANAGER = f"role:manager and {OWN}"
MEMBER = f"role:member and {OWN}"
READER = f"role:reader and {OWN}"

ON_OWN_NETWORK = "rule:network_owner"
NETWORK_MANAGER = f"role:manager and {ON_OWN_NETWORK}"
NETWORK_MEMBER = f"role:member and {ON_OWN_NETWORK}"
NETWORK_READER = f"role:reader and {ON_OWN_NETWORK}"

_PROJECT_SCOPE = ["project"]

Operation = tuple[str, str]
"""Method and path below ``/v2.0``."""


def any_of(*checks: str) -> str:
    """Return the check that one of these is passed."""
    return " or ".join(f"({check})" for check in checks)


ADMIN_OR_MEMBER = any_of(ADMIN, MEMBER)
ADMIN_OR_READER = any_of(ADMIN, READER)


def documented(
    name: str, check: str, description: str, *operations: Operation
) -> DocumentedRuleDefault:
    """Return the rule of some operations, or of an attribute in them."""
    return DocumentedRuleDefault(
        name=name,
        check_str=check,
        description=description,
        operations=[{"method": method, "path": path} for method, path in operations],
        scope_types=_PROJECT_SCOPE,
    )


class Paths:
    """The operations on one kind of resource.

    Args:
        collection: the path of all resources of the kind.
        rehearsal: the path of their dry run; empty for none.
    """

    def __init__(self, collection: str, rehearsal: str = "") -> None:
        item = f"{collection}/{{id}}"
        tags = f"{item}/tags"
        self.create: Sequence[Operation] = [
            ("POST", path) for path in (collection, rehearsal) if path
        ]
        self.get: Sequence[Operation] = [("GET", collection), ("GET", item)]
        self.update: Sequence[Operation] = [("PUT", item)]
        self.delete: Sequence[Operation] = [("DELETE", item)]
        self.tags = {
            verb: [(method, tags), *([(method, f"{tags}/{{tag}}")] if method != "POST" else [])]
            for verb, method in (
                ("create", "POST"),
                ("get", "GET"),
                ("update", "PUT"),
                ("delete", "DELETE"),
            )
        }

    def rules_of_tags(
        self, resource: str, reading: str, writing: str, removing: str | None = None
    ) -> list[DocumentedRuleDefault]:
        """Return the rules of the tags of the kind.

        Args:
            resource: the name of the kind.
            reading: who may see them.
            writing: who may add and replace them.
            removing: who may remove them; None for those who may add them.
        """
        checks = {"create": writing, "get": reading, "update": writing}
        checks["delete"] = removing or writing
        verbs = {"create": "Add", "get": "See", "update": "Replace or add", "delete": "Remove"}
        return [
            documented(
                f"{verb}_{resource}:tags",
                check,
                f"{verbs[verb]} tags of a {resource}.",
                *self.tags[verb],
            )
            for verb, check in checks.items()
        ]


def attribute_rules(
    verb: str, resource: str, checks: dict[str, str], operations: Sequence[Operation]
) -> list[DocumentedRuleDefault]:
    """Return the rules of attributes of a kind of resource.

    Args:
        verb: ``create``, ``get`` or ``update``.
        resource: the name of the kind.
        checks: by attribute, or ``attribute:key`` for what is in one, who may do it.
        operations: in which the attribute stands.
    """
    meant = {"create": "Say", "get": "See", "update": "Change"}[verb]
    at = {"create": "of a new", "get": "of a", "update": "of a"}[verb]
    return [
        documented(
            f"{verb}_{resource}:{name}", check, f"{meant} ``{name}`` {at} {resource}.", *operations
        )
        for name, check in checks.items()
    ]


RULES = [
    RuleDefault("context_is_admin", "role:admin", "Who is an administrator."),
    RuleDefault(
        "context_can_set_project_id",
        any_of("rule:context_is_admin", "rule:service_api"),
        "Who may create resources that belong to other projects.",
    ),
    RuleDefault("service_api", "role:service", "Who is another service of the cloud."),
    RuleDefault("admin_only", "rule:context_is_admin", "An administrator."),
    RuleDefault("owner", OWN, "Somebody of the project that the resource belongs to."),
    RuleDefault(
        "admin_or_owner", any_of("rule:context_is_admin", "rule:owner"), "The one or the other."
    ),
    RuleDefault(
        "network_owner",
        "project_id:%(network:project_id)s",
        "Somebody of the project that the network of the resource belongs to.",
    ),
    RuleDefault(
        "admin_or_network_owner",
        any_of("rule:context_is_admin", "rule:network_owner"),
        "The one or the other.",
    ),
    RuleDefault(
        "admin_owner_or_network_owner",
        any_of("rule:owner", "rule:admin_or_network_owner"),
        "One of the three.",
    ),
    RuleDefault("regular_user", "", "Anybody."),
    RuleDefault(
        "shared",
        "field:networks:shared=True",
        "A network, or what is on one, that is shared with the project or with all.",
    ),
    RuleDefault("default", "rule:admin_or_owner", "What holds where no other rule does."),
]
