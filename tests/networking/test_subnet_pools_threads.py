"""Many writers at once: prefixes never overlap, quotas and scopes hold, on several servers too."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations, cycle
from random import Random
from threading import Barrier
from typing import TypeVar

import pytest

from freehold.db.database import Database
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import (
    AddressScopePrefixConflict,
    FreeholdError,
    InvalidInput,
    NetworkAddressScopeAffinityError,
    SubnetAllocationError,
    SubnetPoolDeleteError,
    SubnetPoolNotFound,
    SubnetPoolQuotaExceeded,
)
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
from freehold.networking.pool_values import SubnetPoolChange
from freehold.networking.values import Network, Subnet
from tests.backends import Premises, pool_draft, pooled_draft
from tests.conftest import OpenDatabase

WRITERS = 8

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """A database, and backends on it: one for each writer, on the servers in turn."""

    premises: Premises
    backends: Sequence[Backend]

    def networks(self, count: int = WRITERS) -> list[Network]:
        return [self.premises.network() for _ in range(count)]


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "galera"])
def site(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Site]:
    urls = open_database(request.param)
    premises = Premises(urls[0])
    databases = [Database(url) for url in urls]
    on_servers = [Backend(one, ReferenceDriver(Surroundings())) for one in databases]
    yield Site(premises, [one for one, _ in zip(cycle(on_servers), range(WRITERS), strict=False)])
    for database in (premises.database, *databases):
        database.dispose()


def at_once(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run all tasks, each in a thread of its own, from the same moment on."""
    together = Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T:
        together.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as executor:
        return list(executor.map(run, tasks))


def outcome(ask: Callable[[], object]) -> str:
    """Return the type of what an attempt came to."""
    try:
        ask()
    except FreeholdError as error:
        return type(error).__name__
    return "done"


def test_prefixes_of_mixed_lengths_never_overlap(site: Site) -> None:
    pool = site.premises.pool("10.0.0.0/20", min_prefixlen=20)
    networks = site.networks()

    def writer(number: int) -> Callable[[], list[Subnet]]:
        random = Random(number)
        subnets = site.backends[number].subnets

        def work() -> list[Subnet]:
            held: list[Subnet] = []
            for _ in range(12):
                if held and random.random() < 0.3:
                    subnets.delete(held.pop(random.randrange(len(held))).id)
                    continue
                draft = pooled_draft(pool, networks[number], random.randint(23, 29))
                try:
                    held += subnets.create([draft])
                except SubnetAllocationError:
                    continue
            return held

        return work

    held = at_once([writer(number) for number in range(WRITERS)])
    subnets = [subnet for own in held for subnet in own]
    assert len(subnets) > WRITERS
    assert not any(one.cidr.overlaps(other.cidr) for one, other in combinations(subnets, 2))
    site.premises.check_pools()
    for subnet in subnets:
        site.premises.backend.subnets.delete(subnet.id)
    site.premises.check_pools()
    assert len(site.premises.dump()["subnetpool_gaps"]) == 1, "all of it came together again"


def test_a_pool_is_handed_out_to_the_last_prefix(site: Site) -> None:
    pool = site.premises.pool("10.0.0.0/24", min_prefixlen=24)
    networks = site.networks()

    def writer(number: int) -> Callable[[], list[str]]:
        draft = pooled_draft(pool, networks[number], 28)
        subnets = site.backends[number].subnets
        return lambda: [outcome(lambda: subnets.create([draft])) for _ in range(3)]

    outcomes = Counter(one for own in at_once([*map(writer, range(WRITERS))]) for one in own)
    assert outcomes == {"done": 16, "SubnetAllocationError": WRITERS * 3 - 16}
    site.premises.check_pools()


def test_a_prefix_that_all_want_is_had_by_one(site: Site) -> None:
    pool = site.premises.pool("10.0.0.0/16")
    networks = site.networks()
    wanted = ["10.0.8.0/24", "10.0.8.0/25", "10.0.8.128/25", "10.0.8.192/26"] * 2

    def writer(number: int) -> Callable[[], str]:
        draft = pooled_draft(pool, networks[number], wanted[number])
        return lambda: outcome(lambda: site.backends[number].subnets.create([draft]))

    outcomes = Counter(at_once([writer(number) for number in range(WRITERS)]))
    assert set(outcomes) == {"done", "SubnetAllocationError"}
    assert 1 <= outcomes["done"] <= 2
    site.premises.check_pools()


