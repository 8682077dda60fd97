"""Rows of networks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, true, update

from freehold.db.retry import RunAgain
from freehold.db.tables import network_guards, network_tags, networks, subnetpools, subnets
from freehold.errors import NetworkNotFound
from freehold.ledger.tables import stored_time
from freehold.networking.paging import ALL, Page
from freehold.networking.segment_values import Segment
from freehold.networking.sharing_values import VISIBLE
from freehold.networking.store import sharing
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.store.records import Records, record_of
from freehold.networking.values import Filter, Network, Subnet

RECORDS = Records(
    resources=networks,
    tags=network_tags,
    key=network_guards.c.network_id,
    revision=network_guards.c.generation,
    updated_at=network_guards.c.updated_at,
)

_SHARED = sharing.is_shared(networks.c.id)
_EXTERNAL = sharing.is_external(networks.c.id)

FILTERS: Mapping[str, Condition] = {
    **{
        name: one_of(networks.c[name])
        for name in (
            "id",
            "name",
            "admin_state_up",
            "status",
            "project_id",
            "network_type",
            "physical_network",
            "segmentation_id",
            "mtu",
            "vlan_transparent",
        )
    },
    "shared": sharing.if_true(_SHARED),
    "external": sharing.if_true(_EXTERNAL),
    VISIBLE: sharing.NETWORKS,
    **RECORDS.filters(),
}

SORTING = Sorting(
    networks.c.id,
    {name: networks.c[name] for name in ("name", "admin_state_up", "status", "project_id", "mtu")},
)

_KEPT = (
    "dns_domain",
    "physical_network",
    "segmentation_id",
    "mtu",
    "vlan_transparent",
)

# Made once: to put a statement together takes longer than to have it carried out.
_COLUMNS = (networks, _SHARED.label("shared"), _EXTERNAL.label("external"))
_NETWORKS = select(*_COLUMNS, *RECORDS.columns()).join_from(networks, network_guards)
_WITH_SUBNETS = (
    select(
        *_COLUMNS,
        *RECORDS.columns(),
        *subnet_rows.LABELLED_COLUMNS,
        subnetpools.c.address_scope_id,
    )
    .join_from(networks, network_guards)
    .join(subnets, subnets.c.network_id == networks.c.id, isouter=True)
    .join(subnetpools, subnetpools.c.id == subnets.c.subnetpool_id, isouter=True)
    .where(networks.c.id == bindparam("network_id"))
    .order_by(subnets.c.created_at, subnets.c.id)
)


def add(connection: Connection, network: Network) -> None:
    """Store a new network."""
    connection.execute(insert(networks).values(_row(network)))
    connection.execute(insert(network_guards).values(_guard_row(network)))


def add_all(connection: Connection, new: Sequence[Network]) -> None:
    """Store new networks, by two statements."""
    if new:
        connection.execute(insert(networks), [_row(network) for network in new])
        connection.execute(insert(network_guards), [_guard_row(network) for network in new])


def get(connection: Connection, network_id: str) -> Network:
    """Read one network.

    Raises:
        NetworkNotFound: there is none of this id.
    """
    found = find(connection, [Filter("id", (network_id,))])
    if not found:
        raise NetworkNotFound(network_id)
    return found[0]


def get_with_subnets(connection: Connection, network_id: str) -> tuple[Network, tuple[Subnet, ...]]:
    """Read one network and all of its subnets, the oldest first, by one statement.

    Raises:
        NetworkNotFound: there is none of this id.
    """
    rows = connection.execute(_WITH_SUBNETS, {"network_id": network_id}).all()
    if not rows:
        raise NetworkNotFound(network_id)
    found = tuple(subnet_rows.from_labelled(row, rows[0].shared) for row in rows if row.subnets_id)
    members = [
        _Member(
            row.subnets_id, row.subnets_ip_version, row.address_scope_id, row.subnets_segment_id
        )
        for row in rows
        if row.subnets_id
    ]
    return _network(rows[0], members), found


def find_with_subnets(
    connection: Connection, network_ids: Collection[str]
) -> dict[str, tuple[Network, tuple[Subnet, ...]]]:
    """Read networks and all of their subnets, the oldest first; few statements.

    Raises:
        NetworkNotFound: there is none with one of these ids.
    """
    found: dict[str, tuple[Network, tuple[Subnet, ...]]] = {}
    for ids in in_batches(sorted(network_ids)):
        known = {network.id: network for network in find(connection, [Filter("id", tuple(ids))])}
        for network_id in ids:
            if network_id not in known:
                raise NetworkNotFound(network_id)
        members: dict[str, list[Subnet]] = {network_id: [] for network_id in ids}
        for subnet in subnet_rows.find(connection, [Filter("network_id", tuple(ids))]):
            members[subnet.network_id].append(subnet)
        for network_id, subnets_of in members.items():
            subnets_of.sort(key=lambda subnet: (subnet.record.created_at, subnet.id))
            found[network_id] = known[network_id], tuple(subnets_of)
    return found


def find(
    connection: Connection, filters: Sequence[Filter], page: Page = ALL
) -> tuple[Network, ...]:
    """Read those networks that pass all the filters and are on the page.

    Raises:
        NetworkNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(
        connection,
        _NETWORKS.where(where(filters, FILTERS)),
        page,
        sharing.view_of(filters, FILTERS),
    )
    if rows is None:
        raise NetworkNotFound(str(page.marker))
    members: dict[str, list[_Member]] = {row.id: [] for row in rows}
    for ids in in_batches(list(members)):
        for network_id, *member in connection.execute(
            select(
                subnets.c.network_id,
                subnets.c.id,
                subnets.c.ip_version,
                subnetpools.c.address_scope_id,
                subnets.c.segment_id,
            )
            .join_from(subnets, subnetpools, isouter=True)
            .where(subnets.c.network_id.in_(ids))
            .order_by(subnets.c.created_at, subnets.c.id)
        ):
            members[network_id].append(_Member(*member))
    return tuple(_network(row, members[row.id]) for row in rows)


