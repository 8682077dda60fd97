"""Who holds which address, in Neutron's tables and in Neutron's transaction.

Bound to one connection, in the transaction that Neutron hands over. Of a
`freehold.ledger.protocol.Ledger` it has what choosing an address asks for
(`freehold.ledger.holdings`), and subnets: Neutron's tables tell no holders, no
times, no rests and no past.

Subnets are named by Neutron's ids. What a row of ``ipamsubnets`` is called there
is remembered by the process, since there is no index to find it by, and is asked
for anew if it is wrong.

A subnet has no stamp in the tables. The one that it is given here is made of
what was read, so that what a process remembers of pools that have changed is
forgotten; that a claim under an old one is refused, it cannot promise. It is as
with ``internal``: who has read the pools before they changed hands out from them.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any
from uuid import uuid4

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, delete, insert, select

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound, SubnetNotFound
from freehold.ledger.claiming import MANY, portions
from freehold.ledger.protocol import LedgerSubnet, Released, SubnetChanged
from freehold.neutron.claiming import claiming_for
from freehold.neutron.reading import reading_for
from freehold.neutron.tables import ipam_allocations, ipam_pools, ipam_subnets, subnets
from freehold.neutron.texts import number, text, text_of

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
_these = (
    ipam_allocations.c.ipam_subnet_id == bindparam("ipam_id"),
    ipam_allocations.c.ip_address.in_(bindparam("addresses", expanding=True)),
)
_RELEASE = delete(ipam_allocations).where(*_these)


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


class NeutronLedger:
    """The `freehold.ledger.holdings.Holdings` of Neutron's tables, for one transaction.

    Args:
        connection: its transaction begun.
        ipam_ids: what the process knows.
    """

    def __init__(self, connection: Connection, ipam_ids: IpamIds) -> None:
        self._connection = connection
        self._remembered = ipam_ids
        self._ipam_ids: dict[str, str] = {}
        self._lost: dict[str, set[int]] = defaultdict(set)
        self._claiming = claiming_for(connection.dialect.name)
        self._reading = reading_for(connection.dialect.name)

    @property
    def sees_latest(self) -> bool:
        """Whether each statement sees what was committed before it.

        Neutron leaves it at a database's default. On MariaDB that is a snapshot
        of the time of the transaction's first read, so that an address may look
        free and be taken. What a claim has shown to be taken is remembered there.
        """
        return self._connection.dialect.name == "postgresql"

    # Subnets

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet."""
        ipam_id = str(uuid4())
        row = {"id": ipam_id, "neutron_subnet_id": subnet.subnet_id}
        self._connection.execute(insert(ipam_subnets), row)
        self._insert_pools(ipam_id, subnet.pools)
        self._ipam_ids[subnet.subnet_id] = ipam_id

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
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
        ipam_id = self._ipam_id(subnet_id)
        if ipam_id is None:
            raise SubnetNotFound(subnet_id)
        self._connection.execute(_REMOVE_POOLS, {"ipam_ids": [ipam_id]})
        self._insert_pools(ipam_id, pools)

    def remove_subnet(self, subnet_id: str) -> None:
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

    # Claims and releases

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken, and tell whether that was so.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        del holder
        with self._known(subnet) as ipam_id:
            won = self._claiming.one(self._connection, ipam_id, text(address))
        if not won:
            self._lose(subnet, [address])
        return won

    def claim_many(
        self, subnet: LedgerSubnet, addresses: Sequence[IPAddress], holder: str | None
    ) -> list[IPAddress]:
        """Hold those of the addresses that are not taken, and return them.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        del holder
        if not addresses:
            return []
        by_text = {text(address): address for address in addresses}
        with self._known(subnet) as ipam_id:
            claimed = self._claiming.many(self._connection, ipam_id, list(by_text))
        self._lose(subnet, [by_text[spelled] for spelled in by_text.keys() - claimed])
        return [address for spelled, address in by_text.items() if spelled in claimed]

    def reclaim_many(
        self,
        subnet: LedgerSubnet,
        addresses: Sequence[IPAddress],
        holder: str | None,
        released_by: datetime,
    ) -> list[IPAddress]:
        """Return nothing: no address rests."""
        del subnet, addresses, holder, released_by
        return []

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder; it is free at once.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetChanged: the subnet is gone.
        """
        del keep
        with self._known(subnet) as ipam_id:
            parameters = {"ipam_id": ipam_id, "addresses": [text(address)]}
            if self._connection.execute(_RELEASE, parameters).rowcount == 0:
                raise IpAddressAllocationNotFound(str(address), subnet.subnet_id)

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims of this unit of work."""
        del released_at
        ipam_id = self._ipam_id(subnet_id)
        for portion in portions(addresses, MANY):
            parameters = {"ipam_id": ipam_id, "addresses": [text(one) for one in portion]}
            self._connection.execute(_RELEASE, parameters)

    # What is held

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending."""
        ipam_id = self._ipam_id(subnet_id)
        if ipam_id is None:
            return []
        found = self._reading.taken(self._connection, ipam_id, within, limit)
        last = found[-1] if limit is not None and len(found) == limit else within.last
        hidden = {one for one in self._lost.get(subnet_id, ()) if within.first <= one <= last}
        return sorted(hidden.union(found))[:limit] if hidden else found

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken."""
        ipam_id = self._ipam_id(subnet_id)
        if ipam_id is None:
            return [0] * len(ranges)
        counts = self._reading.count(self._connection, ipam_id, ranges)
        if subnet_id in self._lost:
            for lost in self._hidden(subnet_id, ipam_id, ranges[0].version):
                for place, one in enumerate(ranges):
                    counts[place] += one.first <= lost <= one.last
        return counts

    # What rests: nothing

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return nothing."""
        del subnet, limit, after
        return []

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return 0."""
        del subnet_id, ranges
        return 0

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return None."""
        del subnet_id, address
        return None

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

    def _ipam_id(self, subnet_id: str) -> str | None:
        if subnet_id not in self._ipam_ids:
            found = self._connection.execute(_FIND_SUBNET, {"subnet": subnet_id}).scalars().all()
            if not found:
                return None
            self._ipam_ids[subnet_id] = min(found)
        return self._ipam_ids[subnet_id]

    @contextmanager
    def _known(self, subnet: LedgerSubnet) -> Iterator[str]:
        """Give what a subnet is called, and forget it if it turns out to be gone."""
        ipam_id = self._ipam_id(subnet.subnet_id)
        if ipam_id is None:
            raise SubnetChanged(subnet.subnet_id)
        try:
            yield ipam_id
        except SubnetChanged:
            self._ipam_ids.pop(subnet.subnet_id, None)
            raise

    def _lose(self, subnet: LedgerSubnet, addresses: Sequence[IPAddress]) -> None:
        """Remember what claims have shown to be taken, if reads may not show it."""
        if addresses and not self.sees_latest:
            self._lost[subnet.subnet_id].update(map(int, addresses))

    def _hidden(self, subnet_id: str, ipam_id: str, version: int) -> set[int]:
        """Return what claims have shown to be taken, and reads do not show."""
        lost = self._lost[subnet_id]
        shown = self._reading.named(
            self._connection, ipam_id, [text_of(version, one) for one in lost]
        )
        return lost.difference(number(version, one) for one in shown)

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
