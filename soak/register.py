"""Allocating and releasing as the service does it, with one row that says what was done.

Each operation has a name that was made before its first run, and its transaction
stores that name under a unique key beside what it did. By that row a COMMIT whose answer
was lost is looked up; and should such a COMMIT be carried out late, after a new run
was begun, the key lets only one of the two stand. Networking does the same with a port.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, insert, select

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.db import schema
from freehold.db.database import Database, Done, Unit
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Pool, Surroundings
from freehold.ipam.requests import AddressRequest, BulkAddressRequest, SpecificSubnetRequest
from freehold.ledger.sql import SqlLedger
from soak.checking import Holding

SUBNETS = {"narrow": "10.0.0.0/25", "wide": "10.1.0.0/16", "six": "2001:db8::/64"}
"""The narrow one is fought for; there workers ask for the next address, and for given ones."""

_metadata = MetaData()
_operations = Table(
    "soak_operations",
    _metadata,
    Column("name", String(64), primary_key=True),
    Column("addresses", Text, nullable=False),
)


def prepare(database: Database) -> None:
    """Make the tables and the subnets on an empty database."""
    schema.upgrade(database)

    def work(unit: Unit) -> None:
        _metadata.create_all(unit.connection)
        pool = ReferenceDriver(Surroundings()).open(unit.connection)
        for subnet_id, cidr in SUBNETS.items():
            pool.allocate_subnet(SpecificSubnetRequest(subnet_id=subnet_id, cidr=ip_network(cidr)))

    database.write(work)


def holdings(database: Database) -> list[Holding]:
    """Return what is held in all subnets."""

    def look(connection: Connection) -> list[Holding]:
        ledger = SqlLedger(connection, Surroundings().now)
        return [
            Holding(subnet_id, str(one.address), one.holder)
            for subnet_id, cidr in SUBNETS.items()
            for one in ledger.allocations(subnet_id, AddressRange.of_network(ip_network(cidr)))
        ]

    return database.read(look)


class Register:
    """The register as a worker uses it, through the reference driver.

    Attributes:
        runs: how often units of work have been run.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._driver = ReferenceDriver(Surroundings())
        self.runs = 0

    def allocate(self, name: str, subnet_id: str, request: AddressRequest) -> tuple[str, ...]:
        """Allocate under an operation's name, and return the addresses.

        Raises:
            FreeholdError: it was refused, or it is not known whether it was done.
        """

        def work(pool: Pool) -> Sequence[IPAddress]:
            subnet = pool.get_subnet(subnet_id)
            if isinstance(request, BulkAddressRequest):
                return subnet.bulk_allocate(request)
            return [subnet.allocate(request)]

        return self._write(name, work)

    def release(self, name: str, subnet_id: str, addresses: Sequence[str]) -> None:
        """Give addresses back, all or none.

        Raises:
            FreeholdError: it was refused, or it is not known whether it was done.
        """

        def work(pool: Pool) -> Sequence[IPAddress]:
            subnet = pool.get_subnet(subnet_id)
            for address in addresses:
                subnet.deallocate(ip_address(address))
            return []

        self._write(name, work)

    def _write(self, name: str, work: Callable[[Pool], Sequence[IPAddress]]) -> tuple[str, ...]:
        def run(unit: Unit) -> tuple[str, ...]:
            self.runs += 1
            addresses = tuple(map(str, work(self._driver.open(unit.connection))))
            row = {"name": name, "addresses": " ".join(addresses)}
            unit.connection.execute(insert(_operations), row)
            return addresses

        def look(connection: Connection) -> Done[tuple[str, ...]] | None:
            query = select(_operations.c.addresses).where(_operations.c.name == name)
            found = connection.execute(query).scalar_one_or_none()
            return None if found is None else Done(tuple(found.split()))

        return self._database.write(run, look)
