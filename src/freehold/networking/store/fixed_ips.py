"""Rows of the addresses that ports show, of which the ledger has the allocations.

A port and its addresses are stored apart: a port is there before its addresses are
claimed, and what it shows changes with subnets as well. ``position`` is the order in which
a port shows them.
"""

from collections.abc import Mapping, Sequence, Set

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    false,
    func,
    insert,
    or_,
    select,
)

from freehold.addresses.encoding import from_bytes, to_bytes
from freehold.addresses.ranges import IPAddress, address_of
from freehold.db.tables import fixed_ips, ports, subnets
from freehold.networking.store.conditions import AnyRow, Condition, in_batches
from freehold.networking.values import FixedIP, Holding, Port


def _showing(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a port shows such an address."""
    return ports.c.id.in_(select(fixed_ips.c.port_id).where(which))


def _has_address(values: tuple[object, ...]) -> ColumnElement[bool]:
    return _showing(fixed_ips.c.ip_address.in_([str(value) for value in values]))


def _has_part(values: tuple[object, ...]) -> ColumnElement[bool]:
    parts = (
        fixed_ips.c.ip_address.contains(str(value).lower(), autoescape=True) for value in values
    )
    return _showing(or_(false(), *parts))


def _has_subnet(values: tuple[object, ...]) -> ColumnElement[bool]:
    return _showing(fixed_ips.c.subnet_id.in_(values))


FILTERS: dict[str, Condition] = {
    "fixed_ips.ip_address": _has_address,
    "fixed_ips.ip_address_substr": _has_part,
    "fixed_ips.subnet_id": _has_subnet,
}
"""Conditions that a port fulfils by an address that it shows."""


def of_ports(connection: Connection, port_ids: Sequence[str]) -> dict[str, tuple[FixedIP, ...]]:
    """Read the addresses of each of some ports; few statements."""
    shown: dict[str, list[FixedIP]] = {port_id: [] for port_id in port_ids}
    for ids in in_batches(port_ids):
        for row in connection.execute(
            select(fixed_ips, subnets.c.ip_version)
            .join_from(fixed_ips, subnets)
            .where(fixed_ips.c.port_id.in_(ids))
            .order_by(fixed_ips.c.port_id, fixed_ips.c.position)
        ):
            shown[row.port_id].append(fixed_ip_of(row))
    return {port_id: tuple(several) for port_id, several in shown.items()}


def holder_among(
    connection: Connection, subnet_id: str, address: IPAddress, owners: Set[str]
) -> str | None:
    """Return the port with one of these device owners that shows an address, if any."""
    return connection.scalar(
        select(ports.c.id)
        .join_from(fixed_ips, ports)
        .where(
            fixed_ips.c.subnet_id == subnet_id,
            fixed_ips.c.address == to_bytes(address),
            ports.c.device_owner.in_(owners),
        )
    )


def holdings(connection: Connection, subnet_id: str) -> tuple[Holding, ...]:
    """Read which ports show which addresses of a subnet, in the order of the addresses."""
    rows = connection.execute(
        select(ports.c.id, ports.c.device_owner, fixed_ips, subnets.c.ip_version)
        .join_from(fixed_ips, ports)
        .join(subnets, subnets.c.id == fixed_ips.c.subnet_id)
        .where(fixed_ips.c.subnet_id == subnet_id)
        .order_by(fixed_ips.c.address)
    )
    return tuple(Holding(row.id, row.device_owner, fixed_ip_of(row)) for row in rows)


def next_positions(connection: Connection, network_id: str) -> Mapping[str, int]:
    """Return at which position a further address of each port of a network goes.

    It is not how many the port shows: a subnet that was deleted leaves a gap.
    Ports without addresses are left out.
    """
    rows = connection.execute(
        select(fixed_ips.c.port_id, func.max(fixed_ips.c.position) + 1)
        .join_from(fixed_ips, ports)
        .where(ports.c.network_id == network_id)
        .group_by(fixed_ips.c.port_id)
    )
    return {row[0]: row[1] for row in rows}


def add_fixed_ips(
    connection: Connection, port_id: str, added: Sequence[FixedIP], position: int = 0
) -> None:
    """Store addresses of a port.

    Args:
        connection: the unit's connection.
        port_id: the port.
        added: its new addresses.
        position: where the first of them goes; see `next_positions`.

    Raises:
        DBReferenceError: the port or a subnet is gone.
        DBDuplicateEntry: another port shows one of the addresses.
    """
    if added:
        connection.execute(
            insert(fixed_ips),
            [
                _fixed_ip_row(port_id, fixed_ip, place)
                for place, fixed_ip in enumerate(added, start=position)
            ],
        )


def add_fixed_ips_of_all(connection: Connection, new: Sequence[Port]) -> None:
    """Store the addresses of new ports; few statements.

    Raises:
        DBReferenceError: a subnet is gone.
        DBDuplicateEntry: another port shows one of the addresses.
    """
    rows = [
        _fixed_ip_row(port.id, fixed_ip, place)
        for port in new
        for place, fixed_ip in enumerate(port.fixed_ips)
    ]
    if rows:
        connection.execute(insert(fixed_ips), rows)


def remove_fixed_ips(connection: Connection, port_id: str) -> None:
    """Delete all addresses of a port."""
    connection.execute(delete(fixed_ips).where(fixed_ips.c.port_id == port_id))


def remove_holdings(connection: Connection, holdings: Sequence[Holding]) -> None:
    """Delete these addresses, and no others that ports may have got since they were read."""
    if holdings:
        connection.execute(
            delete(fixed_ips).where(
                fixed_ips.c.subnet_id == bindparam("in_subnet"),
                fixed_ips.c.address == bindparam("at"),
                fixed_ips.c.port_id == bindparam("of_port"),
            ),
            [
                {
                    "in_subnet": holding.fixed_ip.subnet_id,
                    "at": to_bytes(holding.fixed_ip.ip_address),
                    "of_port": holding.port_id,
                }
                for holding in holdings
            ],
        )


def fixed_ip_of(row: AnyRow) -> FixedIP:
    """Read an address of its row and its subnet's IP version."""
    number = from_bytes(row.address, row.ip_version)
    return FixedIP(row.subnet_id, address_of(row.ip_version, number))


def _fixed_ip_row(port_id: str, fixed_ip: FixedIP, position: int) -> dict[str, object]:
    return {
        "subnet_id": fixed_ip.subnet_id,
        "address": to_bytes(fixed_ip.ip_address),
        "port_id": port_id,
        "position": position,
        "ip_address": str(fixed_ip.ip_address),
    }
