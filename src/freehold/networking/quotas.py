"""How many resources a project may have: limits, and keeping to them.

Whoever creates or deletes what is counted says so at the end of the same unit of
work (`Quotas.counting`, `Quotas.claim`, `Quotas.give_back`): so what was refused or
rolled back was never counted, what is wrong by itself is told before what is in
somebody's way, and the rows of a counter are held for as short as can be. See
docs/decisions/0015.

What belongs to no project, which can be without authentication, is not counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from freehold.db.database import Database, Done, Lookup, Unit
from freehold.db.retry import RunAgain
from freehold.errors import OverQuota, QuotaBelowUsage, TenantQuotaNotFound
from freehold.ipam.driver import Surroundings
from freehold.networking import lookups
from freehold.networking.paging import ALL, Page
from freehold.networking.quota_values import Account, Counted, QuotaLimits, Usage
from freehold.networking.store import quota_pages
from freehold.networking.store import quotas as rows
from freehold.networking.store.quotas import Room
from freehold.networking.values import Filter

MOST_REMEMBERED = 100_000


class _Owned(Protocol):
    @property
    def project_id(self) -> str: ...


Created = TypeVar("Created", bound=Sequence[_Owned])


class Quotas:
    """The quotas of a database's projects.

    Of each account this process remembers over how many counters its room is spread,
    or that it has none. What it remembers may be wrong, and costs a statement then.

    Args:
        database: the database.
        surroundings: the source of randomness.
        defaults: the limits of projects that have none of their own.
    """

    def __init__(
        self, database: Database, surroundings: Surroundings, defaults: QuotaLimits | None = None
    ) -> None:
        self._database = database
        self._random = surroundings.random
        self.defaults = defaults or QuotaLimits()
        self._counters: dict[Account, int] = {}

    def counting(
        self, resource: Counted, work: Callable[[Unit], Created]
    ) -> Callable[[Unit], Created]:
        """Return a unit of work that creates what another one creates, and claims it.

        Raises:
            OverQuota: the returned one, if a project may not have as many.
        """

        def counted(unit: Unit) -> Created:
            created = work(unit)
            self.claim(unit.connection, resource, [one.project_id for one in created])
            return created

        return counted

    def claim(self, connection: Connection, resource: Counted, projects: Iterable[str]) -> None:
        """Count what a unit has created; to be called when it has done all else.

        Args:
            connection: the unit's connection.
            resource: its kind.
            projects: for each of the resources, whose it is.

        Raises:
            OverQuota: a project may not have as many.
        """
        # In one order, so that no two units wait for each other.
        for project_id, more in sorted(Counter(projects).items()):
            if project_id:
                self._claim(connection, Account(resource, project_id), more)

    def give_back(self, connection: Connection, resource: Counted, projects: Iterable[str]) -> None:
        """Count what a unit has deleted; to be called when it has done all else."""
        for project_id, fewer in sorted(Counter(projects).items()):
            if project_id:
                account = Account(resource, project_id)
                number = self._random.randrange(self._remembered(account) or 1)
                if not rows.give_back(connection, account, fewer, number) and number:
                    rows.give_back(connection, account, fewer, 0)

    def free_account(self, resource: Counted, project_id: str) -> Account | None:
        """Return a project's account if it is not limited, as far as this process knows.

        One resource that is created with the condition that this is so
        (`store.quotas.is_uncounted`) need not be claimed, and costs nothing more. If the
        condition fails, say so by `noticed`.
        """
        account = Account(resource, project_id)
        return account if project_id and self._counters.get(account) == 0 else None

    def noticed(self, account: Account) -> None:
        """Forget what is remembered of an account, which was wrong."""
        self._counters.pop(account, None)

    def limits(self, project_id: str) -> QuotaLimits:
        """Return a project's limits."""
        own = self._database.read(lambda connection: rows.own_limits(connection, project_id))
        return self.defaults.with_own(own)

    def own_limits(
        self, filters: Sequence[Filter] = (), page: Page = ALL
    ) -> Mapping[str, QuotaLimits]:
        """Return the limits of the projects that have some of their own, in the order of the list.

        Args:
            filters: what has to hold of the projects.
            page: which of them; the marker is a project's id.

        Raises:
            TenantQuotaNotFound: the project of the marker has none.
        """
        found = self._database.read(lambda connection: quota_pages.find(connection, filters, page))
        return {one: self.defaults.with_own(own) for one, own in found.items()}

    def usage(self, project_id: str) -> Mapping[Counted, Usage]:
        """Return a project's limits, and what it has; counted by looking at each of them."""

        def work(connection: Connection) -> Mapping[Counted, Usage]:
            own = rows.own_limits(connection, project_id)
            limits = self.defaults.with_own(own)
            used = rows.counts(connection, project_id)
            return {resource: Usage(limit, used[resource]) for resource, limit in limits}

        return self._database.read(work)

    def change(
        self, project_id: str, limits: Mapping[Counted, int], *, force: bool = False
    ) -> QuotaLimits:
        """Give a project limits of its own, and return all that hold then.

        Args:
            project_id: the project.
            limits: those that are to be different; negative for any number.
            force: whether a limit may be below what the project has.

        Raises:
            QuotaBelowUsage: a limit is.
        """

        def work(unit: Unit) -> QuotaLimits:
            for resource, most in sorted(limits.items()):
                account = Account(resource, project_id)
                with _run_again_if_others_begin():
                    self._set(unit.connection, account, most, force)
            own = rows.own_limits(unit.connection, project_id)
            return self.defaults.with_own(own)

        return self._database.write(work, lookups.run_again)

    def reset(self, project_id: str) -> None:
        """Take from a project all limits of its own.

        Raises:
            TenantQuotaNotFound: it has none.
        """

        def work(unit: Unit) -> None:
            own = rows.own_limits(unit.connection, project_id)
            if not own:
                raise TenantQuotaNotFound(project_id)
            for resource in sorted(own):
                account, default = Account(resource, project_id), self.defaults.of(resource)
                with _run_again_if_others_begin():
                    self._count_by(unit.connection, account, default, default)
            rows.remove_own_limits(unit.connection, project_id)

        self._database.write(work, _reset(project_id))

    def recount(self) -> int:
        """Set right the counters that disagree with what there is; return how many accounts.

        They do if a project was not limited, and got a limit while something was being
        created or deleted.
        """
        wrong = self._database.read(rows.miscounted)
        for account in wrong:
            self._database.write(partial(self._recount, account), lookups.run_again)
        return len(wrong)

    def _claim(self, connection: Connection, account: Account, more: int) -> None:
        default = self.defaults.of(account.resource)
        counters = self._remembered(account)
        if counters:
            number = self._random.randrange(counters)
            if rows.take(connection, account, more, number, default):
                return
            room = rows.guard(connection, account)
            if room is not None and not (room.default is not None and default < 0):
                self._take_of_all(connection, account, room, more)
                return
        standing = rows.standing(connection, account)
        limit = default if standing.own is None else standing.own
        if limit < 0:
            if standing.counted:
                rows.close_counters(connection, account)
            self._remember(account, 0)
        elif standing.counted:
            self._remember(account, 1)
            self._claim(connection, account, more)
        else:
            # What is to be counted is among what is there.
            left = limit - rows.count(connection, account)
            if left < 0:
                raise _over(account, limit, limit - left - more, more)
            with _run_again_if_others_begin():
                from_default = default if standing.own is None else None
                rows.open_counters(connection, account, left, from_default)
            self._remember(account, rows.spread_over(left))

    def _take_of_all(self, connection: Connection, account: Account, room: Room, more: int) -> None:
        """Take room from the counters, which are guarded, wherever it is, and spread the rest."""
        default = self.defaults.of(account.resource)
        if room.default is not None:
            room = room._replace(left=room.left + default - room.default, default=default)
        if room.left < more:
            limit = room.default
            if limit is None:
                limit = rows.standing(connection, account).own or 0
            raise _over(account, limit, limit - room.left, more)
        room = room._replace(left=room.left - more)
        rows.spread(connection, account, room, room.default)
        self._remember(account, rows.spread_over(room.left))

    def _set(self, connection: Connection, account: Account, most: int, force: bool) -> None:
        used = self._count_by(connection, account, most, None)
        if not force and 0 <= most < used:
            raise QuotaBelowUsage(account.resource.value, most, used)
        rows.set_own_limit(connection, account, most)

    def _count_by(
        self, connection: Connection, account: Account, most: int, default: int | None
    ) -> int:
        """Have an account counted by another limit, or not at all; return what there is.

        The counters are guarded before that is counted, so that nobody adds to it.
        """
        self.noticed(account)
        room = rows.guard(connection, account)
        if most < 0:
            rows.close_counters(connection, account)
            return 0
        used = rows.count(connection, account)
        if room is None:
            rows.open_counters(connection, account, most - used, default)
        else:
            rows.spread(connection, account, room._replace(left=most - used), default)
        return used

    def _recount(self, account: Account, unit: Unit) -> None:
        room = rows.guard(unit.connection, account)
        if room is None:
            return
        limit = room.default
        if limit is None:
            limit = rows.standing(unit.connection, account).own
        if limit is not None:
            left = limit - rows.count(unit.connection, account)
            rows.spread(unit.connection, account, room._replace(left=left), room.default)

    def _remembered(self, account: Account) -> int:
        """Return how many counters an account has, or what is likely."""
        default = self.defaults.of(account.resource)
        return self._counters.get(account, 0 if default < 0 else rows.spread_over(default))

    def _remember(self, account: Account, counters: int) -> None:
        if len(self._counters) >= MOST_REMEMBERED:
            self._counters.clear()
        self._counters[account] = counters


@contextmanager
def _run_again_if_others_begin() -> Iterator[None]:
    """Have the unit run again if another one has begun to count the same meanwhile."""
    try:
        yield
    except DBDuplicateEntry as error:
        raise RunAgain from error


def _over(account: Account, limit: int, used: int, more: int) -> OverQuota:
    return OverQuota(
        [account.resource.value],
        detail=f"Project {account.project_id} has {used} of {limit}, and asks for {more} more.",
    )


def _reset(project_id: str) -> Lookup[None]:
    """Return the lookup of a unit that takes from a project all limits of its own."""

    def look(connection: Connection) -> Done[None] | None:
        return None if rows.own_limits(connection, project_id) else Done(None)

    return look
