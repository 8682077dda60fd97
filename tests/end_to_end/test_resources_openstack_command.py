"""What the ``openstack`` command offers for each resource, beyond what the stories need."""

from pathlib import Path

import pytest

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstack_command import Run, command, done, refused, shown


@pytest.fixture
def run(server: Service, tmp_path: Path) -> Run:
    return command(server, tmp_path)


def names(run: Run, *words: str) -> list[str]:
    return [row["Name"] for row in shown(run, *words)]


def test_extensions_are_listed_and_shown(run: Run) -> None:
    listed = {row["Alias"] for row in shown(run, "extension", "list", "--network")}
    assert {"address-scope", "subnet_allocation", "standard-attr-tag", "pagination"} <= listed
    assert "No Extension found for nosuch" in refused(run, "extension", "show", "nosuch")


def test_networks_are_changed_and_found(run: Run) -> None:
    made = shown(run, "network", "create", "wing", "--share", "--description", "east")
    assert (made["shared"], made["description"]) == (True, "east")
    done(run, "network", "set", "wing", "--disable", "--name", "wing-2", "--description", "west")
    found = names(run, "network", "list", "--share", "--disable", "--name", "wing-2")
    assert found == ["wing-2"]
    assert shown(run, "network", "show", made["id"])["description"] == "west"


def test_subnets_are_changed_and_found(run: Run) -> None:
    shown(run, "network", "create", "cellar")
    made = shown(
        run, "subnet", "create", "shelf", "--network", "cellar", "--subnet-range", "192.0.2.0/24",
        "--dns-nameserver", "192.0.2.53", "--gateway", "192.0.2.254", "--no-dhcp",
        "--host-route", "destination=198.51.100.0/24,gateway=192.0.2.9",
    )  # fmt: skip
    assert made["host_routes"] == [{"destination": "198.51.100.0/24", "nexthop": "192.0.2.9"}]
    assert (made["gateway_ip"], made["enable_dhcp"]) == ("192.0.2.254", False)
    done(
        run, "subnet", "set", "shelf", "--dhcp", "--gateway", "none", "--no-dns-nameservers",
        "--dns-nameserver", "192.0.2.54", "--no-allocation-pool",
        "--allocation-pool", "start=192.0.2.7,end=192.0.2.8",
    )  # fmt: skip
    done(
        run, "subnet", "unset", "shelf",
        "--host-route", "destination=198.51.100.0/24,gateway=192.0.2.9",
    )  # fmt: skip
    after = shown(run, "subnet", "show", "shelf")
    assert after["allocation_pools"] == [{"start": "192.0.2.7", "end": "192.0.2.8"}]
    assert (after["gateway_ip"], after["enable_dhcp"]) == (None, True)
    assert (after["dns_nameservers"], after["host_routes"]) == (["192.0.2.54"], [])
    query = ("--network", "cellar", "--ip-version", "4", "--subnet-range", "192.0.2.0/24", "--dhcp")
    assert names(run, "subnet", "list", *query) == ["shelf"]


def test_ports_are_changed_and_found(run: Run) -> None:
    shown(run, "network", "create", "attic")
    subnet = shown(
        run, "subnet", "create", "beam", "--network", "attic", "--subnet-range", "192.0.2.0/24"
    )
    address = {"subnet_id": subnet["id"], "ip_address": "192.0.2.77"}
    made = shown(
        run, "port", "create", "lamp", "--network", "attic", "--device-owner", "compute:test",
        "--device", "lamp-1", "--mac-address", "02:00:00:00:07:07", "--disable",
        "--fixed-ip", "subnet=beam,ip-address=192.0.2.77",
    )  # fmt: skip
    assert (made["fixed_ips"], made["admin_state_up"]) == ([address], False)
    done(
        run, "port", "set", "lamp", "--enable", "--name", "lamp-2",
        "--fixed-ip", "subnet=beam,ip-address=192.0.2.78",
    )  # fmt: skip
    done(run, "port", "unset", "lamp-2", "--fixed-ip", "subnet=beam,ip-address=192.0.2.77")
    query = (
        "--network", "attic", "--mac-address", "02:00:00:00:07:07", "--device-owner",
        "compute:test", "--device-id", "lamp-1", "--fixed-ip", "subnet=beam",
    )  # fmt: skip
    [row] = shown(run, "port", "list", *query)
    assert (row["Name"], row["Fixed IP Addresses"]) == (
        "lamp-2",
        [{**address, "ip_address": "192.0.2.78"}],
    )


def test_scopes_and_pools_are_changed_and_found(run: Run) -> None:
    shown(run, "address", "scope", "create", "yard", "--ip-version", "6")
    done(run, "address", "scope", "set", "yard", "--share", "--name", "yard-2")
    assert names(run, "address", "scope", "list", "--ip-version", "6", "--share") == ["yard-2"]
    made = shown(
        run, "subnet", "pool", "create", "gate", "--pool-prefix", "2001:db8::/32", "--share",
        "--address-scope", "yard-2", "--description", "front", "--default",
    )  # fmt: skip
    assert (made["shared"], made["is_default"], made["description"]) == (True, True, "front")
    done(
        run, "subnet", "pool", "set", "gate", "--no-default", "--name", "gate-2",
        "--min-prefix-length", "40", "--max-prefix-length", "72", "--default-prefix-length", "56",
        "--no-address-scope",
    )  # fmt: skip
    after = shown(run, "subnet", "pool", "show", "gate-2")
    lengths = [after[f"{which}_prefixlen"] for which in ("min", "default", "max")]
    assert [int(length) for length in lengths] == [40, 56, 72]
    assert (after["is_default"], after["address_scope_id"]) == (False, None)
    assert names(run, "subnet", "pool", "list", "--share", "--no-default") == ["gate-2"]


CREATED = {
    "network": ["network", "create", "tagged"],
    "subnet": [
        "subnet", "create", "tagged", "--network", "tags", "--subnet-range", "192.0.2.0/24"
    ],
    "port": ["port", "create", "tagged", "--network", "tags"],
    "subnet pool": ["subnet", "pool", "create", "tagged", "--pool-prefix", "10.0.0.0/8"],
}  # fmt: skip


def test_tags_are_given_found_and_taken_away(run: Run) -> None:
    shown(run, "network", "create", "tags")
    for kind, words in CREATED.items():
        assert shown(run, *words, "--tag", "red")["tags"] == ["red"]
        assert names(run, *kind.split(), "list", "--tags", "red") == ["tagged"]
    done(run, "port", "set", "tagged", "--tag", "blue")
    assert names(run, "port", "list", "--tags", "blue,red") == ["tagged"]
    done(run, "port", "unset", "tagged", "--all-tag")
    assert names(run, "port", "list", "--any-tags", "blue,red") == []
