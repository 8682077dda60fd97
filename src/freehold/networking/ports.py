"""Creating, reading, changing and deleting ports and their addresses.

Invariant: a port and all its addresses are there, or none of them is.
"""

from collections.abc import Sequence
from dataclasses import replace

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from freehold.db.database import Database, Unit
from freehold.db.retry import RunAgain, run_again_if_references_break
from freehold.errors import (
    IpAddressAlreadyAllocated,
    PortInUse,
    UnsupportedPortDeviceOwner,
)
from freehold.ipam.driver import Driver, Surroundings
from freehold.networking import lookups, owners
from freehold.networking.addressing import Addressing
from freehold.networking.bulk import Bulk
from freehold.networking.ids import new_id
from freehold.networking.limits import Limits
from freehold.networking.macs import MacAttempts, Macs
from freehold.networking.paging import ALL, Page
from freehold.networking.plan.ports import (
    PortPlan,
    Surrounding,
    gets_deferred_addresses,
    moves_with_addresses,
    plan_new_port,
    plan_port_update,
)
from freehold.networking.port_attributes import merged, with_mac
from freehold.networking.port_bulk import create_together
from freehold.networking.quota_values import Account, Counted
from freehold.networking.quotas import Quotas
from freehold.networking.records import PORT_FIRST_REVISION, Record
from freehold.networking.store import fixed_ips as fixed_ip_rows
from freehold.networking.store import ports as port_rows
from freehold.networking.subnets_of_networks import SubnetsOfNetworks
from freehold.networking.tags import check_number
from freehold.networking.values import (
    KEEP,
    Filter,
    FixedIP,
    FixedIPRequest,
    MacAddress,
    Port,
    PortChange,
    PortDraft,
    changed_attributes,
)


