"""Freehold's service."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from sqlalchemy import Table, delete

from bench.api.client import Client
from bench.api.crowd import POOL_PREFIX, TAG, CrowdPort, new_id
from bench.api.putting import put
from bench.rows import NOW, settle
from freehold.addresses.encoding import number_to_bytes, to_bytes
from freehold.addresses.prefixes import subtract
from freehold.addresses.ranges import IPNetwork
from freehold.api.app import create_app
from freehold.config import Settings
from freehold.db.database import Database
from freehold.db.schema import upgrade
from freehold.db.tables import fixed_ips, port_tags, ports, subnetpool_gaps, subnets
from freehold.ledger.tables import allocations
from freehold.networking.quota_values import UNLIMITED


class FreeholdApi:
    """The service, as `freehold serve` has it, without quotas.

    Args:
        url: an empty database's.
    """

    name = "Freehold"
    patience = 10.0

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        upgrade(self._database)
        settings = Settings(
            database_url=url,
            quota_network=UNLIMITED,
            quota_subnet=UNLIMITED,
            quota_port=UNLIMITED,
        )
        self.client = Client(create_app(settings))

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()

    def put_ports(self, network_id: str, subnet_id: str, crowd: Sequence[CrowdPort]) -> None:
        """Store ports by no service."""
        made = {"created_at": NOW, "updated_at": NOW}
        self._insert(
            ports,
            (
                {
                    "id": one.id,
                    "network_id": network_id,
                    "project_id": "p",
                    "name": one.name,
                    "description": "",
                    "admin_state_up": True,
                    "mac_address": one.mac,
                    "device_id": "",
                    "device_owner": "compute:nova",
                    "status": "DOWN",
                    **made,
                }
                for one in crowd
            ),
        )
        held = [{"subnet_id": subnet_id, "address": to_bytes(one.address)} for one in crowd]
        pairs = list(zip(crowd, held, strict=True))
        self._insert(
            allocations, ({**row, "holder": one.id, "allocated_at": NOW} for one, row in pairs)
        )
        self._insert(
            fixed_ips,
            (
                {**row, "port_id": one.id, "position": 0, "ip_address": str(one.address)}
                for one, row in pairs
            ),
        )
        self._insert(
            port_tags, ({"resource_id": one.id, "tag": TAG} for one in crowd if one.tagged)
        )
        names = [table.name for table in (ports, allocations, fixed_ips, port_tags)]
        settle(self._database.engine, names)

    def put_subnets(self, network_id: str, pool_id: str, cidrs: Sequence[IPNetwork]) -> None:
        """Store subnets of a pool by no service, and what they leave free."""
        random = Random(len(cidrs))
        self._insert(
            subnets,
            (
                {
                    "id": new_id(random),
                    "network_id": network_id,
                    "subnetpool_id": pool_id,
                    "project_id": "p",
                    "name": "",
                    "ip_version": 4,
                    "cidr": str(cidr),
                    "allocation_pools": [],
                    "dns_nameservers": [],
                    "host_routes": [],
                    "enable_dhcp": True,
                    "created_at": NOW,
                }
                for cidr in cidrs
            ),
        )
        with self._database.engine.begin() as connection:
            connection.execute(
                delete(subnetpool_gaps).where(subnetpool_gaps.c.subnetpool_id == pool_id)
            )
        self._insert(
            subnetpool_gaps,
            (
                {
                    "subnetpool_id": pool_id,
                    "first": number_to_bytes(4, int(gap.network_address)),
                    "prefixlen": gap.prefixlen,
                }
                for gap in subtract([POOL_PREFIX], cidrs)
            ),
        )
        settle(self._database.engine, [subnets.name, subnetpool_gaps.name])

    def _insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        put(self._database.engine, table, rows)
