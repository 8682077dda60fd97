"""Neutron's own driver, on an SQLite file of its own.

Measured is the transaction that Neutron's plugin wraps around an allocation,
without the plugin: its query for the subnet is left out, in Neutron's favour.
"""

import logging
import sqlite3
import uuid
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import netaddr
from neutron.ipam import requests
from neutron.ipam.drivers.neutrondb_ipam import db_models, driver
from neutron_lib import context
from neutron_lib.db import api as db_api
from neutron_lib.db import model_base
from neutron_lib.plugins import constants, directory
from oslo_config import cfg
from oslo_db import options

from bench.contenders import CIDR, held_at_random


class _Plugin:
    """What the driver asks of Neutron's core plugin: what a subnet is."""

    def _get_subnet_object(self, _context: Any, _subnet_id: str) -> SimpleNamespace:
        return SimpleNamespace(
            cidr=netaddr.IPNetwork(str(CIDR)), gateway_ip=str(CIDR[1]), project_id=""
        )


class NeutronDriver:
    """Neutron's reference driver, ``internal``."""

    def __init__(self, file: Path, operations: int) -> None:
        self.name = f"Neutron {version('neutron')}'s driver"
        self.operations = operations
        logging.getLogger("neutron").setLevel(logging.ERROR)
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        options.set_defaults(cfg.CONF, connection=f"sqlite:///{file}")
        cfg.CONF([], project="neutron", default_config_files=[], default_config_dirs=[])
        self._engine = db_api.CONTEXT_WRITER.get_engine()
        tables = [
            model.__table__
            for model in (
                db_models.IpamSubnet,
                db_models.IpamAllocationPool,
                db_models.IpamAllocation,
            )
        ]
        model_base.BASEV2.metadata.create_all(self._engine, tables=tables)
        directory.add_plugin(constants.CORE, _Plugin())
        self._context = context.get_admin_context()
        self._subnet = ""

    def fill(self, share: float) -> None:
        """Go on with a new /16."""
        self._subnet = str(uuid.uuid4())
        with db_api.CONTEXT_WRITER.using(self._context):
            driver.NeutronDbSubnet.create_from_subnet_request(
                requests.SpecificSubnetRequest(
                    "", self._subnet, str(CIDR), gateway_ip=str(CIDR[1])
                ),
                self._context,
            )
        known = db_models.IpamSubnet.__table__
        held = db_models.IpamAllocation.__table__
        with self._engine.begin() as connection:
            found = connection.execute(
                known.select().where(known.c.neutron_subnet_id == self._subnet)
            ).one()
            rows = [
                {
                    "ip_address": str(address),
                    "status": "ALLOCATED",
                    "ipam_subnet_id": found.id,
                }
                for address in held_at_random(share)
            ]
            if rows:
                connection.execute(held.insert(), rows)

    def once(self) -> None:
        """Allocate any address."""
        with db_api.CONTEXT_WRITER.using(self._context):
            pool = driver.NeutronDbPool(None, self._context)
            pool.get_subnet(self._subnet).allocate(requests.AnyAddressRequest())
