"""Who may do what: a documented rule for each operation, and for each attribute that needs one.

Which they are is said here and nowhere else, a module for each kind of resource. An operator
replaces any of them in a policy file; the tools of oslo.policy find them by entry points.

Source of names and defaults: Neutron's policies. Where they differ, docs/access.md says why.
"""

from collections.abc import Sequence

from oslo_policy.policy import RuleDefault

from freehold.api.policies import (
    address_scopes,
    base,
    networks,
    others,
    ports,
    rbac_policies,
    subnetpools,
    subnets,
)


def list_rules() -> Sequence[RuleDefault]:
    """Return all rules."""
    return [
        *base.RULES,
        *networks.RULES,
        *subnets.RULES,
        *ports.RULES,
        *subnetpools.RULES,
        *address_scopes.RULES,
        *rbac_policies.RULES,
        *others.RULES,
    ]
