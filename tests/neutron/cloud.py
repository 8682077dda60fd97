"""Neutron's tables in a database, and Neutron's ways into it, without the rest of Neutron."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from itertools import cycle
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import netaddr
from neutron.ipam import requests
from neutron.ipam.drivers.neutrondb_ipam.driver import NeutronDbPool
from neutron_lib import context
from neutron_lib.db import api as db_api
from neutron_lib.plugins import constants, directory
from oslo_config import cfg
from oslo_db.sqlalchemy import enginefacade
from sqlalchemy import Engine, event, func, insert, make_url, select

from freehold.addresses.ranges import AddressRange
from freehold.neutron.driver import FreeholdPool
from freehold.neutron.tables import ipam_allocations, ipam_subnets, metadata, subnets
from freehold.neutron.texts import text_of

Driver = Callable[[Any, Any], Any]
"""A class of Neutron's interface, which makes a pool of a subnet pool and a context."""

ANY = requests.AnyAddressRequest()
NEXT = requests.PreferNextAddressRequest()


class Cloud:
    """A database with Neutron's tables for IPAM, which is Neutron's until it is closed.

    Args:
        url: where it is.
        nodes: where its other nodes are; connections go to all of them in turn.
    """

    def __init__(self, url: str, *nodes: str) -> None:
        cfg.CONF([], project="neutron", default_config_files=[], default_config_dirs=[])
        facade = enginefacade.transaction_context()
        # What was committed at one node is to be there at the next one at once.
        synchronous = {"mysql_wsrep_sync_wait": 7} if nodes else {}
        facade.configure(
            connection=url, sqlite_fk=True, flush_on_subtransaction=True, **synchronous
        )
        # Neutron has one database in a process; there is no other way to give it the next.
        self._leave = db_api.get_context_manager().patch_factory(facade)
        self.engine: Engine = facade.writer.get_engine()
        if self.engine.dialect.name == "sqlite":
            _one_writer(self.engine)
        if nodes:
            _in_turn(self.engine, [url, *nodes])
        metadata.drop_all(self.engine)
        metadata.create_all(self.engine)
        directory.add_plugin(constants.CORE, _Plugin())

    def close(self) -> None:
        self._leave()
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Open a transaction of Neutron's, and give the context that has it."""
        admin = context.get_admin_context()
        with db_api.CONTEXT_WRITER.using(admin):
            yield admin

    @contextmanager
    def abandoned(self) -> Iterator[Any]:
        """Open a transaction of Neutron's that is rolled back in the end."""
        with suppress(_Abandoned), self.transaction() as admin:
            yield admin
            raise _Abandoned

    def add_subnet(
        self,
        cidr: str,
        *pools: tuple[str, str],
        gateway: str | None = None,
        by: Driver = FreeholdPool,
    ) -> str:
        """Create a subnet, as Neutron's plugin does, and return its id."""
        subnet_id = str(uuid4())
        ranges = [netaddr.IPRange(*pool) for pool in pools] or None
        with self.transaction() as admin:
            made = by(None, admin).allocate_subnet(
                requests.SpecificSubnetRequest(
                    "p1", subnet_id, cidr, gateway_ip=gateway, allocation_pools=ranges
                )
            )
            admin.session.execute(insert(subnets), [row_of(subnet_id, cidr, gateway)])
            assert made.get_details().subnet_cidr == netaddr.IPNetwork(cidr)
        return subnet_id

    def allocate(
        self,
        subnet_id: str,
        request: requests.AddressRequest = ANY,
        by: Driver = FreeholdPool,
    ) -> str:
        """Allocate an address in a transaction of its own."""
        with self.transaction() as admin:
            address, _ = by(None, admin).get_allocator([subnet_id]).allocate(request)
            return str(address)

    def allocate_as_the_api(self, subnet_id: str, request: requests.AddressRequest = ANY) -> str:
        """The same, begun anew as often as Neutron does when the database has it so."""
        allocate: Callable[[], str] = db_api.retry_db_errors(
            lambda: self.allocate(subnet_id, request)
        )
        return allocate()

    def release(self, subnet_id: str, address: str, by: Driver = FreeholdPool) -> None:
        """Release an address in a transaction of its own."""
        with self.transaction() as admin:
            by(None, admin).get_subnet(subnet_id).deallocate(address)

    def hold(self, subnet_id: str, numbers: Sequence[int], version: int = 4) -> None:
        """Hold addresses by no driver."""
        with self.engine.begin() as connection:
            ipam_id = connection.execute(
                select(ipam_subnets.c.id).where(ipam_subnets.c.neutron_subnet_id == subnet_id)
            ).scalar_one()
            rows = [
                {
                    "ip_address": text_of(version, number),
                    "status": "ALLOCATED",
                    "ipam_subnet_id": ipam_id,
                }
                for number in numbers
            ]
            for start in range(0, len(rows), 5000):
                connection.execute(insert(ipam_allocations), rows[start : start + 5000])

    def held(self, subnet_id: str) -> set[str]:
        """Return which addresses of a subnet are held."""
        of = ipam_subnets.c.id == ipam_allocations.c.ipam_subnet_id
        with self.engine.connect() as connection:
            return set(
                connection.execute(
                    select(ipam_allocations.c.ip_address)
                    .join(ipam_subnets, of)
                    .where(ipam_subnets.c.neutron_subnet_id == subnet_id)
                ).scalars()
            )

    def rows(self, table: Any) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


class _Abandoned(Exception):
    """It is what a transaction is rolled back by."""


class _Plugin:
    """What the driver ``internal`` asks of Neutron's core plugin: what a subnet is."""

    def _get_subnet_object(self, admin: Any, subnet_id: str) -> SimpleNamespace:
        row = admin.session.execute(select(subnets).where(subnets.c.id == subnet_id)).one()
        gateway = None if row.gateway_ip is None else netaddr.IPAddress(row.gateway_ip)
        return SimpleNamespace(
            cidr=netaddr.IPNetwork(row.cidr),
            gateway_ip=gateway,
            project_id=row.project_id,
            tenant_id=row.project_id,
        )


def _in_turn(engine: Engine, nodes: Sequence[str]) -> None:
    turns = cycle(make_url(node).port for node in nodes)

    @event.listens_for(engine, "do_connect")
    def to_the_next(dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["port"] = next(turns)


def row_of(
    subnet_id: str, cidr: str, gateway: str | None = None, pool_id: str | None = None
) -> dict[str, object]:
    """Return a row of ``subnets``."""
    return {
        "id": subnet_id,
        "project_id": "p1",
        "network_id": "n1",
        "subnetpool_id": pool_id,
        "ip_version": ip_network(cidr).version,
        "cidr": cidr,
        "gateway_ip": gateway,
    }


def internal() -> Driver:
    """Return Neutron's own driver."""
    found: Driver = NeutronDbPool
    return found


def whole(cidr: str) -> AddressRange:
    return AddressRange.of_network(ip_network(cidr))


def _one_writer(engine: Engine) -> None:
    """Have writers of SQLite wait for each other, as Neutron's configuration does not."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA busy_timeout = 10000")

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def begin(
        _connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object
    ) -> tuple[str, Any]:
        return "BEGIN IMMEDIATE" if statement == "BEGIN" else statement, parameters

    engine.dispose()
