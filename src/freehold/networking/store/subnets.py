"""Rows of subnets."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import Connection, Label, case, delete, insert, literal, select, update

from freehold.addresses.ranges import AddressRange
from freehold.db.retry import RunAgain
from freehold.db.tables import subnet_tags, subnets
from freehold.errors import SubnetNotFound
from freehold.ipam.strategy import Strategy
from freehold.ledger.tables import stored_time
from freehold.networking.paging import ALL, Page
from freehold.networking.sharing_values import VISIBLE
from freehold.networking.store import sharing
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.store.records import columns_of, in_table, record_of
from freehold.networking.values import Filter, HostRoute, IPv6Mode, Subnet

RECORDS = in_table(subnets, subnet_tags)

_PREFIX = "subnets_"
_REROUTED_AT_ONCE = 100
"""Subnets with many routes each: a statement is to fit into MariaDB's `max_allowed_packet`."""
_SHARED = sharing.is_shared(subnets.c.network_id)


def _by_text(condition: Condition) -> Condition:
    """Compare values that are stored as text."""
    return lambda values: condition(
        tuple(None if value is None else str(value) for value in values)
    )


FILTERS: dict[str, Condition] = {
    **{
        name: one_of(subnets.c[name])
        for name in (
            "id",
            "name",
            "ip_version",
            "network_id",
            "project_id",
            "enable_dhcp",
            "subnetpool_id",
            "segment_id",
        )
    },
    **{
        name: _by_text(one_of(subnets.c[name]))
        for name in ("cidr", "gateway_ip", "ipv6_ra_mode", "ipv6_address_mode")
    },
    **{name: one_of(subnets.c[name]) for name in ("allocation_strategy", "cool_down")},
    "shared": sharing.if_true(_SHARED),
    VISIBLE: sharing.SUBNETS,
    **RECORDS.filters(),
}

SORTING = Sorting(
    subnets.c.id,
    {
        **{
            name: subnets.c[name]
            for name in (
                "name",
                "ip_version",
                "network_id",
                "cidr",
                "gateway_ip",
                "project_id",
                "enable_dhcp",
                "ipv6_ra_mode",
                "ipv6_address_mode",
                "subnetpool_id",
                "segment_id",
            )
        },
    },
)


LABELLED_COLUMNS: Sequence[Label[Any]] = tuple(
    column.label(f"{_PREFIX}{column.name}") for column in (*subnets.c, *RECORDS.columns())
)
"""The columns of a subnet under names that no other table uses."""

_SUBNETS = select(*LABELLED_COLUMNS, _SHARED.label("shared"))


def from_labelled(row: AnyRow, shared: bool) -> Subnet:
    """Read a subnet from a row that has `LABELLED_COLUMNS`."""
    values = {
        name.removeprefix(_PREFIX): value
        for name, value in row._mapping.items()  # noqa: SLF001  # SQLAlchemy's public name for it
        if name.startswith(_PREFIX)
    }
    return dataclasses.replace(_subnet(values, shared), record=record_of(row, _PREFIX))


def add(connection: Connection, subnet: Subnet) -> None:
    """Store a new subnet."""
    connection.execute(insert(subnets).values(_row(subnet)))


def add_all(connection: Connection, new: Sequence[Subnet]) -> None:
    """Store new subnets, by one statement."""
    connection.execute(insert(subnets), [_row(subnet) for subnet in new])


def replace(connection: Connection, before: Subnet, after: Subnet, now: datetime) -> None:
    """Overwrite what can change of a subnet as it was read, and raise its revision.

    Raises:
        RunAgain: the subnet is not as it was read any more.
    """
    RECORDS.raise_revision(connection, before.id, before.record, now, _changeable(after))


def reroute(connection: Connection, rerouted: Sequence[Subnet], now: datetime) -> None:
    """Store the host routes of subnets, and raise their revisions; their network is guarded."""
    routes = {subnet.id: _routes(subnet) for subnet in rerouted}
    in_order = sorted(routes)
    for start in range(0, len(in_order), _REROUTED_AT_ONCE):
        ids = in_order[start : start + _REROUTED_AT_ONCE]
        of_each = [
            (subnets.c.id == one, literal(routes[one], subnets.c.host_routes.type)) for one in ids
        ]
        connection.execute(
            update(subnets)
            .where(subnets.c.id.in_(ids))
            .values(
                host_routes=case(*of_each),
                revision=subnets.c.revision + 1,
                updated_at=stored_time(now),
            )
        )


def move_to_pool(
    connection: Connection, subnet_ids: Sequence[str], pool_id: str, now: datetime
) -> None:
    """Have subnets belong to a subnet pool, and raise their revisions; their network is guarded."""
    for ids in in_batches(subnet_ids):
        connection.execute(
            update(subnets)
            .where(subnets.c.id.in_(ids))
            .values(
                subnetpool_id=pool_id,
                revision=subnets.c.revision + 1,
                updated_at=stored_time(now),
            )
        )


