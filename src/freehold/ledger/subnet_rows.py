"""Rows of the subnets that a ledger knows, and of their allocation pools.

A subnet and its pools are read together and replaced together. What rests is of use
only inside of pools, so it is forgotten where none has it any more; what is held
stays, wherever it lies.
"""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, Row, bindparam, delete, insert, not_, select, update
from sqlalchemy.dialects import postgresql

from freehold.addresses.encoding import from_bytes, number_to_bytes
from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import SubnetAlreadyExists, SubnetNotFound
from freehold.ipam.strategy import Strategy
from freehold.ledger.protocol import LedgerSubnet
from freehold.ledger.tables import allocations, ledger_pools, ledger_subnets
from freehold.ledger.violations import is_duplicate, violations

# Statements are made once: making one costs more than SQLite takes to run it.
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
_FORGET_OUTSIDE = delete(allocations).where(
    allocations.c.subnet_id == bindparam("in_subnet"),
    allocations.c.released_at.is_not(None),
    not_(_IN_A_POOL),
)


def add(connection: Connection, subnet: LedgerSubnet) -> None:
    """Store a subnet; the transaction goes on, whether or not there was one.

    Raises:
        SubnetAlreadyExists: there is one with this id.
    """
    row = _row(subnet)
    if connection.dialect.name == "postgresql":
        # Its duplicate would end the transaction.
        if connection.execute(_INSERT_NEW_SUBNET, row).rowcount == 0:
            raise SubnetAlreadyExists(subnet.subnet_id)
    else:
        try:
            connection.execute(_INSERT_SUBNET, row)
        except violations() as error:
            if not is_duplicate(error):
                raise
            raise SubnetAlreadyExists(subnet.subnet_id) from error
    _add_pools(connection, [subnet])


def add_all(connection: Connection, subnets: Sequence[LedgerSubnet]) -> None:
    """Store subnets, all or none; there is one at least.

    Raises:
        SubnetAlreadyExists: there is one with the id of one of them. On
            PostgreSQL the transaction has to be rolled back then.
    """
    try:
        connection.execute(_INSERT_SUBNET, [_row(subnet) for subnet in subnets])
    except violations() as error:
        if not is_duplicate(error):
            raise
        raise SubnetAlreadyExists(subnets[0].subnet_id) from error
    _add_pools(connection, subnets)


def read(connection: Connection, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
    """Return those of the subnets that exist, in the order asked for, by one statement."""
    found: dict[str, list[Row[tuple[object, ...]]]] = {}
    for row in connection.execute(_GET_SUBNETS, {"ids": list(subnet_ids)}):
        found.setdefault(row.id, []).append(row)
    return [_subnet(found[subnet_id]) for subnet_id in subnet_ids if subnet_id in found]


def replace(connection: Connection, subnet: LedgerSubnet) -> None:
    """Overwrite what may change of a subnet, and forget what rests outside of its new pools.

    Raises:
        SubnetNotFound: there is none with this id.
    """
    this = {"in_subnet": subnet.subnet_id}
    values = {f"new_{name}": value for name, value in _changeable(subnet).items()}
    if connection.execute(_REPLACE_SUBNET, {**this, **values}).rowcount == 0:
        raise SubnetNotFound(subnet.subnet_id)
    connection.execute(_DELETE_POOLS, this)
    _add_pools(connection, [subnet])
    connection.execute(_FORGET_OUTSIDE, this)


def lock(connection: Connection, subnet_id: str) -> None:
    """Have whoever claims something in a subnet wait for the end of the transaction."""
    connection.execute(_LOCK_SUBNET, {"in_subnet": subnet_id})


def remove(connection: Connection, subnet_id: str) -> None:
    """Delete a subnet; foreign keys, where they hold, see to its pools and allocations.

    Raises:
        SubnetNotFound: there is none with this id.
    """
    if connection.execute(_DELETE_SUBNET, {"in_subnet": subnet_id}).rowcount == 0:
        raise SubnetNotFound(subnet_id)


def _add_pools(connection: Connection, subnets: Sequence[LedgerSubnet]) -> None:
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
        connection.execute(_INSERT_POOLS, rows)


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


def _text(address: IPAddress | None) -> str | None:
    return None if address is None else str(address)
