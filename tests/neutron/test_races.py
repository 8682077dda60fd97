"""Lost races are settled inside of the transaction, and what is said to be full is full."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from neutron.ipam import exceptions as ipam_exc
from neutron.ipam import requests
from neutron_lib import exceptions as n_exc
from oslo_db import exception as db_exc
from sqlalchemy import select

from freehold.neutron.driver import FreeholdPool
from freehold.neutron.tables import subnets
from tests.conftest import OpenDatabase
from tests.neutron.cloud import ANY, NEXT, Cloud, whole

WORKERS = 8


def together(work: Callable[[int], list[str]]) -> list[str]:
    """Run the work in all threads at the same time, and return all that they return."""
    start = Barrier(WORKERS)

    def one(worker: int) -> list[str]:
        start.wait()
        return work(worker)

    with ThreadPoolExecutor(WORKERS) as threads:
        return [address for got in threads.map(one, range(WORKERS)) for address in got]


def test_threads_take_the_last_addresses_of_a_24_each_once(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet("10.0.0.0/24", gateway="10.0.0.1")
    cloud.hold(subnet_id, [whole("10.0.0.0/24").first + one for one in range(2, 202)])

    def until_full(worker: int) -> list[str]:
        got = []
        for turn in range(60):
            request = NEXT if (worker + turn) % 4 == 0 else ANY
            try:
                got.append(cloud.allocate(subnet_id, request))
            except ipam_exc.IpAddressGenerationFailure:
                return got
        return got

    got = together(until_full)
    assert sorted(got) == sorted({f"10.0.0.{last}" for last in range(202, 255)})
    assert len(cloud.held(subnet_id)) == 253


@pytest.mark.parametrize("kind", ["galera"])
def test_threads_on_three_nodes_take_the_last_addresses_each_once(
    kind: str, open_database: OpenDatabase
) -> None:
    cloud = Cloud(*open_database(kind))
    subnet_id = cloud.add_subnet("10.0.0.0/24", gateway="10.0.0.1")
    cloud.hold(subnet_id, [whole("10.0.0.0/24").first + one for one in range(2, 202)])

    def until_full(worker: int) -> list[str]:
        got = []
        while True:
            try:
                got.append(cloud.allocate_as_the_api(subnet_id))
            except ipam_exc.IpAddressGenerationFailure:
                return got

    got = together(until_full)
    assert sorted(got) == sorted({f"10.0.0.{last}" for last in range(202, 255)})
    assert len(cloud.held(subnet_id)) == 253
    cloud.close()


def test_an_address_taken_since_the_transaction_began_costs_a_claim(server_cloud: Cloud) -> None:
    """Also where the transaction goes on to read that it is free."""
    cloud = server_cloud
    subnet_id = cloud.add_subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9"))
    with cloud.transaction() as admin:
        admin.session.execute(select(subnets)).all()
        for last in (2, 3, 5):
            request = requests.SpecificAddressRequest(f"10.0.0.{last}")
            assert cloud.allocate(subnet_id, request) == f"10.0.0.{last}"
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        assert [subnet.allocate(NEXT) for _ in range(2)] == ["10.0.0.4", "10.0.0.6"]
        assert {subnet.allocate(ANY) for _ in range(3)} == {f"10.0.0.{last}" for last in (7, 8, 9)}
    assert len(cloud.held(subnet_id)) == 8


@pytest.mark.parametrize("request_", [ANY, NEXT, requests.BulkAddressRequest(3)])
def test_full_is_what_was_filled_since_the_transaction_began(
    server_cloud: Cloud, request_: requests.AddressRequest
) -> None:
    cloud = server_cloud
    subnet_id = cloud.add_subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.4"))
    with cloud.transaction() as admin:
        admin.session.execute(select(subnets)).all()
        for _ in range(3):
            cloud.allocate(subnet_id)
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        with pytest.raises(ipam_exc.IpAddressGenerationFailure, match="3 of 3 addresses"):
            subnet.bulk_allocate(request_)


def test_a_large_pool_filled_since_the_transaction_began_is_full(server_cloud: Cloud) -> None:
    """Where more is hidden from reads than one request tries, Neutron begins it anew."""
    cloud = server_cloud
    subnet_id = cloud.add_subnet("10.0.0.0/20")
    first = whole("10.0.0.0/20").first
    cloud.hold(subnet_id, [first + one for one in range(1, 4000)])
    with cloud.transaction() as admin:
        admin.session.execute(select(subnets)).all()
        cloud.hold(subnet_id, [first + one for one in range(4000, 4095)])
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        with pytest.raises((ipam_exc.IpAddressGenerationFailure, db_exc.RetryRequest)):
            subnet.allocate(ANY)
    with pytest.raises(ipam_exc.IpAddressGenerationFailure, match="4094 of 4094"):
        cloud.allocate(subnet_id)


def test_a_subnet_removed_since_it_was_read_is_not_found(server_cloud: Cloud) -> None:
    cloud = server_cloud
    subnet_id = cloud.add_subnet("10.0.0.0/24")
    with cloud.transaction() as admin:
        subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
        with cloud.transaction() as other:
            FreeholdPool(None, other).remove_subnet(subnet_id)
        with pytest.raises(n_exc.SubnetNotFound):
            subnet.allocate(ANY)


def test_bulks_at_once_share_out_a_pool(cloud: Cloud) -> None:
    subnet_id = cloud.add_subnet("10.0.0.0/22")

    def fifty() -> list[str]:
        with cloud.transaction() as admin:
            subnet = FreeholdPool(None, admin).get_subnet(subnet_id)
            got: list[str] = subnet.bulk_allocate(requests.BulkAddressRequest(50))
        return got

    def by_fifty(_worker: int) -> list[str]:
        got: list[str] = []
        while len(got) < 100:
            # Two who each want what the other one has: Neutron begins the request anew.
            with suppress(db_exc.DBDeadlock):
                got += fifty()
        return got

    got = together(by_fifty)
    assert len(got) == len(set(got)) == 800
    assert cloud.held(subnet_id) == set(got)


@pytest.mark.parametrize("free", [1, 40])
def test_the_last_addresses_of_a_crowded_subnet_are_found(cloud: Cloud, free: int) -> None:
    subnet_id = cloud.add_subnet("10.0.0.0/18")
    space = whole("10.0.0.0/18")
    step = space.size // free
    spared = {space.first + 5 + one * step for one in range(free)}
    cloud.hold(subnet_id, [one for one in range(space.first + 1, space.last) if one not in spared])
    got = {cloud.allocate(subnet_id) for _ in range(free)}
    assert len(got) == free
    with pytest.raises(ipam_exc.IpAddressGenerationFailure, match="16382 of 16382"):
        cloud.allocate(subnet_id)
