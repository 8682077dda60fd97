"""Telling whether a unit was committed when the answer to its COMMIT was lost.

What a unit creates has ids that were made before the unit's first run, and that
nobody else can know: where they are, the unit was committed. What it was to
delete is gone, or the unit was not committed. An update may just be run again,
since whoever says twice what a resource is to be like gets that.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from freehold.db.database import Done, Lookup
from freehold.networking.values import Filter


class _Resource(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_Resource)
Find = Callable[[Connection, Sequence[Filter]], Sequence[R]]


def created(find: Find[R], ids: Sequence[str]) -> Lookup[tuple[R, ...]]:
    """Return the lookup of a unit that creates resources of these ids."""

    def look(connection: Connection) -> Done[tuple[R, ...]] | None:
        found = {one.id: one for one in find(connection, [Filter("id", tuple(ids))])}
        if len(found) < len(ids):
            return None
        return Done(tuple(found[one] for one in ids))

    return look


def deleted(find: Find[R], resource_id: str) -> Lookup[None]:
    """Return the lookup of a unit that deletes a resource."""

    def look(connection: Connection) -> Done[None] | None:
        return None if find(connection, [Filter("id", (resource_id,))]) else Done(None)

    return look


def run_again(_connection: Connection) -> None:
    """Look for nothing: a unit that updates comes to the same when it is run again."""
