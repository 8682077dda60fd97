"""A ledger on Freehold's own tables, on any database that SQLAlchemy speaks to.

Bound to one connection in a begun transaction, which it neither commits nor
rolls back. The engine may be anybody's: with or without oslo.db's filters, and
on SQLite with or without foreign keys enforced.

A refusal leaves the transaction usable, on PostgreSQL as well, where any error
of the database would end it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from freehold.addresses.encoding import from_bytes, number_to_bytes, to_bytes
from freehold.addresses.ranges import AddressRange, IPAddress, address_of
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ipam.strategy import Strategy
from freehold.ledger import claiming, past, sqlite
from freehold.ledger.protocol import (
    Allocation,
    Claim,
    LedgerSubnet,
    Released,
    SubnetChanged,
)
from freehold.ledger.releasing import releasing_for, remembering_all_for
from freehold.ledger.tables import allocations, ledger_pools, ledger_subnets, stored_time
from freehold.ledger.violations import is_duplicate, is_missing_reference, violations

COUNTED = 16
"""Ranges that one statement counts at the most."""

# Statements are made once: making one costs more than SQLite takes to run it.
_this_subnet = allocations.c.subnet_id == bindparam("in_subnet")
_this_address = allocations.c.address == bindparam("this")
_these_addresses = allocations.c.address.in_(bindparam("addresses", expanding=True))
_within = allocations.c.address.between(bindparam("low"), bindparam("high"))
_held = allocations.c.released_at.is_(None)
_rests = allocations.c.released_at.is_not(None)

_GET_SUBNETS = (
    select(ledger_subnets, ledger_pools.c.first, ledger_pools.c.last)
    .outerjoin_from(ledger_subnets, ledger_pools)
    .where(ledger_subnets.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(ledger_subnets.c.id, ledger_pools.c.first)
)
_REPLACE_SUBNET = (
    update(ledger_subnets)
    .where(ledger_subnets.c.id == bindparam("in_subnet"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("gateway_ip", "strategy", "cool_down", "stamp")
        }
    )
)
_LOCK_SUBNET = (
    select(ledger_subnets.c.id).where(ledger_subnets.c.id == bindparam("in_subnet"))
).with_for_update()
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
_IN_A_POOL = (
    select(ledger_pools.c.first)
    .where(
        ledger_pools.c.subnet_id == bindparam("in_subnet"),
        allocations.c.address.between(ledger_pools.c.first, ledger_pools.c.last),
    )
    .correlate(allocations)
    .exists()
)
_FORGET_OUTSIDE = delete(allocations).where(_this_subnet, _rests, not_(_IN_A_POOL))
_RESTS_LONG_ENOUGH = and_(
    _this_subnet,
    allocations.c.released_at <= bindparam("released_by"),
    select(ledger_subnets.c.stamp)
    .where(ledger_subnets.c.id == bindparam("in_subnet"))
    .scalar_subquery()
    == bindparam("stamp"),
)
_reclaimed = {
    "holder": bindparam("new_holder"),
    "allocated_at": bindparam("now", type_=allocations.c.allocated_at.type),
    "released_at": null(),
}
_RECLAIM = update(allocations).where(_RESTS_LONG_ENOUGH, _this_address).values(_reclaimed)
_LOCK_RESTING = (
    select(allocations.c.address).where(_RESTS_LONG_ENOUGH, _these_addresses).with_for_update()
)
# One UPDATE cannot give each row another holder; an INSERT can.
_DROP_MANY = delete(allocations).where(_this_subnet, _these_addresses)
_INSERT_MANY = insert(allocations)
_PUT_BACK = delete(allocations).where(_this_subnet, _these_addresses, _held)
_PUT_BACK_TO_REST = (
    update(allocations)
    .where(_this_subnet, _these_addresses, _held)
    .values(holder=null(), released_at=bindparam("at", type_=allocations.c.released_at.type))
)
_FIND = select(allocations).where(_this_subnet, _this_address, _held)
_RELEASED_AT = select(allocations.c.released_at).where(_this_subnet, _this_address)
_ALLOCATIONS = (
    select(allocations).where(_this_subnet, _within, _held).order_by(allocations.c.address)
)
_LOWEST_ALLOCATIONS = _ALLOCATIONS.limit(bindparam("rows"))
_TAKEN = select(allocations.c.address).where(_this_subnet, _within).order_by(allocations.c.address)
_LOWEST_TAKEN = _TAKEN.limit(bindparam("rows"))
_RESTING = (
    select(allocations.c.released_at, allocations.c.address)
    .where(_this_subnet, _rests)
    .order_by(allocations.c.released_at, allocations.c.address)
    .limit(bindparam("rows"))
)
_after = bindparam("after", type_=allocations.c.released_at.type)
_RESTING_AFTER = _RESTING.where(
    or_(
        allocations.c.released_at > _after,
        and_(allocations.c.released_at == _after, allocations.c.address > bindparam("behind")),
    )
)


def _count(ranges: int, *also: ColumnElement[bool]) -> Select[*tuple[int, ...]]:
    """Return a statement that counts the rows of so many ranges, each in a column of its own."""
    return select(
        *(
            select(func.count())
            .select_from(allocations)
            .where(
                _this_subnet,
                allocations.c.address.between(bindparam(f"low{place}"), bindparam(f"high{place}")),
                *also,
            )
            .scalar_subquery()
            for place in range(ranges)
        )
    )


_COUNT = [_count(ranges) for ranges in range(1, COUNTED + 1)]
_COUNT_RESTING = [_count(ranges, _rests) for ranges in range(1, COUNTED + 1)]


class SqlLedger:
    """A `freehold.ledger.protocol.Ledger` in one transaction of one connection.

    Args:
        connection: its transaction begun.
        now: the clock; what it returns knows its time zone.
        keep_history: whether who held what is remembered after a release.
        how: the way of claiming; the one that fits the database by default.
    """

    def __init__(
        self,
        connection: Connection,
        now: Callable[[], datetime],
        *,
        keep_history: bool = True,
        how: claiming.Claiming | None = None,
    ) -> None:
        self._connection = connection
        self._now = now
        self._remember = keep_history
        self._enforced = sqlite.enforces_references(connection)
        self._claiming = how or claiming.claiming_for(connection.dialect.name)
        self._release = releasing_for(connection.dialect.name)

    @property
    def transactional(self) -> bool:
        """True: the caller's rollback undoes it all."""
        return True

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet.

        Raises:
            SubnetAlreadyExists: there is one with this id.
        """
        row = _row(subnet)
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
        self._insert_pools([subnet])

    def create_subnets(self, subnets: Sequence[LedgerSubnet]) -> None:
        """Take up subnets, all or none.

        Raises:
            SubnetAlreadyExists: there is one with the id of one of them. On
                PostgreSQL the transaction has to be rolled back then.
        """
        if not subnets:
            return
        try:
            self._connection.execute(_INSERT_SUBNET, [_row(subnet) for subnet in subnets])
        except violations() as error:
            if not is_duplicate(error):
                raise
            raise SubnetAlreadyExists(subnets[0].subnet_id) from error
        self._insert_pools(subnets)

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for."""
        if not subnet_ids:
            return []
        found: dict[str, list[Row[tuple[object, ...]]]] = {}
        for row in self._connection.execute(_GET_SUBNETS, {"ids": list(subnet_ids)}):
            found.setdefault(row.id, []).append(row)
        return [_subnet(found[subnet_id]) for subnet_id in subnet_ids if subnet_id in found]

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change a subnet's gateway, pools, strategy, cool-down and stamp to these.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        this = {"in_subnet": subnet.subnet_id}
        values = {f"new_{name}": value for name, value in _changeable(subnet).items()}
        if self._connection.execute(_REPLACE_SUBNET, {**this, **values}).rowcount == 0:
            raise SubnetNotFound(subnet.subnet_id)
        self._connection.execute(_DELETE_POOLS, this)
        self._insert_pools([subnet])
        self._connection.execute(_FORGET_OUTSIDE, this)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet; whatever is held in it is released.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        this = {"in_subnet": subnet_id}
        if self._remember:
            # Whoever claims something now waits for what becomes of the subnet.
            self._connection.execute(_LOCK_SUBNET, this)
            remembering_all = remembering_all_for(self._connection.dialect.name)
            self._connection.execute(remembering_all, {**this, "now": stored_time(self._now())})
        if self._connection.execute(_DELETE_SUBNET, this).rowcount == 0:
            raise SubnetNotFound(subnet_id)
        if not self._enforced:
            sqlite.remove_children(self._connection, subnet_id)

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken, and tell whether that was so.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        [row] = self._rows(subnet.subnet_id, [Claim(address, holder)])
        with _as_changed(subnet):
            return self._claiming.one(self._connection, row, subnet.stamp)

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        """Hold those of the addresses that are not taken, and return them.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        if not wanted:
            return []
        rows = self._rows(subnet.subnet_id, wanted)
        # In one order, so that no two that claim many wait for each other.
        rows.sort(key=lambda row: row["address"])
        with _as_changed(subnet):
            claimed = self._claiming.many(self._connection, rows, subnet.stamp)
        return [claim.address for claim in wanted if to_bytes(claim.address) in claimed]

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        """Hold those of the addresses that rest, and were released by some time.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        parameters = {
            "in_subnet": subnet.subnet_id,
            "stamp": subnet.stamp,
            "released_by": stored_time(released_by),
        }
        rows = self._rows(subnet.subnet_id, wanted)
        reclaimed = self._reclaim(rows, parameters)
        if not reclaimed:
            claiming.require_subnet(self._connection, subnet.subnet_id, subnet.stamp)
        return [claim.address for claim in wanted if to_bytes(claim.address) in reclaimed]

    def _reclaim(self, rows: Sequence[claiming.Row], parameters: dict[str, object]) -> set[bytes]:
        subnet_id = parameters["in_subnet"]
        reclaimed: set[bytes] = set()
        if len(rows) == 1:
            [row] = rows
            how = {
                **parameters,
                "this": row["address"],
                "new_holder": row["holder"],
                "now": row["allocated_at"],
            }
            if self._connection.execute(_RECLAIM, how).rowcount:
                reclaimed.add(row["address"])
            return reclaimed
        for portion in claiming.portions(rows, claiming.MANY):
            these = {**parameters, "addresses": [row["address"] for row in portion]}
            found = self._connection.execute(_LOCK_RESTING, these).scalars()
            resting = {bytes(address) for address in found}
            if resting:
                self._connection.execute(
                    _DROP_MANY, {"in_subnet": subnet_id, "addresses": list(resting)}
                )
                self._connection.execute(
                    _INSERT_MANY, [row for row in portion if row["address"] in resting]
                )
                reclaimed |= resting
        return reclaimed

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetChanged: the subnet is not the one of this stamp.
        """
        parameters = {
            "in_subnet": subnet.subnet_id,
            "stamp": subnet.stamp,
            "this": to_bytes(address),
            "now": stored_time(self._now()),
        }
        if not self._release(self._connection, parameters, keep, self._remember):
            claiming.require_subnet(self._connection, subnet.subnet_id, subnet.stamp)
            raise IpAddressAllocationNotFound(str(address), subnet.subnet_id)

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims, or reclaims, of this unit of work: as if nobody had held them."""
        for portion in claiming.portions(addresses, claiming.MANY):
            parameters: dict[str, object] = {
                "in_subnet": subnet_id,
                "addresses": [to_bytes(address) for address in portion],
            }
            if released_at is None:
                self._connection.execute(_PUT_BACK, parameters)
            else:
                moment = {"at": stored_time(released_at)}
                self._connection.execute(_PUT_BACK_TO_REST, {**parameters, **moment})

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        parameters = {"in_subnet": subnet_id, "this": to_bytes(address)}
        row = self._connection.execute(_FIND, parameters).one_or_none()
        return None if row is None else _allocation(row, address)

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
            _allocation(
                row, address_of(within.version, from_bytes(bytes(row.address), within.version))
            )
            for row in rows
        ]

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending."""
        parameters = _bounds(subnet_id, within)
        if limit is None:
            rows = self._connection.execute(_TAKEN, parameters)
        else:
            rows = self._connection.execute(_LOWEST_TAKEN, {**parameters, "rows": limit})
        return [from_bytes(bytes(data), within.version) for data in rows.scalars()]

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken; one statement for 16 ranges."""
        return self._counts(_COUNT, subnet_id, ranges)

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return released addresses that rest, by the time of their release."""
        parameters: dict[str, object] = {"in_subnet": subnet.subnet_id, "rows": limit}
        statement = _RESTING
        if after is not None:
            statement = _RESTING_AFTER
            parameters["after"] = stored_time(after.at)
            parameters["behind"] = to_bytes(after.address)
        version = subnet.cidr.version
        return [
            Released(
                row.released_at.replace(tzinfo=UTC),
                address_of(version, from_bytes(bytes(row.address), version)),
            )
            for row in self._connection.execute(statement, parameters)
        ]

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return how many addresses of the ranges rest."""
        return sum(self._counts(_COUNT_RESTING, subnet_id, ranges))

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return when an address that rests was released; None if it does not rest."""
        parameters = {"in_subnet": subnet_id, "this": to_bytes(address)}
        moment = self._connection.execute(_RELEASED_AT, parameters).scalar()
        return None if moment is None else moment.replace(tzinfo=UTC)

    def history(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first."""
        return past.history(self._connection, address, subnet_id, at, limit)

    def forget(self, past_before: datetime, rests_before: datetime, limit: int) -> int:
        """Forget past holders, and end rests; return how many of both."""
        return past.forget(self._connection, past_before, rests_before, limit)

    def _counts(
        self,
        statements: Sequence[Select[*tuple[int, ...]]],
        subnet_id: str,
        ranges: Sequence[AddressRange],
    ) -> list[int]:
        counts: list[int] = []
        for portion in claiming.portions(ranges, COUNTED):
            parameters: dict[str, object] = {"in_subnet": subnet_id}
            for place, one in enumerate(portion):
                parameters[f"low{place}"] = number_to_bytes(one.version, one.first)
                parameters[f"high{place}"] = number_to_bytes(one.version, one.last)
            statement = statements[len(portion) - 1]
            counts += self._connection.execute(statement, parameters).one()
        return counts

    def _insert_pools(self, subnets: Sequence[LedgerSubnet]) -> None:
        rows = [
            {
                "subnet_id": subnet.subnet_id,
                "first": number_to_bytes(pool.version, pool.first),
                "last": number_to_bytes(pool.version, pool.last),
            }
            for subnet in subnets
            for pool in subnet.pools
        ]
        if rows:
            self._connection.execute(_INSERT_POOLS, rows)

    def _rows(self, subnet_id: str, wanted: Iterable[Claim]) -> list[claiming.Row]:
        since = stored_time(self._now())
        return [
            {
                "subnet_id": subnet_id,
                "address": to_bytes(address),
                "holder": holder,
                "allocated_at": since,
            }
            for address, holder in wanted
        ]