def change(
    connection: Connection, network: Network, values: Mapping[str, object], now: datetime
) -> None:
    """Overwrite some columns of a network as it was read, and raise its revision.

    Raises:
        RunAgain: the network is not as it was read any more.
    """
    RECORDS.raise_revision(connection, network.id, network.record, now)
    if values:
        connection.execute(update(networks).where(networks.c.id == network.id).values(**values))


def realise_as(connection: Connection, network_id: str, first: Segment | None) -> None:
    """Give a network the provider attributes of its first segment; its guard was moved before."""
    connection.execute(
        update(networks)
        .where(networks.c.id == network_id)
        .values(
            network_type=first.network_type if first else "",
            physical_network=first.physical_network if first else None,
            segmentation_id=first.segmentation_id if first else None,
        )
    )


def guard(
    connection: Connection, network_id: str, now: datetime, expected: int | None = None
) -> None:
    """Exclude all other units that change the network's set of subnets at this time.

    To be called before the set is read. Another unit waits for the end of this
    one, and then reads what this one has left; or, on another node of a
    cluster, it fails and is run again. The network's revision grows by one.

    Args:
        connection: the unit's connection.
        network_id: the network.
        now: the time.
        expected: the revision that the network has to have; None for whichever.

    Raises:
        NetworkNotFound: the network is gone.
        RevisionNumberConstraintFailed: it has another revision.
    """
    as_expected = network_guards.c.generation == expected if expected is not None else true()
    touched = connection.execute(
        update(network_guards)
        .where(network_guards.c.network_id == network_id, as_expected)
        .values(generation=network_guards.c.generation + 1, updated_at=stored_time(now))
    )
    if not touched.rowcount:
        if expected is None:
            raise NetworkNotFound(network_id)
        get(connection, network_id).record.check(expected)
        raise RunAgain


def guard_all(connection: Connection, network_ids: Collection[str], now: datetime) -> None:
    """Exclude all other units that change the sets of subnets of several networks; see `guard`.

    Raises:
        NetworkNotFound: one of the networks is gone.
    """
    for ids in in_batches(sorted(network_ids)):
        touched = connection.execute(
            update(network_guards)
            .where(network_guards.c.network_id.in_(ids))
            .values(generation=network_guards.c.generation + 1, updated_at=stored_time(now))
        )
        if touched.rowcount < len(ids):
            find_with_subnets(connection, ids)
            raise RunAgain


def remove(connection: Connection, network_id: str) -> None:
    """Delete a network that has neither ports nor subnets any more."""
    connection.execute(delete(network_guards).where(network_guards.c.network_id == network_id))
    connection.execute(delete(networks).where(networks.c.id == network_id))


def _row(network: Network) -> dict[str, object]:
    return {
        "id": network.id,
        "project_id": network.project_id,
        "name": network.name,
        "description": network.description,
        **{name: getattr(network, name) for name in _KEPT},
        "network_type": network.network_type,
        "admin_state_up": network.admin_state_up,
        "status": network.status,
        "created_at": stored_time(network.record.created_at),
    }


def _guard_row(network: Network) -> dict[str, object]:
    return {
        "network_id": network.id,
        "generation": network.record.revision,
        "updated_at": stored_time(network.record.updated_at),
    }


class _Member(NamedTuple):
    """What a network shows of one of its subnets."""

    subnet_id: str
    ip_version: int
    address_scope_id: str | None
    segment_id: str | None


def _network(row: AnyRow, members: Sequence[_Member]) -> Network:
    # All of one IP version have the same, or none: see `plan.subnet_pools.check_affinity`.
    scopes = {one.ip_version: one.address_scope_id for one in members}
    return Network(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        admin_state_up=row.admin_state_up,
        shared=row.shared,
        status=row.status,
        subnet_ids=tuple(one.subnet_id for one in members),
        ipv4_address_scope=scopes.get(4),
        ipv6_address_scope=scopes.get(6),
        description=row.description,
        external=row.external,
        **{name: getattr(row, name) for name in _KEPT},
        network_type=row.network_type or None,
        routed=any(one.segment_id is not None for one in members),
        record=record_of(row),
    )
