"""Asking the driver who held which address, and having it forget what is old."""

from collections.abc import Sequence
from datetime import datetime

from freehold.addresses.ranges import IPAddress
from freehold.db.database import Database
from freehold.ipam.allocation import Allocation
from freehold.ipam.driver import Driver, Surroundings
from freehold.ipam.strategy import LONGEST_COOL_DOWN

AT_ONCE = 1000
"""Rows of a kind that one unit forgets at the most, so that nobody waits for it long."""


class History:
    """Who holds and who held the addresses of a database."""

    def __init__(self, database: Database, driver: Driver, surroundings: Surroundings) -> None:
        self._database = database
        self._driver = driver
        self._surroundings = surroundings

    def find(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[Allocation]:
        """Return who holds and who held an address, those who got it last first.

        Args:
            address: the address.
            subnet_id: on this subnet only, be it gone by now; None for any.
            at: only who held it at this time, which knows its zone.
            limit: no more than this many; None for all.

        Raises:
            HistoryNotKept: the driver does not remember.
        """
        return self._database.read(
            lambda connection: self._driver.open(connection).history(
                address, subnet_id=subnet_id, at=at, limit=limit
            )
        )

    def forget(self, before: datetime) -> int:
        """Forget some of those who gave an address back before some time.

        What was released longer ago than any cool-down lasts rests no longer.

        Args:
            before: the time, which knows its zone.

        Returns:
            About how many were forgotten; 0 if there are no more.
        """
        rests_before = self._surroundings.now() - LONGEST_COOL_DOWN
        return self._database.write(
            lambda unit: self._driver.open(unit.connection).forget(before, rests_before, AT_ONCE)
        )
