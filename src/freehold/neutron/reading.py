"""Which addresses of a subnet are in ``ipamallocations``, without an order to read them in.

Addresses are texts there, so a range of addresses is no range of an index. Two
ways are left, and the size of what is asked for decides:

- A few thousand addresses are looked up by name: each is one step into the
  primary key, however many there are in the subnet, the table or the cloud.
- For more, the database goes through all rows of the subnet, computes each
  address's value, and sends what was asked for: a count, or the lowest ones.
  That is for searches whose outcome is remembered.

No object is made of a row, and only SQLite, which has no function for addresses,
sends all of a subnet's texts.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    any_,
    bindparam,
    case,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import LargeBinary

from freehold.addresses.ranges import AddressRange
from freehold.ledger.claiming import portions
from freehold.neutron.tables import ipam_allocations
from freehold.neutron.texts import number, text_of, texts_within

NAMED = 4096
"""Addresses that are looked up by name at the most, in all of one question."""

NAMES = 900
"""Names in one list; MariaDB makes a temporary table of a thousand or more."""

COUNTED = 16
"""Ranges that are counted by one statement at the most."""

_address = ipam_allocations.c.ip_address
_this_subnet = ipam_allocations.c.ipam_subnet_id == bindparam("subnet")
_BY_NAME = select(_address).where(_this_subnet, _address.in_(bindparam("names", expanding=True)))


class Reading(ABC):
    """A database's way of reading; subnets are named by their id in ``ipamsubnets``."""

    _names = _BY_NAME

    def taken(
        self, connection: Connection, ipam_id: str, within: AddressRange, limit: int | None
    ) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending.

        Args:
            connection: in the transaction.
            ipam_id: the subnet.
            within: both ends included.
            limit: no more than this many, the lowest ones; None for all.
        """
        if within.size > NAMED:
            return self._taken_of_all(connection, ipam_id, within, limit)
        found: list[int] = []
        for portion in portions(texts_within(within), NAMES):
            rows = self.named(connection, ipam_id, portion)
            found += sorted(number(within.version, one) for one in rows)
            if limit is not None and len(found) >= limit:
                break
        return found[:limit]

    def count(
        self, connection: Connection, ipam_id: str, ranges: Sequence[AddressRange]
    ) -> list[int]:
        """Return how many addresses of each range are taken."""
        if not ranges:
            return []
        hull = AddressRange(
            ranges[0].version, min(one.first for one in ranges), max(one.last for one in ranges)
        )
        if hull.size <= NAMED:
            return _count(self.taken(connection, ipam_id, hull, None), ranges)
        counts: list[int] = []
        for portion in portions(ranges, COUNTED):
            counts += self._count_of_all(connection, ipam_id, portion)
        return counts

    def named(self, connection: Connection, ipam_id: str, names: Sequence[str]) -> Sequence[str]:
        """Return those of the addresses that are taken, which are 900 at the most."""
        parameters = {"subnet": ipam_id, "names": list(names)}
        return connection.execute(self._names, parameters).scalars().all()

    @abstractmethod
    def _taken_of_all(
        self, connection: Connection, ipam_id: str, within: AddressRange, limit: int | None
    ) -> list[int]:
        """Return what is taken of a range, out of all rows of the subnet."""

    @abstractmethod
    def _count_of_all(
        self, connection: Connection, ipam_id: str, ranges: Sequence[AddressRange]
    ) -> list[int]:
        """Count up to 16 ranges, out of all rows of the subnet."""


class ByFunction(Reading):
    """A database that has a function from an address's text to a value in the addresses' order."""

    def __init__(self) -> None:
        low, high = self._bound("low"), self._bound("high")
        in_range = self._value().between(low, high)
        self._all = select(_address).where(_this_subnet, in_range).order_by(self._value())
        self._lowest = self._all.limit(bindparam("rows"))
        self._counts = [self._count_statement(ranges) for ranges in range(1, COUNTED + 1)]

    @abstractmethod
    def _value(self) -> ColumnElement[object]:
        """Return the value of a row's address."""

    @abstractmethod
    def _bound(self, name: str) -> ColumnElement[object]:
        """Return such a value as a parameter."""

    def _parameter(self, version: int, address: int) -> object:
        return text_of(version, address)

    def _count_statement(self, ranges: int) -> Select[*tuple[int, ...]]:
        value = self._value()
        return select(
            *(
                func.coalesce(
                    func.sum(
                        case(
                            (
                                value.between(
                                    self._bound(f"low{place}"), self._bound(f"high{place}")
                                ),
                                literal(1),
                            ),
                            else_=literal(0),
                        )
                    ),
                    0,
                )
                for place in range(ranges)
            )
        ).where(_this_subnet)

    def _taken_of_all(
        self, connection: Connection, ipam_id: str, within: AddressRange, limit: int | None
    ) -> list[int]:
        parameters: dict[str, object] = {
            "subnet": ipam_id,
            "low": self._parameter(within.version, within.first),
            "high": self._parameter(within.version, within.last),
        }
        if limit is None:
            rows = connection.execute(self._all, parameters)
        else:
            rows = connection.execute(self._lowest, {**parameters, "rows": limit})
        return [number(within.version, one) for one in rows.scalars()]

    def _count_of_all(
        self, connection: Connection, ipam_id: str, ranges: Sequence[AddressRange]
    ) -> list[int]:
        parameters: dict[str, object] = {"subnet": ipam_id}
        for place, one in enumerate(ranges):
            parameters[f"low{place}"] = self._parameter(one.version, one.first)
            parameters[f"high{place}"] = self._parameter(one.version, one.last)
        counts = connection.execute(self._counts[len(ranges) - 1], parameters).one()
        return [int(count) for count in counts]


