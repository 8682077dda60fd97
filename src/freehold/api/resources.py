"""What a URL and a verb do: the same for each kind of resource.

Nothing is caught here: whatever is raised on the way becomes an answer in
`freehold.api.faults`.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Generic

from falcon import Request, Response

from freehold.api.bodies import BodyLimits, Posted, posted_resources, put_resource, refuse_body
from freehold.api.callers import Caller
from freehold.api.guards import Guard
from freehold.api.idempotency import create_once
from freehold.api.kinds import Change, Draft, Kind, Resource, Service
from freehold.api.paging import links
from freehold.api.queries import Fields, read_fields, read_item_query, read_query
from freehold.api.standard import expected_revision


@dataclass(frozen=True, slots=True)
class New:
    """What a POST wants created, before it is looked at.

    Attributes:
        posted: as it was sent.
        caller: who sent it.
        fields: which attributes the answer is to show.
    """

    posted: Posted
    caller: Caller
    fields: Fields


class Collection(Generic[Resource, Draft, Change]):
    """All resources of a kind: ``/v2.0/networks`` and its like.

    Args:
        kind: the kind.
        service: what is done with resources of the kind.
        limits: what a request's body may measure.
        guard: who may do it.
        longest_page: how many one answer may list; None for any number.
    """

    def __init__(
        self,
        kind: Kind[Resource, Draft, Change],
        service: Service[Resource, Draft, Change],
        limits: BodyLimits,
        guard: Guard,
        longest_page: int | None = None,
    ) -> None:
        self._kind = kind
        self._service = service
        self._limits = limits
        self._guard = guard
        self._longest_page = longest_page

    @property
    def kind(self) -> Kind[Resource, Draft, Change]:
        """The kind."""
        return self._kind

    @property
    def limits(self) -> BodyLimits:
        """What a request's body may measure."""
        return self._limits

    @property
    def longest_page(self) -> int | None:
        """How many resources one answer may list; None for any number."""
        return self._longest_page

    def on_get(self, request: Request, response: Response) -> None:
        """List those that meet the filters, or a page of them."""
        kind, guard = self._kind, self._guard
        caller = guard.caller(request)
        query = read_query(request, kind.filters, kind.attributes.sort_keys, self._longest_page)
        guard.check_query(caller, query.parameters)
        found = guard.find(caller, query.filters, query.page)
        shown = [query.fields.of(one) for one in guard.shown(caller, found)]
        beside = links(request, query.parameters, query.page, [resource.id for resource in found])
        response.media = {
            kind.collection: shown,
            **({f"{kind.collection}_links": beside} if beside else {}),
        }

    def on_post(self, request: Request, response: Response) -> None:
        """Create one, or several together."""
        new = self.read_new(request)
        create_once(
            request, response, new.posted, partial(self.create, new), partial(self.render_new, new)
        )

    def read_new(self, request: Request) -> New:
        """Read what a POST wants created.

        Raises:
            HTTPRefusal: the body or the query cannot be read.
        """
        kind = self._kind
        posted = posted_resources(request, self._limits, kind.name, kind.collection)
        fields = read_fields(request)
        return New(posted, self._guard.caller(request), fields)

    def create(self, new: New) -> Sequence[Resource]:
        """Create it, if it is in order and its caller may.

        Raises:
            HTTPRefusal: an attribute is wrong.
            neutron_lib.exceptions.NeutronException: a converter refuses a value.
            PolicyNotAuthorized, NotFound: see `Guard.check_new`.
            FreeholdError: it cannot be created.
        """
        kind, caller = self._kind, new.caller
        checked = [kind.attributes.check_new(item, caller.project_id) for item in new.posted.items]
        self._guard.check_new(caller, checked)
        return self._service.create([kind.parse_draft(values, caller) for values in checked])

    def render_new(
        self, new: New, created: Sequence[Resource], *, without: Set[str] = frozenset()
    ) -> dict[str, object]:
        """Make JSON's types of what was created.

        Args:
            new: as it was asked for.
            created: what was created.
            without: attributes that are not to be shown.
        """
        kind = self._kind
        shown = [
            {name: value for name, value in new.fields.of(one).items() if name not in without}
            for one in self._guard.shown_new(new.caller, created)
        ]
        return {kind.collection: shown} if new.posted.bulk else {kind.name: shown[0]}


class Item(Generic[Resource, Draft, Change]):
    """One resource of a kind: ``/v2.0/networks/{resource_id}`` and its like.

    Args:
        kind: the kind.
        service: what is done with resources of the kind.
        limits: what a request's body may measure.
        guard: who may do it.
    """

    def __init__(
        self,
        kind: Kind[Resource, Draft, Change],
        service: Service[Resource, Draft, Change],
        limits: BodyLimits,
        guard: Guard,
    ) -> None:
        self._kind = kind
        self._service = service
        self._limits = limits
        self._guard = guard

    @property
    def kind(self) -> Kind[Resource, Draft, Change]:
        """The kind."""
        return self._kind

    def on_get(self, request: Request, response: Response, resource_id: str) -> None:
        """Show it."""
        kind, guard = self._kind, self._guard
        caller = guard.caller(request)
        fields = read_item_query(request, kind.filters, kind.attributes.sort_keys)
        resource = guard.get(caller, resource_id)
        response.media = {kind.name: fields.of(guard.shown_of(caller, resource))}

    def on_put(self, request: Request, response: Response, resource_id: str) -> None:
        """Change some of its attributes."""
        kind, guard = self._kind, self._guard
        sent = put_resource(request, self._limits, kind.name, kind.collection)
        fields = read_fields(request)
        caller = guard.caller(request)
        checked = kind.attributes.check_changed(sent)
        request.context.changed = frozenset(checked)
        guard.check_change(caller, resource_id, checked)
        change = kind.parse_change(checked, caller)
        resource = self._service.update(resource_id, change, expected_revision(request))
        response.media = {kind.name: fields.of(guard.shown_of(caller, resource))}

    def on_delete(self, request: Request, response: Response, resource_id: str) -> None:
        """Remove it."""
        refuse_body(request)
        self._guard.check_verb(self._guard.caller(request), resource_id, "delete")
        self._service.delete(resource_id, expected_revision(request))
        response.status = HTTPStatus.NO_CONTENT
