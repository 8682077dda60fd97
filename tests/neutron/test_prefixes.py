"""Prefixes of subnet pools: Neutron's own choice, without reading all subnets for each one."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import netaddr
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neutron.ipam import requests, subnet_alloc
from neutron_lib import exceptions as n_exc
from oslo_db import exception as db_exc
from sqlalchemy import delete, insert

from freehold.neutron.driver import FreeholdPool
from freehold.neutron.tables import subnet_pools, subnets
from tests.engines import statements
from tests.neutron.cloud import Cloud, row_of


class Pool(dict[str, Any]):
    """A subnet pool as Neutron hands it to a driver: attributes that are items as well."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def a_pool(cloud: Cloud, *prefixes: str, version: int = 4, quota: int | None = None) -> Pool:
    pool_id = str(uuid4())
    with cloud.engine.begin() as connection:
        connection.execute(insert(subnet_pools), {"id": pool_id, "hash": "first"})
    return Pool(
        id=pool_id,
        prefixes=[netaddr.IPNetwork(one) for one in prefixes],
        ip_version=version,
        min_prefixlen=8,
        max_prefixlen=32 if version == 4 else 128,
        default_quota=quota,
        project_id="p1",
    )


def wanted(request: str | int, version: int = 4) -> requests.SubnetRequest:
    subnet_id = str(uuid4())
    if isinstance(request, int):
        return requests.AnySubnetRequest("p1", subnet_id, f"IPv{version}", request)
    return requests.SpecificSubnetRequest("p1", subnet_id, request)


def take(cloud: Cloud, pool: Pool, request: str | int, version: int = 4) -> str:
    """Create a subnet of the pool as Neutron's plugin does, and return its CIDR."""
    with cloud.transaction() as admin:
        made = FreeholdPool(pool, admin).allocate_subnet(wanted(request, version)).get_details()
        cidr = str(made.subnet_cidr)
        admin.session.execute(insert(subnets), [row_of(made.subnet_id, cidr, pool_id=pool["id"])])
    return cidr


def give_back(cloud: Cloud, pool: Pool, cidr: str) -> None:
    with cloud.engine.begin() as connection:
        connection.execute(
            delete(subnets).where(subnets.c.subnetpool_id == pool["id"], subnets.c.cidr == cidr)
        )


def test_the_smallest_gap_with_room_is_used_first(cloud: Cloud) -> None:
    pool = a_pool(cloud, "10.0.0.0/16", "192.168.0.0/26")
    assert take(cloud, pool, 28) == "192.168.0.0/28"
    assert take(cloud, pool, "10.0.4.0/24") == "10.0.4.0/24"
    assert take(cloud, pool, 24) == "10.0.5.0/24"
    assert take(cloud, pool, 24) == "10.0.6.0/24"
    give_back(cloud, pool, "10.0.4.0/24")
    assert take(cloud, pool, 17) == "10.0.128.0/17"


def test_ipv6_prefixes_have_their_gateway_behind_the_first_address(cloud: Cloud) -> None:
    pool = a_pool(cloud, "2001:db8::/56", version=6)
    with cloud.transaction() as admin:
        request = wanted(64, 6)
        details = FreeholdPool(pool, admin).allocate_subnet(request).get_details()
    assert str(details.subnet_cidr) == "2001:db8::/64"
    assert str(details.gateway_ip) == "2001:db8::1"


def test_a_prefix_that_is_held_or_is_none_of_the_pools_is_refused(cloud: Cloud) -> None:
    pool = a_pool(cloud, "10.0.0.0/23", "10.0.2.0/24")
    take(cloud, pool, "10.0.1.0/24")
    for refused in ("10.0.1.0/24", "10.0.1.128/25", "10.0.0.0/23", "10.0.3.0/24", "10.0.2.0/23"):
        with pytest.raises(n_exc.SubnetAllocationError):
            take(cloud, pool, refused)
    with pytest.raises(n_exc.SubnetAllocationError):
        take(cloud, pool, 23)
    with pytest.raises(n_exc.MinPrefixSubnetAllocationError):
        take(cloud, pool, 7)
    assert {take(cloud, pool, 24) for _ in range(2)} == {"10.0.0.0/24", "10.0.2.0/24"}
    with pytest.raises(n_exc.SubnetAllocationError, match="/32"):
        take(cloud, pool, 32)
    give_back(cloud, pool, "10.0.0.0/24")
    assert take(cloud, pool, 32) == "10.0.0.0/32"


def test_a_quota_counts_what_the_owners_subnets_have(cloud: Cloud) -> None:
    pool = a_pool(cloud, "10.0.0.0/16", quota=512)
    take(cloud, pool, 24)
    take(cloud, pool, 25)
    with pytest.raises(n_exc.SubnetPoolQuotaExceeded):
        take(cloud, pool, 24)
    take(cloud, pool, 25)
    with pytest.raises(n_exc.SubnetPoolQuotaExceeded):
        take(cloud, pool, 32)


