"""Creating, reading, changing and deleting subnet pools.

A unit that changes a pool guards the pool first, then the address scopes that it
leaves or joins, then the networks whose address scope changes with it. So the
rules of `freehold.networking.plan.subnet_pools` hold for what is committed, and
not for what was read only.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from freehold.addresses.prefixes import compact
from freehold.addresses.ranges import IPNetwork
from freehold.db.database import Database, Done, Lookup, Unit
from freehold.db.retry import run_again_if_references_break
from freehold.errors import (
    IllegalSubnetPoolUpdate,
    InvalidInput,
    NetworkAddressScopeAffinityError,
    PrefixVersionMismatch,
    SubnetPoolDeleteError,
)
from freehold.ipam.driver import Surroundings
from freehold.networking import lookups, sharing
from freehold.networking.ids import new_id
from freehold.networking.paging import ALL, Page
from freehold.networking.plan.subnet_pools import (
    check_shared_scope,
    plan_new_pool,
    plan_pool_change,
)
from freehold.networking.pool_values import (
    SubnetPool,
    SubnetPoolChange,
    SubnetPoolDraft,
)
from freehold.networking.prefixes import Prefixes
from freehold.networking.quota_values import Counted
from freehold.networking.quotas import Quotas
from freehold.networking.records import SUBNET_POOL_FIRST_REVISION, Record
from freehold.networking.scopes_of_pools import ScopesOfPools
from freehold.networking.sharing_values import Action, ObjectType
from freehold.networking.store import networks as network_rows
from freehold.networking.store import prefixes as prefix_rows
from freehold.networking.store import rbac_policies as policy_rows
from freehold.networking.store import subnet_pools as pool_rows
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.values import Filter, Subnet


class SubnetPools:
    """The subnet pools of a database."""

    def __init__(self, database: Database, surroundings: Surroundings, quotas: Quotas) -> None:
        self._database = database
        self._surroundings = surroundings
        self._quotas = quotas

    def create(self, drafts: Sequence[SubnetPoolDraft]) -> tuple[SubnetPool, ...]:
        """Create subnet pools: all of them or none.

        Raises:
            AddressScopeNotFound: a draft names a scope that is not there.
            AddressScopePrefixConflict: another pool of the scope has some of
                a draft's addresses.
            OverQuota: a project may not have as many.
            FreeholdError: a draft cannot stand; see
                `freehold.networking.plan.subnet_pools`.
        """
        created = tuple(
            replace(
                plan_new_pool(new_id(self._surroundings.random), draft),
                record=Record.begun(self._surroundings.now(), SUBNET_POOL_FIRST_REVISION),
            )
            for draft in drafts
        )
        policies = sharing.for_all(
            [pool for pool in created if pool.shared],
            ObjectType.SUBNET_POOL,
            Action.SHARED,
            self._surroundings.random,
        )

        def work(unit: Unit) -> tuple[SubnetPool, ...]:
            _add(unit.connection, created)
            policy_rows.add(unit.connection, policies)
            return created

        ids = [pool.id for pool in created]
        counted = self._quotas.counting(Counted.SUBNETPOOL, work)
        return self._database.write(counted, lookups.created(pool_rows.find, ids))

    def get(self, pool_id: str) -> SubnetPool:
        """Return one subnet pool.

        Raises:
            SubnetPoolNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: pool_rows.get(connection, pool_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[SubnetPool, ...]:
        """Return those subnet pools that pass all the filters and are on the page.

        Raises:
            SubnetPoolNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: pool_rows.find(connection, filters, page))

    def update(
        self, pool_id: str, change: SubnetPoolChange, revision: int | None = None
    ) -> SubnetPool:
        """Change a subnet pool, and return it as it is then.

        If its address scope changes, so does that of the networks with subnets of
        it, and their revisions grow.

        Args:
            pool_id: the subnet pool.
            change: what is to be different.
            revision: the one that it has to have; None for whichever.

        Raises:
            SubnetPoolNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            AddressScopeNotFound: the change names a scope that is not there.
            AddressScopePrefixConflict: another pool of the scope has some of
                the pool's addresses.
            NetworkAddressScopeAffinityError: a network has subnets of this pool
                and others, which would be of different scopes.
            FreeholdError: the change cannot stand; see
                `freehold.networking.plan.subnet_pools.plan_pool_change`.
        """
        return self._change(pool_id, lambda pool: plan_pool_change(pool, change), revision)

    def delete(self, pool_id: str, revision: int | None = None) -> None:
        """Delete a subnet pool.

        Args:
            pool_id: the subnet pool.
            revision: the one that it has to have; None for whichever.

        Raises:
            SubnetPoolNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            SubnetPoolDeleteError: a subnet is from it.
        """

        def work(unit: Unit) -> None:
            pool_rows.guard(unit.connection, pool_id)
            pool = pool_rows.get(unit.connection, pool_id)
            pool.record.check(revision)
            if pool_rows.is_in_use(unit.connection, pool_id):
                raise SubnetPoolDeleteError
            with run_again_if_references_break():
                pool_rows.remove(unit.connection, pool_id)
            self._quotas.give_back(unit.connection, Counted.SUBNETPOOL, [pool.project_id])

        self._database.write(work, lookups.deleted(pool_rows.find, pool_id))

    def add_prefixes(
        self, pool_id: str, prefixes: Sequence[IPNetwork], revision: int | None = None
    ) -> SubnetPool:
        """Add prefixes to a pool; those that it has already make no difference.

        Args:
            pool_id: the subnet pool.
            prefixes: the prefixes.
            revision: the one that the pool has to have; None for whichever.

        Raises:
            SubnetPoolNotFound: there is no such pool.
            RevisionNumberConstraintFailed: it has another revision.
            PrefixVersionMismatch: they are of the other IP version.
            AddressScopePrefixConflict: another pool of the scope has them.
        """
        return self._change(pool_id, lambda pool: _with_more(pool, prefixes), revision)

    def remove_prefixes(
        self, pool_id: str, prefixes: Sequence[IPNetwork], revision: int | None = None
    ) -> SubnetPool:
        """Remove prefixes, or parts of them, from a pool; it need not have them.

        See `add_prefixes`.

        Raises:
            SubnetPoolNotFound: there is no such pool.
            RevisionNumberConstraintFailed: it has another revision.
            IllegalSubnetPoolPrefixUpdate: a subnet has some of their addresses.
        """
        meant: list[SubnetPool] = []

        def work(unit: Unit) -> SubnetPool:
            taken = Prefixes(unit.connection)
            before = taken.pool(pool_id)
            before.record.check(revision)
            smaller = replace(before, prefixes=taken.remove(before, prefixes))
            if smaller == before:
                return before
            now = self._surroundings.now()
            after = replace(smaller, record=before.record.continued(now))
            meant.append(after)
            pool_rows.replace(unit.connection, before, after, now)
            return after

        return self._database.write(work, lookups.updated(pool_rows.find, meant))

    def onboard(
        self, pool_id: str, network_id: str, revision: int | None = None
    ) -> tuple[Subnet, ...]:
        """Have a network's subnets of the pool's IP version belong to the pool.

        Their CIDRs are added to the pool's prefixes. If they were of another
        pool, they are given back to that one.

        Args:
            pool_id: the subnet pool.
            network_id: the network.
            revision: the one that the pool has to have; None for whichever.

        Returns:
            The subnets, the oldest first.

        Raises:
            NetworkNotFound: there is no such network.
            SubnetPoolNotFound: there is no such pool.
            RevisionNumberConstraintFailed: it has another revision.
            IllegalSubnetPoolUpdate: a CIDR overlaps with a subnet of the pool.
            AddressScopePrefixConflict: another pool of the scope has a CIDR.
        """

        def work(unit: Unit) -> tuple[Subnet, ...]:
            now = self._surroundings.now()
            network_rows.guard(unit.connection, network_id, now)
            _, subnets = network_rows.get_with_subnets(unit.connection, network_id)
            taken = Prefixes(unit.connection)
            own = {one.subnetpool_id for one in subnets if one.subnetpool_id is not None}
            # In the order in which units that give back guard several pools.
            pool = {one: taken.pool(one) for one in sorted(own | {pool_id})}[pool_id]
            pool.record.check(revision)
            moving = [one for one in subnets if one.ip_version == pool.ip_version]
            for subnet in moving:
                if subnet.subnetpool_id == pool_id:
                    raise _onboarding_conflict(subnet, pool)
            taken.give_back(moving)
            larger = _with_more(pool, [subnet.cidr for subnet in moving])
            if larger != pool:
                larger = replace(larger, record=pool.record.continued(now))
                _store_change(unit.connection, taken, pool, larger, now)
            for subnet in moving:
                if not taken.take_onboard(pool, subnet):
                    raise _onboarding_conflict(subnet, pool)
            ids = [subnet.id for subnet in moving]
            subnet_rows.move_to_pool(unit.connection, ids, pool_id, now)
            return tuple(
                replace(one, subnetpool_id=pool_id, record=one.record.continued(now))
                for one in moving
            )

        return self._database.write(work, _onboarded(pool_id, network_id))

    def _change(
        self, pool_id: str, plan: Callable[[SubnetPool], SubnetPool], revision: int | None
    ) -> SubnetPool:
        meant: list[SubnetPool] = []

        def work(unit: Unit) -> SubnetPool:
            taken = Prefixes(unit.connection)
            before = taken.pool(pool_id)
            before.record.check(revision)
            after = plan(before)
            if after == before:
                return before
            now = self._surroundings.now()
            after = replace(after, record=before.record.continued(now))
            meant.append(after)
            _store_change(unit.connection, taken, before, after, now)
            return after

        return self._database.write(work, lookups.updated(pool_rows.find, meant))


def _store_change(
    connection: Connection, taken: Prefixes, before: SubnetPool, after: SubnetPool, now: datetime
) -> None:
    rescoped = after.address_scope_id != before.address_scope_id
    scope_id = after.address_scope_id
    if scope_id is not None and (rescoped or after.prefixes != before.prefixes):
        ScopesOfPools(connection, {scope_id}, after.id).admit(after)
    if rescoped:
        pool_rows.guard_networks(connection, after.id, now)
        if pool_rows.shares_a_network(connection, after):
            raise NetworkAddressScopeAffinityError
    with _one_default():
        pool_rows.replace(connection, before, after, now)
    taken.add(before, after.prefixes)


def _onboarded(pool_id: str, network_id: str) -> Lookup[tuple[Subnet, ...]]:
    """Return the lookup of a unit that has subnets join a pool: they join it once only."""

    def look(connection: Connection) -> Done[tuple[Subnet, ...]] | None:
        pools = pool_rows.find(connection, [Filter("id", (pool_id,))])
        found = subnet_rows.find(
            connection,
            [
                Filter("network_id", (network_id,)),
                Filter("ip_version", tuple(pool.ip_version for pool in pools)),
            ],
        )
        if not found or any(subnet.subnetpool_id != pool_id for subnet in found):
            return None
        return Done(found)

    return look


def _add(connection: Connection, pools: Sequence[SubnetPool]) -> None:
    """Store new pools; of several that cannot be, the first one is refused."""
    named = {pool.address_scope_id for pool in pools}
    scopes = ScopesOfPools(connection, {one for one in named if one is not None})
    admitted: list[SubnetPool] = []
    try:
        for pool in pools:
            scope = scopes.admit(pool)
            if scope is not None:
                check_shared_scope(pool, scope)
            admitted.append(pool)
    finally:
        # Also those before one that is refused: a second default pool among them was first.
        with _one_default():
            pool_rows.add(connection, admitted)
    prefix_rows.add_gaps_of(connection, {pool.id: pool.prefixes for pool in pools})


def _with_more(pool: SubnetPool, prefixes: Sequence[IPNetwork]) -> SubnetPool:
    if any(prefix.version != pool.ip_version for prefix in prefixes):
        raise PrefixVersionMismatch
    return replace(pool, prefixes=compact((*pool.prefixes, *prefixes)))


def _onboarding_conflict(subnet: Subnet, pool: SubnetPool) -> IllegalSubnetPoolUpdate:
    return IllegalSubnetPoolUpdate(
        f"Onboarding subnet {subnet.id}: {subnet.cidr} conflicts with allocated prefixes in subnet "
        f"pool {pool.id}"
    )


@contextmanager
def _one_default() -> Iterator[None]:
    """Refuse a second default pool of an IP version; the key of the rows finds it.

    Raises:
        InvalidInput: there is one.
    """
    try:
        yield
    except DBDuplicateEntry as error:
        raise InvalidInput(
            "A default subnetpool for this IP family has already been set. Only one default may "
            "exist per IP family"
        ) from error
