"""The standard attributes of any kind of resource in rows, and filters by them.

Where a kind has them is said by one `Records`; the kind's own store selects its
columns, and reads a `Record` from each row.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Label,
    Table,
    delete,
    false,
    func,
    insert,
    select,
    true,
    update,
)

from freehold.db.retry import RunAgain
from freehold.ledger.tables import stored_time
from freehold.networking.records import MOST_TAGS, Record
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of
from freehold.networking.store.json_texts import json_texts

_NAMES = ("record_created_at", "record_updated_at", "record_revision", "record_tags")


@dataclass(frozen=True, slots=True)
class Records:
    """Where the records of one kind of resource are.

    Attributes:
        resources: the table of the kind, with ``id``, ``description`` and ``created_at``.
        tags: the table of its tags.
        key: the resource's id beside its revision: ``id``, or a foreign key if
            the revision stands in a table of its own.
        revision: the revision; in the same table as ``key``.
        updated_at: the time of the last change; in the same table as ``key``.
    """

    resources: Table
    tags: Table
    key: Column[str]
    revision: Column[int]
    updated_at: Column[datetime]

    def columns(self) -> list[Label[object]]:
        """Return what of a record is selected with its resource."""
        tags = (
            select(json_texts(self.tags.c.tag))
            .where(self.tags.c.resource_id == self.resources.c.id)
            .correlate(self.resources)
            .scalar_subquery()
        )
        values: Sequence[ColumnElement[Any]] = (
            self.resources.c.created_at,
            self.updated_at,
            self.revision,
            tags,
        )
        return [value.label(name) for value, name in zip(values, _NAMES, strict=True)]

    def filters(self) -> Mapping[str, Condition]:
        """Return the conditions that lists of the kind can be filtered by."""
        return {
            "description": one_of(self.resources.c.description),
            "revision_number": one_of(self.revision),
            "changed_since": self._changed_since,
            "tags": self._has_all,
            "tags-any": self._has_any,
            "not-tags": lambda tags: ~self._has_all(tags),
            "not-tags-any": lambda tags: ~self._has_any(tags),
        }

    def raise_revision(
        self,
        connection: Connection,
        resource_id: str,
        record: Record,
        now: datetime,
        values: Mapping[str, object] | None = None,
    ) -> None:
        """Note one more change of a resource as it was read: see `Record.continued`.

        From here on no other unit can change the resource.

        Args:
            connection: the unit's connection.
            resource_id: the resource.
            record: its record, as it was read.
            now: the time.
            values: further columns of the table of the revision.

        Raises:
            RunAgain: the resource is not as it was read any more.
        """
        changed = connection.execute(
            update(self.key.table)
            .where(self.key == resource_id, self.revision == record.revision)
            .values(
                {
                    **(values or {}),
                    self.revision.name: record.revision + 1,
                    self.updated_at.name: stored_time(now),
                }
            )
        )
        if not changed.rowcount:
            raise RunAgain

    def touch(self, connection: Connection, resource_ids: Collection[str], now: datetime) -> None:
        """Note one more change of resources, whatever has happened to them before."""
        for ids in in_batches(sorted(resource_ids)):
            connection.execute(
                update(self.key.table)
                .where(self.key.in_(ids))
                .values(
                    {
                        self.revision.name: self.revision + 1,
                        self.updated_at.name: stored_time(now),
                    }
                )
            )

    def add_tags(self, connection: Connection, resource_id: str, tags: Collection[str]) -> None:
        """Store tags that a resource does not have yet."""
        if tags:
            connection.execute(
                insert(self.tags),
                [{"resource_id": resource_id, "tag": tag} for tag in sorted(tags)],
            )

    def add_tags_of_many(self, connection: Connection, tags: Mapping[str, Collection[str]]) -> None:
        """Store tags of several resources, by their ids, that do not have them yet."""
        rows = [
            {"resource_id": resource_id, "tag": tag}
            for resource_id, some in tags.items()
            for tag in sorted(some)
        ]
        if rows:
            connection.execute(insert(self.tags), rows)

    def remove_tags(self, connection: Connection, resource_id: str, tags: Collection[str]) -> None:
        """Delete some of a resource's tags."""
        if tags:
            connection.execute(
                delete(self.tags).where(
                    self.tags.c.resource_id == resource_id, self.tags.c.tag.in_(tags)
                )
            )

    def _changed_since(self, moments: tuple[object, ...]) -> ColumnElement[bool]:
        times = [moment for moment in moments if isinstance(moment, datetime)]
        return self.updated_at >= stored_time(min(times)) if times else false()

    def _has_any(self, tags: tuple[object, ...]) -> ColumnElement[bool]:
        tagged = select(self.tags.c.resource_id).where(self.tags.c.tag.in_(tags))
        return self.resources.c.id.in_(tagged)

    def _has_all(self, tags: tuple[object, ...]) -> ColumnElement[bool]:
        if not tags:
            return true()
        if len(tags) > MOST_TAGS:
            return false()
        tagged = (
            select(self.tags.c.resource_id)
            .where(self.tags.c.tag.in_(tags))
            .group_by(self.tags.c.resource_id)
            .having(func.count() == len(tags))
        )
        return self.resources.c.id.in_(tagged)


def in_table(resources: Table, tags: Table) -> Records:
    """Return where the records are of a kind that has them in its own table."""
    return Records(
        resources=resources,
        tags=tags,
        key=resources.c.id,
        revision=resources.c.revision,
        updated_at=resources.c.updated_at,
    )


def record_of(row: AnyRow, prefix: str = "") -> Record:
    """Read a record from a row.

    Args:
        row: it has the columns of `Records.columns`.
        prefix: what stands before their names.
    """
    created_at, updated_at, revision, tags = (getattr(row, prefix + name) for name in _NAMES)
    return Record(
        created_at=created_at.replace(tzinfo=UTC),
        updated_at=updated_at.replace(tzinfo=UTC),
        revision=revision,
        tags=tuple(sorted(tags or ())),
    )


def columns_of(record: Record) -> dict[str, object]:
    """Return the columns of a new resource's record, if they are in its own table."""
    return {
        "created_at": stored_time(record.created_at),
        "updated_at": stored_time(record.updated_at),
        "revision": record.revision,
    }