def test_those_who_allocate_at_once_never_get_the_same(cloud: Cloud) -> None:
    pool = a_pool(cloud, "10.0.0.0/16")

    def five(_worker: int) -> list[str]:
        got: list[str] = []
        while len(got) < 5:
            # Neutron begins the request anew by these.
            with suppress(db_exc.RetryRequest, db_exc.DBDeadlock):
                got.append(take(cloud, pool, 24))
        return got

    with ThreadPoolExecutor(4) as threads:
        got = [cidr for one in threads.map(five, range(4)) for cidr in one]
    assert sorted(got) == sorted({f"10.0.{third}.0/24" for third in range(20)})


def test_a_pool_that_is_gone_is_not_found(cloud: Cloud) -> None:
    gone = a_pool(cloud, "10.0.0.0/16")
    with cloud.engine.begin() as connection:
        connection.execute(delete(subnet_pools).where(subnet_pools.c.id == gone["id"]))
    with pytest.raises(n_exc.SubnetPoolNotFound):
        take(cloud, gone, 24)


def test_a_subnet_that_joined_the_pool_otherwise_is_not_overlapped(cloud: Cloud) -> None:
    pool = a_pool(cloud, "10.0.0.0/16")
    assert take(cloud, pool, 24) == "10.0.0.0/24"
    with cloud.engine.begin() as connection:
        for cidr in ("10.0.1.128/25", "10.0.2.0/23"):
            connection.execute(insert(subnets), [row_of(str(uuid4()), cidr, pool_id=pool["id"])])
    assert take(cloud, pool, 24) == "10.0.4.0/24"


def test_what_was_rolled_back_is_free_again(cloud: Cloud) -> None:
    pool = a_pool(cloud, "10.0.0.0/16")
    take(cloud, pool, 24)
    with cloud.abandoned() as admin:
        FreeholdPool(pool, admin).allocate_subnet(wanted(24))
    assert take(cloud, pool, 24) == "10.0.1.0/24"


def test_no_subnet_of_the_pool_is_read_for_the_next_one(server_cloud: Cloud) -> None:
    cloud = server_cloud
    pool = a_pool(cloud, "10.0.0.0/8")
    rows = [
        row_of(str(uuid4()), f"10.{high}.{low}.0/24", pool_id=pool["id"])
        for high in range(4)
        for low in range(0, 256, 2)
    ]
    with cloud.engine.begin() as connection:
        connection.execute(insert(subnets), rows)
    assert take(cloud, pool, 24) == "10.0.1.0/24"
    with statements(cloud.engine) as seen:
        assert take(cloud, pool, 24) == "10.0.3.0/24"
        take(cloud, pool, "10.200.0.0/24")
    read = [one for one in seen if one.startswith("SELECT") and "FROM subnets" in one]
    assert len(read) == 2
    assert all("LIMIT" in one for one in read)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["any", "specific", "back"]), st.integers(24, 30), st.integers(0, 63)
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_each_prefix_is_the_one_that_neutron_itself_would_choose(
    file_cloud: Cloud, steps: list[tuple[str, int, int]]
) -> None:
    cloud = file_cloud
    pool = a_pool(cloud, "10.0.0.0/24", "10.0.1.0/26", "10.0.2.0/25")
    held: list[str] = []
    for what, length, place in steps:
        if what == "back" and held:
            give_back(cloud, pool, held.pop(place % len(held)))
        elif what != "back":
            request: str | int = length
            if what == "specific":
                number = int(ip_network("10.0.0.0/22").network_address) + place * 16
                request = str(ip_network((number, length), strict=False))
            expected = _by_neutron(cloud, pool, request)
            if expected is None:
                with pytest.raises(n_exc.SubnetAllocationError):
                    take(cloud, pool, request)
            else:
                got = take(cloud, pool, request)
                held.append(got)
                assert ip_network(got).prefixlen == ip_network(expected).prefixlen
                if what == "specific":
                    assert got == expected


def _by_neutron(cloud: Cloud, pool: Pool, request: str | int) -> str | None:
    """Return what Neutron's own class would allocate; None if it refuses."""
    allocator = type("Allocator", (subnet_alloc.SubnetAllocator,), {"_lock_subnetpool": _nothing})
    try:
        with cloud.transaction() as admin:
            made = allocator(pool, admin).allocate_subnet(wanted(request)).get_details()
    except n_exc.SubnetAllocationError:
        return None
    return str(made.subnet_cidr)


def _nothing(_self: object) -> None:
    return None
