"""A process that is a Neutron: its ML2 plugin on a database, with either IPAM driver.

Neutron keeps its plugin, its configuration and its database in globals, so each
worker is a process. Which driver it has is configuration that Neutron asks for at
each operation, so one worker has its turns with both.
"""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_network
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from tests.servers.neutron_process import configure

PORTION = 1000


@dataclass(frozen=True, slots=True)
class Where:
    """A subnet to work in.

    Attributes:
        network_id: its network.
        subnet_id: its id.
    """

    network_id: str
    subnet_id: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker is told to do.

    Attributes:
        driver: with which driver.
        where: in which subnet.
        ports: whether a port is created through the plugin, or an address allocated by the driver.
        start: when, by the monotonic clock, which all processes share.
        seconds: for how long; a turn ends earlier if nothing is left.
        count: for how many at the most.
        keep: whether what was got is kept; if not, it is given back untimed.
    """

    driver: str
    where: Where
    ports: bool
    start: float
    seconds: float
    count: int
    keep: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a turn.

    Attributes:
        taken: how long each operation took that succeeded, in seconds.
        attempts: how often an operation was begun; more than there were operations by retries.
        errors: which errors came through to the caller, and how often.
        full: whether it ended because nothing was left.
    """

    taken: list[float] = field(default_factory=list)
    attempts: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    full: bool = False


class Worker:
    """Neutron's plugin in this process."""

    def __init__(self, url: str, folder: Path) -> None:
        configure(folder, "internal", url)
        from neutron import manager
        from neutron_lib import context
        from neutron_lib.plugins import directory

        manager.init()
        self._plugin: Any = directory.get_plugin()
        self._context = context.get_admin_context
        self._attempts = 0
        self._count_attempts()

    def _count_attempts(self) -> None:
        """Count how often addresses are asked for; a retry asks anew."""
        from neutron.ipam import driver

        make = driver.Pool.get_instance

        def counted(pool: Any, admin: Any) -> Any:
            self._attempts += 1
            return make(pool, admin)

        driver.Pool.get_instance = counted

    def make(self, cidr: str) -> Where:
        """Create a network with a subnet."""
        from neutron_lib import constants

        unset = constants.ATTR_NOT_SPECIFIED
        admin = self._context()
        network = {
            "name": "", "tenant_id": "p", "project_id": "p", "admin_state_up": True,
            "shared": False, "router:external": False,
        }  # fmt: skip
        made = self._plugin.create_network(admin, {"network": network})
        version = ip_network(cidr).version
        subnet = {
            "name": "", "tenant_id": "p", "project_id": "p", "network_id": made["id"],
            "cidr": cidr, "ip_version": version, "gateway_ip": unset, "allocation_pools": unset,
            "enable_dhcp": False, "dns_nameservers": unset, "host_routes": unset,
            "ipv6_ra_mode": unset, "ipv6_address_mode": unset, "subnetpool_id": None,
            "prefixlen": unset, "segment_id": None,
        }  # fmt: skip
        stored = self._plugin.create_subnet(admin, {"subnet": subnet})
        return Where(made["id"], stored["id"])

    def hold(self, where: Where, cidr: str, held: int) -> None:
        """Hold so many addresses at random, by no driver."""
        from neutron_lib.db import api as db_api
        from sqlalchemy import insert, select

        from freehold.neutron.tables import ipam_allocations, ipam_subnets
        from freehold.neutron.texts import text_of

        network = ip_network(cidr)
        first = int(network.network_address) + 2
        offsets = random.Random(0).sample(range(min(network.num_addresses, 2**62) - 3), held)
        by_id = ipam_subnets.c.neutron_subnet_id == where.subnet_id
        with db_api.CONTEXT_WRITER.using(self._context()) as session:
            ipam_id = session.execute(select(ipam_subnets.c.id).where(by_id)).scalar_one()
            rows = [
                {
                    "ip_address": text_of(network.version, first + offset),
                    "status": "ALLOCATED",
                    "ipam_subnet_id": ipam_id,
                }
                for offset in offsets
            ]
            for start in range(0, held, PORTION):
                session.connection().execute(
                    insert(ipam_allocations), rows[start : start + PORTION]
                )

    def settle(self) -> None:
        """Have the database know how large its tables are by now."""
        from neutron_lib.db import api as db_api

        with db_api.CONTEXT_WRITER.using(self._context()) as session:
            words = {"postgresql": "ANALYZE", "mysql": "ANALYZE TABLE"}
            word = words[session.get_bind().dialect.name]
            session.connection().exec_driver_sql(f"{word} ipamallocations")

    def carry_out(self, turn: Turn) -> Done:
        """Have a turn."""
        from neutron.ipam import exceptions as ipam_exc
        from neutron_lib import exceptions as n_exc
        from oslo_config import cfg
        from oslo_db import exception as db_exc

        cfg.CONF.set_override("ipam_driver", turn.driver)
        full = (ipam_exc.IpAddressGenerationFailure, n_exc.IpAddressGenerationFailure)
        # What a client is told of is counted; anything else is a mistake of the measurement.
        told = (n_exc.NeutronException, db_exc.DBError, db_exc.RetryRequest)
        taken: list[float] = []
        errors: Counter[str] = Counter()
        attempts, ended = 0, False
        time.sleep(max(0.0, turn.start - time.monotonic()))
        end = time.monotonic() + turn.seconds
        while len(taken) < turn.count and time.monotonic() < end:
            before, begun = self._attempts, time.monotonic()
            try:
                got = self._port(turn.where) if turn.ports else self._address(turn.where)
                taken.append(time.monotonic() - begun)
            except full:
                ended = True
                break
            except told as error:
                errors[type(error).__name__] += 1
                continue
            finally:
                attempts += self._attempts - before
            if not turn.keep:
                self._give_back(turn, got)
        return Done(taken, attempts, errors, ended)

    def _port(self, where: Where) -> str:
        from neutron_lib import constants

        unset = constants.ATTR_NOT_SPECIFIED
        port = {
            "name": "", "tenant_id": "p", "project_id": "p", "network_id": where.network_id,
            "admin_state_up": True, "mac_address": unset, "fixed_ips": unset, "device_id": "",
            "device_owner": "",
        }  # fmt: skip
        return str(self._plugin.create_port(self._context(), {"port": port})["id"])

    def _address(self, where: Where) -> str:
        from neutron.ipam import driver, requests
        from neutron_lib.db import api as db_api

        def allocate(admin: Any) -> str:
            with db_api.CONTEXT_WRITER.using(admin):
                subnet = driver.Pool.get_instance(None, admin).get_subnet(where.subnet_id)
                return str(subnet.allocate(requests.AnyAddressRequest()))

        return str(db_api.retry_db_errors(allocate)(self._context()))

    def _give_back(self, turn: Turn, got: str) -> None:
        from neutron.ipam import driver
        from neutron_lib.db import api as db_api

        if turn.ports:
            self._plugin.delete_port(self._context(), got)
            return
        admin = self._context()
        with db_api.CONTEXT_WRITER.using(admin):
            driver.Pool.get_instance(None, admin).get_subnet(turn.where.subnet_id).deallocate(got)


def work(pipe: Pipe, url: str, folder: str) -> None:
    """Be a worker, until the pipe is closed."""
    worker = Worker(url, Path(folder))
    pipe.send("ready")
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(getattr(worker, method)(*arguments))
