"""What every kind of resource has beside its own attributes, between JSON and values.

A kind takes ``ATTRIBUTES`` into its `AttributeMap`, ``FILTERS`` into its filters
and `render` into its rendering; `description` it reads like any attribute of its
own.

Source: OpenStack Networking API v2.0, *standard attributes*. neutron-lib has the
extensions' texts and validators, but no map of these attributes.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from falcon import Request

from freehold.api import queries
from freehold.api.attributes import Attribute
from freehold.api.queries import FilterReader
from freehold.errors import BadRequest, InvalidInput
from freehold.networking.records import Record
from freehold.networking.values import Filter

LONGEST_DESCRIPTION = 255

_SHOWN: Attribute = {"allow_post": False, "allow_put": False, "is_visible": True}

ATTRIBUTES: Mapping[str, Attribute] = {
    "description": {
        "allow_post": True,
        "allow_put": True,
        "validate": {"type:string": LONGEST_DESCRIPTION},
        "is_visible": True,
        "default": "",
        "is_filter": True,
    },
    "created_at": _SHOWN,
    "updated_at": _SHOWN,
    "revision_number": {**_SHOWN, "is_filter": True},
}

_ETAG = re.compile(r'(?:^|\s)(?:W/)?"((?:\\.|[^"])*)"')
_REVISION = "revision_number="


def render(description: str | None, record: Record) -> dict[str, object]:
    """Make JSON's types of a resource's standard attributes, its tags aside."""
    return {
        "description": description,
        "created_at": _time(record.created_at),
        "updated_at": _time(record.updated_at),
        "revision_number": record.revision,
    }


def expected_revision(request: Request) -> int | None:
    """Read which revision a client wants to change; None for whichever.

    Raises:
        BadRequest: the header ``If-Match`` names a revision that is none, or several.
    """
    header = request.get_header("If-Match", default="")
    named = [tag for tag in _ETAG.findall(header) or [header] if tag.startswith(_REVISION)]
    if len(named) > 1:
        raise BadRequest("if-match", "Multiple revision_number etags are not supported.")
    if not named:
        return None
    text = named[0].removeprefix(_REVISION)
    try:
        return int(text)
    except ValueError as error:
        raise BadRequest(
            "if-match", "Revision number etag must be in the format of revision_number=<int>"
        ) from error


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _changed_since(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    return (Filter(name, tuple(_moment(name, value) for value in values)),)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise InvalidInput(
            f"The input {name} must be in the following format: YYYY-MM-DDTHH:MM:SSZ"
        ) from error


def _revisions(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    digits = (text for text in values if text.isascii() and text.isdigit() and len(text) < 10)
    return (Filter(name, tuple(int(text) for text in digits)),)


FILTERS: Mapping[str, FilterReader] = {
    "description": queries.texts,
    "revision_number": _revisions,
    "changed_since": _changed_since,
}
