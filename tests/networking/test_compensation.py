"""A failure at any step leaves nothing behind, with a driver outside of our transaction.

Each operation is run again and again, and each time one step later of those
that have an effect fails: a call of the driver, a statement, or the commit.
Whatever failed, database and driver are then as they were before.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oslo_db.exception import DBError, DBReferenceError
from sqlalchemy import Connection, event, select

from freehold.addresses.ranges import AddressRange
from freehold.db import schema
from freehold.db.database import Database
from freehold.errors import InvalidInput, IpAddressAlreadyAllocated
from freehold.ipam.driver import Surroundings
from freehold.networking import owners
from freehold.networking.backend import Backend
from freehold.networking.values import (
    FixedIPRequest,
    IPv6Mode,
    MacAddress,
    Network,
    NetworkDraft,
    Port,
    PortChange,
    PortDraft,
    Subnet,
    SubnetChange,
    SubnetDraft,
)
from tests.drivers.failing import FailingDriver, Outage
from tests.networking.conftest import Migrated, empty

SLAAC = IPv6Mode.SLAAC


class House:
    """A backend with networks in use, and a view of all that is stored anywhere."""

    def __init__(self, url: str, *, at_once: bool = False) -> None:
        surroundings = Surroundings(random=Random(7))
        self.database = Database(url)
        schema.upgrade(self.database)
        self.driver = FailingDriver(surroundings, at_once=at_once)
        self.backend = Backend(self.database, self.driver, surroundings=surroundings)
        self.network, self.quiet = self.backend.networks.create([NetworkDraft(project_id="p")] * 2)
        self.v4 = self.subnet(self.network, "10.0.0.0/24")
        self.v6 = self.subnet(self.network, "2001:db8:1::/64", IPv6Mode.DHCPV6_STATEFUL)
        self.slaac = self.subnet(self.network, "2001:db8:2::/64", SLAAC)
        self.port = self.create_port()
        self.create_port(device_owner="compute:nova")
        self.leased = self.subnet(self.quiet, "10.9.0.0/24")
        self.subnet(self.quiet, "2001:db8:9::/64", SLAAC)
        for _ in range(2):
            self.create_port(network_id=self.quiet.id, device_owner=owners.DHCP)

    def subnet(self, network: Network, cidr: str, mode: IPv6Mode | None = None) -> Subnet:
        return self.backend.subnets.create([self.subnet_draft(network, cidr, mode)])[0]

    @staticmethod
    def subnet_draft(network: Network, cidr: str, mode: IPv6Mode | None = None) -> SubnetDraft:
        prefix = ip_network(cidr)
        return SubnetDraft(
            network_id=network.id,
            project_id="p",
            ip_version=prefix.version,
            cidr=prefix,
            ipv6_ra_mode=mode,
            ipv6_address_mode=mode,
        )

    def draft(self, **values: Any) -> PortDraft:
        return PortDraft(**{"network_id": self.network.id, "project_id": "p", **values})

    def create_port(self, **values: Any) -> Port:
        return self.backend.ports.create([self.draft(**values)])[0]

    def state(self) -> tuple[object, object]:
        with self.database.engine.connect() as connection:
            rows = {
                table.name: sorted(map(repr, connection.execute(select(table)).all()))
                for metadata in schema.METADATA
                for table in metadata.sorted_tables
            }
        return rows, self.driver.books()


def create_port(house: House) -> None:
    house.create_port()


def create_several_ports(house: House) -> None:
    house.backend.ports.create([house.draft() for _ in range(3)])


def create_several_subnets(house: House) -> None:
    house.backend.subnets.create(
        [
            house.subnet_draft(house.network, "10.0.1.0/24"),
            house.subnet_draft(house.network, "2001:db8:3::/64", SLAAC),
            house.subnet_draft(house.quiet, "10.0.1.0/24"),
        ]
    )


def create_several_networks(house: House) -> None:
    house.backend.networks.create([NetworkDraft(project_id="p")] * 3)


def update_addresses(house: House) -> None:
    house.backend.ports.update(
        house.port.id,
        PortChange(
            name="moved",
            fixed_ips=(
                FixedIPRequest(ip_address=ip_address("10.0.0.200")),
                FixedIPRequest(subnet_id=house.v4.id),
                FixedIPRequest(subnet_id=house.v4.id),
            ),
        ),
    )


def update_mac(house: House) -> None:
    house.backend.ports.update(house.port.id, PortChange(mac_address=MacAddress.GENERATE))


def delete_port(house: House) -> None:
    house.backend.ports.delete(house.port.id)


def create_subnet(house: House) -> None:
    house.subnet(house.network, "10.0.1.0/24")


def create_automatic_subnet(house: House) -> None:
    house.subnet(house.network, "2001:db8:3::/64", SLAAC)


def update_pools(house: House) -> None:
    house.backend.subnets.update(
        house.v4.id,
        SubnetChange(allocation_pools=(AddressRange.parse("10.0.0.10", "10.0.0.20"),), name="new"),
    )


def delete_leased_subnet(house: House) -> None:
    house.backend.subnets.delete(house.leased.id)


def delete_automatic_subnet(house: House) -> None:
    house.backend.subnets.delete(house.slaac.id)


def delete_network(house: House) -> None:
    house.backend.networks.delete(house.quiet.id)


# The operation, and how many calls of the driver have an effect in it.
OPERATIONS: list[tuple[Callable[[House], None], int]] = [
    (create_port, 3),
    (create_several_ports, 9),
    (create_several_subnets, 5),
    (update_addresses, 3),
    (update_mac, 2),
    (delete_port, 3),
    (create_subnet, 1),
    (create_automatic_subnet, 3),
    (update_pools, 1),
    (delete_leased_subnet, 1),
    (delete_automatic_subnet, 1),
    (delete_network, 6),
]


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def house(request: pytest.FixtureRequest, tmp_path: Path, migrated: Migrated) -> Iterator[House]:
    in_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'freehold.sqlite'}" if in_file else migrated(request.param)
    built = House(url)
    yield built
    empty(built.database)
    built.database.dispose()


@contextmanager
def failing_statement(house: House, number: int) -> Iterator[list[str]]:
    """Let the statement of this number fail that writes something, and list those before it."""
    seen: list[str] = []

    def count_statement(
        _connection: object,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _executemany: bool,
    ) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            seen.append(statement)
            if len(seen) == number:
                raise DBError

    event.listen(house.database.engine, "before_cursor_execute", count_statement)
    try:
        yield seen
    finally:
        event.remove(house.database.engine, "before_cursor_execute", count_statement)


@pytest.mark.parametrize(("operation", "calls"), OPERATIONS)
def test_a_driver_that_fails_at_any_call_leaves_nothing_behind(
    house: House, operation: Callable[[House], None], calls: int
) -> None:
    before = house.state()
    for step in range(1, calls + 1):
        house.driver.fuse.arm(step)
        with pytest.raises(Outage):
            operation(house)
        assert house.state() == before, f"call {step} of {calls} left something behind"
    house.driver.fuse.arm(None)
    operation(house)
    assert house.driver.fuse.calls == calls
    assert house.state() != before


@pytest.mark.parametrize(
    ("operation", "calls"), [(create_several_ports, 3), (create_several_subnets, 3)]
)
def test_a_driver_that_serves_many_at_once_and_fails_leaves_nothing_behind(
    tmp_path: Path, operation: Callable[[House], None], calls: int
) -> None:
    house = House(f"sqlite:///{tmp_path / 'freehold.sqlite'}", at_once=True)
    test_a_driver_that_fails_at_any_call_leaves_nothing_behind(house, operation, calls)
    full = [house.draft(fixed_ips=(FixedIPRequest(subnet_id=house.leased.id),)), house.draft()]
    before = house.state()
    with pytest.raises(InvalidInput):
        house.backend.ports.create(full[::-1])
    held = FixedIPRequest(ip_address=house.port.fixed_ips[0].ip_address)
    with pytest.raises(IpAddressAlreadyAllocated):
        house.backend.ports.create([house.draft(), house.draft(fixed_ips=(held,))])
    assert house.state() == before
    house.database.dispose()


@pytest.mark.parametrize("operation", [create_several_networks, *(one for one, _ in OPERATIONS)])
def test_a_statement_that_fails_leaves_nothing_behind(
    house: House, operation: Callable[[House], None]
) -> None:
    before = house.state()
    for number in count(1):
        with failing_statement(house, number) as seen:
            try:
                operation(house)
            except DBError:
                assert house.state() == before, f"left something behind: {seen}"
            else:
                break
    assert number > 1
    assert house.state() != before


# MariaDB has no constraint that is checked at the end only.
@pytest.mark.parametrize("house", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("operation", [operation for operation, _ in OPERATIONS])
def test_a_commit_that_fails_leaves_nothing_behind(
    house: House, operation: Callable[[House], None]
) -> None:
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE debts (network_id VARCHAR(36) REFERENCES networks (id) "
            "DEFERRABLE INITIALLY DEFERRED)"
        )
    before = house.state()

    def owe(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO debts VALUES ('no such network')")

    event.listen(house.database.engine, "commit", owe)
    with pytest.raises(DBReferenceError):
        operation(house)
    event.remove(house.database.engine, "commit", owe)
    assert house.state() == before
    operation(house)
    assert house.state() != before
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE debts")


def test_an_undo_that_fails_is_logged_and_hides_neither_the_error_nor_the_other_undos(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    rows, books = house.state()
    house.driver.fuse.arm(3)
    blow = house.driver.fuse.burn
    release = 0

    def blow_again() -> None:
        # The third allocation fails, and then the first of the two releases that undo the others.
        nonlocal release
        if house.driver.fuse.blown:
            release += 1
            if release == 1:
                raise Outage
            return
        blow()

    house.driver.fuse.burn = blow_again  # type: ignore[method-assign]  # the fuse of this one test
    with caplog.at_level(logging.ERROR), pytest.raises(Outage):
        house.create_port()
    assert release == 2
    after_rows, after_books = house.state()
    assert after_rows == rows
    assert after_books != books, "the failed undo leaks one address, which the log tells"
    [record] = [record for record in caplog.records if "release an address" in record.message]
    assert record.name == "freehold.ipam.compensations"
