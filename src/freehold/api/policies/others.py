"""Who may do what with that which has one or two operations, or is for administrators anyway."""

from oslo_policy.policy import RuleDefault

from freehold.api.policies.base import (
    ADMIN,
    ADMIN_OR_SERVICE,
    OWN,
    Paths,
    any_of,
    documented,
)

_SEGMENTS, _QUOTAS = Paths("/segments"), Paths("/quotas")

RULES = [
    documented(
        "get_address_holding",
        ADMIN,
        "See who holds and who held an address.",
        ("GET", "/address-holdings"),
    ),
    documented("create_segment", ADMIN, "Create a segment.", *_SEGMENTS.create),
    documented("get_segment", ADMIN, "See a segment.", *_SEGMENTS.get),
    documented("update_segment", ADMIN, "Change a segment.", *_SEGMENTS.update),
    documented("delete_segment", ADMIN, "Delete a segment.", *_SEGMENTS.delete),
    *_SEGMENTS.rules_of_tags("segment", ADMIN, ADMIN),
    documented(
        "get_quota",
        any_of(ADMIN, OWN),
        "See the quotas of a project, and how much of them is used.",
        *_QUOTAS.get,
        ("GET", "/quotas/{id}/default"),
        ("GET", "/quotas/{id}/details"),
    ),
    documented("update_quota", ADMIN, "Change the quotas of a project.", *_QUOTAS.update),
    documented("delete_quota", ADMIN, "Reset the quotas of a project.", *_QUOTAS.delete),
    documented(
        "get_network_ip_availability",
        ADMIN_OR_SERVICE,
        "See how many addresses of a network are used.",
        ("GET", "/network-ip-availabilities"),
        ("GET", "/network-ip-availabilities/{network_id}"),
    ),
    RuleDefault("get_metrics", ADMIN, "Read /metrics, which is told to Prometheus."),
]
