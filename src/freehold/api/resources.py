"""What a URL and a verb do: the same for each kind of resource.

Nothing is caught here: whatever is raised on the way becomes an answer in
`freehold.api.faults`.
"""

from http import HTTPStatus
from typing import Generic

from falcon import Request, Response

from freehold.api.bodies import BodyLimits, posted_resources, put_resource, refuse_body
from freehold.api.guards import Guard
from freehold.api.kinds import Change, Draft, Kind, Resource, Service
from freehold.api.paging import links
from freehold.api.queries import read_fields, read_item_query, read_query
from freehold.api.standard import expected_revision


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
        kind, guard = self._kind, self._guard
        posted = posted_resources(request, self._limits, kind.name, kind.collection)
        fields = read_fields(request)
        caller = guard.caller(request)
        checked = [kind.attributes.check_new(item, caller.project_id) for item in posted.items]
        guard.check_new(caller, checked)
        created = self._service.create([kind.parse_draft(values, caller) for values in checked])
        shown = [fields.of(guard.shown_of(caller, resource)) for resource in created]
        response.status = HTTPStatus.CREATED
        response.media = {kind.collection: shown} if posted.bulk else {kind.name: shown[0]}


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
