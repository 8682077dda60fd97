"""Of each class of resources in the table of routes, what describes its URLs.

A class that is new there gets its line here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from freehold.api.address_holdings import AddressHoldings
from freehold.api.discovery import Resources, Version, Versions
from freehold.api.dry_run import DryRun
from freehold.api.extensions import Extension, Extensions
from freehold.api.ip_availability import Availabilities, Availability
from freehold.api.openapi import actions, counting, discovery, kinds
from freehold.api.openapi.operations import Description
from freehold.api.quotas import (
    DefaultQuota,
    OwnProject,
    ProjectsWithQuotas,
    QuotaDetails,
    QuotaOfProject,
)
from freehold.api.resources import Collection, Item
from freehold.api.subnet_pool_actions import ChangePrefixes, Onboard
from freehold.api.tags import TagOfItem, TagsOfItem

_DESCRIBERS: Mapping[type, Callable[[Any, str], Description]] = {
    Collection: kinds.collection,
    Item: kinds.item,
    TagsOfItem: actions.tags,
    TagOfItem: actions.tag,
    ChangePrefixes: actions.prefixes,
    Onboard: actions.onboarding,
    AddressHoldings: actions.holdings,
    DryRun: kinds.dry_run,
    ProjectsWithQuotas: counting.quotas,
    QuotaOfProject: counting.quota,
    DefaultQuota: counting.default_quota,
    QuotaDetails: counting.quota_details,
    OwnProject: counting.own_project,
    Availabilities: counting.availabilities,
    Availability: counting.availability,
    Versions: discovery.versions,
    Version: discovery.version,
    Resources: discovery.collections,
    Extensions: discovery.extensions,
    Extension: discovery.extension,
}


def describe(resource: object, url: str) -> Description | None:
    """Describe what is behind a URL; None if nobody has told.

    Args:
        resource: what serves the URL.
        url: its template in the table of routes.
    """
    describer = _DESCRIBERS.get(type(resource))
    return None if describer is None else describer(resource, url)
