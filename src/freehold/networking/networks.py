"""Creating, reading, changing and deleting networks."""

from collections.abc import Sequence
from dataclasses import replace

from freehold.db.database import Database, Unit
from freehold.db.retry import run_again_if_references_break
from freehold.errors import (
    ExternalNetworkInUse,
    InvalidInput,
    InvalidSharedSetting,
    NetworkInUse,
)
from freehold.ipam.driver import Driver, Surroundings
from freehold.networking import lookups, owners, sharing
from freehold.networking.addressing import Addressing
from freehold.networking.ids import new_id
from freehold.networking.limits import Limits
from freehold.networking.paging import ALL, Page
from freehold.networking.plan.networks import plan_network_change, plan_new_network
from freehold.networking.plan.segments import plan_first_segment
from freehold.networking.prefixes import Prefixes
from freehold.networking.quota_values import Counted
from freehold.networking.quotas import Quotas
from freehold.networking.records import NETWORK_FIRST_REVISION, Record
from freehold.networking.sharing_values import ALL_PROJECTS, Action, ObjectType, RbacPolicy
from freehold.networking.store import fixed_ips as fixed_ip_rows
from freehold.networking.store import networks as network_rows
from freehold.networking.store import ports as port_rows
from freehold.networking.store import rbac_policies as policy_rows
from freehold.networking.store import segments as segment_rows
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.values import (
    KEEP,
    Filter,
    Network,
    NetworkChange,
    NetworkDraft,
    Port,
    Subnet,
    changed_attributes,
)


