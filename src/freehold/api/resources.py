"""What a URL and a verb do: the same for each kind of resource.

Nothing is caught here: whatever is raised on the way becomes an answer in
`freehold.api.faults`.
"""

from http import HTTPStatus
from typing import Generic

from falcon import Request, Response

from freehold.api.bodies import BodyLimits, posted_resources, put_resource, refuse_body
from freehold.api.callers import caller_of
from freehold.api.kinds import Change, Draft, Kind, Resource, Service
from freehold.api.paging import links
from freehold.api.queries import read_fields, read_item_query, read_query
from freehold.api.refusals import HTTPBadRequest
from freehold.api.standard import expected_revision
from freehold.api.texts import is_storable

PROJECT_HEADER = "X-Project-Id"
LONGEST_PROJECT_ID = 255


class Collection(Generic[Resource, Draft, Change]):
    """All resources of a kind: ``/v2.0/networks`` and its like.

    Args:
        kind: the kind.
        service: what is done with resources of the kind.
        limits: what a request's body may measure.
        longest_page: how many one answer may list; None for any number.
    """

    def __init__(
        self,
        kind: Kind[Resource, Draft, Change],
        service: Service[Resource, Draft, Change],
        limits: BodyLimits,
        longest_page: int | None = None,
    ) -> None:
        self._kind = kind
        self._service = service
        self._limits = limits
        self._longest_page = longest_page

    def on_get(self, request: Request, response: Response) -> None:
        """List those that meet the filters, or a page of them."""
        kind = self._kind
        query = read_query(request, kind.filters, kind.attributes.sort_keys, self._longest_page)
        found = self._service.find(query.filters, query.page)
        shown = [query.fields.of(kind.render(resource)) for resource in found]
        beside = links(request, query.parameters, query.page, [resource.id for resource in found])
        response.media = {
            kind.collection: shown,
            **({f"{kind.collection}_links": beside} if beside else {}),
        }

    def on_post(self, request: Request, response: Response) -> None:
        """Create one, or several together."""
        kind = self._kind
        posted = posted_resources(request, self._limits, kind.name, kind.collection)
        fields = read_fields(request)
        project_id = _project_of(request)
        checked = [kind.attributes.check_new(item, project_id) for item in posted.items]
        caller = caller_of(request)
        created = self._service.create([kind.parse_draft(values, caller) for values in checked])
        shown = [fields.of(kind.render(resource)) for resource in created]
        response.status = HTTPStatus.CREATED
        response.media = {kind.collection: shown} if posted.bulk else {kind.name: shown[0]}


class Item(Generic[Resource, Draft, Change]):
    """One resource of a kind: ``/v2.0/networks/{resource_id}`` and its like.

    Args:
        kind: the kind.
        service: what is done with resources of the kind.
        limits: what a request's body may measure.
    """

    def __init__(
        self,
        kind: Kind[Resource, Draft, Change],
        service: Service[Resource, Draft, Change],
        limits: BodyLimits,
    ) -> None:
        self._kind = kind
        self._service = service
        self._limits = limits

    def on_get(self, request: Request, response: Response, resource_id: str) -> None:
        """Show it."""
        kind = self._kind
        fields = read_item_query(request, kind.filters, kind.attributes.sort_keys)
        resource = self._service.get(resource_id)
        response.media = {kind.name: fields.of(kind.render(resource))}

    def on_put(self, request: Request, response: Response, resource_id: str) -> None:
        """Change some of its attributes."""
        kind = self._kind
        sent = put_resource(request, self._limits, kind.name, kind.collection)
        fields = read_fields(request)
        change = kind.parse_change(kind.attributes.check_changed(sent), caller_of(request))
        resource = self._service.update(resource_id, change, expected_revision(request))
        response.media = {kind.name: fields.of(kind.render(resource))}

    def on_delete(self, request: Request, response: Response, resource_id: str) -> None:
        """Remove it."""
        refuse_body(request)
        self._service.delete(resource_id, expected_revision(request))
        response.status = HTTPStatus.NO_CONTENT


def _project_of(request: Request) -> str:
    """Return the project in whose name the request is made; empty for none."""
    try:
        # WSGI hands each byte of a header over as the Latin-1 character of its value.
        project_id = request.get_header(PROJECT_HEADER, default="").encode("latin-1").decode()
    except UnicodeError as error:
        raise HTTPBadRequest(detail=f"The header {PROJECT_HEADER} is not UTF-8.") from error
    if len(project_id) > LONGEST_PROJECT_ID or not is_storable(project_id):
        raise HTTPBadRequest(
            detail=f"The header {PROJECT_HEADER} is longer than {LONGEST_PROJECT_ID} characters "
            "or has a NUL."
        )
    return project_id
