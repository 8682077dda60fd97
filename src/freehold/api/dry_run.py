"""``/v2.0/freehold/dry-run/ports`` and its like: what a POST would create, or why it would not.

It is a URL of its own and no parameter or header of the usual one, since those are passed
over by a server that does not know them: it would create what was only asked about.
"""

from typing import Generic

from falcon import Request, Response

from freehold.api.idempotency import HEADER
from freehold.api.kinds import Change, Draft, Resource
from freehold.api.refusals import HTTPBadRequest
from freehold.api.resources import Collection
from freehold.networking.dry_run import rehearse

NOT_TOLD = frozenset({"id"})
"""Attributes that what is created will have otherwise."""


class DryRun(Generic[Resource, Draft, Change]):
    """A collection, to which nothing is added.

    Args:
        collection: the collection.
    """

    def __init__(self, collection: Collection[Resource, Draft, Change]) -> None:
        self._collection = collection

    @property
    def collection(self) -> Collection[Resource, Draft, Change]:
        """The collection."""
        return self._collection

    def on_post(self, request: Request, response: Response) -> None:
        """Tell what would be created."""
        if request.get_header(HEADER) is not None:
            raise HTTPBadRequest(detail=f"A dry run has no effect, and takes no {HEADER}.")
        asked = self._collection.read_new(request)
        created = rehearse(lambda: self._collection.create(asked))
        response.media = self._collection.render_new(asked, created, without=NOT_TOLD)
