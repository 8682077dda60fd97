"""Counting the addresses that ports show, by a few statements for any number of networks."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    between,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from freehold.addresses.encoding import number_to_bytes
from freehold.addresses.ranges import AddressRange, IPNetwork
from freehold.db.tables import fixed_ips, networks, subnets
from freehold.errors import NetworkNotFound
from freehold.networking.paging import Page
from freehold.networking.store.conditions import Condition, in_batches, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.values import Filter

IP_VERSION = "ip_version"

SORTING = Sorting(networks.c.id, {"network_id": networks.c.id})


def _has_subnet_of(values: tuple[object, ...]) -> ColumnElement[bool]:
    return networks.c.id.in_(
        select(subnets.c.network_id).where(one_of(subnets.c.ip_version)(values))
    )


FILTERS: dict[str, Condition] = {
    "network_id": one_of(networks.c.id),
    "network_name": one_of(networks.c.name),
    "project_id": one_of(networks.c.project_id),
    IP_VERSION: _has_subnet_of,
}


class CountedNetwork(NamedTuple):
    """What is told of a network."""

    id: str
    name: str
    project_id: str


class CountedSubnet(NamedTuple):
    """A subnet, and how many of its addresses ports show."""

    id: str
    network_id: str
    name: str
    cidr: IPNetwork
    pools: tuple[AddressRange, ...]
    used: int


def networks_on(
    connection: Connection, filters: Sequence[Filter], page: Page
) -> tuple[CountedNetwork, ...]:
    """Read those networks that pass all the filters and are on the page.

    Raises:
        NetworkNotFound: there is none with the marker's id.
    """
    statement = select(networks.c.id, networks.c.name, networks.c.project_id)
    found = SORTING.select_page(connection, statement.where(where(filters, FILTERS)), page)
    if found is None:
        raise NetworkNotFound(str(page.marker))
    return tuple(CountedNetwork(*row) for row in found)


def subnets_of(
    connection: Connection, filters: Sequence[Filter], page: Sequence[CountedNetwork]
) -> tuple[CountedSubnet, ...]:
    """Read the subnets of the networks on a page, the oldest first.

    Args:
        connection: the unit's connection.
        filters: those by which the networks were found.
        page: the networks, by id in either direction, with none between them left out
            that passes the filters.
    """
    if not page:
        return ()
    # A page is a piece of the list: two ids say which, however many networks are on it.
    one, other = page[0].id, page[-1].id
    on_page = or_(between(networks.c.id, one, other), between(networks.c.id, other, one))
    versions = [wanted.values for wanted in filters if wanted.attribute == IP_VERSION]
    of_version = and_(true(), *(one_of(subnets.c.ip_version)(values) for values in versions))
    used = (
        select(func.count())
        .select_from(fixed_ips)
        .where(fixed_ips.c.subnet_id == subnets.c.id)
        .scalar_subquery()
    )
    found = connection.execute(
        select(
            subnets.c.id,
            subnets.c.network_id,
            subnets.c.name,
            subnets.c.cidr,
            subnets.c.allocation_pools,
            used,
        )
        .join_from(subnets, networks)
        .where(where(filters, FILTERS), on_page, of_version)
        .order_by(subnets.c.created_at, subnets.c.id)
    )
    return tuple(
        CountedSubnet(
            subnet_id,
            network_id,
            name,
            ip_network(cidr),
            tuple(AddressRange.parse(*ends) for ends in pools),
            count,
        )
        for subnet_id, network_id, name, cidr, pools, count in found
    )


def used_of(
    connection: Connection, pools: Mapping[str, Sequence[AddressRange]]
) -> Mapping[str, int]:
    """Count how many addresses of its allocation pools ports show, for each subnet."""
    used = dict.fromkeys(pools, 0)
    each = [(subnet_id, pool) for subnet_id, several in pools.items() for pool in several]
    for some in in_batches(each):
        # One branch of the statement for each pool: a piece of the key's order is counted.
        counted = union_all(
            *(
                select(literal(subnet_id).label("subnet_id"), func.count()).where(
                    fixed_ips.c.subnet_id == subnet_id,
                    fixed_ips.c.address.between(
                        number_to_bytes(pool.version, pool.first),
                        number_to_bytes(pool.version, pool.last),
                    ),
                )
                for subnet_id, pool in some
            )
        )
        for subnet_id, count in connection.execute(counted):
            used[subnet_id] += count
    return used
