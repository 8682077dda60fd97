"""Revisions, times, tags and lists of subnet pools and address scopes, on a real database."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from itertools import pairwise

import pytest
from sqlalchemy import update

from freehold.addresses.ranges import IPNetwork
from freehold.db.tables import subnetpools
from freehold.errors import (
    AddressScopeNotFound,
    BadRequest,
    RevisionNumberConstraintFailed,
    SubnetPoolNotFound,
)
from freehold.networking.paging import ALL, Page, SortKey
from freehold.networking.pool_values import (
    AddressScope,
    AddressScopeChange,
    SubnetPool,
    SubnetPoolChange,
)
from freehold.networking.store.address_scopes import SORTING as SORTING_OF_SCOPES
from freehold.networking.store.subnet_pools import SORTING as SORTING_OF_POOLS
from freehold.networking.values import Filter, Network
from tests.backends import Premises, grown
from tests.conftest import OpenDatabase
from tests.db.test_servers import lose_next_commit
from tests.networking.test_guards import before, run
from tests.networking.test_networks import NOWHERE


def networks_of(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(text) for text in texts)


@pytest.fixture
def pool(premises: Premises) -> SubnetPool:
    return premises.pool("10.0.0.0/16")


def revision(premises: Premises, network: Network) -> int:
    return premises.backend.networks.get(network.id).record.revision


def test_subnets_that_come_and_go_are_no_change_of_their_pool(
    premises: Premises, pool: SubnetPool
) -> None:
    network = premises.network()
    subnet = premises.subnet_of(pool, network, 26)
    assert premises.backend.subnet_pools.get(pool.id) == pool
    premises.backend.subnets.delete(subnet.id)
    assert premises.backend.subnet_pools.get(pool.id) == pool
    assert revision(premises, network) == 3


def test_each_change_of_a_pool_raises_its_revision_once(
    premises: Premises, pool: SubnetPool
) -> None:
    pools = premises.backend.subnet_pools
    described = pools.update(pool.id, SubnetPoolChange(description="d"))
    assert described == grown(replace(pool, description="d"), described)
    larger = pools.add_prefixes(pool.id, networks_of("10.7.0.0/16"))
    assert larger == grown(replace(described, prefixes=larger.prefixes), larger)
    smaller = pools.remove_prefixes(pool.id, networks_of("10.7.0.0/16"))
    assert smaller == grown(described, smaller, 2)
    assert pools.get(pool.id) == smaller
    pools.update(pool.id, SubnetPoolChange(description="d", prefixes=smaller.prefixes))
    pools.add_prefixes(pool.id, networks_of("10.0.0.0/24"))
    pools.remove_prefixes(pool.id, networks_of("10.7.0.0/16"))
    assert pools.get(pool.id) == smaller, "changes of nothing are none"


def test_what_joins_a_pool_is_a_change_of_the_subnet_its_network_and_the_pool(
    premises: Premises, pool: SubnetPool
) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.8.0.0/24")
    [joined] = premises.backend.subnet_pools.onboard(pool.id, network.id)
    assert joined == grown(replace(subnet, subnetpool_id=pool.id), joined)
    assert premises.backend.subnets.get(subnet.id) == joined
    assert revision(premises, network) == 3
    found = premises.backend.subnet_pools.get(pool.id)
    assert found == grown(replace(pool, prefixes=found.prefixes), found)
    assert found.record.updated_at == joined.record.updated_at


def test_a_pool_that_changes_its_scope_changes_the_networks_that_show_it(
    premises: Premises, pool: SubnetPool
) -> None:
    concerned, other = premises.network(), premises.network()
    premises.subnet_of(pool, concerned, 26)
    scope = premises.scope()
    was = premises.backend.networks.get(concerned.id)
    changed = premises.backend.subnet_pools.update(
        pool.id, SubnetPoolChange(address_scope_id=scope.id)
    )
    now = premises.backend.networks.get(concerned.id)
    assert now == grown(replace(was, ipv4_address_scope=scope.id), now)
    assert now.record.updated_at == changed.record.updated_at
    assert premises.backend.networks.get(other.id) == other
    premises.backend.subnet_pools.update(pool.id, SubnetPoolChange(name="x"))
    assert premises.backend.networks.get(concerned.id) == now


def test_only_the_expected_revision_of_a_pool_is_changed(
    premises: Premises, pool: SubnetPool
) -> None:
    backend, network = premises.backend, premises.network()
    pools, more = backend.subnet_pools, networks_of("10.7.0.0/16")
    premises.subnet(network, "10.8.0.0/24")
    for attempt in (
        lambda: pools.update(pool.id, SubnetPoolChange(name="x"), 1),
        lambda: pools.delete(pool.id, 1),
        lambda: pools.add_prefixes(pool.id, more, 1),
        lambda: pools.remove_prefixes(pool.id, more, 1),
        lambda: pools.onboard(pool.id, network.id, 1),
        lambda: backend.subnet_pool_tags.add(pool.id, {"t"}, 1),
    ):
        with premises.refused(RevisionNumberConstraintFailed):
            attempt()
    pools.update(pool.id, SubnetPoolChange(name="x"), 0)
    pools.add_prefixes(pool.id, more, 1)
    pools.remove_prefixes(pool.id, more, 2)
    backend.subnet_pool_tags.add(pool.id, {"t"}, 3)
    pools.delete(pool.id, 4)
    with pytest.raises(SubnetPoolNotFound):
        pools.get(pool.id)


def test_a_scope_has_no_revision_to_be_expected(premises: Premises) -> None:
    scope = premises.scope()
    with premises.refused(BadRequest):
        premises.backend.address_scopes.update(scope.id, AddressScopeChange(name="x"), 0)
    with premises.refused(BadRequest):
        premises.backend.address_scopes.delete(scope.id, 0)


def test_of_those_who_change_one_revision_of_a_pool_at_once_one_succeeds(
    premises: Premises, pool: SubnetPool
) -> None:
    def change(number: int) -> bool:
        try:
            if number % 2:
                premises.backend.subnet_pools.update(pool.id, SubnetPoolChange(name=f"{number}"), 0)
            else:
                premises.backend.subnet_pool_tags.add(pool.id, {f"{number}"}, 0)
        except RevisionNumberConstraintFailed:
            return False
        return True

    with ThreadPoolExecutor(6) as executor:
        assert sum(executor.map(change, range(12))) == 1


def test_tags_of_a_pool_that_another_unit_has_changed_are_read_again(
    premises: Premises, pool: SubnetPool
) -> None:
    other = run(update(subnetpools).values(revision=subnetpools.c.revision + 1))
    with before(premises, "UPDATE subnetpools", other):
        premises.backend.subnet_pool_tags.add(pool.id, {"t"})
    [found] = premises.backend.subnet_pools.find([Filter("tags", ("t",))])
    assert found.record.tags == ("t",)
    with pytest.raises(SubnetPoolNotFound):
        premises.backend.subnet_pool_tags.of(NOWHERE)


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_who_expects_a_revision_is_not_told_of_the_own_change_when_its_commit_is_lost(
    open_database: OpenDatabase, kind: str, carried_out: bool
) -> None:
    premises = Premises(open_database(kind)[0])
    pool = premises.pool("10.0.0.0/16")
    lose_next_commit(premises.database, but_carry_it_out=carried_out)
    changed = premises.backend.subnet_pools.update(pool.id, SubnetPoolChange(name="x"), 0)
    assert changed.record.revision == 1
    lose_next_commit(premises.database, but_carry_it_out=carried_out)
    premises.backend.subnet_pools.add_prefixes(pool.id, networks_of("10.7.0.0/16"), 1)
    lose_next_commit(premises.database, but_carry_it_out=carried_out)
    premises.backend.subnet_pools.remove_prefixes(pool.id, networks_of("10.7.0.0/16"), 2)
    assert premises.backend.subnet_pools.get(pool.id).record.revision == 3
    premises.check_pools()
    premises.database.dispose()


Listed = Callable[[Page], Sequence[SubnetPool | AddressScope]]


def pages_of_two(listed: Listed, key: SortKey) -> list[str]:
    joined: list[str] = []
    marker = None
    while page := listed(Page(sort=(key,), limit=2, marker=marker)):
        joined += [one.id for one in page]
        marker = joined[-1]
    return joined


@pytest.mark.parametrize("ascending", [True, False])
def test_pools_and_scopes_are_read_in_pages_by_each_key(
    premises: Premises, ascending: bool
) -> None:
    scopes = [premises.scope(4 + 2 * (n % 2), name=f"{n % 2}", shared=n > 1) for n in range(4)]
    for number in range(5):
        premises.pool(
            f"10.{number}.0.0/16",
            name=f"{number % 2}",
            default_quota=number % 3 or None,
            is_default=number == 2,
            address_scope_id=scopes[0].id if number % 2 else None,
            project_id=f"{number % 3}",
        )
    backend = premises.backend
    kinds: list[tuple[Listed, Iterable[str]]] = [
        (lambda page: backend.subnet_pools.find([], page), SORTING_OF_POOLS.columns),
        (lambda page: backend.address_scopes.find([], page), SORTING_OF_SCOPES.columns),
    ]
    for listed, names in kinds:
        for name in ("id", *names):
            found = pages_of_two(listed, SortKey(name, ascending))
            shown = {one.id: getattr(one, name) for one in listed(ALL)}
            assert sorted(found) == sorted(shown)
            for one, following in pairwise(shown[each] for each in found):
                low, high = (one, following) if ascending else (following, one)
                assert low is None or (high is not None and low <= high), name


def test_there_is_no_page_after_a_pool_or_a_scope_that_is_gone(premises: Premises) -> None:
    page = Page(limit=1, marker=NOWHERE)
    with pytest.raises(SubnetPoolNotFound):
        premises.backend.subnet_pools.find([], page)
    with pytest.raises(AddressScopeNotFound):
        premises.backend.address_scopes.find([], page)
