"""Descriptions of what is done with resources beside changing them: tags, prefixes, history."""

from http import HTTPStatus

from freehold.api.address_holdings import MOST, AddressHoldings
from freehold.api.definitions import address_history
from freehold.api.openapi import parameters
from freehold.api.openapi.answers import listed
from freehold.api.openapi.operations import (
    CHANGE_REFUSALS,
    READ_REFUSALS,
    Description,
    Operation,
    ids_in,
    ref,
    wrapped,
)
from freehold.api.openapi.parameters import IF_MATCH, in_query
from freehold.api.openapi.schemas import (
    ADDRESS,
    CIDR,
    ID,
    INTEGER,
    MOMENT,
    TEXT,
    Schema,
    array,
    nullable,
    record,
)
from freehold.api.subnet_pool_actions import ChangePrefixes, Onboard
from freehold.api.tags import LONGEST_TAG, TagOfItem, TagsOfItem

_TAG: Schema = {**TEXT, "maxLength": LONGEST_TAG, "pattern": r"[^ ]$"}


def tags(_resource: TagsOfItem, url: str) -> Description:
    """Describe the URL of the tags of a resource."""
    of = url.split("/")[2].replace("-", "_")
    tags = wrapped("tags", listed(TEXT))
    sent_tags = wrapped("tags", array(_TAG, unique=True))
    return Description(
        {
            "get": Operation(
                name=f"list_tags_of_{of}", summary="List the tags", answer=tags,
                refusals=READ_REFUSALS,
            ),
            "post": Operation(
                name=f"add_tags_to_{of}", summary="Add tags", answer=tags, body=sent_tags,
                parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
            "put": Operation(
                name=f"replace_tags_of_{of}", summary="Replace the tags", answer=tags,
                body=sent_tags, parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
            "delete": Operation(
                name=f"remove_tags_from_{of}", summary="Remove all tags",
                status=HTTPStatus.NO_CONTENT, parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
        },
        path=ids_in(url),
    )  # fmt: skip


def tag(_resource: TagOfItem, url: str) -> Description:
    """Describe the URL of one tag of a resource."""
    of = url.split("/")[2].replace("-", "_")
    none = HTTPStatus.NO_CONTENT
    return Description(
        {
            "get": Operation(
                name=f"has_tag_of_{of}", summary="Tell whether the tag is there", status=none,
                refusals=READ_REFUSALS,
            ),
            "put": Operation(
                name=f"add_tag_to_{of}", summary="Add the tag", status=HTTPStatus.CREATED,
                parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
            "delete": Operation(
                name=f"remove_tag_from_{of}", summary="Remove the tag", status=none,
                parameters=[IF_MATCH], refusals=CHANGE_REFUSALS,
            ),
        },
        path={**ids_in(url), "tag": parameters.in_path("tag", "The tag.", _TAG)},
    )  # fmt: skip


def prefixes(_resource: ChangePrefixes, url: str) -> Description:
    """Describe the URL at which a subnet pool gets or loses prefixes."""
    action = url.rpartition("/")[2]
    operation = Operation(
        name=action,
        summary=f"{action.partition('_')[0].capitalize()} prefixes",
        answer=wrapped("prefixes", listed(CIDR)),
        body=wrapped("prefixes", {**array(CIDR), "minItems": 1}),
        parameters=[IF_MATCH],
        refusals=CHANGE_REFUSALS,
    )
    return Description({"put": operation}, path=ids_in(url))


def onboarding(_resource: Onboard, url: str) -> Description:
    """Describe the URL at which subnets come to a subnet pool."""
    operation = Operation(
        name="onboard_network_subnets",
        summary="Have the subnets of a network belong to the pool",
        answer=listed(record({"id": ID, "cidr": CIDR})),
        body={"type": "object", "properties": {"network_id": ID}, "required": ["network_id"]},
        parameters=[IF_MATCH],
        refusals=CHANGE_REFUSALS,
    )
    return Description({"put": operation}, path=ids_in(url))


def holdings(_resource: AddressHoldings, url: str) -> Description:
    """Describe the URL of who held an address."""
    del url
    holding = {
        "subnet_id": ID,
        "ip_address": ADDRESS,
        "holder": TEXT,
        "since": MOMENT,
        "until": nullable(MOMENT),
    }
    asked = [
        in_query("ip_address", ADDRESS, "The address.", required=True),
        in_query("subnet_id", ID, "The address on this subnet only."),
        in_query("at", MOMENT, "Who held it at this time, with its zone."),
        in_query("limit", {**INTEGER, "minimum": 0, "maximum": MOST}, f"By default {MOST}."),
        parameters.fields(holding),
    ]
    operation = Operation(
        name="list_address_holdings",
        summary="Tell who holds and who held an address",
        answer=wrapped(address_history.COLLECTION_NAME, listed(ref("address_holding"))),
        parameters=asked,
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT),
    )
    return Description(
        {"get": operation}, {"address_holding": {"type": "object", "properties": holding}}
    )
