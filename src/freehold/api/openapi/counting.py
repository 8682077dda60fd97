"""Descriptions of how much there is: quotas of projects, addresses of networks."""

from collections.abc import Mapping
from http import HTTPStatus

from neutron_lib.api.definitions import network_ip_availability
from neutron_lib.api.definitions.network_ip_availability_details import (
    IP_AVAILABILITY_DETAILS as DETAILS,
)

from freehold.api.ip_availability import SORT_KEYS, Availabilities, Availability
from freehold.api.openapi import parameters
from freehold.api.openapi.answers import listed
from freehold.api.openapi.operations import (
    LINK,
    READ_REFUSALS,
    Description,
    Operation,
    ref,
    words,
    wrapped,
)
from freehold.api.openapi.parameters import repeated
from freehold.api.openapi.schemas import CIDR, ID, INTEGER, TEXT, Schema, record, sent
from freehold.api.openapi.texts import attribute_text
from freehold.api.quotas import (
    ATTRIBUTES,
    COLLECTION,
    NAME,
    DefaultQuota,
    OwnProject,
    ProjectsWithQuotas,
    QuotaDetails,
    QuotaOfProject,
)
from freehold.api.quotas import SORT_KEYS as QUOTA_SORT_KEYS
from freehold.networking.quota_values import Counted

NETWORK = network_ip_availability.RESOURCE_NAME
SUBNETS = "subnet_ip_availability"

_FORBIDDEN = (*READ_REFUSALS, HTTPStatus.FORBIDDEN)
_OLD: Schema = {**TEXT, "deprecated": True}
_LIMITS: Mapping[str, Schema] = {
    one.value: {
        **INTEGER,
        "minimum": -1,
        "description": f"How many {words(one.value)}s it may have; -1 for any number.",
    }
    for one in Counted
}
_QUOTA: Schema = {
    "type": "object",
    "properties": _LIMITS,
    "description": "How many of each resource a project may have.",
}
_LISTED_QUOTA: Schema = {
    "type": "object",
    "properties": {
        **_LIMITS,
        "project_id": {**TEXT, "description": "The project."},
        "tenant_id": {**_OLD, "description": attribute_text("quota", "tenant_id")},
    },
    "description": "How many of each resource this project may have.",
}
_CHANGED = record(
    {name: sent(name, spec) for name, spec in ATTRIBUTES.definition.items() if spec["allow_put"]},
    [],
)
_USAGE = record({"limit": INTEGER, "used": INTEGER, "reserved": INTEGER})
_PROJECT = {"project_id": parameters.in_path("project_id", "The id of the project.")}
_PART: Schema = {**INTEGER, "minimum": 0}
_PARTS = (
    "total_ips_in_subnet",
    "total_ips_in_allocation_pool",
    "used_ips_in_subnet",
    "used_ips_in_allocation_pool",
)
_COUNTS: Mapping[str, Schema] = {
    "total_ips": _PART,
    "used_ips": _PART,
    DETAILS: ref(DETAILS),
}
_OF_SUBNET: Mapping[str, Schema] = {
    "subnet_id": ID,
    "subnet_name": TEXT,
    "ip_version": {**INTEGER, "enum": [4, 6]},
    "cidr": CIDR,
    **_COUNTS,
}
_OF_NETWORK: Mapping[str, Schema] = {
    "network_id": ID,
    "network_name": TEXT,
    "tenant_id": _OLD,
    "project_id": TEXT,
    SUBNETS: listed(ref(SUBNETS)),
    **_COUNTS,
}


def _told(name: str, properties: Mapping[str, Schema]) -> Mapping[str, Schema]:
    """Return properties, each with what it means."""
    return {
        one: {**schema, "description": attribute_text(name, one)}
        for one, schema in properties.items()
    }


_SCHEMAS: Mapping[str, Schema] = {
    NETWORK: {"type": "object", "properties": _told(NETWORK, _OF_NETWORK)},
    SUBNETS: record(_told(SUBNETS, _OF_SUBNET)),
    DETAILS: record(_told(DETAILS, dict.fromkeys(_PARTS, _PART))),
}


