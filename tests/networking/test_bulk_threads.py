"""Many writers who each create many at once: all or nothing, and as many as there is room for."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, cycle, islice
from threading import Barrier
from typing import TypeVar

import pytest

from freehold.db.database import Database
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import (
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    SubnetAllocationError,
)
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
from tests.backends import Premises, asks, pooled_draft, port_draft
from tests.conftest import OpenDatabase

WRITERS = 6
SOME = 7

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """A database, and backends on it: one for each writer, on the servers in turn."""

    premises: Premises
    backends: Sequence[Backend]

    def at_once(self, work: Callable[[Backend, int], T]) -> list[T]:
        """Have each writer do its work, from the same moment on."""
        together = Barrier(WRITERS)

        def run(number: int) -> T:
            together.wait()
            return work(self.backends[number], number)

        with ThreadPoolExecutor(WRITERS) as executor:
            return list(executor.map(run, range(WRITERS)))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "galera"])
def site(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Site]:
    urls = open_database(request.param)
    premises = Premises(urls[0])
    databases = [Database(url) for url in urls]
    backends = [Backend(one, ReferenceDriver(Surroundings())) for one in databases]
    yield Site(premises, list(islice(cycle(backends), WRITERS)))
    for database in (premises.database, *databases):
        database.dispose()


def test_ports_are_created_as_long_as_all_of_a_request_get_an_address(site: Site) -> None:
    network = site.premises.network()
    # 61 addresses: enough for 8 of 12 requests for 7 ports, and for no ninth.
    subnet = site.premises.subnet(network, "10.0.0.0/26")

    def work(backend: Backend, _number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for _ in range(2):
            try:
                backend.ports.create([port_draft(network) for _ in range(SOME)])
                outcomes["created"] += 1
            except IpAddressGenerationFailure:
                outcomes["refused"] += 1
        return outcomes

    total = sum(site.at_once(work), Counter[str]())
    assert total == {"created": 8, "refused": 4}
    ports = site.premises.backend.ports.find([])
    shown = {(one.subnet_id, port.id) for port in ports for one in port.fixed_ips}
    assert len({port.fixed_ips for port in ports}) == len(ports) == 8 * SOME
    assert {(subnet_id, holder) for subnet_id, holder, _ in site.premises.held()} == shown
    assert {subnet_id for subnet_id, _ in shown} == {subnet.id}


def test_of_those_who_ask_for_the_same_addresses_one_gets_them_all(site: Site) -> None:
    network = site.premises.network()
    site.premises.subnet(network, "10.0.0.0/24")
    wanted = [f"10.0.0.{number}" for number in range(10, 30)]

    def work(backend: Backend, number: int) -> bool:
        order = wanted if number % 2 else wanted[::-1]
        try:
            backend.ports.create([port_draft(network, fixed_ips=asks(one)) for one in order])
        except IpAddressAlreadyAllocated:
            return False
        return True

    assert sorted(site.at_once(work)) == [False] * (WRITERS - 1) + [True]
    assert len(site.premises.backend.ports.find([])) == len(wanted)


def test_subnets_are_cut_out_of_a_pool_as_long_as_there_is_room_for_a_request(site: Site) -> None:
    # 32 prefixes: enough for 4 of 12 requests for 7 subnets, and for no fifth.
    pool = site.premises.pool("10.0.0.0/23", min_prefixlen=23)
    networks = [site.premises.network() for _ in range(SOME * WRITERS)]

    def work(backend: Backend, number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        own = networks[number * SOME : (number + 1) * SOME]
        for _ in range(2):
            try:
                backend.subnets.create([pooled_draft(pool, network, 28) for network in own])
                outcomes["created"] += 1
            except SubnetAllocationError:
                outcomes["refused"] += 1
        return outcomes

    total = sum(site.at_once(work), Counter[str]())
    assert total == {"created": 4, "refused": 8}
    subnets = site.premises.backend.subnets.find([])
    assert len(subnets) == 4 * SOME
    assert not any(one.cidr.overlaps(other.cidr) for one, other in combinations(subnets, 2))
    site.premises.check_pools()
