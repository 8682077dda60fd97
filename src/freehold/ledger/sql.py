"""A ledger on Freehold's own tables, on any database that SQLAlchemy speaks to.

Bound to one connection in a begun transaction, which it neither commits nor
rolls back. The engine may be anybody's: with or without oslo.db's filters, and
on SQLite with or without foreign keys enforced.

A refusal leaves the transaction usable, on PostgreSQL as well, where any error
of the database would end it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql

from freehold.addresses.encoding import from_bytes, number_to_bytes, to_bytes
from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ledger import claiming, sqlite
from freehold.ledger.protocol import Allocation, LedgerSubnet
from freehold.ledger.tables import allocations, ledger_pools, ledger_subnets, stored_time
from freehold.ledger.violations import is_duplicate, is_missing_reference, violations

# Statements are made once: making one costs more than SQLite takes to run it.
_this_subnet = allocations.c.subnet_id == bindparam("in_subnet")
_this_address = allocations.c.address == bindparam("this")
_within = allocations.c.address.between(bindparam("low"), bindparam("high"))

_GET_SUBNETS = (
    select(ledger_subnets, ledger_pools.c.first, ledger_pools.c.last)
    .outerjoin_from(ledger_subnets, ledger_pools)
    .where(ledger_subnets.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(ledger_subnets.c.id, ledger_pools.c.first)
)
_SET_GATEWAY = (
    update(ledger_subnets)
    .where(ledger_subnets.c.id == bindparam("in_subnet"))
    .values(gateway_ip=bindparam("gateway"))
)
_DELETE_SUBNET = delete(ledger_subnets).where(ledger_subnets.c.id == bindparam("in_subnet"))
_DELETE_POOLS = delete(ledger_pools).where(ledger_pools.c.subnet_id == bindparam("in_subnet"))
_INSERT_SUBNET = insert(ledger_subnets)
_INSERT_NEW_SUBNET = (
    postgresql.insert(ledger_subnets)
    .on_conflict_do_nothing()
    # SQLAlchemy keeps the row count of an INSERT only if told to.
    .execution_options(preserve_rowcount=True)
)
_INSERT_POOLS = insert(ledger_pools)
_RELEASE = delete(allocations).where(_this_subnet, _this_address)
_RELEASE_MANY = delete(allocations).where(
    _this_subnet, allocations.c.address.in_(bindparam("addresses", expanding=True))
)
_FIND = select(allocations.c.holder, allocations.c.allocated_at).where(_this_subnet, _this_address)
_ALLOCATIONS = select(allocations).where(_this_subnet, _within).order_by(allocations.c.address)
_LOWEST_ALLOCATIONS = _ALLOCATIONS.limit(bindparam("rows"))
_HELD = select(allocations.c.address).where(_this_subnet, _within).order_by(allocations.c.address)
_LOWEST_HELD = _HELD.limit(bindparam("rows"))
_COUNT = select(func.count()).select_from(allocations).where(_this_subnet, _within)


class SqlLedger:
    """A `freehold.ledger.protocol.Ledger` in one transaction of one connection.

    Args:
        connection: its transaction begun.
        now: the clock; what it returns knows its time zone.
        how: the way of claiming; the one that fits the database by default.
    """

    def __init__(
        self,
        connection: Connection,
        now: Callable[[], datetime],
        *,
        how: claiming.Claiming | None = None,
    ) -> None:
        self._connection = connection
        self._now = now
        self._enforced = sqlite.enforces_references(connection)
        fitting = claiming.claiming_for(connection.dialect.name)
        self._claiming = how or (fitting if self._enforced else sqlite.Unenforced())

    @property
    def transactional(self) -> bool:
        """True: the caller's rollback undoes it all."""
        return True

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet.

        Raises:
            SubnetAlreadyExists: there is one with this id.
        """
        row = {
            "id": subnet.subnet_id,
            "project_id": subnet.project_id,
            "ip_version": subnet.cidr.version,
            "cidr": str(subnet.cidr),
            "gateway_ip": _text(subnet.gateway_ip),
        }
        if self._connection.dialect.name == "postgresql":
            # Its duplicate would end the transaction.
            if self._connection.execute(_INSERT_NEW_SUBNET, row).rowcount == 0:
                raise SubnetAlreadyExists(subnet.subnet_id)
        else:
            try:
                self._connection.execute(_INSERT_SUBNET, row)
            except violations() as error:
                if not is_duplicate(error):
                    raise
                raise SubnetAlreadyExists(subnet.subnet_id) from error
        self._insert_pools(subnet)

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for."""
        if not subnet_ids:
            return []
        found: dict[str, list[Row[tuple[object, ...]]]] = {}
        for row in self._connection.execute(_GET_SUBNETS, {"ids": list(subnet_ids)}):
            found.setdefault(row.id, []).append(row)
        return [_subnet(found[subnet_id]) for subnet_id in subnet_ids if subnet_id in found]

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change the gateway and the pools of a subnet to these.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        parameters = {"in_subnet": subnet.subnet_id, "gateway": _text(subnet.gateway_ip)}
        if self._connection.execute(_SET_GATEWAY, parameters).rowcount == 0:
            raise SubnetNotFound(subnet.subnet_id)
        self._connection.execute(_DELETE_POOLS, {"in_subnet": subnet.subnet_id})
        self._insert_pools(subnet)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet and whatever is held in it: foreign keys that hold cascade.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        if self._connection.execute(_DELETE_SUBNET, {"in_subnet": subnet_id}).rowcount == 0:
            raise SubnetNotFound(subnet_id)
        if not self._enforced:
            sqlite.remove_children(self._connection, subnet_id)

    def claim(self, subnet_id: str, address: IPAddress, holder: str | None) -> bool:
        """Hold an address if nobody does, and tell whether that was so.

        Raises:
            SubnetNotFound: there is no such subnet.
        """
        [row] = self._rows(subnet_id, [address], holder)
        try:
            return self._claiming.one(self._connection, row)
        except violations() as error:
            if not is_missing_reference(error):
                raise
            raise SubnetNotFound(subnet_id) from error

    def claim_many(
        self, subnet_id: str, addresses: Sequence[IPAddress], holder: str | None
    ) -> list[IPAddress]:
        """Hold those of the addresses that nobody holds, and return them.

        Raises:
            SubnetNotFound: there is no such subnet.
        """
        if not addresses:
            return []
        rows = self._rows(subnet_id, addresses, holder)
        try:
            claimed = self._claiming.many(self._connection, rows)
        except violations() as error:
            if not is_missing_reference(error):
                raise
            raise SubnetNotFound(subnet_id) from error
        return [address for address in addresses if to_bytes(address) in claimed]

    def release(self, subnet_id: str, address: IPAddress) -> None:
        """Make an address free again.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
        """
        parameters = {"in_subnet": subnet_id, "this": to_bytes(address)}
        if self._connection.execute(_RELEASE, parameters).rowcount == 0:
            raise IpAddressAllocationNotFound(str(address), subnet_id)

    def release_many(self, subnet_id: str, addresses: Sequence[IPAddress]) -> None:
        """Make addresses free again; those that nobody holds are passed over."""
        for portion in claiming.portions(addresses, claiming.MANY):
            parameters = {
                "in_subnet": subnet_id,
                "addresses": [to_bytes(address) for address in portion],
            }
            self._connection.execute(_RELEASE_MANY, parameters)

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        parameters = {"in_subnet": subnet_id, "this": to_bytes(address)}
        row = self._connection.execute(_FIND, parameters).one_or_none()
        if row is None:
            return None
        return Allocation(
            subnet_id=subnet_id,
            address=address,
            holder=row.holder,
            since=row.allocated_at.replace(tzinfo=UTC),
        )

    def held(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the held addresses of a range, ascending."""
        parameters = _bounds(subnet_id, within)
        if limit is None:
            rows = self._connection.execute(_HELD, parameters)
        else:
            rows = self._connection.execute(_LOWEST_HELD, {**parameters, "rows": limit})
        return [from_bytes(bytes(data), within.version) for data in rows.scalars()]

    def allocations(
        self, subnet_id: str, within: AddressRange, limit: int | None = None
    ) -> list[Allocation]:
        """Return the held addresses of a range with their holders, ascending."""
        parameters = _bounds(subnet_id, within)
        if limit is None:
            rows = self._connection.execute(_ALLOCATIONS, parameters)
        else:
            rows = self._connection.execute(_LOWEST_ALLOCATIONS, {**parameters, "rows": limit})
        return [
            Allocation(
                subnet_id=subnet_id,
                address=address_of(within.version, from_bytes(bytes(row.address), within.version)),
                holder=row.holder,
                since=row.allocated_at.replace(tzinfo=UTC),
            )
            for row in rows
        ]

    def count(self, subnet_id: str, within: AddressRange) -> int:
        """Return how many addresses of a range are held."""
        return self._connection.execute(_COUNT, _bounds(subnet_id, within)).scalar_one()

    def _insert_pools(self, subnet: LedgerSubnet) -> None:
        rows = [
            {
                "subnet_id": subnet.subnet_id,
                "first": number_to_bytes(pool.version, pool.first),
                "last": number_to_bytes(pool.version, pool.last),
            }
            for pool in subnet.pools
        ]
        if rows:
            self._connection.execute(_INSERT_POOLS, rows)

    def _rows(
        self, subnet_id: str, addresses: Iterable[IPAddress], holder: str | None
    ) -> list[claiming.Row]:
        since = stored_time(self._now())
        return [
            {
                "subnet_id": subnet_id,
                "address": to_bytes(address),
                "holder": holder,
                "allocated_at": since,
            }
            for address in addresses
        ]


def _subnet(rows: Sequence[Row[tuple[object, ...]]]) -> LedgerSubnet:
    """Make a subnet of its rows: one a pool, or one without a pool."""
    subnet = rows[0]
    return LedgerSubnet(
        subnet_id=subnet.id,
        project_id=subnet.project_id,
        cidr=ip_network(subnet.cidr),
        gateway_ip=None if subnet.gateway_ip is None else ip_address(subnet.gateway_ip),
        pools=tuple(
            AddressRange(
                subnet.ip_version,
                from_bytes(bytes(row.first), subnet.ip_version),
                from_bytes(bytes(row.last), subnet.ip_version),
            )
            for row in rows
            if row.first is not None
        ),
    )


def _bounds(subnet_id: str, within: AddressRange) -> dict[str, object]:
    return {
        "in_subnet": subnet_id,
        "low": number_to_bytes(within.version, within.first),
        "high": number_to_bytes(within.version, within.last),
    }


def _text(address: IPAddress | None) -> str | None:
    return None if address is None else str(address)