def test_a_quota_holds(site: Site) -> None:
    pool = site.premises.pool("10.0.0.0/16", default_quota=1024)
    networks = site.networks()

    def writer(number: int) -> Callable[[], list[str]]:
        drafts = [pooled_draft(pool, networks[number], 24 + number % 3) for _ in range(3)]
        subnets = site.backends[number].subnets
        return lambda: [outcome(partial(subnets.create, [draft])) for draft in drafts]

    outcomes = {one for own in at_once([*map(writer, range(WRITERS))]) for one in own}
    assert outcomes == {"done", SubnetPoolQuotaExceeded.__name__}
    subnets = site.premises.backend.subnets.find([])
    held = sum(subnet.cidr.num_addresses for subnet in subnets)
    assert 1024 - 256 < held <= 1024
    site.premises.check_pools()


def test_of_pools_that_overlap_a_scope_gets_one(site: Site) -> None:
    scope = site.premises.scope()
    prefixes = ["10.0.0.0/8", "10.0.0.0/16", "10.0.8.0/24", "10.0.0.0/12"] * 2
    outside = [site.premises.pool(prefix) for prefix in prefixes]

    def writer(number: int) -> Callable[[], str]:
        pools = site.backends[number].subnet_pools
        if number % 2:
            change = SubnetPoolChange(address_scope_id=scope.id)
            return lambda: outcome(lambda: pools.update(outside[number].id, change))
        draft = pool_draft(prefixes[number], address_scope_id=scope.id)
        return lambda: outcome(lambda: pools.create([draft]))

    outcomes = Counter(at_once([writer(number) for number in range(WRITERS)]))
    assert set(outcomes) == {"done", AddressScopePrefixConflict.__name__}
    inside = [
        pool
        for pool in site.premises.backend.subnet_pools.find([])
        if pool.address_scope_id == scope.id
    ]
    assert len(inside) == outcomes["done"]
    assert not any(
        one.prefixes[0].overlaps(other.prefixes[0]) for one, other in combinations(inside, 2)
    )


def test_an_ip_version_gets_one_default_pool(site: Site) -> None:
    def writer(number: int) -> Callable[[], str]:
        draft = pool_draft("10.0.0.0/8", is_default=True)
        return lambda: outcome(lambda: site.backends[number].subnet_pools.create([draft]))

    outcomes = Counter(at_once([writer(number) for number in range(WRITERS)]))
    assert outcomes == {"done": 1, InvalidInput.__name__: WRITERS - 1}


def test_a_network_stays_in_one_scope_while_pools_change_theirs(site: Site) -> None:
    scopes = [site.premises.scope() for _ in range(2)]
    pools = [
        site.premises.pool(prefix, address_scope_id=scopes[0].id)
        for prefix in ("10.0.0.0/8", "11.0.0.0/8")
    ]
    for _ in range(4):
        [network] = site.networks(1)
        for pool in pools:
            site.premises.backend.subnet_pools.update(
                pool.id, SubnetPoolChange(address_scope_id=scopes[0].id)
            )
        first = site.premises.subnet_of(pools[0], network, 24)
        change = SubnetPoolChange(address_scope_id=scopes[1].id)
        draft = pooled_draft(pools[1], network, 24)
        done = at_once(
            [
                partial(
                    outcome, partial(site.backends[0].subnet_pools.update, pools[0].id, change)
                ),
                partial(outcome, partial(site.backends[1].subnets.create, [draft])),
            ]
        )
        assert sorted(done) == [NetworkAddressScopeAffinityError.__name__, "done"]
        for subnet in site.premises.backend.subnets.find([]):
            site.premises.backend.subnets.delete(subnet.id)
        assert first.network_id == network.id


def test_a_pool_is_not_deleted_under_a_subnet(site: Site) -> None:
    for _ in range(4):
        pool, [network] = site.premises.pool("10.0.0.0/8"), site.networks(1)
        draft = pooled_draft(pool, network, 24)
        made, gone = at_once(
            [
                partial(outcome, partial(site.backends[0].subnets.create, [draft])),
                partial(outcome, partial(site.backends[1].subnet_pools.delete, pool.id)),
            ]
        )
        assert (made, gone) in {
            ("done", SubnetPoolDeleteError.__name__),
            (SubnetPoolNotFound.__name__, "done"),
        }
        site.premises.check_pools()


def test_subnets_that_join_a_pool_while_they_are_deleted_leave_nothing_behind(site: Site) -> None:
    pool = site.premises.pool("192.0.2.0/24")
    for number in range(4):
        [network] = site.networks(1)
        subnet = site.premises.subnet(network, f"10.0.{number}.0/24")
        done = at_once(
            [
                partial(
                    outcome, partial(site.backends[0].subnet_pools.onboard, pool.id, network.id)
                ),
                partial(outcome, partial(site.backends[1].subnets.delete, subnet.id)),
            ]
        )
        assert done == ["done", "done"]
        site.premises.check_pools()
    assert not site.premises.backend.subnets.find([])
