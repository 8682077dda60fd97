"""Subnet pools and address scopes, as users of openstacksdk and of ``openstack`` have them.

The expectations are those of the Networking API as Neutron serves it.
"""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException, ConflictException, NotFoundException

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstack_command import command, done, refused, shown
from tests.end_to_end.test_story_openstacksdk import connect, fault

# What openstacksdk warns of here it does to itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


@pytest.fixture
def cloud(server: Service) -> Connection:
    return connect(server.url)


def make_pool(cloud: Connection, *prefixes: str, **values: Any) -> Any:
    """Create a pool with a name of its own."""
    return cloud.network.create_subnet_pool(
        name=f"pool-{uuid4()}", prefixes=list(prefixes), **values
    )


def make_subnet(cloud: Connection, pool: Any, network: Any = None, **values: Any) -> Any:
    """Create a subnet out of a pool, on a network of its own if none is given."""
    return cloud.network.create_subnet(
        network_id=(network or cloud.network.create_network()).id,
        ip_version=pool.ip_version,
        subnet_pool_id=pool.id,
        **values,
    )


def test_scopes_are_found_changed_and_deleted(cloud: Connection) -> None:
    name = f"scope-{uuid4()}"
    scope = cloud.network.create_address_scope(name=name, ip_version=4, is_shared=True)
    assert (scope.ip_version, scope.is_shared) == (4, True)
    assert cloud.network.find_address_scope(name).id == scope.id
    assert [one.id for one in cloud.network.address_scopes(name=name)] == [scope.id]
    assert cloud.network.update_address_scope(scope, name=f"{name}-2").name == f"{name}-2"
    pool = make_pool(cloud, "10.0.0.0/16", address_scope_id=scope.id)
    with pytest.raises(ConflictException) as refusal:
        cloud.network.delete_address_scope(scope)
    assert fault(refusal.value)["type"] == "AddressScopeInUse"
    with pytest.raises(ConflictException) as refusal:
        make_pool(cloud, "10.0.8.0/24", address_scope_id=scope.id)
    assert fault(refusal.value)["type"] == "AddressScopePrefixConflict"
    network = cloud.network.create_network()
    make_subnet(cloud, pool, network, prefix_length=24)
    assert cloud.network.get_network(network).ipv4_address_scope_id == scope.id
    cloud.network.delete_network(network)
    cloud.network.delete_subnet_pool(pool)
    cloud.network.delete_address_scope(scope)
    with pytest.raises(NotFoundException):
        cloud.network.get_address_scope(scope.id)


def test_pools_are_found_changed_and_deleted(cloud: Connection) -> None:
    pool = make_pool(
        cloud,
        "10.0.1.0/24",
        "10.0.0.0/24",
        minimum_prefix_length=24,
        default_prefix_length=26,
        maximum_prefix_length=28,
        default_quota=1024,
    )
    assert pool.prefixes == ["10.0.0.0/23"]
    lengths = (
        pool.minimum_prefix_length,
        pool.default_prefix_length,
        pool.maximum_prefix_length,
    )
    assert lengths == (24, 26, 28)
    assert (pool.ip_version, pool.default_quota, pool.is_default) == (4, 1024, False)
    assert cloud.network.find_subnet_pool(pool.name).id == pool.id
    assert [one.id for one in cloud.network.subnet_pools(name=pool.name)] == [pool.id]
    grown = cloud.network.update_subnet_pool(pool, prefixes=["10.0.0.0/23", "10.0.2.0/23"])
    assert grown.prefixes == ["10.0.0.0/22"]
    with pytest.raises(BadRequestException) as refusal:
        cloud.network.update_subnet_pool(pool, prefixes=["10.0.0.0/24"])
    assert fault(refusal.value)["type"] == "IllegalSubnetPoolPrefixUpdate"
    cloud.network.delete_subnet_pool(pool)
    with pytest.raises(NotFoundException):
        cloud.network.get_subnet_pool(pool.id)


