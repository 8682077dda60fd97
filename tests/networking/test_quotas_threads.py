"""Many writers at once: a limit is never exceeded, and always reached, on several servers too."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from random import Random
from threading import Barrier, Event

import pytest
from sqlalchemy import func, select, text

from freehold.db.database import Database, Unit
from freehold.db.tables import address_scopes
from freehold.db.tables_quotas import quota_counters
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import OverQuota
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
from freehold.networking.limits import Limits
from freehold.networking.lookups import run_again
from freehold.networking.pool_values import AddressScopeDraft
from freehold.networking.quota_values import Account, Counted, QuotaLimits, Usage
from freehold.networking.store import quotas as rows
from tests.backends import Premises, port_draft
from tests.conftest import OpenDatabase

WRITERS = 8
FEW, MANY = 13, 150
"""Limits with room for one counter, and for several."""

DEFAULTS = QuotaLimits({Counted.PORT: FEW, Counted.ADDRESS_SCOPE: MANY})


class Site:
    """A database, and backends on it: one for each writer, on the servers in turn."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.url = urls[0]
        self.premises = Premises(urls[0])
        self._databases = [Database(url) for url in urls]
        limits = Limits(quotas=DEFAULTS)
        self.backends = [
            Backend(database, ReferenceDriver(Surroundings()), limits)
            for database, _ in zip(cycle(self._databases), range(WRITERS), strict=False)
        ]

    def dispose(self) -> None:
        for database in (self.premises.database, *self._databases):
            database.dispose()

    def scopes(self) -> int:
        """Count the address scopes."""
        return self.premises.database.read(
            lambda connection: (
                connection.scalar(select(func.count()).select_from(address_scopes)) or 0
            )
        )


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "galera"])
def site(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Site]:
    made = Site(open_database(request.param))
    yield made
    made.dispose()


def scopes(number: int) -> list[AddressScopeDraft]:
    return [AddressScopeDraft(project_id="p", ip_version=4)] * number


def test_the_last_places_are_taken_and_not_one_more(site: Site) -> None:
    network = site.premises.network()
    site.premises.subnet(network, "10.0.0.0/24")
    together = Barrier(WRITERS)

    def take(backend: Backend) -> int:
        together.wait()
        taken = 0
        while True:
            try:
                backend.ports.create([port_draft(network)])
            except OverQuota:
                return taken
            taken += 1

    with ThreadPoolExecutor(WRITERS) as executor:
        taken = list(executor.map(take, site.backends))
    assert sum(taken) == FEW
    assert site.backends[0].quotas.usage("p")[Counted.PORT] == Usage(FEW, FEW)


def test_several_at_once_fill_it_to_the_brim(site: Site) -> None:
    together = Barrier(WRITERS)

    def take(number: int) -> int:
        random, taken, size = Random(number), 0, 9
        service = site.backends[number].address_scopes
        together.wait()
        while size:
            try:
                taken += len(service.create(scopes(random.randint(1, size))))
            except OverQuota:
                # There may be room for fewer.
                size -= 1
        return taken

    with ThreadPoolExecutor(WRITERS) as executor:
        assert sum(executor.map(take, range(WRITERS))) == MANY
    assert site.scopes() == MANY


def test_while_others_give_back_it_is_never_exceeded_and_nothing_is_lost(site: Site) -> None:
    together = Barrier(WRITERS)
    highest = 0

    def come_and_go(number: int) -> list[str]:
        nonlocal highest
        random, mine = Random(number), list[str]()
        service = site.backends[number].address_scopes
        together.wait()
        for _ in range(25):
            if mine and random.random() < 0.4:
                service.delete(mine.pop())
            else:
                try:
                    mine += [one.id for one in service.create(scopes(random.randint(1, 6)))]
                except OverQuota:
                    service.delete(mine.pop()) if mine else None
            if number == 0:
                highest = max(highest, site.scopes())
        return mine

    with ThreadPoolExecutor(WRITERS) as executor:
        left = [one for mine in executor.map(come_and_go, range(WRITERS)) for one in mine]
    assert highest <= MANY
    assert site.scopes() == len(left)
    quotas = site.backends[0].quotas
    assert quotas.recount() == 0
    site.backends[1].address_scopes.create(scopes(MANY - len(left)))
    with pytest.raises(OverQuota):
        site.backends[2].address_scopes.create(scopes(1))


def test_a_limit_that_is_moved_under_the_writers_is_kept_afterwards(site: Site) -> None:
    together = Barrier(WRITERS)

    def come_and_go(number: int) -> None:
        random = Random(number)
        backend = site.backends[number]
        together.wait()
        for _ in range(12):
            if number == 0:
                most = random.choice([20, 100, 300])
                backend.quotas.change("p", {Counted.ADDRESS_SCOPE: most}, force=True)
            try:
                [made, *others] = backend.address_scopes.create(scopes(random.randint(1, 4)))
            except OverQuota:
                continue
            for one in others or [made]:
                backend.address_scopes.delete(one.id)

    with ThreadPoolExecutor(WRITERS) as executor:
        list(executor.map(come_and_go, range(WRITERS)))
    quotas = site.backends[0].quotas
    assert quotas.recount() == 0
    there = site.scopes()
    quotas.change("p", {Counted.ADDRESS_SCOPE: there + 2})
    with ThreadPoolExecutor(WRITERS) as executor:
        took = list(executor.map(partial(_took, scopes(1)), site.backends))
    assert sum(took) == 2


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_counters_that_are_added_meanwhile_are_guarded_too(site: Site) -> None:
    site.backends[0].address_scopes.create(scopes(MANY - 1))
    account = Account(Counted.ADDRESS_SCOPE, "p")
    guarded = Event()

    def add_counters(unit: Unit) -> None:
        room = rows.guard(unit.connection, account)
        guarded.set()
        assert room is not None
        rows.spread(unit.connection, account, room._replace(left=700), None)
        while not unit.connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass

    def guard(unit: Unit) -> list[int]:
        rows.guard(unit.connection, account)
        found = select(quota_counters.c.generation).order_by(quota_counters.c.number)
        return list(unit.connection.scalars(found))

    first, second = (Database(site.url) for _ in range(2))
    with ThreadPoolExecutor(1) as executor:
        adding = executor.submit(first.write, add_counters, run_again)
        assert guarded.wait(60)
        generations = second.write(guard, run_again)
        adding.result()
    assert len(generations) == rows.COUNTERS
    assert min(generations) > 0
    for database in (first, second):
        database.dispose()


def _took(drafts: list[AddressScopeDraft], backend: Backend) -> bool:
    try:
        backend.address_scopes.create(drafts)
    except OverQuota:
        return False
    return True
