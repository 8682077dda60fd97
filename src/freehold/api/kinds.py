"""What `freehold.api.resources` has to know of one kind of resource.

Each kind is a `Kind` in the module of its name: `networks`, `subnets`, `ports`.
To add a kind, write such a module and a line in `freehold.api.routes`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from freehold.api.attributes import AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.queries import FilterReader
from freehold.networking.paging import Page
from freehold.networking.values import Filter


class Identified(Protocol):
    """What any resource has."""

    @property
    def id(self) -> str:
        """Its id."""


Resource = TypeVar("Resource", bound=Identified)
Draft = TypeVar("Draft")
Change = TypeVar("Change")

_Made = TypeVar("_Made", bound=Identified, covariant=True)
_Drafted = TypeVar("_Drafted", contravariant=True)
_Changed = TypeVar("_Changed", contravariant=True)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Resource, Draft, Change]):
    """One kind of resource, between JSON and values.

    Attributes:
        name: of one, as it wraps the resource in JSON.
        collection: of all, as it stands in the URL.
        attributes: what a client may send, checked by neutron-lib.
        parse_draft: makes a draft of checked attributes, and of who sent them.
        parse_change: makes a change of checked attributes, and of who sent them.
        render: makes JSON's types of a resource.
        filters: the attributes by which a list is filtered, and how each is read.
    """

    name: str
    collection: str
    attributes: AttributeMap
    parse_draft: Callable[[Checked, Caller], Draft]
    parse_change: Callable[[Checked, Caller], Change]
    render: Callable[[Resource], Mapping[str, object]]
    filters: Mapping[str, FilterReader]


class Service(Protocol[_Made, _Drafted, _Changed]):
    """What is done with one kind of resource; see `freehold.networking.backend`."""

    def create(self, drafts: Sequence[_Drafted]) -> tuple[_Made, ...]:
        """Create all of them in this order, or none."""

    def get(self, resource_id: str, /) -> _Made:
        """Return the one with this id."""

    def find(self, filters: Sequence[Filter], page: Page, /) -> tuple[_Made, ...]:
        """Return those that meet all conditions and are on the page."""

    def update(self, resource_id: str, change: _Changed, revision: int | None, /) -> _Made:
        """Change the one with this id, if it has that revision, and return it."""

    def delete(self, resource_id: str, revision: int | None, /) -> None:
        """Remove the one with this id, if it has that revision."""
