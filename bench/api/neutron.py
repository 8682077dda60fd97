"""Neutron's service: its own API, core plugin and driver, without agents and without Keystone.

It has one configuration and one database in a process, so a process measures it
on one database only.
"""

import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from neutron.common import config
from neutron.db.migration.models import head
from neutron.server import api
from neutron_lib.db import api as db_api
from sqlalchemy import Engine, event, func, select

from bench.api.client import Client
from bench.api.crowd import TAG, CrowdPort, new_id
from bench.api.putting import put
from bench.rows import NOW, settle
from freehold.addresses.ranges import IPNetwork

_TABLES = head.model_base.BASEV2.metadata.tables
_CONFIGURATION = """\
[DEFAULT]
core_plugin = ml2
service_plugins =
auth_strategy = noauth
transport_url = fake:/
state_path = {folder}
dhcp_agent_notification = false
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
use_stderr = false
default_log_levels = neutron=ERROR,oslo_db=ERROR,oslo=ERROR
log_file = {folder}/neutron.log
api_paste_config = {paste}
[ml2]
type_drivers = local
tenant_network_types = local
mechanism_drivers =
extension_drivers =
[database]
connection = {url}
[quotas]
quota_network = -1
quota_subnet = -1
quota_port = -1
quota_subnetpool = -1
[oslo_concurrency]
lock_path = {folder}
"""
_APART = 1_000_000
"""Rows that are put begin so far behind the last one: the next ones may be the service's own."""


class NeutronApi:
    """The service with the plugin ML2 and the driver ``internal``.

    Args:
        url: an empty database's.
        folder: for its files.
    """

    name = f"Neutron {version('neutron')}"
    patience = 10.0

    def __init__(self, url: str, folder: Path) -> None:
        warnings.simplefilter("ignore")
        paste = Path(sys.prefix) / "etc" / "neutron" / "api-paste.ini"
        file = folder / "neutron.conf"
        file.write_text(_CONFIGURATION.format(folder=folder, paste=paste, url=url))
        config.register_common_config_options()
        config.init(["--config-file", str(file)])
        config.setup_logging()
        config.set_config_defaults()
        self._engine: Engine = db_api.CONTEXT_WRITER.get_engine()
        if self._engine.dialect.name == "sqlite":
            _write_ahead(self._engine)
        head.model_base.BASEV2.metadata.create_all(self._engine)
        self.client = Client(api.api_server())

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def put_ports(self, network_id: str, subnet_id: str, crowd: Sequence[CrowdPort]) -> None:
        """Store ports by no service."""
        kept = self._attributes("ports", len(crowd))
        numbers = {one.id: number for one, number in zip(crowd, kept, strict=True)}
        self._put(
            "ports",
            (
                {
                    "id": one.id,
                    "project_id": "p",
                    "name": one.name,
                    "network_id": network_id,
                    "mac_address": one.mac,
                    "admin_state_up": True,
                    "status": "DOWN",
                    "device_id": "",
                    "device_owner": "compute:nova",
                    "standard_attr_id": numbers[one.id],
                    "ip_allocation": "immediate",
                }
                for one in crowd
            ),
        )
        self._put(
            "ml2_port_bindings",
            (
                {"port_id": one.id, "host": "", "vif_type": "unbound", "status": "ACTIVE"}
                for one in crowd
            ),
        )
        held = [{"ip_address": str(one.address)} for one in crowd]
        known = _TABLES["ipamsubnets"]
        with self._engine.connect() as connection:
            ipam_subnet_id = connection.scalar(
                select(known.c.id).where(known.c.neutron_subnet_id == subnet_id)
            )
        at = {"network_id": network_id, "subnet_id": subnet_id}
        self._put(
            "ipallocations",
            ({**row, **at, "port_id": one.id} for one, row in zip(crowd, held, strict=True)),
        )
        status = {"ipam_subnet_id": ipam_subnet_id, "status": "ALLOCATED"}
        self._put("ipamallocations", ({**row, **status} for row in held))
        self._put(
            "tags",
            ({"standard_attr_id": numbers[one.id], "tag": TAG} for one in crowd if one.tagged),
        )
        settle(
            self._engine,
            ["standardattributes", "ports", "ml2_port_bindings", "ipallocations", "tags"],
        )

    def put_subnets(self, network_id: str, pool_id: str, cidrs: Sequence[IPNetwork]) -> None:
        """Store subnets of a pool by no service."""
        random = Random(len(cidrs))
        numbers = self._attributes("subnets", len(cidrs))
        self._put(
            "subnets",
            (
                {
                    "id": new_id(random),
                    "network_id": network_id,
                    "subnetpool_id": pool_id,
                    "project_id": "p",
                    "name": "",
                    "ip_version": 4,
                    "cidr": str(cidr),
                    "enable_dhcp": True,
                    "standard_attr_id": number,
                }
                for number, cidr in zip(numbers, cidrs, strict=True)
            ),
        )
        settle(self._engine, ["standardattributes", "subnets"])

    def _attributes(self, kind: str, count: int) -> range:
        """Store what Neutron keeps beside each resource; return the numbers of it."""
        known = _TABLES["standardattributes"]
        with self._engine.connect() as connection:
            last = connection.scalar(select(func.max(known.c.id))) or 0
        numbers = range(last + _APART, last + _APART + count)
        made = {"resource_type": kind, "created_at": NOW, "updated_at": NOW, "revision_number": 0}
        self._put("standardattributes", ({"id": number, **made} for number in numbers))
        return numbers

    def _put(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        put(self._engine, _TABLES[table], rows)


def _write_ahead(engine: Engine) -> None:
    """Have Neutron's connections to SQLite commit as Freehold's do."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA busy_timeout = 30000")

    engine.dispose()
