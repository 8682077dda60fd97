"""The API's extensions that Freehold serves in full; others are not listed.

A client takes a listed extension for granted, so an alias gets its place here
when all of the extension works.
"""

from dataclasses import dataclass

from falcon import Request, Response
from neutron_lib.api.definitions import (
    address_scope,
    allowedaddresspairs,
    default_subnetpools,
    dns,
    empty_string_filtering,
    external_net,
    extra_dhcp_opt,
    filter_validation,
    ip_allocation,
    ip_substring_port_filtering,
    l2_adjacency,
    network_ip_availability,
    network_ip_availability_details,
    network_mtu,
    network_mtu_writable,
    pagination,
    port_mac_address_regenerate,
    portbindings,
    project_id,
    provider_net,
    quota_check_limit,
    quota_check_limit_default,
    rbac_address_scope,
    rbac_subnetpool,
    revisionifmatch,
    segment,
    segments_peer_subnet_host_routes,
    sort_key_validation,
    sorting,
    standard_attr_segment,
    subnet_onboard,
    subnet_segmentid_writable,
    subnet_service_types,
    subnetpool_prefix_ops,
    tag_creation,
    tag_ports_during_bulk_creation,
    vlantransparent,
)
from neutron_lib.constants import SUBNET_ALLOCATION_EXT_ALIAS
from neutron_lib.exceptions import ExtensionsNotFound

from freehold.api.definitions import (
    address_history,
    allocation_strategy,
    dry_run,
    idempotency_key,
    rbac_policies,
    segment_hosts,
)


@dataclass(frozen=True, slots=True)
class _Document:
    """What a client is told of an extension."""

    alias: str
    name: str
    description: str
    updated: str

    def render(self) -> dict[str, object]:
        return {
            "name": self.name,
            "alias": self.alias,
            "description": self.description,
            "updated": self.updated,
            "links": [],
        }


_DEFINED = (
    address_history,
    allocation_strategy,
    segment_hosts,
    address_scope,
    allowedaddresspairs,
    default_subnetpools,
    dns,
    dry_run,
    empty_string_filtering,
    external_net,
    extra_dhcp_opt,
    filter_validation,
    idempotency_key,
    ip_allocation,
    ip_substring_port_filtering,
    l2_adjacency,
    network_ip_availability,
    network_ip_availability_details,
    network_mtu,
    network_mtu_writable,
    pagination,
    port_mac_address_regenerate,
    portbindings,
    project_id,
    provider_net,
    quota_check_limit,
    quota_check_limit_default,
    rbac_address_scope,
    rbac_policies,
    rbac_subnetpool,
    revisionifmatch,
    segment,
    segments_peer_subnet_host_routes,
    sort_key_validation,
    sorting,
    standard_attr_segment,
    subnet_onboard,
    subnet_segmentid_writable,
    subnet_service_types,
    subnetpool_prefix_ops,
    tag_creation,
    tag_ports_during_bulk_creation,
    vlantransparent,
)
"""What neutron-lib defines, and what Freehold does in the same form."""

_UNDEFINED = (
    _Document(
        "quotas",
        "Quota management support",
        "How many networks, subnets, ports, subnet pools and address scopes a project may have.",
        "2012-07-29T10:00:00-00:00",
    ),
    _Document(
        "quota_details",
        "Quota details management support",
        "How many of them it has.",
        "2017-02-10T10:00:00-00:00",
    ),
    _Document(
        "standard-attr-description",
        "standard-attr-description",
        "Each resource has a description.",
        "2016-02-10T10:00:00-00:00",
    ),
    _Document(
        "standard-attr-revisions",
        "Resource revision numbers",
        "Each resource shows its revision number, which grows with each change.",
        "2016-04-11T10:00:00-00:00",
    ),
    _Document(
        "standard-attr-tag",
        "Tag support for resources with standard attribute: port, subnet, subnetpool, network",
        "Resources can have tags, and lists can be filtered by them.",
        "2017-01-01T00:00:00-00:00",
    ),
    _Document(
        "standard-attr-timestamp",
        "Resource timestamps",
        "Each resource shows when it was created and when it was last changed.",
        "2016-09-12T10:00:00-00:00",
    ),
    _Document(
        SUBNET_ALLOCATION_EXT_ALIAS,
        "Subnet Allocation",
        "Enables allocation of subnets from a subnet pool",
        "2015-03-30T10:00:00-00:00",
    ),
)
"""What Neutron defines by itself; the aliases, names and dates are its own."""

_DOCUMENTS: dict[str, dict[str, object]] = {
    document.alias: document.render()
    for document in (
        *(
            _Document(one.ALIAS, one.NAME, one.DESCRIPTION, one.UPDATED_TIMESTAMP)
            for one in _DEFINED
        ),
        *_UNDEFINED,
    )
}


class Extensions:
    """All extensions."""

    def on_get(self, _request: Request, response: Response) -> None:
        """List them."""
        response.media = {"extensions": list(_DOCUMENTS.values())}


class Extension:
    """One extension."""

    def on_get(self, _request: Request, response: Response, alias: str) -> None:
        """Show it."""
        if alias not in _DOCUMENTS:
            raise ExtensionsNotFound(extensions=alias)
        response.media = {"extension": _DOCUMENTS[alias]}
