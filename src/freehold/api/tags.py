"""Tags: the URLs below a resource, and what a list can be filtered by.

A kind that has tags takes ``ATTRIBUTES`` into its `AttributeMap`, ``FILTERS`` into
its filters, and shows ``record.tags``.
"""

from collections.abc import Mapping, Sequence, Set
from http import HTTPStatus
from typing import Protocol

from falcon import Request, Response
from neutron_lib.api.validators import validate_list_of_unique_strings, validate_string

from freehold.api.attributes import Attribute
from freehold.api.bodies import BodyLimits, read_object
from freehold.api.guards import Guard
from freehold.api.queries import FilterReader
from freehold.api.standard import expected_revision
from freehold.errors import InvalidInput, TagNotFound
from freehold.networking.values import Filter

TAGS = "tags"
LONGEST_TAG = 255

ATTRIBUTES: Mapping[str, Attribute] = {
    TAGS: {"allow_post": False, "allow_put": False, "is_visible": True, "is_filter": True}
}

GIVEN_ATTRIBUTES: Mapping[str, Attribute] = {
    TAGS: {
        **ATTRIBUTES[TAGS],
        "allow_post": True,
        "validate": {"type:list_of_unique_strings": LONGEST_TAG},
        "default": [],
    }
}
"""The same where a new resource can be given its tags at once."""


class TagService(Protocol):
    """What is done with the tags of one kind of resource; see `freehold.networking.tags`."""

    def of(self, resource_id: str) -> tuple[str, ...]:
        """Return a resource's tags."""

    def add(self, resource_id: str, tags: Set[str], revision: int | None = None) -> None:
        """Give a resource these tags, too."""

    def replace(self, resource_id: str, tags: Set[str], revision: int | None = None) -> None:
        """Give a resource these tags instead."""

    def remove(self, resource_id: str, tag: str, revision: int | None = None) -> None:
        """Take a tag from a resource."""


class TagsOfItem:
    """All tags of one resource: ``/v2.0/networks/{resource_id}/tags`` and its like.

    Args:
        service: what is done with the tags of its kind.
        limits: what a request's body may measure.
        guard: who may do it.
    """

    def __init__(self, service: TagService, limits: BodyLimits, guard: Guard) -> None:
        self._service = service
        self._limits = limits
        self._guard = guard

    def on_get(self, request: Request, response: Response, resource_id: str) -> None:
        """Show them."""
        _may(self._guard, request, resource_id, "get")
        response.media = {TAGS: list(self._service.of(resource_id))}

    def on_post(self, request: Request, response: Response, resource_id: str) -> None:
        """Add some."""
        tags = self._sent(request)
        _may(self._guard, request, resource_id, "create")
        self._service.add(resource_id, frozenset(tags), expected_revision(request))
        response.media = {TAGS: tags}

    def on_put(self, request: Request, response: Response, resource_id: str) -> None:
        """Replace them."""
        tags = self._sent(request)
        _may(self._guard, request, resource_id, "update")
        self._service.replace(resource_id, frozenset(tags), expected_revision(request))
        response.media = {TAGS: tags}

    def on_delete(self, request: Request, response: Response, resource_id: str) -> None:
        """Remove them."""
        _may(self._guard, request, resource_id, "delete")
        self._service.replace(resource_id, frozenset(), expected_revision(request))
        response.status = HTTPStatus.NO_CONTENT

    def _sent(self, request: Request) -> list[str]:
        document = read_object(request, self._limits)
        if TAGS not in document:
            raise InvalidInput("Invalid tags body")
        return parse_tags(TAGS, document[TAGS])


class TagOfItem:
    """One tag of one resource: ``/v2.0/networks/{resource_id}/tags/{tag}`` and its like.

    Args:
        service: what is done with the tags of its kind.
        guard: who may do it.
    """

    def __init__(self, service: TagService, guard: Guard) -> None:
        self._service = service
        self._guard = guard

    def on_get(self, request: Request, response: Response, resource_id: str, tag: str) -> None:
        """Tell whether it is there."""
        _check(tag)
        _may(self._guard, request, resource_id, "get")
        if tag not in self._service.of(resource_id):
            raise TagNotFound(tag)
        response.status = HTTPStatus.NO_CONTENT

    def on_put(self, request: Request, response: Response, resource_id: str, tag: str) -> None:
        """Add it."""
        _check(tag)
        _may(self._guard, request, resource_id, "update")
        self._service.add(resource_id, frozenset({tag}), expected_revision(request))
        response.status = HTTPStatus.CREATED

    def on_delete(self, request: Request, response: Response, resource_id: str, tag: str) -> None:
        """Remove it."""
        _check(tag)
        _may(self._guard, request, resource_id, "delete")
        self._service.remove(resource_id, tag, expected_revision(request))
        response.status = HTTPStatus.NO_CONTENT


def parse_tags(_name: str, tags: object) -> list[str]:
    """Return the tags that a client sent as a list.

    Raises:
        InvalidInput: they are none.
    """
    refusal = validate_list_of_unique_strings(tags, LONGEST_TAG)
    if refusal or not isinstance(tags, list):
        raise InvalidInput(str(refusal))
    for tag in tags:
        _check(tag)
    return tags


def _may(guard: Guard, request: Request, resource_id: str, verb: str) -> None:
    guard.check_verb(guard.caller(request), resource_id, verb, TAGS)


def _check(tag: str) -> None:
    refusal = validate_string(tag, LONGEST_TAG)
    if refusal:
        raise InvalidInput(str(refusal))
    if tag != tag.rstrip(" "):
        # MariaDB's keys take "a" and "a " for one.
        raise InvalidInput(f"The tag '{tag}' ends with a blank")


def _listed(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    distinct = {tag for value in values for tag in value.split(",")}
    return (Filter(name, tuple(sorted(distinct))),)


FILTERS: Mapping[str, FilterReader] = dict.fromkeys(
    (TAGS, "tags-any", "not-tags", "not-tags-any"), _listed
)
"""Having all of them, one of them, not all of them, none of them."""
