"""What Freehold keeps beside each resource: its tags, its times and its revision.

Clients call these, with the description, the *standard attributes*. They are
the same for every kind of resource, and none of them is the business of a
plan: a resource that is not stored yet has the record `UNSTORED`.

A revision is raised by each change, and is also what a unit of work goes by to
find out that another unit has changed the same resource meanwhile.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from freehold.errors import RevisionNumberConstraintFailed

NETWORK_FIRST_REVISION = 1
SUBNET_FIRST_REVISION = 0
PORT_FIRST_REVISION = 1
SUBNET_POOL_FIRST_REVISION = 0
SEGMENT_FIRST_REVISION = 0
"""Where Neutron begins to count."""

MOST_TAGS = 50
"""How many tags one resource may have."""

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of one resource.

    Attributes:
        created_at: when it was created, in UTC.
        updated_at: when it was changed last, in UTC.
        revision: grows with each change.
        tags: in alphabetical order.
    """

    created_at: datetime = _BEFORE_ALL
    updated_at: datetime = _BEFORE_ALL
    revision: int = 0
    tags: tuple[str, ...] = ()

    @classmethod
    def begun(cls, now: datetime, revision: int, tags: tuple[str, ...] = ()) -> Self:
        """Return the record of a resource that is created now."""
        return cls(created_at=now, updated_at=now, revision=revision, tags=tuple(sorted(tags)))

    def continued(self, now: datetime) -> Self:
        """Return the record after one more change, made now."""
        return replace(self, updated_at=now, revision=self.revision + 1)

    def check(self, expected: int | None) -> None:
        """Refuse an operation that was meant for another revision.

        Args:
            expected: the revision that the client has seen; None for whichever.

        Raises:
            RevisionNumberConstraintFailed: it is not the present one.
        """
        if expected not in (None, self.revision):
            raise RevisionNumberConstraintFailed(expected, self.revision)


UNSTORED = Record()
