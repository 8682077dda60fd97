"""Quotas, how full networks are, idempotency keys and dry runs with openstacksdk, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException, ConflictException, NotFoundException

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstacksdk import connect

pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


@pytest.fixture
def cloud(server: Service) -> Connection:
    return connect(server.url)


@pytest.fixture
def project() -> str:
    return uuid4().hex


def test_the_extensions_are_found_by_their_aliases(cloud: Connection) -> None:
    for alias in (
        "quotas",
        "quota_details",
        "quota-check-limit",
        "quota-check-limit-default",
        "network-ip-availability",
        "network-ip-availability-details",
        "freehold-idempotency-key",
        "freehold-dry-run",
    ):
        assert cloud.network.find_extension(alias) is not None, alias


def test_a_project_has_limits_that_hold(cloud: Connection, project: str) -> None:
    quotas: Any = cloud.network
    assert quotas.get_quota(project).ports == 500
    assert quotas.get_quota_default(project).networks == 100
    assert quotas.update_quota(project, networks=1, subnet_pools=3).subnet_pools == 3
    made = cloud.network.create_network(project_id=project)
    with pytest.raises(ConflictException, match="Quota exceeded for resources"):
        cloud.network.create_network(project_id=project)
    details = quotas.get_quota(project, details=True)
    assert details.networks == {"limit": 1, "used": 1, "reserved": 0}
    with pytest.raises(BadRequestException, match="already used 1"):
        quotas.update_quota(project, networks=0)
    cloud.network.delete_network(made)
    cloud.network.create_network(project_id=project)
    assert [one.networks for one in quotas.quotas() if one.project_id == project] == [1]
    quotas.delete_quota(project)
    with pytest.raises(NotFoundException):
        quotas.delete_quota(project, ignore_missing=False)


def test_how_full_a_network_is(cloud: Connection, project: str) -> None:
    network = cloud.network.create_network(name=f"n-{project}", project_id=project)
    for cidr in ("10.0.0.0/24", "2001:db8::/64"):
        version = 6 if ":" in cidr else 4
        cloud.network.create_subnet(network_id=network.id, ip_version=version, cidr=cidr)
    cloud.network.create_port(network_id=network.id)
    found: Any = cloud.network.get_network_ip_availability(network.id)
    assert (found.total_ips, found.used_ips) == (253 + 2**64 - 1, 2)
    [named] = cloud.network.network_ip_availabilities(network_name=network.name)
    assert named.network_id == network.id
    [listed] = cloud.network.network_ip_availabilities(project_id=project, ip_version=4)
    assert (listed.total_ips, len(listed.subnet_ip_availability)) == (253, 1)


def test_a_request_that_is_sent_again_has_one_effect(cloud: Connection, project: str) -> None:
    body = {"network": {"name": project}}
    headers = {"Idempotency-Key": project}
    first, second = (cloud.network.post("/networks", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert len(list(cloud.network.networks(name=project))) == 1


def test_a_dry_run_tells_and_creates_nothing(cloud: Connection, project: str) -> None:
    network = cloud.network.create_network(name=project)
    body = {"subnet": {"network_id": network.id, "ip_version": 4, "cidr": "10.0.0.0/24"}}
    told = cloud.network.post("/freehold/dry-run/subnets", json=body)
    assert told.json()["subnet"]["gateway_ip"] == "10.0.0.1"
    assert list(cloud.network.subnets(network_id=network.id)) == []
