"""Freehold's reference driver, in units of work as the service's are."""

import uuid
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TypeVar

from bench.layouts import pool_of
from bench.rows import Rows
from freehold.addresses.ranges import IPAddress, IPNetwork, address_of
from freehold.db.database import Database
from freehold.errors import IpAddressAlreadyAllocated, IpAddressGenerationFailure
from freehold.ipam.driver import Driver, Subnet, Surroundings
from freehold.ipam.loader import load_driver
from freehold.ipam.requests import (
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)
from freehold.ledger.tables import allocations

T = TypeVar("T")


class FreeholdDriver:
    """The driver ``reference``.

    Args:
        database: where its ledger is.
    """

    name = "Freehold"
    looks = True
    refusals: tuple[type[Exception], ...] = (IpAddressGenerationFailure, IpAddressAlreadyAllocated)
    tables: tuple[str, ...] = (allocations.name,)
    patience = 10.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._driver = _new_driver()
        self._rows = Rows(database.engine, allocations, 4)
        self._version = 4
        self.subnet_id = ""

    def take_up(self, cidr: IPNetwork) -> None:
        """Go on with a new subnet."""
        self.use(make_subnet(self._database, cidr), cidr.version)

    def use(self, subnet_id: str, version: int) -> None:
        """Go on with a subnet that there is."""
        self.subnet_id = subnet_id
        self._version = version
        self._rows = Rows(self._database.engine, allocations, version)

    def restart(self) -> None:
        """Go on with a new driver, which knows nothing of the subnet."""
        self._driver = _new_driver()

    def hold(self, numbers: Sequence[int]) -> None:
        """Hold addresses by no driver."""
        self._rows.hold(self.subnet_id, numbers)

    def free(self, numbers: Sequence[int]) -> None:
        """Free addresses by no driver."""
        self._rows.free(self.subnet_id, numbers)

    def allocate(self, free: int) -> int:
        """Allocate any address."""
        del free
        request = AnyAddressRequest(holder=str(uuid.uuid4()))
        return int(self._in_subnet(lambda subnet: subnet.allocate(request)))

    def take_next(self, free: int) -> int:
        """Allocate the lowest address."""
        del free
        request = PreferNextAddressRequest(holder=str(uuid.uuid4()))
        return int(self._in_subnet(lambda subnet: subnet.allocate(request)))

    def take(self, number: int) -> None:
        """Allocate this address."""
        request = SpecificAddressRequest(self._address(number), holder=str(uuid.uuid4()))
        self._in_subnet(lambda subnet: subnet.allocate(request))

    def release(self, number: int) -> None:
        """Deallocate this address."""
        address = self._address(number)
        self._in_subnet(lambda subnet: subnet.deallocate(address))

    def bulk(self, free: Sequence[int]) -> Sequence[int]:
        """Allocate as many addresses as these."""
        request = BulkAddressRequest(count=len(free), holder=str(uuid.uuid4()))
        return [int(one) for one in self._in_subnet(lambda subnet: subnet.bulk_allocate(request))]

    def _address(self, number: int) -> IPAddress:
        return address_of(self._version, number)

    def _in_subnet(self, work: Callable[[Subnet], T]) -> T:
        return self._database.write(
            lambda unit: work(self._driver.open(unit.connection).get_subnet(self.subnet_id))
        )


def make_subnet(database: Database, cidr: IPNetwork) -> str:
    """Make a subnet in the ledger, with all of its addresses but the gateway's in one pool."""
    request = SpecificSubnetRequest(
        subnet_id=str(uuid.uuid4()),
        cidr=cidr,
        gateway_ip=ip_address(int(cidr.network_address) + 1),
        allocation_pools=(pool_of(cidr),),
    )
    driver = _new_driver()
    database.write(lambda unit: driver.open(unit.connection).allocate_subnet(request))
    return request.subnet_id


def _new_driver() -> Driver:
    return load_driver("reference", Surroundings())
