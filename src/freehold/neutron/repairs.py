"""Repairing what an audit found, while the cloud goes on.

Each repair is a transaction of its own. In it the finding is looked at once more,
with the row locked on which Neutron decides, so that what has changed since is
left alone: what is in order by now, or is another case by now, stays as it is. So it
can also be made again when the database ended it, as one of Galera's nodes does with
each transaction that another node was faster than.

One thing a look under locks does not show. Where Neutron takes an address from a port
that stays, it releases the address at first, and deletes it from ``ipallocations``
later in its transaction. If it was not held, what is repaired between the two is an
address held for nobody. So an address that was held for a port is looked at again after
a while, longer than a transaction of Neutron's takes, and is freed if the port has lost it.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol
from uuid import uuid4

from sqlalchemy import Connection, Engine, bindparam, delete, exists, insert, select

from freehold.neutron.audit import described
from freehold.neutron.claiming import claiming_for
from freehold.neutron.connecting import in_transaction
from freehold.neutron.findings import Finding, Kind
from freehold.neutron.tables import (
    ip_allocations,
    ipam_allocations,
    ipam_pools,
    ipam_subnets,
    subnet_ranges,
    subnets,
)

_IPAM_ID = select(ipam_subnets.c.id).where(ipam_subnets.c.neutron_subnet_id == bindparam("subnet"))
_LOCK_SUBNET = select(subnets.c.id).where(subnets.c.id == bindparam("subnet")).with_for_update()
_LOCK_SHOWN = (
    select(ip_allocations.c.ip_address)
    .where(
        ip_allocations.c.subnet_id == bindparam("subnet"),
        ip_allocations.c.ip_address == bindparam("address"),
        ip_allocations.c.port_id == bindparam("port"),
    )
    .with_for_update()
)
_ALL_SHOWN = select(ip_allocations.c.ip_address).where(
    ip_allocations.c.subnet_id == bindparam("subnet")
)
_POOLS = select(subnet_ranges.c.first_ip, subnet_ranges.c.last_ip).where(
    subnet_ranges.c.subnet_id == bindparam("subnet")
)
_IPAM_POOLS = select(ipam_pools.c.first_ip, ipam_pools.c.last_ip).where(
    ipam_pools.c.ipam_subnet_id == bindparam("ipam_id")
)
_FREE = delete(ipam_allocations).where(
    ipam_allocations.c.ipam_subnet_id.in_(bindparam("ipam_ids", expanding=True)),
    ipam_allocations.c.ip_address == bindparam("address"),
    ~exists().where(
        ip_allocations.c.subnet_id == bindparam("subnet"),
        ip_allocations.c.ip_address == bindparam("address"),
    ),
)
_FORGET = delete(ipam_subnets).where(
    ipam_subnets.c.id == bindparam("ipam_id"),
    ~exists().where(subnets.c.id == bindparam("subnet")),
)
_FORGET_POOLS = delete(ipam_pools).where(ipam_pools.c.ipam_subnet_id == bindparam("ipam_id"))
_FORGET_HELD = delete(ipam_allocations).where(
    ipam_allocations.c.ipam_subnet_id == bindparam("ipam_id")
)


class Repair(Protocol):
    """What mends one kind of finding, in a transaction."""

    def __call__(self, connection: Connection, finding: Finding) -> bool:
        """Mend it, and tell whether it was still there."""
        ...


def repair_all(
    engine: Engine, planned: Sequence[Finding], wait: Callable[[], None]
) -> Iterator[tuple[Finding, bool]]:
    """Repair findings one after the other, and yield what has become of each once it is known.

    An address that was held, and was freed again since its port had lost it, is yielded
    twice: at last as one that was not there any more.

    Args:
        engine: on Neutron's database.
        planned: of kinds that are repaired.
        wait: lets a time pass in which Neutron ends the transactions it is in.

    Raises:
        KeyError: findings of a kind are not repaired.
        DatabaseUnavailable: the database failed, and went on failing.
    """
    held: list[Finding] = []
    for finding in planned:
        repaired = repair(engine, finding)
        yield finding, repaired
        if repaired and finding.kind is Kind.GHOST:
            held.append(finding)
    if held:
        wait()
    for finding in held:
        if in_transaction(engine, partial(_free, finding=finding)):
            yield finding, False


def repair(engine: Engine, finding: Finding) -> bool:
    """Repair one finding.

    Returns:
        False if it was not there any more; then nothing was changed.

    Raises:
        KeyError: findings of this kind are not repaired.
        DatabaseUnavailable: the database failed, and went on failing.
    """
    return in_transaction(engine, partial(_REPAIRS[finding.kind], finding=finding))


def _free(connection: Connection, finding: Finding) -> bool:
    """Free an address, unless a port has it by now."""
    ipam_ids = connection.execute(_IPAM_ID, {"subnet": finding.subnet_id}).scalars().all()
    if not ipam_ids:
        return False
    parameters = {
        "ipam_ids": ipam_ids,
        "address": finding.address,
        "subnet": finding.subnet_id,
    }
    return connection.execute(_FREE, parameters).rowcount > 0


def _hold(connection: Connection, finding: Finding) -> bool:
    """Hold an address, unless the port has lost it by now."""
    parameters = {
        "subnet": finding.subnet_id,
        "address": finding.address,
        "port": finding.port_id,
    }
    # Who deletes the port waits for it, and then releases what is inserted here.
    if connection.execute(_LOCK_SHOWN, parameters).first() is None:
        return False
    ipam_id = connection.execute(_IPAM_ID, {"subnet": finding.subnet_id}).scalars().first()
    if ipam_id is None:
        return False
    return claiming_for(connection.dialect.name).one(connection, ipam_id, finding.address)


def _forget(connection: Connection, finding: Finding) -> bool:
    """Forget a subnet, unless Neutron has it by now."""
    parameters = {"ipam_id": finding.detail, "subnet": finding.subnet_id}
    forgotten = connection.execute(_FORGET, parameters).rowcount > 0
    if forgotten and connection.dialect.name == "sqlite":
        for children in (_FORGET_POOLS, _FORGET_HELD):
            connection.execute(children, {"ipam_id": finding.detail})
    return forgotten


def _take_up(connection: Connection, finding: Finding) -> bool:
    """Take up a subnet as Neutron shows it, unless that was done by now."""
    this = {"subnet": finding.subnet_id}
    if connection.execute(_LOCK_SUBNET, this).first() is None:
        return False
    if connection.execute(_IPAM_ID, this).first() is not None:
        return False
    ipam_id = str(uuid4())
    connection.execute(
        insert(ipam_subnets), {"id": ipam_id, "neutron_subnet_id": finding.subnet_id}
    )
    _copy_pools(connection, finding.subnet_id, ipam_id)
    shown = sorted(set(connection.execute(_ALL_SHOWN, this).scalars()))
    if shown:
        claiming_for(connection.dialect.name).many(connection, ipam_id, shown)
    return True


def _replace_pools(connection: Connection, finding: Finding) -> bool:
    """Take over the pools that a subnet shows, if they are still those of the plan."""
    this = {"subnet": finding.subnet_id}
    if connection.execute(_LOCK_SUBNET, this).first() is None:
        return False
    shown = {(first, last) for first, last in connection.execute(_POOLS, this)}
    if described(frozenset(shown)) != finding.detail:
        return False
    replaced = False
    for ipam_id in connection.execute(_IPAM_ID, this).scalars().all():
        used = connection.execute(_IPAM_POOLS, {"ipam_id": ipam_id})
        if {(first, last) for first, last in used} != shown:
            connection.execute(_FORGET_POOLS, {"ipam_id": ipam_id})
            _copy_pools(connection, finding.subnet_id, ipam_id)
            replaced = True
    return replaced


def _copy_pools(connection: Connection, subnet_id: str, ipam_id: str) -> None:
    rows = [
        {"id": str(uuid4()), "ipam_subnet_id": ipam_id, "first_ip": first, "last_ip": last}
        for first, last in connection.execute(_POOLS, {"subnet": subnet_id})
    ]
    if rows:
        connection.execute(insert(ipam_pools), rows)


_REPAIRS: dict[Kind, Repair] = {
    Kind.LEAK: _free,
    Kind.GHOST: _hold,
    Kind.ORPHAN: _forget,
    Kind.UNKNOWN_SUBNET: _take_up,
    Kind.POOLS: _replace_pools,
}