def get(connection: Connection, subnet_id: str) -> Subnet:
    """Read one subnet.

    Raises:
        SubnetNotFound: there is none of this id.
    """
    found = find(connection, [Filter("id", (subnet_id,))])
    if not found:
        raise SubnetNotFound(subnet_id)
    return found[0]


def find(connection: Connection, filters: Sequence[Filter], page: Page = ALL) -> tuple[Subnet, ...]:
    """Read those subnets that pass all the filters and are on the page.

    Raises:
        SubnetNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(
        connection,
        _SUBNETS.where(where(filters, FILTERS)),
        page,
        sharing.view_of(filters, FILTERS),
    )
    if rows is None:
        raise SubnetNotFound(str(page.marker))
    return tuple(from_labelled(row, row.shared) for row in rows)


def existing(connection: Connection, subnet_ids: Iterable[str]) -> frozenset[str]:
    """Tell which of these subnets exist, on whatever network."""
    wanted = list(subnet_ids)
    if not wanted:
        return frozenset()
    return frozenset(connection.scalars(select(subnets.c.id).where(subnets.c.id.in_(wanted))))


def remove(connection: Connection, subnet: Subnet) -> None:
    """Delete a subnet as it was read, of which no port holds an address any more.

    Raises:
        DBReferenceError: a port has got an address of it meanwhile.
        RunAgain: the subnet is not as it was read any more.
    """
    removed = connection.execute(
        delete(subnets).where(
            subnets.c.id == subnet.id, subnets.c.revision == subnet.record.revision
        )
    )
    if not removed.rowcount:
        raise RunAgain


def _row(subnet: Subnet) -> dict[str, object]:
    return {
        "id": subnet.id,
        "network_id": subnet.network_id,
        "project_id": subnet.project_id,
        "ip_version": subnet.ip_version,
        "cidr": str(subnet.cidr),
        "ipv6_ra_mode": subnet.ipv6_ra_mode,
        "ipv6_address_mode": subnet.ipv6_address_mode,
        "subnetpool_id": subnet.subnetpool_id,
        **_changeable(subnet),
        **columns_of(subnet.record),
    }


def _changeable(subnet: Subnet) -> dict[str, object]:
    return {
        "name": subnet.name,
        "description": subnet.description,
        "gateway_ip": None if subnet.gateway_ip is None else str(subnet.gateway_ip),
        "enable_dhcp": subnet.enable_dhcp,
        "allocation_pools": [[str(pool.start), str(pool.end)] for pool in subnet.allocation_pools],
        "dns_nameservers": [str(server) for server in subnet.dns_nameservers],
        "host_routes": _routes(subnet),
        "allocation_strategy": subnet.allocation_strategy,
        "cool_down": None if subnet.cool_down is None else int(subnet.cool_down.total_seconds()),
        "segment_id": subnet.segment_id,
        "service_types": list(subnet.service_types) or None,
    }


def _routes(subnet: Subnet) -> list[list[str]]:
    return [[str(route.destination), str(route.nexthop)] for route in subnet.host_routes]


@lru_cache(maxsize=1 << 12)
def _route(destination: str, nexthop: str) -> HostRoute:
    """Read a route; the subnets of a routed network have many together, read for each port."""
    return HostRoute(ip_network(destination), ip_address(nexthop))


def _subnet(values: Mapping[str, Any], shared: bool) -> Subnet:
    gateway = values["gateway_ip"]
    strategy, cool_down = values["allocation_strategy"], values["cool_down"]
    return Subnet(
        id=values["id"],
        network_id=values["network_id"],
        project_id=values["project_id"],
        name=values["name"],
        cidr=ip_network(values["cidr"]),
        gateway_ip=None if gateway is None else ip_address(gateway),
        allocation_pools=tuple(AddressRange.parse(*ends) for ends in values["allocation_pools"]),
        dns_nameservers=tuple(ip_address(server) for server in values["dns_nameservers"]),
        host_routes=tuple(_route(*texts) for texts in values["host_routes"]),
        enable_dhcp=values["enable_dhcp"],
        ipv6_ra_mode=_mode(values["ipv6_ra_mode"]),
        ipv6_address_mode=_mode(values["ipv6_address_mode"]),
        allocation_strategy=None if strategy is None else Strategy(strategy),
        cool_down=None if cool_down is None else timedelta(seconds=cool_down),
        subnetpool_id=values["subnetpool_id"],
        segment_id=values["segment_id"],
        service_types=tuple(values["service_types"] or ()),
        shared=shared,
        description=values["description"],
    )


def _mode(text: str | None) -> IPv6Mode | None:
    return None if text is None else IPv6Mode(text)