class Networks:
    """The networks of a database."""

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

    def create(self, drafts: Sequence[NetworkDraft]) -> tuple[Network, ...]:
        """Create networks: all of them or none.

        Raises:
            InvalidInput: a draft cannot stand; see
                `freehold.networking.plan.networks.plan_new_network`.
            OverQuota: a project may not have as many.
        """
        created = tuple(self._new_network(draft) for draft in drafts)
        segments = [
            plan_first_segment(new_id(self._surroundings.random), network) for network in created
        ]
        policies = (
            *self._policies([one for one in created if one.shared], Action.SHARED),
            *self._policies([one for one in created if one.external], Action.EXTERNAL),
        )

        def work(unit: Unit) -> tuple[Network, ...]:
            if len(created) == 1:
                network_rows.add(unit.connection, created[0])
            else:
                network_rows.add_all(unit.connection, created)
            segment_rows.add(unit.connection, segments)
            policy_rows.add(unit.connection, policies)
            return created

        ids = [network.id for network in created]
        counted = self._quotas.counting(Counted.NETWORK, work)
        return self._database.write(counted, lookups.created(network_rows.find, ids))

    def get(self, network_id: str) -> Network:
        """Return one network.

        Raises:
            NetworkNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: network_rows.get(connection, network_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[Network, ...]:
        """Return those networks that pass all the filters and are on the page.

        Raises:
            NetworkNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: network_rows.find(connection, filters, page))

    def update(
        self, network_id: str, change: NetworkChange, revision: int | None = None
    ) -> Network:
        """Change a network, and return it as it is then.

        Args:
            network_id: the network.
            change: what is to be different.
            revision: the one that it has to have; None for whichever.

        Raises:
            NetworkNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            InvalidSharedSetting: others use it, and it is not to be shared any more.
            ExternalNetworkInUse: it has routers' gateways, and is not to be external any more.
            FreeholdError: the change cannot stand; see
                `freehold.networking.plan.networks.plan_network_change`.
        """
        meant: list[Network] = []

        def work(unit: Unit) -> Network:
            network = network_rows.get(unit.connection, network_id)
            network.record.check(revision)
            new = self._changed(unit, network, change)
            if new == network:
                return network
            now = self._surroundings.now()
            new = replace(new, record=network.record.continued(now))
            meant.append(new)
            values = {name: getattr(new, name) for name in changed_attributes(change)}
            shared, external = values.pop("shared", None), values.pop("external", None)
            network_rows.change(unit.connection, network, values, now)
            if new.segmentation_id != network.segmentation_id:
                [segment] = segment_rows.of_network(unit.connection, network_id)
                number = {"segmentation_id": new.segmentation_id}
                segment_rows.change(unit.connection, segment, number, now)
            if shared not in (None, network.shared):
                self._share(unit, new)
            if external not in (None, network.external):
                self._open(unit, new)
            return new

        return self._database.write(work, lookups.updated(network_rows.find, meant))

    def delete(self, network_id: str, revision: int | None = None) -> None:
        """Delete a network with its subnets and the ports of network services.

        Args:
            network_id: the network.
            revision: the one that it has to have; None for whichever.

        Raises:
            NetworkNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            NetworkInUse: other ports are still there.
        """

        def work(unit: Unit) -> None:
            network_rows.guard(unit.connection, network_id, self._surroundings.now(), revision)
            network, subnets = network_rows.get_with_subnets(unit.connection, network_id)
            others = port_rows.not_owned_by(
                unit.connection, network_id, owners.DELETED_WITH_NETWORK
            )
            if others:
                raise NetworkInUse(
                    network_id,
                    "There are one or more ports still in use on the network, id for these "
                    f"ports is: {','.join(others)}",
                )
            ports = port_rows.find(unit.connection, [Filter("network_id", (network_id,))])
            with run_again_if_references_break():
                self._remove_rows(unit, network_id, subnets, ports)
            Prefixes(unit.connection).give_back(subnets)
            for resource, gone in (
                (Counted.NETWORK, [network]),
                (Counted.SUBNET, subnets),
                (Counted.PORT, ports),
            ):
                self._quotas.give_back(unit.connection, resource, [one.project_id for one in gone])
            addressing = Addressing(self._driver, unit)
            for port in ports:
                addressing.deallocate(port.id, port.fixed_ips)
            for subnet in subnets:
                addressing.remove_subnet(subnet, ())

        self._database.write(work, lookups.deleted(network_rows.find, network_id))

    def _new_network(self, draft: NetworkDraft) -> Network:
        network = Network(
            id=new_id(self._surroundings.random),
            project_id=draft.project_id,
            name=draft.name,
            admin_state_up=draft.admin_state_up,
            shared=draft.shared,
            description=draft.description,
            dns_domain=draft.dns_domain,
            external=draft.external,
            vlan_transparent=draft.vlan_transparent,
            record=Record.begun(self._surroundings.now(), NETWORK_FIRST_REVISION),
        )
        return plan_new_network(network, draft, self._limits.global_physnet_mtu)

    def _policies(self, networks: Sequence[Network], action: Action) -> Sequence[RbacPolicy]:
        return sharing.for_all(networks, ObjectType.NETWORK, action, self._surroundings.random)

    def _share(self, unit: Unit, network: Network) -> None:
        """Store whether a network is shared with all projects."""
        if network.shared:
            policy_rows.add(unit.connection, self._policies([network], Action.SHARED))
        else:
            policy_rows.remove_of(unit.connection, network.id, Action.SHARED, ALL_PROJECTS)

    def _open(self, unit: Unit, network: Network) -> None:
        """Store whether a network is external; if it is not any more, then for nobody."""
        if network.external:
            policy_rows.add(unit.connection, self._policies([network], Action.EXTERNAL))
        else:
            policy_rows.remove_of(unit.connection, network.id, Action.EXTERNAL)

    def _changed(self, unit: Unit, network: Network, change: NetworkChange) -> Network:
        """Return the network as it is going to be."""
        if network.shared and change.shared is False:
            _check_only_allowed_use(unit, network)
        if network.external and change.external is False:
            _check_no_gateways(unit, network)
        if change.segmentation_id not in (KEEP, network.segmentation_id):
            _check_single_segment(unit, network)
        subnets: Sequence[Subnet] = ()
        if change.mtu is not KEEP:
            subnets = subnet_rows.find(unit.connection, [Filter("network_id", (network.id,))])
        return plan_network_change(network, change, subnets, self._limits.global_physnet_mtu)

    @staticmethod
    def _remove_rows(
        unit: Unit, network_id: str, subnets: Sequence[Subnet], ports: Sequence[Port]
    ) -> None:
        for port in ports:
            fixed_ip_rows.remove_fixed_ips(unit.connection, port.id)
            port_rows.remove(unit.connection, port)
        for subnet in subnets:
            subnet_rows.remove(unit.connection, subnet)
        network_rows.remove(unit.connection, network_id)


def _check_only_allowed_use(unit: Unit, network: Network) -> None:
    projects = port_rows.projects_on(unit.connection, network.id)
    subnets = subnet_rows.find(unit.connection, [Filter("network_id", (network.id,))])
    projects |= {subnet.project_id for subnet in subnets}
    allowed = policy_rows.targets(unit.connection, network.id, Action.SHARED)
    if projects - {network.project_id, *allowed}:
        raise InvalidSharedSetting(network.name)


def _check_single_segment(unit: Unit, network: Network) -> None:
    """Refuse that a network gets another number if it has several segments."""
    if len(segment_rows.of_network(unit.connection, network.id)) > 1:
        raise InvalidInput(
            "Provider network attributes can be updated only in provider networks with a single "
            "segment."
        )


def _check_no_gateways(unit: Unit, network: Network) -> None:
    of_gateways = [
        Filter("network_id", (network.id,)),
        Filter("device_owner", (owners.ROUTER_GATEWAY,)),
    ]
    if port_rows.find(unit.connection, of_gateways, Page(limit=1)):
        raise ExternalNetworkInUse(network.id)
