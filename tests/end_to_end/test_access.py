"""Sharing with one project or all, as users of openstacksdk and of ``openstack`` have it.

Whose request it is a proxy would say by headers; here the clients send them.
"""

from pathlib import Path
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
)

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstack_command import command, done, refused, shown
from tests.end_to_end.test_story_openstacksdk import connect, fault

# What openstacksdk warns of here it does to itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


def member_of(server: Service, project: str, roles: str = "member,reader") -> Connection:
    """Connect as a user of a project."""
    cloud = connect(server.url)
    cloud.network.additional_headers = {"X-Project-Id": project, "X-Roles": roles}
    return cloud


def test_a_network_is_shared_with_one_project_and_no_longer(server: Service) -> None:
    owner, guest = (member_of(server, f"{name}-{uuid4()}") for name in ("owner", "guest"))
    to = guest.network.additional_headers["X-Project-Id"]
    network = owner.network.create_network(name="lobby")
    assert network.project_id == owner.network.additional_headers["X-Project-Id"]
    assert guest.network.find_network(network.id) is None
    policy = owner.network.create_rbac_policy(
        object_type="network",
        object_id=network.id,
        action="access_as_shared",
        target_project_id=to,
    )
    assert owner.network.get_rbac_policy(policy).target_project_id == to
    assert [one.id for one in owner.network.rbac_policies(object_id=network.id)] == [policy.id]
    assert list(guest.network.rbac_policies()) == []
    assert guest.network.get_network(network).is_shared
    assert [one.id for one in guest.network.networks(is_shared=True)] == [network.id]
    port = guest.network.create_port(network_id=network.id)
    assert owner.network.get_port(port).project_id == to
    with pytest.raises(ConflictException) as conflict:
        owner.network.delete_rbac_policy(policy)
    assert fault(conflict.value)["type"] == "RbacPolicyInUse"
    guest.network.delete_port(port)
    other = f"other-{uuid4()}"
    changed = owner.network.update_rbac_policy(policy, target_project_id=other)
    assert changed.target_project_id == other
    with pytest.raises(NotFoundException):
        guest.network.get_network(network)
    owner.network.delete_rbac_policy(policy, ignore_missing=False)
    with pytest.raises(NotFoundException):
        owner.network.get_rbac_policy(policy.id)
    owner.network.delete_network(network)


def test_who_may_not_is_told_so(server: Service) -> None:
    owner, guest = (member_of(server, f"{name}-{uuid4()}") for name in ("owner", "guest"))
    reader = member_of(server, owner.network.additional_headers["X-Project-Id"], "reader")
    network = owner.network.create_network()
    with pytest.raises(ForbiddenException) as forbidden:
        reader.network.delete_network(network)
    assert fault(forbidden.value)["type"] == "PolicyNotAuthorized"
    with pytest.raises(ForbiddenException):
        owner.network.update_network(network, is_shared=True)
    with pytest.raises(BadRequestException):
        owner.network.create_network(project_id="another")
    with pytest.raises(NotFoundException) as missing:
        guest.network.delete_network(network, ignore_missing=False)
    assert fault(missing.value)["type"] == "NetworkNotFound"
    assert owner.network.get_network(network).provider_network_type is None
    assert connect(server.url).network.get_network(network).provider_network_type == "local"


def test_pools_and_scopes_are_shared_in_the_same_way(server: Service) -> None:
    owner, guest = (member_of(server, f"{name}-{uuid4()}") for name in ("owner", "guest"))
    to = guest.network.additional_headers["X-Project-Id"]
    scope = owner.network.create_address_scope(name="s", ip_version=4)
    pool = owner.network.create_subnet_pool(
        name="p", prefixes=["10.0.0.0/8"], default_prefix_length=24, address_scope_id=scope.id
    )
    for kind, one in (("address_scope", scope), ("subnetpool", pool)):
        owner.network.create_rbac_policy(
            object_type=kind, object_id=one.id, action="access_as_shared", target_project_id=to
        )
    assert guest.network.get_address_scope(scope).is_shared
    assert [one.id for one in guest.network.subnet_pools()] == [pool.id]
    network = guest.network.create_network()
    subnet = guest.network.create_subnet(
        network_id=network.id, ip_version=4, subnet_pool_id=pool.id
    )
    assert subnet.subnet_pool_id == pool.id


def test_the_command_shares_a_network_with_all(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    network = shown(run, "network", "create", f"square-{uuid4()}")
    made = shown(
        run, "network", "rbac", "create", "--type", "network", "--action", "access_as_shared",
        "--target-all-projects", network["name"],
    )  # fmt: skip
    assert (made["object_id"], made["target_project_id"]) == (network["id"], "*")
    assert shown(run, "network", "show", network["id"])["shared"] is True
    listed = shown(run, "network", "rbac", "list", "--type", "network", "--long")
    assert {row["ID"]: row["Action"] for row in listed}[made["id"]] == "access_as_shared"
    assert shown(run, "network", "rbac", "show", made["id"])["object_type"] == "network"
    message = refused(
        run, "network", "rbac", "create", "--type", "network", "--action", "access_as_shared",
        "--target-all-projects", network["name"],
    )  # fmt: skip
    assert "An RBAC policy already exists with those values." in message
    done(run, "network", "rbac", "delete", made["id"])
    assert shown(run, "network", "show", network["id"])["shared"] is False
    done(run, "network", "set", "--share", "--external", network["id"])
    listed = shown(run, "network", "rbac", "list", "--long")
    found = {row["Action"] for row in listed if row["Object ID"] == network["id"]}
    assert found == {"access_as_shared", "access_as_external"}