def quotas(resource: ProjectsWithQuotas, _url: str) -> Description:
    """Describe the URL of the projects with quotas of their own."""
    operation = Operation(
        "list_quotas",
        "List the projects that have quotas of their own",
        answer=wrapped(
            COLLECTION,
            listed(ref("listed_quota")),
            {f"{COLLECTION}_links": listed(ref("link"))},
        ),
        parameters=[
            repeated("project_id", TEXT, "Of this project."),
            repeated("tenant_id", TEXT, "The same by the old name of `project_id`."),
            parameters.fields(_LISTED_QUOTA["properties"]),
            *parameters.pages(QUOTA_SORT_KEYS, resource.longest_page, TEXT),
        ],
        refusals=_FORBIDDEN,
    )
    return Description({"get": operation}, {"listed_quota": _LISTED_QUOTA, "link": LINK})


def quota(_resource: QuotaOfProject, _url: str) -> Description:
    """Describe the URL of a project's quota."""
    answer = wrapped(NAME, ref(NAME))
    return Description(
        {
            "get": Operation(
                "show_quota",
                "Show the quota of a project",
                answer=answer,
                parameters=[parameters.fields([one.value for one in Counted])],
                refusals=_FORBIDDEN,
            ),
            "put": Operation(
                "update_quota",
                "Change the quota of a project",
                answer=answer,
                body=wrapped(NAME, ref("changed_quota")),
                refusals=(*_FORBIDDEN, HTTPStatus.CONFLICT),
            ),
            "delete": Operation(
                "delete_quota",
                "Have the configured quota hold again",
                status=HTTPStatus.NO_CONTENT,
                refusals=_FORBIDDEN,
            ),
        },
        {NAME: _QUOTA, "changed_quota": _CHANGED},
        _PROJECT,
    )


def default_quota(_resource: DefaultQuota, _url: str) -> Description:
    """Describe the URL of the configured quota."""
    operation = Operation(
        "show_default_quota",
        "Show the configured quota",
        answer=wrapped(NAME, ref(NAME)),
        refusals=_FORBIDDEN,
    )
    return Description({"get": operation}, {NAME: _QUOTA}, _PROJECT)


def quota_details(_resource: QuotaDetails, _url: str) -> Description:
    """Describe the URL of a project's quota and of what is used of it."""
    operation = Operation(
        "show_quota_details",
        "Show the quota of a project, and what is used of it",
        answer=wrapped(NAME, record({one.value: _USAGE for one in Counted})),
        refusals=_FORBIDDEN,
    )
    return Description({"get": operation}, path=_PROJECT)


def own_project(_resource: OwnProject, url: str) -> Description:
    """Describe the URL of the project of the request."""
    name = url.rpartition("/")[2]
    operation = Operation(
        f"show_own_{name}",
        "Tell in whose name the request is made",
        answer=wrapped(name, record({f"{name}_id": TEXT})),
        parameters=[parameters.PROJECT_ID],
        refusals=(HTTPStatus.BAD_REQUEST,),
    )
    return Description({"get": operation})


def availabilities(resource: Availabilities, _url: str) -> Description:
    """Describe the URL of the addresses of all networks."""
    plural = network_ip_availability.RESOURCE_PLURAL
    operation = Operation(
        "list_network_ip_availabilities",
        "Count the addresses of networks",
        answer=wrapped(plural, listed(ref(NETWORK)), {f"{plural}_links": listed(ref("link"))}),
        parameters=[
            repeated("network_id", TEXT, "Of this network."),
            repeated("network_name", TEXT, "Of networks of this name."),
            repeated("project_id", TEXT, "Of networks of this project."),
            repeated("tenant_id", TEXT, "The same by the old name of `project_id`."),
            repeated("ip_version", {**INTEGER, "enum": [4, 6]}, "Of subnets of this IP version."),
            parameters.fields(_OF_NETWORK),
            *parameters.pages(SORT_KEYS, resource.longest_page),
        ],
        refusals=_FORBIDDEN,
    )
    return Description({"get": operation}, {**_SCHEMAS, "link": LINK})


def availability(_resource: Availability, _url: str) -> Description:
    """Describe the URL of the addresses of one network."""
    operation = Operation(
        "show_network_ip_availability",
        "Count the addresses of a network",
        answer=wrapped(NETWORK, ref(NETWORK)),
        parameters=[parameters.fields(_OF_NETWORK)],
        refusals=_FORBIDDEN,
    )
    return Description(
        {"get": operation},
        _SCHEMAS,
        {"network_id": parameters.in_path("network_id", "The id of the network.", ID)},
    )
