"""What is measured of one database by one client, and in what subnets.

Those who hold a subnet of their own go up from an empty one to a full one, so
that it is filled once. Neutron's driver reads all that is held at each
allocation, so it has its turns where a turn of it takes seconds, not minutes; and
not for "next", which it finds in the same way and time as any address.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from statistics import mean, median

from bench.contenders.contender import Contender
from bench.contenders.freehold import FreeholdDriver
from bench.contenders.plain import PlainRows
from bench.contenders.raw import RawRows
from bench.layouts import Layout, Order, filled
from bench.measuring import ONE_BY_ONE, Operation, Room, Timed, measure
from bench.results import Figure
from bench.rows import settle
from bench.servers import Place
from freehold.db.database import Database

USUAL = "10.0.0.0/16"
FILLS = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        operations: of each contender, for each figure.
        bulks: how often many addresses are asked for at once.
        bulk_size: how many that are.
        fills: shares of the pool, ascending.
        usual: the subnet that is filled.
        large: subnets, and of how many held addresses each.
        patience: how long Neutron's driver has for one figure, in seconds.
    """

    operations: int
    bulks: int
    bulk_size: int
    fills: Sequence[float]
    usual: str
    large: Sequence[tuple[str, Sequence[int]]]
    patience: float


WHOLE = Extent(
    operations=200,
    bulks=12,
    bulk_size=1000,
    fills=FILLS,
    usual=USUAL,
    large=(("2001:db8::/64", (1_000, 100_000)), ("10.0.0.0/8", (1_000, 1_000_000))),
    patience=6.0,
)
QUICK = Extent(
    operations=8,
    bulks=2,
    bulk_size=100,
    fills=(0.0, 0.9, 1.0),
    usual="10.0.0.0/21",
    large=(("2001:db8::/64", (100, 1_000)), ("10.0.0.0/8", (100, 10_000))),
    patience=0.1,
)
"""Every path, and no figure that means much."""


@dataclass(frozen=True, slots=True)
class Field:
    """A database that is set up, and those who are measured on it.

    Attributes:
        place: where the database is.
        database: the one that Freehold works on, with its tables.
        others: who is measured beside Freehold where no more than a /16 is held.
    """

    place: Place
    database: Database
    others: Sequence[Contender] = ()

    def few(self) -> Sequence[Contender]:
        """Return new ones of those who are measured where a million addresses are held."""
        return [RawRows(self.database), FreeholdDriver(self.database)]

    def all(self) -> Sequence[Contender]:
        """Return new ones of everybody."""
        raw, driver = self.few()
        return [raw, PlainRows(self.database, self.place.urls[0]), driver, *self.others]


def by_one_client(field: Field, extent: Extent) -> Iterator[Figure]:
    """Measure all that one client can do."""
    yield from over_fills(field, extent)
    yield from in_large_subnets(field, extent)
    yield from many_at_once(field, extent)


def over_fills(field: Field, extent: Extent) -> Iterator[Figure]:
    """Measure each operation on one subnet, from empty to full, in both orders."""
    for order in Order:
        rooms = [Room(one, filled(extent.usual, 0, order)) for one in field.all()]
        own = rooms[: len(rooms) - len(field.others)]
        for share in extent.fills:
            layout = filled(extent.usual, share, order)
            _lay_out(field, [(room, layout) for room in rooms])
            for operation in ONE_BY_ONE:
                asked = own if operation is Operation.NEXT else rooms
                timed = measure(asked, operation, extent.operations)
                yield from figures_of(field.place, operation, share, timed)


def in_large_subnets(field: Field, extent: Extent) -> Iterator[Figure]:
    """Measure where many addresses are held and where few are, in turn, to compare."""
    for cidr, counts in extent.large:
        for order in Order:
            layouts = [Layout(ip_network(cidr), held, order) for held in counts]
            wanted = [(Room(one, each), each) for each in layouts for one in field.few()]
            _lay_out(field, wanted)
            for operation in ONE_BY_ONE:
                timed = measure([room for room, _ in wanted], operation, extent.operations)
                yield from figures_of(field.place, operation, None, timed)


def many_at_once(field: Field, extent: Extent) -> Iterator[Figure]:
    """Measure requests for many addresses, on the subnet empty and half full."""
    empty = filled(extent.usual, 0, Order.RANDOM)
    rooms = [Room(one, empty, extent.bulk_size) for one in field.all()]
    for share in (0.0, 0.5):
        layout = filled(extent.usual, share, Order.RANDOM)
        _lay_out(field, [(room, layout) for room in rooms])
        timed = measure(rooms, Operation.BULK, extent.bulks)
        yield from figures_of(field.place, Operation.BULK, share, timed)


def _lay_out(field: Field, wanted: Sequence[tuple[Room, Layout]]) -> None:
    for room, layout in wanted:
        room.lay_out(layout)
    names = dict.fromkeys(name for room, _ in wanted for name in room.contender.tables)
    settle(field.database.engine, list(names))


def figures_of(
    place: Place, operation: Operation, share: float | None, timed: Sequence[Timed]
) -> Iterator[Figure]:
    """Return what was timed as figures."""
    for one in timed:
        layout = one.layout
        yield Figure(
            database=place.name,
            operation=operation.value,
            cidr=str(layout.cidr),
            held=layout.held,
            share=share,
            order=layout.order.value,
            contender=one.contender,
            median_ms=1000 * median(one.seconds),
            mean_ms=1000 * mean(one.seconds),
            operations=len(one.seconds),
        )
