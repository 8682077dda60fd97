"""What openstacksdk offers for each resource, beyond what the stories need."""

from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import NotFoundException

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstacksdk import connect

pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]

KINDS = ["network", "subnet", "port", "subnet_pool", "address_scope"]
TAGGED = [kind for kind in KINDS if kind != "address_scope"]


@pytest.fixture
def cloud(server: Service) -> Connection:
    return connect(server.url)


@pytest.fixture
def network(cloud: Connection) -> Any:
    return cloud.network.create_network()


def create(cloud: Connection, network: Any, kind: str, **values: Any) -> Any:
    """Create one of each kind, with a name of its own."""
    needed = {
        "network": {},
        "subnet": {"network_id": network.id, "ip_version": 4, "cidr": "192.0.2.0/24"},
        "port": {"network_id": network.id},
        "subnet_pool": {"prefixes": ["10.0.0.0/8"]},
        "address_scope": {"ip_version": 4},
    }
    name = f"{kind}-{uuid4()}"
    return getattr(cloud.network, f"create_{kind}")(name=name, **needed[kind], **values)


def of(cloud: Connection, verb: str, kind: str) -> Any:
    """Return the method of a verb for a kind."""
    return getattr(cloud.network, f"{verb}_{kind}" if verb else f"{kind}s")


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_created_found_listed_changed_and_deleted(
    cloud: Connection, network: Any, kind: str
) -> None:
    made = create(cloud, network, kind)
    assert of(cloud, "get", kind)(made.id).name == made.name
    assert of(cloud, "find", kind)(made.name).id == made.id
    assert of(cloud, "find", kind)("nowhere") is None
    assert [one.id for one in of(cloud, "", kind)(name=made.name)] == [made.id]
    name = f"{made.name}-2"
    assert of(cloud, "update", kind)(made, name=name).name == name
    of(cloud, "delete", kind)(made, ignore_missing=False)
    assert of(cloud, "delete", kind)(made.id) is None
    with pytest.raises(NotFoundException):
        of(cloud, "delete", kind)(made.id, ignore_missing=False)


@pytest.mark.parametrize("kind", KINDS)
def test_lists_of_each_come_in_pages_and_in_order(
    cloud: Connection, network: Any, kind: str
) -> None:
    if kind == "subnet":
        made = [
            cloud.network.create_subnet(
                network_id=network.id, ip_version=4, cidr=f"10.0.{number}.0/24", name=f"s{number}"
            )
            for number in range(3)
        ]
    else:
        made = [create(cloud, network, kind) for _ in range(3)]
    names = [one.name for one in made]
    found = of(cloud, "", kind)(name=names, limit=1, sort_key="name", sort_dir="desc")
    listed = [one.name for one in found if one.id in {other.id for other in made}]
    assert listed == sorted(names, reverse=True)


@pytest.mark.parametrize("kind", TAGGED)
def test_each_has_tags(cloud: Connection, network: Any, kind: str) -> None:
    tag, other = f"tag-{uuid4()}", f"tag-{uuid4()}"
    made = create(cloud, network, kind)
    cloud.network.set_tags(made, [tag, other])
    assert sorted(of(cloud, "get", kind)(made.id).tags) == sorted([tag, other])
    assert [one.id for one in of(cloud, "", kind)(tags=f"{tag},{other}")] == [made.id]
    made.remove_tag(cloud.network, other)
    assert made.check_tag(cloud.network, tag)
    assert list(of(cloud, "", kind)(any_tags=other)) == []
    cloud.network.set_tags(made, [])
    assert of(cloud, "get", kind)(made.id).tags == []


@pytest.mark.parametrize("kind", TAGGED)
def test_each_has_a_description_times_and_a_revision(
    cloud: Connection, network: Any, kind: str
) -> None:
    made = create(cloud, network, kind, description="first")
    changed = of(cloud, "update", kind)(made, description="second")
    assert (made.created_at, changed.description) == (changed.created_at, "second")
    assert changed.revision_number > 0
    assert changed.updated_at >= changed.created_at