def test_subnets_are_cut_out_of_a_pool(cloud: Connection) -> None:
    pool = make_pool(cloud, "192.0.2.0/26", minimum_prefix_length=24, default_prefix_length=28)
    network = cloud.network.create_network()
    subnets = [
        make_subnet(cloud, pool, network),
        make_subnet(cloud, pool, network, prefix_length=27),
        make_subnet(cloud, pool, network, cidr="192.0.2.24/29", gateway_ip=None),
        make_subnet(cloud, pool, network, prefix_length=29, gateway_ip="192.0.2.17"),
    ]
    assert [subnet.cidr for subnet in subnets] == [
        "192.0.2.0/28",
        "192.0.2.32/27",
        "192.0.2.24/29",
        "192.0.2.16/29",
    ]
    assert {subnet.subnet_pool_id for subnet in subnets} == {pool.id}
    found = cloud.network.subnets(subnet_pool_id=pool.id)
    assert {subnet.id for subnet in found} == {subnet.id for subnet in subnets}
    with pytest.raises(ConflictException) as refusal:
        make_subnet(cloud, pool, network)
    assert fault(refusal.value)["type"] == "SubnetAllocationError"
    assert fault(refusal.value)["detail"] == f"Subnet pool {pool.id}: nothing is free."
    with pytest.raises(BadRequestException) as bad:
        cloud.network.delete_subnet_pool(pool)
    assert fault(bad.value)["type"] == "SubnetPoolDeleteError"
    port = cloud.network.create_port(network_id=network.id)
    [address] = port.fixed_ips
    assert address["subnet_id"] in {subnet.id for subnet in subnets}


def test_subnets_of_a_network_join_a_pool(cloud: Connection) -> None:
    pool = make_pool(cloud, "192.0.2.0/24")
    network = cloud.network.create_network()
    subnet = cloud.network.create_subnet(
        network_id=network.id, ip_version=4, cidr="198.51.100.0/25"
    )
    joined = cloud.network.onboard_network_subnets(pool, network)
    assert joined == [{"id": subnet.id, "cidr": subnet.cidr}]
    assert cloud.network.get_subnet(subnet).subnet_pool_id == pool.id
    assert cloud.network.get_subnet_pool(pool).prefixes == ["192.0.2.0/24", "198.51.100.0/25"]
    with pytest.raises(BadRequestException) as refusal:
        cloud.network.onboard_network_subnets(pool, network)
    assert fault(refusal.value)["type"] == "IllegalSubnetPoolUpdate"
    cloud.network.delete_network(network)
    cloud.network.delete_subnet_pool(pool)


def test_the_default_pool_serves_those_who_name_none(cloud: Connection) -> None:
    pool = make_pool(cloud, "2001:db8::/32", is_default=True)
    network = cloud.network.create_network()
    subnet = cloud.network.create_subnet(
        network_id=network.id, ip_version=6, use_default_subnet_pool=True
    )
    assert (subnet.subnet_pool_id, subnet.cidr) == (pool.id, "2001:db8::/64")
    cloud.network.delete_network(network)
    cloud.network.delete_subnet_pool(pool)


def test_what_users_of_the_openstack_command_do(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    scope = shown(run, "address", "scope", "create", "--ip-version", "4", "depot")
    words = ("--pool-prefix", "10.32.0.0/16", "--address-scope", "depot")
    pool = shown(
        run, "subnet", "pool", "create", *words, "--default-prefix-length", "26", "depot-pool"
    )
    assert (pool["address_scope_id"], pool["prefixes"]) == (scope["id"], ["10.32.0.0/16"])
    run_set = ("subnet", "pool", "set", "--pool-prefix", "10.33.0.0/16", "--default-quota", "128")
    done(run, *run_set, "depot-pool")
    after = shown(run, "subnet", "pool", "show", "depot-pool")
    assert (after["prefixes"], after["default_quota"]) == (["10.32.0.0/15"], 128)
    listed = shown(run, "subnet", "pool", "list", "--address-scope", "depot", "--long")
    assert [row["Name"] for row in listed] == ["depot-pool"]
    shown(run, "network", "create", "depot-net")
    create = ("subnet", "create", "--network", "depot-net", "--subnet-pool", "depot-pool")
    first = shown(run, *create, "depot-1")
    second = shown(run, *create, "--prefix-length", "27", "depot-2")
    assert (first["cidr"], second["cidr"]) == ("10.32.0.0/26", "10.32.0.64/27")
    assert "quota exceeded" in refused(run, *create, "depot-3")
    assert shown(run, "network", "show", "depot-net")["ipv4_address_scope"] == scope["id"]
    shown(run, "network", "create", "old-net")
    old = ("subnet", "create", "--network", "old-net", "--subnet-range", "10.48.0.0/24", "old")
    shown(run, *old)
    done(run, "subnet", "pool", "add", "network", "old-net", "depot-pool")
    assert shown(run, "subnet", "show", "old")["subnetpool_id"] == pool["id"]
    done(run, "network", "delete", "old-net")
    assert "existing allocations" in refused(run, "subnet", "pool", "delete", "depot-pool")
    done(run, "network", "delete", "depot-net")
    done(run, "subnet", "pool", "delete", "depot-pool")
    done(run, "address", "scope", "delete", "depot")
    assert shown(run, "address", "scope", "list", "--name", "depot") == []
