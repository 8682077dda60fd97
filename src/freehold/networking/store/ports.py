"""Rows of ports, which are read with the addresses that they show.

Those are rows of their own, which are written by `fixed_ips`.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, literal, select

from freehold.db.retry import RunAgain
from freehold.db.tables import fixed_ips, networks, port_tags, ports, subnets
from freehold.errors import PortNotFound
from freehold.networking.owners import NETWORK_PREFIX
from freehold.networking.paging import ALL, Page
from freehold.networking.quota_values import Account
from freehold.networking.sharing_values import VISIBLE
from freehold.networking.store import quotas, sharing
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of, where
from freehold.networking.store.fixed_ips import FILTERS as ADDRESS_FILTERS
from freehold.networking.store.fixed_ips import fixed_ip_of, of_ports
from freehold.networking.store.pages import Sorting
from freehold.networking.store.port_attributes import in_columns, options_of, pairs_of
from freehold.networking.store.records import columns_of, in_table, record_of
from freehold.networking.values import Filter, FixedIP, IPAllocation, Port

RECORDS = in_table(ports, port_tags)


FILTERS: dict[str, Condition] = {
    **{
        name: one_of(ports.c[name])
        for name in (
            "id",
            "name",
            "network_id",
            "admin_state_up",
            "mac_address",
            "device_id",
            "device_owner",
            "project_id",
            "status",
            "host_id",
            "ip_allocation",
        )
    },
    **ADDRESS_FILTERS,
    VISIBLE: sharing.PORTS,
    **RECORDS.filters(),
}

SORTING = Sorting(
    ports.c.id,
    {
        name: ports.c[name]
        for name in (
            "name",
            "network_id",
            "admin_state_up",
            "mac_address",
            "device_id",
            "device_owner",
            "project_id",
            "status",
            "ip_allocation",
        )
    },
)

_KEPT = (
    "allowed_address_pairs",
    "extra_dhcp_opts",
    "dns_name",
    "host_id",
    "vnic_type",
    "binding_profile",
)

# Made once: to put a statement together takes longer than to have it carried out.
_PORTS = select(ports, *RECORDS.columns())
_WITH_ADDRESSES = (
    _PORTS.add_columns(fixed_ips.c.subnet_id, fixed_ips.c.address, subnets.c.ip_version)
    .join_from(ports, fixed_ips, isouter=True)
    .join(subnets, subnets.c.id == fixed_ips.c.subnet_id, isouter=True)
    .where(ports.c.id == bindparam("port_id"))
    .order_by(fixed_ips.c.position)
)


def add(connection: Connection, port: Port) -> None:
    """Store a new port with its tags, without its addresses.

    Raises:
        DBDuplicateEntry: another port of the network has its MAC address.
        DBReferenceError: the network is gone.
    """
    connection.execute(insert(ports).values(_row(port)))
    RECORDS.add_tags(connection, port.id, port.record.tags)


def add_uncounted(connection: Connection, port: Port, account: Account) -> bool:
    """Store a new port as `add` does, if an account has no counters and the network is there.

    Returns:
        Whether it is so; otherwise nothing was stored.

    Raises:
        DBDuplicateEntry: another port of the network has its MAC address.
    """
    columns = _row(port)
    values = [literal(value, ports.c[name].type) for name, value in columns.items()]
    row = select(*values).where(networks.c.id == port.network_id, quotas.is_uncounted(account))
    stored = insert(ports).from_select(list(columns), row)
    if not connection.execute(stored.execution_options(preserve_rowcount=True)).rowcount:
        return False
    RECORDS.add_tags(connection, port.id, port.record.tags)
    return True


def add_all(connection: Connection, new: Sequence[Port]) -> None:
    """Store new ports with their tags, without their addresses; few statements.

    Raises:
        DBDuplicateEntry: another port of the network has the MAC address of one.
        DBReferenceError: a network is gone.
    """
    connection.execute(insert(ports), [_row(port) for port in new])
    RECORDS.add_tags_of_many(connection, {port.id: port.record.tags for port in new})


def get(connection: Connection, port_id: str) -> Port:
    """Read one port and its addresses, by one statement.

    Raises:
        PortNotFound: there is none of this id.
    """
    rows = connection.execute(_WITH_ADDRESSES, {"port_id": port_id}).all()
    if not rows:
        raise PortNotFound(port_id)
    return _port(rows[0], tuple(fixed_ip_of(row) for row in rows if row.subnet_id is not None))


def find(connection: Connection, filters: Sequence[Filter], page: Page = ALL) -> tuple[Port, ...]:
    """Read those ports that pass all the filters and are on the page.

    Raises:
        PortNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(
        connection,
        _PORTS.where(where(filters, FILTERS)),
        page,
        sharing.view_of(filters, FILTERS),
    )
    if rows is None:
        raise PortNotFound(str(page.marker))
    shown = of_ports(connection, [row.id for row in rows])
    return tuple(_port(row, shown[row.id]) for row in rows)


