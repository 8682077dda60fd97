"""Telling whether a unit was committed when the answer to its COMMIT was lost.

What a unit creates has ids that were made before the unit's first run, and that
nobody else can know: where they are, the unit was committed. What it was to
delete is gone, or the unit was not committed. What it was to update has the
record that it was about to get, whose revision and time no other unit gives. (To
run an update again would do, but for a client that asked for a certain revision:
it would be told that somebody else was faster, which was the client itself.)
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from freehold.db.database import Done, Lookup
from freehold.networking.records import Record
from freehold.networking.values import Filter


class _Resource(Protocol):
    @property
    def id(self) -> str: ...


class _Recorded(_Resource, Protocol):
    @property
    def record(self) -> Record: ...


R = TypeVar("R", bound=_Resource)
S = TypeVar("S", bound=_Recorded)
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


def updated(find: Find[S], meant: Sequence[S]) -> Lookup[S]:
    """Return the lookup of a unit that changes a resource.

    Args:
        find: how resources are found.
        meant: what each run of the unit was about to make of the resource; it
            grows while the unit runs.
    """

    def look(connection: Connection) -> Done[S] | None:
        for one in meant:
            for found in find(connection, [Filter("id", (one.id,))]):
                if found.record == one.record:
                    return Done(found)
        return None

    return look


def run_again(_connection: Connection) -> None:
    """Look for nothing: to update what has no record comes to the same when it is done again."""
