"""Creating, reading, changing and deleting subnets."""

import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from freehold.db.database import Database, Unit
from freehold.db.retry import run_again_if_references_break
from freehold.errors import IpAddressAlreadyAllocated, SubnetInUse
from freehold.ipam.driver import Driver, Surroundings
from freehold.networking import host_routes, lookups, owners
from freehold.networking.addressing import Addressing
from freehold.networking.bulk import Bulk
from freehold.networking.ids import new_id
from freehold.networking.limits import Limits
from freehold.networking.paging import ALL, Page
from freehold.networking.plan.candidates import serves
from freehold.networking.plan.networks import check_mtu
from freehold.networking.plan.ports import plan_automatic_address
from freehold.networking.plan.segments import check_move_onto_segment, check_segment_of_new_subnet
from freehold.networking.plan.subnet_pools import check_affinity
from freehold.networking.plan.subnets import (
    check_overlap,
    plan_new_subnet,
    plan_subnet_change,
)
from freehold.networking.prefix_bulk import ManyPrefixes
from freehold.networking.prefixes import Prefixes
from freehold.networking.quota_values import Counted
from freehold.networking.quotas import Quotas
from freehold.networking.records import SUBNET_FIRST_REVISION, Record
from freehold.networking.segment_values import Segment
from freehold.networking.sites import Sites
from freehold.networking.store import fixed_ips as fixed_ip_rows
from freehold.networking.store import networks as network_rows
from freehold.networking.store import ports as port_rows
from freehold.networking.store import segments as segment_rows
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.values import Filter, Holding, Subnet, SubnetChange, SubnetDraft

log = logging.getLogger(__name__)