def not_owned_by(connection: Connection, network_id: str, owners: Set[str]) -> tuple[str, ...]:
    """Return the ids of a network's ports whose device owner is none of these."""
    return tuple(
        connection.scalars(
            select(ports.c.id)
            .where(ports.c.network_id == network_id, ports.c.device_owner.not_in(owners))
            .order_by(ports.c.id)
        )
    )


def with_ports(connection: Connection, network_ids: Set[str]) -> frozenset[str]:
    """Return those of some networks that have ports."""
    return frozenset(
        network_id
        for ids in in_batches(sorted(network_ids))
        for network_id in connection.scalars(
            select(ports.c.network_id).distinct().where(ports.c.network_id.in_(ids))
        )
    )


def projects_on(connection: Connection, network_id: str) -> frozenset[str]:
    """Return the projects with ports on a network, those of network services aside."""
    return frozenset(
        connection.scalars(
            select(ports.c.project_id)
            .distinct()
            .where(
                ports.c.network_id == network_id,
                ports.c.device_owner.not_like(f"{NETWORK_PREFIX}%"),
            )
        )
    )


def change(connection: Connection, port: Port, values: Mapping[str, object], now: datetime) -> None:
    """Overwrite some columns of a port as it was read, and raise its revision.

    From here on no other unit can change the port or its addresses.

    Raises:
        DBDuplicateEntry: another port of the network has the new MAC address.
        RunAgain: the port is not as it was read any more.
    """
    RECORDS.raise_revision(connection, port.id, port.record, now, in_columns(values))


def remove(connection: Connection, port: Port) -> None:
    """Delete a port as it was read, which has no addresses any more.

    Raises:
        DBReferenceError: it has got addresses meanwhile.
        RunAgain: the port is not as it was read any more.
    """
    removed = connection.execute(
        delete(ports).where(ports.c.id == port.id, ports.c.revision == port.record.revision)
    )
    if not removed.rowcount:
        raise RunAgain


def macs_in_use(connection: Connection, network_id: str, macs: Collection[str]) -> frozenset[str]:
    """Tell which of these MAC addresses ports of a network have."""
    return frozenset(
        mac
        for some in in_batches(sorted(macs))
        for mac in connection.scalars(
            select(ports.c.mac_address).where(
                ports.c.network_id == network_id, ports.c.mac_address.in_(some)
            )
        )
    )


def _row(port: Port) -> dict[str, object]:
    return {
        "id": port.id,
        "network_id": port.network_id,
        "project_id": port.project_id,
        "name": port.name,
        "description": port.description,
        "admin_state_up": port.admin_state_up,
        "mac_address": port.mac_address,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "status": port.status,
        "ip_allocation": port.ip_allocation,
        **in_columns({name: getattr(port, name) for name in _KEPT}),
        **columns_of(port.record),
    }


def _port(row: AnyRow, shown: tuple[FixedIP, ...]) -> Port:
    return Port(
        id=row.id,
        network_id=row.network_id,
        project_id=row.project_id,
        name=row.name,
        admin_state_up=row.admin_state_up,
        mac_address=row.mac_address,
        device_id=row.device_id,
        device_owner=row.device_owner,
        fixed_ips=shown,
        status=row.status,
        ip_allocation=IPAllocation(row.ip_allocation),
        description=row.description,
        allowed_address_pairs=pairs_of(row),
        extra_dhcp_opts=options_of(row),
        dns_name=row.dns_name,
        host_id=row.host_id,
        vnic_type=row.vnic_type,
        binding_profile=row.binding_profile,
        record=record_of(row),
    )
