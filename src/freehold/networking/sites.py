"""The networks to which a unit adds subnets: what they have by now, and what the new ones take.

Invariant: a network is guarded before its subnets are read, so that what is decided by them
holds until the unit ends.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from freehold.addresses.ranges import IPNetwork
from freehold.errors import BadRequest
from freehold.networking.plan.host_routes import plan_rerouted
from freehold.networking.plan.subnet_pools import plan_prefix
from freehold.networking.pool_values import SubnetPool
from freehold.networking.prefix_bulk import ManyPrefixes, Taking
from freehold.networking.prefixes import Prefixes
from freehold.networking.segment_values import Segment
from freehold.networking.store import networks as network_rows
from freehold.networking.store import segments as segment_rows
from freehold.networking.store import subnet_pools as pool_rows
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.values import Network, Subnet, SubnetDraft


class Site:
    """A network to which subnets are being added, and those that it has by now."""

    def __init__(self, network: Network, subnets: Sequence[Subnet]) -> None:
        self.network = network
        self.subnets = sorted(subnets, key=_place)
        self._origins = {_origin(subnet): subnet for subnet in subnets}

    def of_each_origin(self) -> Sequence[Subnet]:
        """Return of the subnets of an IP version that are from one pool, or from none, one each."""
        return tuple(self._origins.values())

    def beside(self, subnet: Subnet) -> Sequence[Subnet]:
        """Return the two subnets around where a new one belongs.

        As no two of the network's overlap, no other one can overlap with the new one.
        """
        place = bisect_left(self.subnets, _place(subnet), key=_place)
        return self.subnets[max(place - 1, 0) : place + 1]

    def reroute(self, new: Set[str], now: datetime) -> Sequence[Subnet]:
        """Bring the routes between its segments up to date.

        Args:
            new: the ids of those subnets that are not stored yet.
            now: the time.

        Returns:
            Those subnets that are stored already, and to be stored anew.
        """
        if all(subnet.segment_id is None for subnet in self.subnets):
            return ()
        changed = {
            one.id: one if one.id in new else replace(one, record=one.record.continued(now))
            for one in plan_rerouted(self.subnets)
        }
        self.subnets = [changed.get(one.id, one) for one in self.subnets]
        return tuple(one for one in changed.values() if one.id not in new)

    def add(self, subnet: Subnet, pool: SubnetPool | None) -> None:
        """Note a subnet that was added, and the address scope that comes with its pool."""
        insort(self.subnets, subnet, key=_place)
        self._origins[_origin(subnet)] = subnet
        if pool is not None and pool.ip_version == 4:
            self.network = replace(self.network, ipv4_address_scope=pool.address_scope_id)
        elif pool is not None:
            self.network = replace(self.network, ipv6_address_scope=pool.address_scope_id)


def _place(subnet: Subnet) -> tuple[int, int]:
    return subnet.ip_version, int(subnet.cidr.network_address)


def _origin(subnet: Subnet) -> tuple[int, str | None]:
    return subnet.ip_version, subnet.subnetpool_id


class Sites:
    """The networks to which a unit adds subnets, and the pools that these are from.

    Each is guarded and read once.
    """

    def __init__(
        self,
        connection: Connection,
        now: Callable[[], datetime],
        prefixes: Prefixes | ManyPrefixes,
    ) -> None:
        self._connection = connection
        self._now = now
        self._read: dict[str, Site] = {}
        self._prefixes = prefixes
        self._defaults: dict[int, str | None] = {}
        self._segments: dict[str, Segment] = {}

    def read(self, network_ids: Set[str]) -> None:
        """Guard and read several networks, which costs no more statements than a few do.

        Raises:
            NetworkNotFound: one of them is not there.
        """
        if len(network_ids) > 1:
            network_rows.guard_all(self._connection, network_ids, self._now())
            found = network_rows.find_with_subnets(self._connection, network_ids)
            self._read.update({one: Site(*both) for one, both in found.items()})

    def of(self, network_id: str) -> Site:
        """Return a network and its subnets, which no other unit changes from now on.

        Raises:
            NetworkNotFound: there is no such network.
        """
        if network_id not in self._read:
            network_rows.guard(self._connection, network_id, self._now())
            network, subnets = network_rows.get_with_subnets(self._connection, network_id)
            self._read[network_id] = Site(network, subnets)
        return self._read[network_id]

    def reroute(self, subnets: Sequence[Subnet]) -> Sequence[Subnet]:
        """Bring the host routes up to date on the networks of new subnets, and return these.

        Args:
            subnets: the new ones, which were added to their sites and are not stored yet.
        """
        new, now = {subnet.id for subnet in subnets}, self._now()
        sites = [self._read[one] for one in dict.fromkeys(one.network_id for one in subnets)]
        changed = [subnet for site in sites for subnet in site.reroute(new, now)]
        subnet_rows.reroute(self._connection, changed, now)
        return self.as_they_are(subnets)

    def as_they_are(self, subnets: Sequence[Subnet]) -> tuple[Subnet, ...]:
        """Return subnets that were added, with the host routes that they have by now."""
        sites = {subnet.network_id for subnet in subnets}
        known = {one.id: one for site in sites for one in self._read[site].subnets}
        return tuple(known[subnet.id] for subnet in subnets)

    def segment(self, segment_id: str | None) -> Segment | None:
        """Return a segment, if it is one.

        Raises:
            SegmentNotFound: there is none of this id.
        """
        if segment_id is None:
            return None
        if segment_id not in self._segments:
            self._segments[segment_id] = segment_rows.get(self._connection, segment_id)
        return self._segments[segment_id]

    def choose_prefix(self, draft: SubnetDraft) -> tuple[IPNetwork, SubnetPool | None]:
        """Return a new subnet's CIDR, taken from its pool if it is to be from one.

        Raises:
            SubnetPoolNotFound: there is no such pool.
            BadRequest: there is no default pool, or the pool is of the other IP version.
            SubnetAllocationError: the pool has no such prefix free.
            SubnetPoolQuotaExceeded: the project has its share of the pool.
            FreeholdError: see `freehold.networking.plan.subnet_pools.plan_prefix`.
        """
        if draft.from_pool is None:
            if draft.cidr is None:
                raise ValueError("a draft has a CIDR or a pool")
            return draft.cidr, None
        taking = self.taking(draft)
        return self._prefixes.take(*taking), taking.pool

    def taking(self, draft: SubnetDraft) -> Taking:
        """Return what a subnet that is from a pool is to take of it; see `choose_prefix`."""
        asked = draft.from_pool
        if asked is None:
            raise ValueError("the draft is of no pool")
        pool = self._prefixes.pool(asked.subnetpool_id or self._default_pool_id(draft))
        return Taking(pool, plan_prefix(pool, draft, asked), draft.project_id)

    def _default_pool_id(self, draft: SubnetDraft) -> str:
        version = draft.ip_version if draft.cidr is None else draft.cidr.version
        if version not in self._defaults:
            self._defaults[version] = pool_rows.default_id(self._connection, version)
        pool_id = self._defaults[version]
        if pool_id is None:
            raise BadRequest("subnets", f"No default subnetpool found for IPv{version}")
        return pool_id