class Ports:
    """The ports of a database."""

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
        self._macs = Macs(limits.base_mac, surroundings.random)

    def create(self, drafts: Sequence[PortDraft]) -> tuple[Port, ...]:
        """Create ports with their addresses: all of them or none.

        Raises:
            NetworkNotFound: a draft names a network that is not there.
            MacAddressInUse: another port of the network has the MAC address.
            IpAddressGenerationFailure: nothing is left to hand out.
            IpAddressAlreadyAllocated: an address asked for is held.
            OverQuota: a project may not have as many.
            BadRequest: a port is to have too many tags, or address pairs or DHCP options
                that cannot stand; see `freehold.networking.port_attributes`.
            FreeholdError: a draft cannot stand; see
                `freehold.networking.plan.ports.plan_new_port`.
        """
        for draft in drafts:
            check_number("ports", frozenset(draft.tags))
        macs = MacAttempts()
        ids = [new_id(self._surroundings.random) for _ in drafts]

        def in_turn(unit: Unit) -> tuple[Port, ...]:
            addressing = Addressing(self._driver, unit)
            subnets = SubnetsOfNetworks(unit.connection)
            chosen = self._macs.choose(unit.connection, drafts)
            projects = [draft.project_id for draft in drafts]
            free = self._quotas.free_account(Counted.PORT, *projects) if len(drafts) == 1 else None
            created = tuple(
                self._create(
                    unit,
                    addressing,
                    subnets,
                    self._new_port(port_id, mac, draft),
                    draft,
                    macs,
                    free,
                )
                for port_id, mac, draft in zip(ids, chosen, drafts, strict=True)
            )
            if free is None:
                self._quotas.claim(unit.connection, Counted.PORT, projects)
            return created

        def together(unit: Unit) -> tuple[Port, ...]:
            subnets = SubnetsOfNetworks(unit.connection)
            chosen = self._macs.choose(unit.connection, drafts)
            subnets.read({draft.network_id for draft in drafts})
            planned = [
                self._planned(subnets, self._new_port(port_id, mac, draft), draft)
                for port_id, mac, draft in zip(ids, chosen, drafts, strict=True)
            ]
            created = create_together(unit.connection, Addressing(self._driver, unit), planned)
            projects = [draft.project_id for draft in drafts]
            self._quotas.claim(unit.connection, Counted.PORT, projects)
            return created

        return Bulk(self._database, len(drafts)).write(
            together, in_turn, lookups.created(port_rows.find, ids)
        )

    def get(self, port_id: str) -> Port:
        """Return one port.

        Raises:
            PortNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: port_rows.get(connection, port_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[Port, ...]:
        """Return those ports that pass all the filters and are on the page.

        Raises:
            PortNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: port_rows.find(connection, filters, page))

    def update(self, port_id: str, change: PortChange, revision: int | None = None) -> Port:
        """Change a port, and return it as it is then.

        Args:
            port_id: the port.
            change: what is to be different.
            revision: the one that it has to have; None for whichever.

        Raises:
            PortNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            MacAddressInUse: another port of the network has the MAC address.
            UnsupportedPortDeviceOwner: a network service's port keeps its MAC.
            PortInUse: a port on a host keeps its VNIC type.
            BadRequest: its address pairs or DHCP options cannot stand; see
                `freehold.networking.port_attributes`.
            IpAddressGenerationFailure: nothing is left to hand out.
            IpAddressAlreadyAllocated: an address asked for is held.
            FreeholdError: the change cannot stand; see
                `freehold.networking.plan.ports.plan_port_update`.
        """
        macs = MacAttempts()
        meant: list[Port] = []

        def work(unit: Unit) -> Port:
            port = port_rows.get(unit.connection, port_id)
            port.record.check(revision)
            new = self._changed(port, change)
            plan = self._plan_update(unit.connection, port, new, change)
            values = _changed_columns(port, new, change)
            if not (values or plan.add or plan.remove):
                return port
            now = self._surroundings.now()
            new = replace(new, record=port.record.continued(now))
            meant.append(new)
            with macs.watching(new, isinstance(change.mac_address, MacAddress)):
                port_rows.change(unit.connection, port, values, now)
            addressing = Addressing(self._driver, unit)
            added = addressing.allocate(port.network_id, plan.add)
            if plan.add or plan.remove:
                fixed_ip_rows.remove_fixed_ips(unit.connection, port.id)
                _show(unit.connection, port.id, (*plan.keep, *added))
            addressing.deallocate(port.id, plan.remove)
            return replace(new, fixed_ips=(*plan.keep, *added))

        return self._database.write(work, lookups.updated(port_rows.find, meant))

    def delete(self, port_id: str, revision: int | None = None) -> None:
        """Delete a port, and give its addresses back.

        Args:
            port_id: the port.
            revision: the one that it has to have; None for whichever.

        Raises:
            PortNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
        """

        def work(unit: Unit) -> None:
            port = port_rows.get(unit.connection, port_id)
            port.record.check(revision)
            with run_again_if_references_break():
                if port.fixed_ips:
                    fixed_ip_rows.remove_fixed_ips(unit.connection, port.id)
                port_rows.remove(unit.connection, port)
            self._quotas.give_back(unit.connection, Counted.PORT, [port.project_id])
            Addressing(self._driver, unit).deallocate(port.id, port.fixed_ips)

        self._database.write(work, lookups.deleted(port_rows.find, port_id))

    def _create(
        self,
        unit: Unit,
        addressing: Addressing,
        subnets: SubnetsOfNetworks,
        port: Port,
        draft: PortDraft,
        macs: MacAttempts,
        free: Account | None,
    ) -> Port:
        generated = isinstance(draft.mac_address, MacAddress)
        port, plan = self._planned(subnets, port, draft)
        with run_again_if_references_break(), macs.watching(port, generated):
            if free is None:
                port_rows.add(unit.connection, port)
            elif not port_rows.add_uncounted(unit.connection, port, free):
                self._quotas.noticed(free)
                raise RunAgain
        added = addressing.allocate(port.network_id, plan.add)
        _show(unit.connection, port.id, added)
        return replace(port, fixed_ips=added)

    def _planned(
        self, subnets: SubnetsOfNetworks, port: Port, draft: PortDraft
    ) -> tuple[Port, PortPlan]:
        around = self._around(subnets, port, draft.fixed_ips or ())
        plan = plan_new_port(port, draft.fixed_ips, around)
        return replace(port, ip_allocation=plan.ip_allocation), plan

    def _around(
        self, subnets: SubnetsOfNetworks, port: Port, asked: Sequence[FixedIPRequest]
    ) -> Surrounding:
        """Return what the addresses of a port depend on, on the host where it is or is to be."""
        own = subnets.of(port.network_id)
        named = {request.subnet_id for request in asked if request.subnet_id is not None}
        return Surrounding(
            network_id=port.network_id,
            subnets=own,
            host_segments=subnets.segments_of(port.network_id, port.host_id),
            elsewhere=subnets.existing(named - {subnet.id for subnet in own}),
            max_fixed_ips=self._limits.max_fixed_ips_per_port,
        )

    def _new_port(self, port_id: str, mac: str, draft: PortDraft) -> Port:
        """Return the port that a draft describes, without addresses."""
        most = self._limits.max_allowed_address_pair
        return Port(
            id=port_id,
            network_id=draft.network_id,
            project_id=draft.project_id,
            name=draft.name,
            admin_state_up=draft.admin_state_up,
            mac_address=mac,
            device_id=draft.device_id,
            device_owner=draft.device_owner,
            description=draft.description,
            allowed_address_pairs=with_mac(draft.allowed_address_pairs, mac, most),
            extra_dhcp_opts=merged((), draft.extra_dhcp_opts),
            dns_name=draft.dns_name,
            host_id=draft.host_id,
            vnic_type=draft.vnic_type,
            binding_profile=draft.binding_profile,
            record=Record.begun(self._surroundings.now(), PORT_FIRST_REVISION, draft.tags),
        )

    def _changed(self, port: Port, change: PortChange) -> Port:
        """Return the port as it is going to be, but for its addresses."""
        values = {
            name: self._macs.made_of(value) if isinstance(value, MacAddress) else value
            for name, value in changed_attributes(change).items()
            if name != "fixed_ips"
        }
        # The attributes' own names and types are those of the change: see values.
        new = replace(port, **values)  # type: ignore[arg-type]
        if change.allowed_address_pairs is not KEEP:
            most = self._limits.max_allowed_address_pair
            pairs = with_mac(new.allowed_address_pairs, new.mac_address, most)
            new = replace(new, allowed_address_pairs=pairs)
        if change.extra_dhcp_opts is not KEEP:
            options = merged(port.extra_dhcp_opts, change.extra_dhcp_opts)
            new = replace(new, extra_dhcp_opts=options)
        owner = new.device_owner or port.device_owner
        if new.mac_address != port.mac_address and owner.startswith(owners.NETWORK_PREFIX):
            raise UnsupportedPortDeviceOwner("mac address update", owner, port.id)
        if new.vnic_type != port.vnic_type and port.host_id:
            raise PortInUse(port.id, port.network_id, port.device_id)
        return new

    def _plan_update(
        self, connection: Connection, port: Port, new: Port, change: PortChange
    ) -> PortPlan:
        asked = None if change.fixed_ips is KEEP else change.fixed_ips
        moved = moves_with_addresses(port, new) or gets_deferred_addresses(port, new)
        if asked is None and new.mac_address == port.mac_address and not moved:
            return PortPlan(keep=port.fixed_ips)
        around = self._around(SubnetsOfNetworks(connection), new, asked or ())
        return plan_port_update(port, new, asked, around)


def _changed_columns(port: Port, new: Port, change: PortChange) -> dict[str, object]:
    """Return what a change makes different about a port's row."""
    return {
        name: getattr(new, name)
        for name in changed_attributes(change)
        if name != "fixed_ips" and getattr(new, name) != getattr(port, name)
    }


def _show(connection: Connection, port_id: str, fixed_ips: Sequence[FixedIP]) -> None:
    """Store which addresses a port shows.

    Raises:
        IpAddressAlreadyAllocated: the driver handed out what another port shows.
    """
    try:
        with run_again_if_references_break():
            fixed_ip_rows.add_fixed_ips(connection, port_id, fixed_ips)
    except DBDuplicateEntry as error:
        taken = ", ".join(str(fixed_ip.ip_address) for fixed_ip in fixed_ips)
        raise IpAddressAlreadyAllocated(taken, fixed_ips[0].subnet_id) from error