class PostgreSQLReading(ByFunction):
    """PostgreSQL: the type ``inet``, and a list of names as one array."""

    _names = select(_address).where(
        _this_subnet,
        _address == any_(bindparam("names", type_=postgresql.ARRAY(String(64)))),
    )

    def _value(self) -> ColumnElement[object]:
        return _address.cast(postgresql.INET)

    def _bound(self, name: str) -> ColumnElement[object]:
        return bindparam(name, type_=String(64)).cast(postgresql.INET)


class MariaDBReading(ByFunction):
    """MariaDB and MySQL: INET6_ATON.

    They are told which index a list of names is for: beyond 200 names their
    optimizer guesses, and may go through the whole subnet instead.
    """

    _names = _BY_NAME.with_hint(ipam_allocations, "FORCE INDEX (PRIMARY)", "mysql").with_hint(
        ipam_allocations, "FORCE INDEX (PRIMARY)", "mariadb"
    )

    def _value(self) -> ColumnElement[object]:
        return func.inet6_aton(_address, type_=LargeBinary)

    def _bound(self, name: str) -> ColumnElement[object]:
        return bindparam(name, type_=LargeBinary)

    def _parameter(self, version: int, address: int) -> object:
        return address.to_bytes(4 if version == 4 else 16)


class PlainReading(Reading):
    """SQLite, and whatever else is not known: the subnet's texts are read, and nothing else."""

    _whole_subnet = select(_address).where(_this_subnet)

    def _taken_of_all(
        self, connection: Connection, ipam_id: str, within: AddressRange, limit: int | None
    ) -> list[int]:
        numbers = self._numbers(connection, ipam_id, within.version)
        return numbers[bisect_left(numbers, within.first) : bisect_right(numbers, within.last)][
            :limit
        ]

    def _count_of_all(
        self, connection: Connection, ipam_id: str, ranges: Sequence[AddressRange]
    ) -> list[int]:
        return _count(self._numbers(connection, ipam_id, ranges[0].version), ranges)

    def _numbers(self, connection: Connection, ipam_id: str, version: int) -> list[int]:
        rows = connection.execute(self._whole_subnet, {"subnet": ipam_id}).scalars()
        return sorted(number(version, one) for one in rows)


def reading_for(dialect: str) -> Reading:
    """Return the way of reading for a dialect of SQLAlchemy's."""
    return _BY_DIALECT.get(dialect, _PLAIN)


def _count(numbers: Sequence[int], ranges: Sequence[AddressRange]) -> list[int]:
    """Count what of some ascending numbers is in each of the ranges."""
    return [bisect_right(numbers, one.last) - bisect_left(numbers, one.first) for one in ranges]


_PLAIN = PlainReading()
_BY_DIALECT: dict[str, Reading] = {
    "postgresql": PostgreSQLReading(),
    "mysql": MariaDBReading(),
    "mariadb": MariaDBReading(),
}
