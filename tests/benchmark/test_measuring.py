"""The benchmark, so small that its figures mean nothing: it must not rot."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Select, func, select

from bench import hostile, memory, service, workers
from bench.contenders.freehold import FreeholdDriver
from bench.contenders.raw import RawRows
from bench.layouts import Order, filled
from bench.measuring import ONE_BY_ONE, Operation, Room, Unexpected, measure
from bench.rows import make_raw_table
from bench.scenarios import Extent, Field, by_one_client
from bench.servers import Place
from freehold.db.database import Database
from freehold.db.schema import upgrade
from freehold.errors import IpAddressGenerationFailure
from freehold.ledger.tables import allocations

TINY = Extent(
    operations=3,
    bulks=1,
    bulk_size=5,
    fills=(0.0, 0.9, 1.0),
    usual="10.0.0.0/26",
    large=(("2001:db8::/64", (5, 20)),),
    patience=0.01,
)
FEW = {"raw", "Freehold"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("SQLite", (f"sqlite:///{tmp_path / 'freehold.sqlite'}",))


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    database = Database(place.urls[0])
    upgrade(database)
    yield database
    database.dispose()


def held_in_each_table(database: Database) -> list[int]:
    return [
        count(database, select(func.count()).select_from(table))
        for table in (allocations, make_raw_table(database.engine))
    ]


def count(database: Database, query: Select[int]) -> int:
    return database.read(lambda connection: connection.execute(query).scalar_one())


@pytest.mark.parametrize("operation", ONE_BY_ONE)
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_as_much_is_held_after_as_before(
    database: Database, operation: Operation, order: Order, share: float
) -> None:
    layout = filled("10.0.0.0/27", share, order)
    rooms = [Room(RawRows(database), layout), Room(FreeholdDriver(database), layout)]
    for room in rooms:
        room.lay_out(layout)
    measure(rooms, operation, 5)
    assert held_in_each_table(database) == [layout.held, layout.held]


def test_all_are_measured_in_each_setting(place: Place, database: Database) -> None:
    measured = defaultdict(set)
    for figure in by_one_client(Field(place, database), TINY):
        measured[figure.setting].add(figure.contender)
    fills = {(o.value, order.value) for o in ONE_BY_ONE for order in Order}
    assert {(setting[1], setting[4]) for setting in measured} == fills | {("bulk", "at random")}
    assert len(measured) == 2 * 3 * 4 + 2 * 2 * 4 + 2
    for (_, _, cidr, _, _), contenders in measured.items():
        assert contenders == (FEW if "::" in cidr else FEW | {"plain driver"})


def test_a_contender_that_refuses_what_is_free_stops_the_measuring(database: Database) -> None:
    class Refusing(FreeholdDriver):
        def allocate(self, free: int) -> int:
            raise IpAddressGenerationFailure(f"{free} stays free")

    room = Room(Refusing(database), filled("10.0.0.0/27", 0.5, Order.RUN))
    with pytest.raises(Unexpected):
        room.time(Operation.ALLOCATE)


def test_workers_leave_nothing_behind(place: Place, database: Database) -> None:
    layout = filled("10.0.0.0/20", 0.5, Order.RANDOM)
    rates = list(workers.throughput(place, database, layout, workers.Crowd((1, 2), 0.1, 1)))
    assert [(one.workers, one.contender) for one in rates] == [
        (1, "raw"),
        (1, "Freehold"),
        (2, "raw"),
        (2, "Freehold"),
    ]
    assert all(one.per_second > 0 for one in rates)
    assert held_in_each_table(database) == [layout.held, layout.held]


def test_ports_are_made_by_http() -> None:
    figures = list(service.by_http(TINY))
    assert [(one.share, one.contender) for one in figures] == [
        (share, contender)
        for share in (0.0, 0.9)
        for contender in ("raw", "Freehold", "Freehold's API")
    ]


def test_memory_is_told_at_ten_points() -> None:
    assert [done for done, used in memory.growth(30) if used > 0] == list(range(3, 31, 3))


@pytest.mark.parametrize("mode", ["noauth", "http_basic"])
def test_the_service_s_memory_is_told_under_hostile_requests(mode: str) -> None:
    told = list(hostile.growth(mode, requests=40, points=2))
    assert [done for done, _ in told] == [20, 40]
    assert all(used > 10_000_000 for _, used in told)