class Subnets:
    """The subnets of a database."""

    def __init__(
        self,
        database: Database,
        driver: Driver,
        limits: Limits,
        surroundings: Surroundings,
        quotas: Quotas,
    ) -> None:
        self._database = database
        self._driver = driver
        self._limits = limits
        self._surroundings = surroundings
        self._quotas = quotas

    def create(self, drafts: Sequence[SubnetDraft]) -> tuple[Subnet, ...]:
        """Create subnets: all of them or none.

        Each port that the network already has gets an address of a new
        auto-address subnet, unless it is a router's interface.

        Raises:
            NetworkNotFound: a draft names a network that is not there.
            SegmentNotFound: a draft names a segment that is not there.
            NetworkAddressScopeAffinityError, NetworkSubnetPoolAffinityError: the
                network's subnets are from elsewhere.
            SubnetsNotAllAssociatedWithSegments, NetworkIdsDontMatch: the segment
                cannot be that.
            OverQuota: a project may not have as many.
            FreeholdError: a draft cannot stand; see
                `freehold.networking.plan.subnets.plan_new_subnet`.
        """
        ids = [new_id(self._surroundings.random) for _ in drafts]

        def in_turn(unit: Unit) -> tuple[Subnet, ...]:
            addressing = Addressing(self._driver, unit)
            sites = Sites(unit.connection, self._surroundings.now, Prefixes(unit.connection))
            created = [
                self._create(unit, addressing, sites, subnet_id, draft)
                for subnet_id, draft in zip(ids, drafts, strict=True)
            ]
            return sites.as_they_are(created)

        def together(unit: Unit) -> tuple[Subnet, ...]:
            prefixes = ManyPrefixes(unit.connection)
            sites = Sites(unit.connection, self._surroundings.now, prefixes)
            sites.read({draft.network_id for draft in drafts})
            prefixes.read([sites.taking(draft) for draft in drafts if draft.from_pool is not None])
            planned = [
                self._planned(sites, subnet_id, draft)
                for subnet_id, draft in zip(ids, drafts, strict=True)
            ]
            prefixes.write()
            subnets = sites.reroute([one.subnet for one in planned])
            self._store_together(
                unit,
                [replace(one, subnet=to_be) for one, to_be in zip(planned, subnets, strict=True)],
            )
            return tuple(subnets)

        return Bulk(self._database, len(drafts)).write(
            self._quotas.counting(Counted.SUBNET, together),
            self._quotas.counting(Counted.SUBNET, in_turn),
            lookups.created(subnet_rows.find, ids),
        )

    def get(self, subnet_id: str) -> Subnet:
        """Return one subnet.

        Raises:
            SubnetNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: subnet_rows.get(connection, subnet_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[Subnet, ...]:
        """Return those subnets that pass all the filters and are on the page.

        Raises:
            SubnetNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: subnet_rows.find(connection, filters, page))

    def update(self, subnet_id: str, change: SubnetChange, revision: int | None = None) -> Subnet:
        """Change a subnet, and return it as it is then.

        Addresses that are held stay held, be they in the new pools or not. The
        revision of its network grows, too.

        Args:
            subnet_id: the subnet.
            change: what is to be different.
            revision: the one that it has to have; None for whichever.

        Raises:
            SubnetNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            SegmentNotFound: the segment that it is to be on is not there.
            FreeholdError: the change cannot stand; see
                `freehold.networking.plan.subnets.plan_subnet_change` and
                `freehold.networking.plan.segments.check_move_onto_segment`.
        """
        meant: list[Subnet] = []

        def work(unit: Unit) -> Subnet:
            before = subnet_rows.get(unit.connection, subnet_id)
            before.record.check(revision)
            asked = plan_subnet_change(before, change, _gateway_port_id(unit, before), self._limits)
            if host_routes.with_routes(unit.connection, before, asked) == before:
                return before
            now = self._surroundings.now()
            asked = replace(asked, record=before.record.continued(now))
            meant.append(asked)
            network_rows.guard(unit.connection, before.network_id, now)
            moves = asked.segment_id != before.segment_id
            if moves:
                _check_move(unit, before, asked.segment_id)
            # What came before the guard may be past.
            after = host_routes.with_routes(unit.connection, before, asked)
            subnet_rows.replace(unit.connection, before, after, now)
            if moves:
                host_routes.follow_move(unit.connection, after, now)
            if _handed_out(after) != _handed_out(before):
                Addressing(self._driver, unit).update_subnet(before, after)
            return after

        return self._database.write(work, lookups.updated(subnet_rows.find, meant))

    def delete(self, subnet_id: str, revision: int | None = None) -> None:
        """Delete a subnet, and with it the addresses that go without asking.

        Those are addresses of network services' ports, and automatic ones.

        Args:
            subnet_id: the subnet.
            revision: the one that it has to have; None for whichever.

        Raises:
            SubnetNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            SubnetInUse: a port holds an address that does not go by itself, or the
                subnet is on a segment and a port has no other address.
        """

        def work(unit: Unit) -> None:
            subnet = subnet_rows.get(unit.connection, subnet_id)
            subnet.record.check(revision)
            holdings = fixed_ip_rows.holdings(unit.connection, subnet_id)
            _check_not_in_use(subnet, holdings)
            if subnet.auto_address and subnet.segment_id is not None:
                _check_not_depended_on(unit, subnet)
            now = self._surroundings.now()
            network_rows.guard(unit.connection, subnet.network_id, now)
            holders = {holding.port_id for holding in holdings}
            port_rows.RECORDS.touch(unit.connection, holders, now)
            with run_again_if_references_break():
                fixed_ip_rows.remove_holdings(unit.connection, holdings)
                subnet_rows.remove(unit.connection, subnet)
            host_routes.follow_removal(unit.connection, subnet, now)
            Prefixes(unit.connection).give_back([subnet])
            self._quotas.give_back(unit.connection, Counted.SUBNET, [subnet.project_id])
            Addressing(self._driver, unit).remove_subnet(subnet, holdings)

        self._database.write(work, lookups.deleted(subnet_rows.find, subnet_id))

    def _create(
        self,
        unit: Unit,
        addressing: Addressing,
        sites: Sites,
        subnet_id: str,
        draft: SubnetDraft,
    ) -> Subnet:
        planned = self._planned(sites, subnet_id, draft)
        [subnet] = sites.reroute([planned.subnet])
        with run_again_if_references_break():
            subnet_rows.add(unit.connection, subnet)
        addressing.create_subnet(subnet)
        if subnet.auto_address:
            _give_automatic_addresses(unit, addressing, subnet, planned.siblings, planned.hosts)
        return subnet

    def _store_together(self, unit: Unit, planned: Sequence["_Planned"]) -> None:
        addressing = Addressing(self._driver, unit)
        subnets = [one.subnet for one in planned]
        with run_again_if_references_break():
            subnet_rows.add_all(unit.connection, subnets)
        addressing.create_subnets(subnets)
        automatic = [one for one in planned if one.subnet.auto_address]
        with_ports = port_rows.with_ports(
            unit.connection, {one.subnet.network_id for one in automatic}
        )
        for one in automatic:
            if one.subnet.network_id in with_ports:
                _give_automatic_addresses(unit, addressing, one.subnet, one.siblings, one.hosts)

    def _planned(self, sites: Sites, subnet_id: str, draft: SubnetDraft) -> "_Planned":
        """Return what a subnet is going to be, if its network can have it."""
        site = sites.of(draft.network_id)
        now = self._surroundings.now()
        cidr, pool = sites.choose_prefix(draft)
        planned = plan_new_subnet(
            subnet_id,
            draft,
            cidr,
            self._limits,
            shared=site.network.shared,
            subnetpool_id=None if pool is None else pool.id,
        )
        check_mtu(site.network, planned.ip_version)
        subnet = replace(planned, record=Record.begun(now, SUBNET_FIRST_REVISION))
        check_overlap(subnet, site.beside(subnet))
        check_affinity(site.network, site.of_each_origin(), subnet, pool)
        segment = sites.segment(subnet.segment_id)
        check_segment_of_new_subnet(subnet, site.subnets, segment)
        siblings = tuple(site.subnets) if subnet.auto_address else ()
        site.add(subnet, pool)
        return _Planned(subnet, siblings, frozenset(segment.hosts if segment else ()))


