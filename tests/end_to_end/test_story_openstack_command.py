"""What users of the ``openstack`` command type, and what they read."""

import json
import subprocess
from collections.abc import Callable
from ipaddress import IPv6Network, ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.openstack_command import openstack
from tests.end_to_end.service import Service, clean_environment, tool

CALL_SECONDS = 60

Run = Callable[..., subprocess.CompletedProcess[str]]


def command(service: Service, home: Path, endpoint: str = "") -> Run:
    """Return how to run ``openstack`` against a server."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        where = ("--os-auth-type", "none", "--os-endpoint", service.url + endpoint)
        return openstack(*where, *words, environment=clean_environment(home), folder=home)

    return run


def test_the_command_that_is_installed_does_the_same(server: Service, tmp_path: Path) -> None:
    words = ("--os-auth-type", "none", "--os-endpoint", server.url, "network", "show", "nowhere")
    environment = clean_environment(tmp_path)
    installed = subprocess.run(
        [tool("openstack"), *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=CALL_SECONDS,
        check=False,
    )
    loaded = openstack(*words, environment=environment, folder=tmp_path)
    assert installed.stderr == "No Network found for nowhere\n"
    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (
        installed.returncode,
        installed.stdout,
        installed.stderr,
    )


def shown(run: Run, *words: str) -> Any:
    """Run a command that has to succeed, and return what it shows."""
    done = run(*words, "-f", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def done(run: Run, *words: str) -> None:
    """Run a command that has to succeed, and that shows nothing."""
    ended = run(*words)
    assert (ended.returncode, ended.stdout) == (0, ""), ended


def refused(run: Run, *words: str) -> str:
    """Run a command that has to fail, and return what its user reads."""
    ended = run(*words)
    assert ended.returncode != 0, ended.stdout
    return ended.stderr


@pytest.mark.parametrize("endpoint", ["", "/v2.0"], ids=["root", "version"])
def test_the_command_finds_the_api_under_either_endpoint(
    server: Service, tmp_path: Path, endpoint: str
) -> None:
    run = command(server, tmp_path, endpoint)
    created = shown(run, "network", "create", f"endpoint{endpoint.replace('/', '-')}")
    assert created["id"] in {row["ID"] for row in shown(run, "network", "list")}


def test_a_day_with_the_openstack_command(start: Start, tmp_path: Path) -> None:
    service = start()
    run = command(service, tmp_path)
    _build(run)
    first = _add_ports(run)
    _be_refused(run)
    before = shown(run, "port", "list")
    assert service.stop() == 0
    service.start()
    assert shown(run, "port", "list") == before
    assert shown(run, "port", "show", "first") == first
    _tear_down(run)


def test_a_subnet_is_told_which_address_comes_next(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    strategy, cool_down = "freehold:allocation_strategy", "freehold:cool_down"
    shown(run, "network", "create", "plan")
    made = shown(
        run, "subnet", "create", "plan", "--network", "plan", "--subnet-range", "192.0.2.0/24",
        "--extra-property", f"name={strategy},value=least-recently-released",
        "--extra-property", f"type=int,name={cool_down},value=7200",
    )  # fmt: skip
    assert (made[strategy], made[cool_down]) == ("least-recently-released", 7200)
    done(run, "subnet", "set", "plan", "--extra-property", f"name={strategy},value=next")
    after = shown(run, "subnet", "show", "plan")
    assert (after[strategy], after[cool_down]) == ("next", 7200)
    assert "is not in" in refused(
        run, "subnet", "set", "plan", "--extra-property", f"name={strategy},value=highest"
    )
    ports = [shown(run, "port", "create", "p", "--network", "plan") for _ in range(2)]
    assert [port["fixed_ips"][0]["ip_address"] for port in ports] == ["192.0.2.2", "192.0.2.3"]


def _build(run: Run) -> None:
    shown(run, "network", "create", "office")
    pools = [
        {"start": "192.0.2.10", "end": "192.0.2.10"},
        {"start": "192.0.2.20", "end": "192.0.2.20"},
    ]
    asked = [
        word
        for pool in pools
        for word in ("--allocation-pool", f"start={pool['start']},end={pool['end']}")
    ]
    ipv4 = shown(
        run, "subnet", "create", "desks", "--network", "office", "--subnet-range",
        "192.0.2.0/24", *asked,
    )  # fmt: skip
    assert (ipv4["gateway_ip"], ipv4["allocation_pools"]) == ("192.0.2.1", pools)
    ipv6 = shown(
        run, "subnet", "create", "phones", "--network", "office", "--ip-version", "6",
        "--subnet-range", "2001:db8::/64", "--ipv6-ra-mode", "slaac",
        "--ipv6-address-mode", "slaac",
    )  # fmt: skip
    assert (ipv6["ipv6_ra_mode"], ipv6["ipv6_address_mode"]) == ("slaac", "slaac")


def _add_ports(run: Run) -> Any:
    shown(run, "port", "create", "first", "--network", "office", "--mac-address",
          "02:00:00:00:00:01")  # fmt: skip
    first = shown(run, "port", "show", "first")
    addresses = [ip_address(entry["ip_address"]) for entry in first["fixed_ips"]]
    assert {str(address) for address in addresses} & {"192.0.2.10", "192.0.2.20"}
    assert ip_address("2001:db8::ff:fe00:1") in addresses
    assert all(a.version == 4 or a in IPv6Network("2001:db8::/64") for a in addresses)
    automatic = shown(run, "port", "create", "automatic", "--network", "office", "--no-fixed-ip")
    assert len(automatic["fixed_ips"]) == 1
    chosen = shown(
        run, "port", "create", "chosen", "--network", "office", "--fixed-ip",
        "subnet=desks,ip-address=192.0.2.99",
    )  # fmt: skip
    assert "192.0.2.99" in {entry["ip_address"] for entry in chosen["fixed_ips"]}
    done(
        run, "port", "set", "chosen", "--no-fixed-ip", "--fixed-ip",
        "subnet=desks,ip-address=192.0.2.98",
    )  # fmt: skip
    found = shown(run, "port", "list", "--fixed-ip", "ip-address=192.0.2.98")
    assert [row["Name"] for row in found] == ["chosen"]
    return first


def _be_refused(run: Run) -> None:
    shown(run, "port", "create", "last", "--network", "office")
    assert "No more IP addresses available on network" in refused(
        run, "port", "create", "late", "--network", "office"
    )
    assert "IP address 192.0.2.98 already allocated in subnet" in refused(
        run, "port", "create", "late", "--network", "office", "--fixed-ip", "ip-address=192.0.2.98"
    )
    assert "IP address 10.0.0.1 is not a valid IP for any of the subnets" in refused(
        run, "port", "create", "late", "--network", "office", "--fixed-ip", "ip-address=10.0.0.1"
    )
    assert "One or more ports have an IP allocation from this subnet" in refused(
        run, "subnet", "delete", "desks"
    )
    assert "No Network found for nowhere" in refused(run, "network", "show", "nowhere")


def _tear_down(run: Run) -> None:
    done(run, "port", "delete", "first", "automatic", "chosen", "last")
    done(run, "subnet", "delete", "desks", "phones")
    done(run, "network", "delete", "office")
    assert shown(run, "network", "list") == []
