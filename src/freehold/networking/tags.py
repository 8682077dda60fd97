"""The tags of resources: the same for each kind that has them.

A change of the tags is a change of the resource and raises its revision; to
give a resource tags that it has is none.
"""

from collections.abc import Callable, Set
from dataclasses import replace
from typing import Protocol

from sqlalchemy import Connection

from freehold.db.database import Database, Done, Unit
from freehold.errors import BadRequest, TagNotFound
from freehold.ipam.driver import Surroundings
from freehold.networking.records import MOST_TAGS, Record
from freehold.networking.store.records import Records


class Tagged(Protocol):
    """A resource that can have tags."""

    @property
    def record(self) -> Record:
        """What is kept beside it."""


Get = Callable[[Connection, str], Tagged]
"""Reads the resource of an id, or raises that there is none."""


class Tags:
    """The tags of one kind of resource.

    Args:
        database: where the resources are.
        surroundings: the clock.
        collection: the name of the kind's collection.
        get: reads one resource.
        records: where the kind's records are.
    """

    def __init__(
        self,
        database: Database,
        surroundings: Surroundings,
        collection: str,
        get: Get,
        records: Records,
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._collection = collection
        self._get = get
        self._records = records

    def of(self, resource_id: str) -> tuple[str, ...]:
        """Return a resource's tags in alphabetical order.

        Raises:
            NotFound: there is no such resource.
        """
        return self._database.read(
            lambda connection: self._get(connection, resource_id).record.tags
        )

    def add(self, resource_id: str, tags: Set[str], revision: int | None = None) -> None:
        """Give a resource these tags beside those that it has.

        Args:
            resource_id: the resource.
            tags: its further tags.
            revision: the one that it has to have; None for whichever.

        Raises:
            NotFound: there is no such resource.
            BadRequest: it would have too many tags.
            RevisionNumberConstraintFailed: it has another revision.
        """
        self._change(resource_id, lambda present: present | tags, revision)

    def replace(self, resource_id: str, tags: Set[str], revision: int | None = None) -> None:
        """Give a resource these tags and no others; see `add`."""
        self._change(resource_id, lambda _present: tags, revision)

    def remove(self, resource_id: str, tag: str, revision: int | None = None) -> None:
        """Take one tag from a resource; see `add`.

        Raises:
            TagNotFound: it does not have that tag.
        """

        def without(present: Set[str]) -> Set[str]:
            if tag not in present:
                raise TagNotFound(tag)
            return present - {tag}

        self._change(resource_id, without, revision)

    def _change(
        self,
        resource_id: str,
        change: Callable[[Set[str]], Set[str]],
        revision: int | None,
    ) -> None:
        meant: list[Record] = []

        def work(unit: Unit) -> None:
            record = self._get(unit.connection, resource_id).record
            record.check(revision)
            before = frozenset(record.tags)
            after = change(before)
            if after == before:
                return
            check_number(self._collection, after)
            now = self._surroundings.now()
            meant.append(replace(record.continued(now), tags=tuple(sorted(after))))
            self._records.raise_revision(unit.connection, resource_id, record, now)
            self._records.remove_tags(unit.connection, resource_id, before - after)
            self._records.add_tags(unit.connection, resource_id, after - before)

        def look(connection: Connection) -> Done[None] | None:
            if not meant:
                return None
            return Done(None) if self._get(connection, resource_id).record in meant else None

        self._database.write(work, look)


def check_number(collection: str, tags: Set[str]) -> None:
    """Refuse more tags than a resource may have.

    Raises:
        BadRequest: there are too many.
    """
    if len(tags) > MOST_TAGS:
        raise BadRequest(
            collection, f"The number of tags exceed the per-resource limit of {MOST_TAGS}"
        )
