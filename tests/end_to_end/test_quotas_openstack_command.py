"""What users of the ``openstack`` command see and set of quotas, and of how full networks are."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.keystone import credentials, identity_service
from tests.end_to_end.openstack_command import openstack
from tests.end_to_end.service import Service, clean_environment
from tests.end_to_end.test_story_openstack_command import Run, command, done, refused, shown


@pytest.fixture
def run(server: Service, tmp_path: Path) -> Iterator[Run]:
    """How to run ``openstack`` with an identity service, without which it manages no quotas."""
    with identity_service(server.url) as url:

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            environment = clean_environment(tmp_path, credentials(url))
            return openstack(*words, environment=environment, folder=tmp_path)

        yield run


def test_a_project_s_limits_are_shown_set_and_kept(server: Service, run: Run) -> None:
    def limits(*options: str) -> dict[str, object]:
        rows = shown(run, "quota", "show", "--network", *options, "p1")
        return {row["Resource"]: row["Limit"] for row in rows}

    assert limits()["ports"] == 500
    done(run, "quota", "set", "--networks", "1", "--ports", "7", "--subnetpools", "2", "p1")
    changed = {"networks": 1, "ports": 7, "subnet_pools": 2, "subnets": 100}
    assert limits() == limits() | changed
    assert limits("--default")["networks"] == 100
    server.client().create("network", project_id="p1")
    message = refused(run, "quota", "set", "--networks", "0", "p1")
    assert "must be greater than or equal to already used 1" in message
    done(run, "quota", "set", "--networks", "0", "--force", "p1")
    rows = shown(run, "quota", "show", "--network", "--usage", "p1")
    [networks] = [row for row in rows if row["Resource"] == "networks"]
    assert (networks["Limit"], networks["In Use"]) == (0, 1)
    done(run, "quota", "delete", "--network", "p1")
    assert limits()["networks"] == 100


def test_how_full_networks_are_is_listed_and_shown(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    shown(run, "network", "create", "hall")
    shown(run, "subnet", "create", "s", "--network", "hall", "--subnet-range", "10.9.0.0/29")
    shown(run, "port", "create", "a", "--network", "hall")
    rows = shown(run, "ip", "availability", "list")
    [row] = [row for row in rows if row["Network Name"] == "hall"]
    assert (row["Total IPs"], row["Used IPs"]) == (5, 1)
    found = shown(run, "ip", "availability", "show", "hall")
    assert (found["total_ips"], found["used_ips"]) == (5, 1)
    assert found["subnet_ip_availability"][0]["cidr"] == "10.9.0.0/29"
    assert shown(run, "ip", "availability", "list", "--ip-version", "6") == []