@dataclass(frozen=True, slots=True)
class _Planned:
    """A subnet to be.

    Attributes:
        subnet: the subnet.
        siblings: the others that its network has then, if it gives ports addresses by itself.
        hosts: those on its segment.
    """

    subnet: Subnet
    siblings: Sequence[Subnet]
    hosts: Set[str]


def _give_automatic_addresses(
    unit: Unit,
    addressing: Addressing,
    subnet: Subnet,
    siblings: Sequence[Subnet],
    hosts: Set[str],
) -> None:
    """Give each port that a new subnet serves its address there, and note that it has changed.

    Args:
        unit: the unit.
        addressing: the driver's side of it.
        subnet: the new subnet.
        siblings: the other subnets of its network.
        hosts: those on its segment.
    """
    given: list[str] = []
    ports = port_rows.find(unit.connection, [Filter("network_id", (subnet.network_id,))])
    positions = fixed_ip_rows.next_positions(unit.connection, subnet.network_id)
    for port in ports:
        wish = plan_automatic_address(port, subnet)
        if wish is None or not serves(port, subnet, siblings, on_segment=port.host_id in hosts):
            continue
        try:
            added = addressing.allocate(subnet.network_id, [wish])
        except IpAddressAlreadyAllocated:
            log.info("Port %s finds its automatic address on subnet %s held", port.id, subnet.id)
            continue
        fixed_ip_rows.add_fixed_ips(unit.connection, port.id, added, positions.get(port.id, 0))
        given.append(port.id)
    port_rows.RECORDS.touch(unit.connection, given, subnet.record.created_at)


def _segment(unit: Unit, segment_id: str | None) -> Segment | None:
    return None if segment_id is None else segment_rows.get(unit.connection, segment_id)


def _check_move(unit: Unit, subnet: Subnet, segment_id: str | None) -> None:
    of_network = [Filter("network_id", (subnet.network_id,))]
    check_move_onto_segment(
        subnet,
        subnet_rows.find(unit.connection, of_network),
        _segment(unit, segment_id),
        segment_rows.of_network(unit.connection, subnet.network_id),
    )


def _check_not_depended_on(unit: Unit, subnet: Subnet) -> None:
    """Refuse to leave a port of a routed network without any address."""
    if segment_rows.depend_on(unit.connection, subnet.id):
        raise SubnetInUse(subnet.id)


def _gateway_port_id(unit: Unit, subnet: Subnet) -> str | None:
    if subnet.gateway_ip is None:
        return None
    return fixed_ip_rows.holder_among(
        unit.connection, subnet.id, subnet.gateway_ip, owners.ROUTER_INTERFACES
    )


def _handed_out(subnet: Subnet) -> tuple[object, ...]:
    """Return what the driver knows of a subnet and can change."""
    return (
        subnet.gateway_ip,
        subnet.allocation_pools,
        subnet.allocation_strategy,
        subnet.cool_down,
    )


def _check_not_in_use(subnet: Subnet, holdings: Sequence[Holding]) -> None:
    holders = {holding.device_owner for holding in holdings}
    if holders & owners.ROUTER_INTERFACES:
        raise SubnetInUse(subnet.id)
    if not subnet.auto_address and holders - owners.DELETED_WITH_NETWORK:
        raise SubnetInUse(subnet.id)