def _subnet(rows: Sequence[Row[tuple[object, ...]]]) -> LedgerSubnet:
    """Make a subnet of its rows: one a pool, or one without a pool."""
    subnet = rows[0]
    return LedgerSubnet(
        subnet_id=subnet.id,
        project_id=subnet.project_id,
        cidr=ip_network(subnet.cidr),
        gateway_ip=None if subnet.gateway_ip is None else ip_address(subnet.gateway_ip),
        strategy=None if subnet.strategy is None else Strategy(subnet.strategy),
        cool_down=None if subnet.cool_down is None else timedelta(seconds=subnet.cool_down),
        stamp=subnet.stamp,
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


def _row(subnet: LedgerSubnet) -> dict[str, object]:
    return {
        "id": subnet.subnet_id,
        "project_id": subnet.project_id,
        "ip_version": subnet.cidr.version,
        "cidr": str(subnet.cidr),
        **_changeable(subnet),
    }


def _changeable(subnet: LedgerSubnet) -> dict[str, object]:
    """Return what may change of a subnet's row, by its columns."""
    cool_down = subnet.cool_down
    return {
        "gateway_ip": _text(subnet.gateway_ip),
        "strategy": subnet.strategy,
        "cool_down": None if cool_down is None else int(cool_down.total_seconds()),
        "stamp": subnet.stamp,
    }


def _allocation(row: Row[*tuple[Any, ...]], address: IPAddress) -> Allocation:
    return Allocation(
        subnet_id=row.subnet_id,
        address=address,
        holder=row.holder,
        since=row.allocated_at.replace(tzinfo=UTC),
    )


@contextmanager
def _as_changed(subnet: LedgerSubnet) -> Iterator[None]:
    """Tell of a reference that is gone as of a subnet that is another one than was thought."""
    try:
        yield
    except violations() as error:
        if not is_missing_reference(error):
            raise
        raise SubnetChanged(subnet.subnet_id) from error


def _bounds(subnet_id: str, within: AddressRange) -> dict[str, object]:
    return {
        "in_subnet": subnet_id,
        "low": number_to_bytes(within.version, within.first),
        "high": number_to_bytes(within.version, within.last),
    }


def _text(address: IPAddress | None) -> str | None:
    return None if address is None else str(address)
