"""Subnets in ``ipamsubnets`` and ``ipamallocationpools``, by Neutron's ids of them.

What a row of ``ipamsubnets`` is called there is remembered by the process, since
there is no index to find it by, and is asked for anew if it is wrong.

A subnet has no stamp in the tables. The one that it is given here is made of
what was read, so that what a process remembers of pools that have changed is
forgotten; that a claim under an old one is refused, it cannot promise. It is as
with ``internal``: who has read the pools before they changed hands out from them.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any
from uuid import uuid4

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, delete, insert, select

from freehold.addresses.ranges import AddressRange
from freehold.errors import SubnetNotFound
from freehold.ledger.protocol import LedgerSubnet
from freehold.neutron.tables import ipam_allocations, ipam_pools, ipam_subnets, subnets
from freehold.neutron.texts import number, text_of

REMEMBERED = 16384
"""Subnets of which a process remembers what they are called in ``ipamsubnets``."""

_STAMP_MASK = (1 << 63) - 1

_GET_SUBNETS = (
    select(
        subnets.c.id,
        subnets.c.project_id,
        subnets.c.cidr,
        subnets.c.gateway_ip,
        ipam_subnets.c.id.label("ipam_id"),
        ipam_pools.c.first_ip,
        ipam_pools.c.last_ip,
    )
    .join_from(subnets, ipam_subnets, ipam_subnets.c.neutron_subnet_id == subnets.c.id)
    .outerjoin(ipam_pools, ipam_pools.c.ipam_subnet_id == ipam_subnets.c.id)
    .where(subnets.c.id.in_(bindparam("ids", expanding=True)))
)
_GET_KNOWN_SUBNETS = _GET_SUBNETS.where(
    ipam_subnets.c.id.in_(bindparam("ipam_ids", expanding=True))
)
_FIND_SUBNET = select(ipam_subnets.c.id).where(
    ipam_subnets.c.neutron_subnet_id == bindparam("subnet")
)
_these_subnets: BindParameter[str] = bindparam("ipam_ids", expanding=True)
_REMOVE_SUBNETS = delete(ipam_subnets).where(ipam_subnets.c.id.in_(_these_subnets))
_REMOVE_POOLS = delete(ipam_pools).where(ipam_pools.c.ipam_subnet_id.in_(_these_subnets))
_REMOVE_ALLOCATIONS = delete(ipam_allocations).where(
    ipam_allocations.c.ipam_subnet_id.in_(_these_subnets)
)


class IpamIds:
    """What subnets are called in ``ipamsubnets``, as a process knows it; safe to share."""

    def __init__(self, subnets: int = REMEMBERED) -> None:
        self._most = subnets
        self._lock = Lock()
        self._ids: OrderedDict[str, str] = OrderedDict()

    def of(self, subnet_ids: Sequence[str]) -> list[str]:
        """Return the ids that are known of these subnets."""
        with self._lock:
            return [self._ids[one] for one in subnet_ids if one in self._ids]

    def put(self, subnet_id: str, ipam_id: str) -> None:
        """Remember what a subnet is called."""
        with self._lock:
            self._ids[subnet_id] = ipam_id
            self._ids.move_to_end(subnet_id)
            if len(self._ids) > self._most:
                self._ids.popitem(last=False)


class SubnetRows:
    """The subnets of Neutron's tables, in one transaction.

    Args:
        connection: its transaction begun.
        ipam_ids: what the process knows.
    """

    def __init__(self, connection: Connection, ipam_ids: IpamIds) -> None:
        self._connection = connection
        self._remembered = ipam_ids
        self._ipam_ids: dict[str, str] = {}

    def create(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet."""
        ipam_id = str(uuid4())
        row = {"id": ipam_id, "neutron_subnet_id": subnet.subnet_id}
        self._connection.execute(insert(ipam_subnets), row)
        self._insert_pools(ipam_id, subnet.pools)
        self._ipam_ids[subnet.subnet_id] = ipam_id

    def get(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for.

        One statement, if the process has seen all of them before.
        """
        found = dict(self._read_known(subnet_ids))
        missing = [one for one in subnet_ids if one not in found]
        if missing:
            found.update(self._read(_GET_SUBNETS, {"ids": missing}))
        return [found[one] for one in subnet_ids if one in found]

    def replace_pools(self, subnet_id: str, pools: Sequence[AddressRange]) -> None:
        """Change a subnet's pools to these; addresses that are held stay held.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        ipam_id = self.ipam_id(subnet_id)
        if ipam_id is None:
            raise SubnetNotFound(subnet_id)
        self._connection.execute(_REMOVE_POOLS, {"ipam_ids": [ipam_id]})
        self._insert_pools(ipam_id, pools)

    def remove(self, subnet_id: str) -> None:
        """Forget a subnet; whatever is held in it is released.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        # Deleted by Neutron's id, without an index, MariaDB would lock all subnets there are.
        found = self._connection.execute(_FIND_SUBNET, {"subnet": subnet_id}).scalars().all()
        if not found:
            raise SubnetNotFound(subnet_id)
        if self._connection.dialect.name == "sqlite":
            # It enforces no foreign keys unless it is told to, and Neutron does not tell it.
            for children in (_REMOVE_POOLS, _REMOVE_ALLOCATIONS):
                self._connection.execute(children, {"ipam_ids": found})
        if self._connection.execute(_REMOVE_SUBNETS, {"ipam_ids": found}).rowcount == 0:
            raise SubnetNotFound(subnet_id)
        self._ipam_ids.pop(subnet_id, None)

    def ipam_id(self, subnet_id: str) -> str | None:
        """Return what a subnet is called in ``ipamsubnets``; None if it is not there."""
        if subnet_id not in self._ipam_ids:
            found = self._connection.execute(_FIND_SUBNET, {"subnet": subnet_id}).scalars().all()
            if not found:
                return None
            self._ipam_ids[subnet_id] = min(found)
        return self._ipam_ids[subnet_id]

    def _read_known(self, subnet_ids: Sequence[str]) -> Iterator[tuple[str, LedgerSubnet]]:
        known = self._remembered.of(subnet_ids)
        if known:
            parameters: dict[str, object] = {"ids": list(subnet_ids), "ipam_ids": known}
            yield from self._read(_GET_KNOWN_SUBNETS, parameters)

    def _read(
        self, statement: Select[*tuple[Any, ...]], parameters: dict[str, object]
    ) -> Iterator[tuple[str, LedgerSubnet]]:
        by_subnet: dict[str, list[Row[*tuple[Any, ...]]]] = {}
        for row in self._connection.execute(statement, parameters):
            by_subnet.setdefault(row.id, []).append(row)
        for subnet_id, rows in by_subnet.items():
            # Nothing in the tables keeps a subnet from being there twice.
            ipam_id = min(row.ipam_id for row in rows)
            self._ipam_ids[subnet_id] = ipam_id
            self._remembered.put(subnet_id, ipam_id)
            yield subnet_id, _subnet([row for row in rows if row.ipam_id == ipam_id])

    def _insert_pools(self, ipam_id: str, pools: Sequence[AddressRange]) -> None:
        rows = [
            {
                "id": str(uuid4()),
                "ipam_subnet_id": ipam_id,
                "first_ip": text_of(pool.version, pool.first),
                "last_ip": text_of(pool.version, pool.last),
            }
            for pool in pools
        ]
        if rows:
            self._connection.execute(insert(ipam_pools), rows)


def _subnet(rows: Sequence[Row[*tuple[Any, ...]]]) -> LedgerSubnet:
    """Make a subnet of its rows: one a pool, or one without a pool."""
    row = rows[0]
    cidr = ip_network(row.cidr, strict=False)
    pools = tuple(
        sorted(
            AddressRange(
                cidr.version,
                number(cidr.version, one.first_ip),
                number(cidr.version, one.last_ip),
            )
            for one in rows
            if one.first_ip is not None
        )
    )
    return LedgerSubnet(
        subnet_id=row.id,
        project_id=row.project_id or "",
        cidr=cidr,
        gateway_ip=None if row.gateway_ip is None else ip_address(row.gateway_ip),
        pools=pools,
        stamp=hash((row.ipam_id, pools)) & _STAMP_MASK,
    )
