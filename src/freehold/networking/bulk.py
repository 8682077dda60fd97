"""Creating many resources at once: by few statements, and refused as if one by one.

To create many together, all of them are planned first and then written. If that
is refused, then it was of any of them and for a reason that depends on the
others; so what it did is undone, and they are created in turn, which refuses
the first one that cannot be, for its own reason. What is created in turn after
all (because somebody has made room meanwhile) is as good.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from oslo_db.exception import DBDuplicateEntry

from freehold.db.database import Database, Lookup, Unit
from freehold.errors import FreeholdError, ServiceUnavailable

T = TypeVar("T")

Work = Callable[[Unit], T]


@dataclass(frozen=True, slots=True)
class Bulk:
    """How so many resources are created.

    Attributes:
        database: where they are created.
        number: how many they are.
    """

    database: Database
    number: int

    def write(self, together: Work[T], in_turn: Work[T], lookup: Lookup[T]) -> T:
        """Create the resources, and return them.

        Args:
            together: creates them by few statements. It may raise another refusal
                than ``in_turn``, also the database's of a duplicate, but is to
                refuse nothing that ``in_turn`` cannot refuse.
            in_turn: creates them one by one.
            lookup: finds what either has created.

        Raises:
            FreeholdError: see ``in_turn``.
        """
        if self.number > 1:
            try:
                return self.database.write(together, lookup)
            except ServiceUnavailable:
                raise
            except (FreeholdError, DBDuplicateEntry):
                pass  # in_turn tells whose refusal it is
        return self.database.write(in_turn, lookup)
