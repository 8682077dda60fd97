"""What users of openstacksdk do with lists, tags and revisions, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import HttpException, NotFoundException

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstacksdk import connect

pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]

NAMES = ["e", "b", "d", "a", "c"]


@pytest.fixture
def cloud(server: Service) -> Connection:
    return connect(server.url)


@pytest.fixture
def network(cloud: Connection) -> Any:
    return cloud.network.create_network(name=f"n-{uuid4()}", description="for lists")


@pytest.fixture
def ports(cloud: Connection, network: Any) -> list[Any]:
    cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="192.0.2.0/24")
    return [cloud.network.create_port(network_id=network.id, name=name) for name in NAMES]


def names(resources: Any) -> list[str]:
    return [resource.name for resource in resources]


@pytest.mark.parametrize("limit", [1, 2, 5, 7])
def test_a_list_is_read_page_by_page(
    cloud: Connection, network: Any, ports: list[Any], limit: int
) -> None:
    """openstacksdk follows the links to the next page, and so comes to the end by itself."""
    found = cloud.network.ports(
        network_id=network.id, limit=limit, sort_key="name", sort_dir="desc"
    )
    assert names(found) == sorted(NAMES, reverse=True)


def test_a_list_begins_after_a_marker(cloud: Connection, network: Any, ports: list[Any]) -> None:
    marker = next(port for port in ports if port.name == "c")
    query = {"network_id": network.id, "sort_key": "name", "sort_dir": "asc", "limit": 10}
    assert names(cloud.network.ports(marker=marker.id, **query)) == ["d", "e"]
    with pytest.raises(NotFoundException, match="Port nowhere could not be found"):
        list(cloud.network.ports(marker="nowhere", **query))


def test_tags_are_set_and_found(cloud: Connection, network: Any, ports: list[Any]) -> None:
    first, second = ports[:2]
    cloud.network.set_tags(first, ["red", "büro"])
    cloud.network.set_tags(second, ["red"])
    assert cloud.network.get_port(first.id).tags == ["büro", "red"]
    of_network = {"network_id": network.id}
    assert names(cloud.network.ports(tags="red,büro", **of_network)) == [first.name]
    assert len(names(cloud.network.ports(any_tags="red,büro", **of_network))) == 2
    assert names(cloud.network.ports(not_tags="büro", any_tags="red", **of_network)) == ["b"]
    assert len(names(cloud.network.ports(not_any_tags="red", **of_network))) == 3


def test_single_tags_come_and_go(cloud: Connection, network: Any) -> None:
    session = cloud.network
    network.add_tag(session, "guests & others")
    assert network.check_tag(session, "guests & others")
    network.add_tag(session, "z")
    assert network.fetch_tags(session).tags == ["guests & others", "z"]
    network.remove_tag(session, "z")
    with pytest.raises(NotFoundException):
        network.remove_tag(session, "z")
    network.remove_all_tags(session)
    assert cloud.network.get_network(network.id).tags == []


def test_descriptions_and_times_are_shown(cloud: Connection, network: Any) -> None:
    assert network.description == "for lists"
    assert network.created_at == network.updated_at
    changed = cloud.network.update_network(network, description="for all")
    assert cloud.network.get_network(network.id).description == changed.description == "for all"
    assert changed.revision_number == network.revision_number == 2
    assert [one.id for one in cloud.network.networks(name=network.name, description="for all")] == [
        network.id
    ]


def test_who_has_seen_an_old_revision_changes_nothing(cloud: Connection, network: Any) -> None:
    seen = network.revision_number
    cloud.network.update_network(network.id, if_revision=seen, description="x")
    with pytest.raises(HttpException) as error:
        cloud.network.update_network(network.id, if_revision=seen, description="y")
    assert error.value.status_code == 412
    with pytest.raises(HttpException) as error:
        cloud.network.delete_network(network.id, if_revision=seen)
    assert error.value.status_code == 412
    assert cloud.network.get_network(network.id).description == "x"
    cloud.network.delete_network(network.id, if_revision=seen + 1)


def test_a_part_of_an_address_finds_its_port(
    cloud: Connection, network: Any, ports: list[Any]
) -> None:
    address = ports[0].fixed_ips[0]["ip_address"]
    part = address.removeprefix("192.0.")
    found = cloud.network.ports(network_id=network.id, fixed_ips=f"ip_address_substr={part}")
    assert ports[0].id in {port.id for port in found}
