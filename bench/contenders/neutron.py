"""Neutron's own driver, ``internal``, on tables of its own in the same database.

Measured is the transaction that Neutron's plugin wraps around an allocation,
without the plugin: its query for the subnet is left out, in Neutron's favour.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from importlib.metadata import version
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any, TypeVar

import netaddr
from neutron.ipam import exceptions, requests
from neutron.ipam.drivers.neutrondb_ipam import db_models, driver
from neutron_lib import context
from neutron_lib.db import api as db_api
from neutron_lib.db import model_base
from neutron_lib.plugins import constants, directory
from oslo_config import cfg
from oslo_db.sqlalchemy import enginefacade
from sqlalchemy import Engine, bindparam, delete, event, insert

from bench.layouts import pool_of
from freehold.addresses.ranges import IPNetwork, address_of

T = TypeVar("T")

_PORTION = 500
_MODELS = (db_models.IpamSubnet, db_models.IpamAllocationPool, db_models.IpamAllocation)


class _Plugin:
    """What the driver asks of Neutron's core plugin: what a subnet is."""

    def __init__(self) -> None:
        self.cidr: IPNetwork | None = None

    def _get_subnet_object(self, _context: Any, _subnet_id: str) -> SimpleNamespace:
        return SimpleNamespace(
            cidr=netaddr.IPNetwork(str(self.cidr)), gateway_ip=_gateway(self.cidr), project_id=""
        )


class NeutronDriver:
    """Neutron's reference driver.

    Args:
        url: the database's.
    """

    name = f"Neutron {version('neutron')}"
    looks = True
    refusals: tuple[type[Exception], ...] = (
        exceptions.IpAddressGenerationFailure,
        exceptions.IpAddressAlreadyAllocated,
    )
    tables: tuple[str, ...] = tuple(model.__tablename__ for model in _MODELS)

    def __init__(self, url: str, patience: float) -> None:
        self.patience = patience
        logging.getLogger("neutron").setLevel(logging.ERROR)
        cfg.CONF([], project="neutron", default_config_files=[], default_config_dirs=[])
        facade = enginefacade.transaction_context()
        facade.configure(connection=url, sqlite_fk=True, flush_on_subtransaction=True)
        # Neutron has one database in a process; there is no other way to give it the next.
        self._leave = db_api.get_context_manager().patch_factory(facade)
        self._engine: Engine = facade.writer.get_engine()
        if self._engine.dialect.name == "sqlite":
            _write_ahead(self._engine)
        tables = [model.__table__ for model in _MODELS]
        model_base.BASEV2.metadata.create_all(self._engine, tables=tables)
        self._plugin = _Plugin()
        directory.add_plugin(constants.CORE, self._plugin)
        self._context = context.get_admin_context()
        self._subnet_id = ""
        self._ipam_subnet_id = ""
        self._version = 4

    def close(self) -> None:
        """Let go of the database."""
        self._leave()
        self._engine.dispose()

    def take_up(self, cidr: IPNetwork) -> None:
        """Go on with a new subnet."""
        self._subnet_id = str(uuid.uuid4())
        self._version = cidr.version
        self._plugin.cidr = cidr
        pool = pool_of(cidr)
        pools = [netaddr.IPRange(self._text(pool.first), self._text(pool.last))]
        request = requests.SpecificSubnetRequest(
            "", self._subnet_id, str(cidr), gateway_ip=_gateway(cidr), allocation_pools=pools
        )
        with db_api.CONTEXT_WRITER.using(self._context):
            driver.NeutronDbSubnet.create_from_subnet_request(request, self._context)
        known = db_models.IpamSubnet.__table__
        with self._engine.connect() as connection:
            self._ipam_subnet_id = (
                connection.execute(
                    known.select().where(known.c.neutron_subnet_id == self._subnet_id)
                )
                .one()
                .id
            )

    def restart(self) -> None:
        """Do nothing: it learns nothing."""

    def hold(self, numbers: Sequence[int]) -> None:
        """Hold addresses by no driver."""
        rows = [
            {
                "ip_address": self._text(number),
                "status": "ALLOCATED",
                "ipam_subnet_id": self._ipam_subnet_id,
            }
            for number in numbers
        ]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(db_models.IpamAllocation.__table__), rows)

    def free(self, numbers: Sequence[int]) -> None:
        """Free addresses by no driver."""
        held = db_models.IpamAllocation.__table__
        statement = delete(held).where(
            held.c.ipam_subnet_id == self._ipam_subnet_id,
            held.c.ip_address.in_(bindparam("addresses", expanding=True)),
        )
        with self._engine.begin() as connection:
            for start in range(0, len(numbers), _PORTION):
                portion = [self._text(one) for one in numbers[start : start + _PORTION]]
                connection.execute(statement, {"addresses": portion})

    def allocate(self, free: int) -> int:
        """Allocate any address."""
        del free
        return self._allocate(requests.AnyAddressRequest())

    def take_next(self, free: int) -> int:
        """Allocate the lowest address."""
        del free
        return self._allocate(requests.PreferNextAddressRequest())

    def take(self, number: int) -> None:
        """Allocate this address."""
        self._allocate(requests.SpecificAddressRequest(self._text(number)))

    def release(self, number: int) -> None:
        """Deallocate this address."""
        self._in_subnet(lambda subnet: subnet.deallocate(self._text(number)))

    def bulk(self, free: Sequence[int]) -> Sequence[int]:
        """Allocate as many addresses as these."""
        request = requests.BulkAddressRequest(len(free))
        found = self._in_subnet(lambda subnet: subnet.bulk_allocate(request))
        return [int(ip_address(text)) for text in found]

    def _allocate(self, request: Any) -> int:
        return int(ip_address(self._in_subnet(lambda subnet: subnet.allocate(request))))

    def _in_subnet(self, work: Callable[[Any], T]) -> T:
        with db_api.CONTEXT_WRITER.using(self._context):
            return work(driver.NeutronDbPool(None, self._context).get_subnet(self._subnet_id))

    def _text(self, number: int) -> str:
        return str(address_of(self._version, number))


def _write_ahead(engine: Engine) -> None:
    """Have Neutron's connections to SQLite commit as Freehold's do."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    engine.dispose()


def _gateway(cidr: IPNetwork | None) -> str:
    if cidr is None:
        raise RuntimeError("no subnet was taken up")
    return str(cidr[1])
