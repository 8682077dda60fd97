"""How many addresses networks have, and how many of them ports hold.

Source of what is counted: the extensions ``network-ip-availability`` and
``network-ip-availability-details`` as Neutron answers them. A subnet has as many
addresses as its allocation pools, or as its CIDR if it has no pools; used are all that
ports hold of it, be they in the pools or not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from freehold.addresses.pools import assignable
from freehold.addresses.ranges import AddressRange, IPNetwork
from freehold.db.database import Database
from freehold.errors import NetworkNotFound
from freehold.networking.paging import ALL, Page
from freehold.networking.store import ip_availability as rows
from freehold.networking.values import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of addresses.

    Attributes:
        total: how many can be had, as a rule.
        used: how many ports hold.
        in_cidr: how many the CIDR has that ports can hold.
        in_pools: how many the allocation pools have.
        used_of_pools: how many of these ports hold.
    """

    total: int = 0
    used: int = 0
    in_cidr: int = 0
    in_pools: int = 0
    used_of_pools: int = 0

    @classmethod
    def sum(cls, several: Iterable[Self]) -> Self:
        """Return the sum of several."""
        counted = tuple(several)
        return cls(
            total=sum(one.total for one in counted),
            used=sum(one.used for one in counted),
            in_cidr=sum(one.in_cidr for one in counted),
            in_pools=sum(one.in_pools for one in counted),
            used_of_pools=sum(one.used_of_pools for one in counted),
        )


@dataclass(frozen=True, slots=True)
class SubnetAvailability:
    """The addresses of one subnet."""

    subnet_id: str
    name: str
    cidr: IPNetwork
    counts: Counts


@dataclass(frozen=True, slots=True)
class NetworkAvailability:
    """The addresses of one network.

    Attributes:
        network_id: the network.
        name: its name.
        project_id: whose it is.
        subnets: those that were asked for, the oldest first.
    """

    network_id: str
    name: str
    project_id: str
    subnets: tuple[SubnetAvailability, ...]

    @property
    def counts(self) -> Counts:
        """The numbers of all its subnets together."""
        return Counts.sum(subnet.counts for subnet in self.subnets)


class IpAvailability:
    """The addresses of a database's networks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, network_id: str) -> NetworkAvailability:
        """Return what one network has.

        Raises:
            NetworkNotFound: there is none of this id.
        """
        found = self.find([Filter("network_id", (network_id,))])
        if not found:
            raise NetworkNotFound(network_id)
        return found[0]

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[NetworkAvailability, ...]:
        """Return what the networks have that pass all the filters and are on the page.

        With the filter ``ip_version`` these are the networks with subnets of that
        version, and these subnets only.

        Raises:
            NetworkNotFound: there is none with the marker's id.
        """

        def work(connection: Connection) -> tuple[NetworkAvailability, ...]:
            networks = rows.networks_on(connection, filters, page)
            subnets = rows.subnets_of(connection, filters, networks)
            held = {subnet.id: subnet.used for subnet in subnets}
            used = rows.used_of(
                connection, {subnet.id: subnet.pools for subnet in subnets if held[subnet.id]}
            )
            by_network: dict[str, list[SubnetAvailability]] = {one.id: [] for one in networks}
            for subnet in subnets:
                by_network[subnet.network_id].append(_availability(subnet, used))
            return tuple(
                NetworkAvailability(one.id, one.name, one.project_id, tuple(by_network[one.id]))
                for one in networks
            )

        return self._database.read(work)


def _availability(subnet: rows.CountedSubnet, used: Mapping[str, int]) -> SubnetAvailability:
    in_pools = sum(pool.size for pool in subnet.pools)
    return SubnetAvailability(
        subnet.id,
        subnet.name,
        subnet.cidr,
        Counts(
            total=in_pools or AddressRange.of_network(subnet.cidr).size,
            used=subnet.used,
            in_cidr=(
                assignable(subnet.cidr).size
                if subnet.cidr.version == 4
                else AddressRange.of_network(subnet.cidr).size
            ),
            in_pools=in_pools,
            used_of_pools=used.get(subnet.id, 0),
        ),
    )
