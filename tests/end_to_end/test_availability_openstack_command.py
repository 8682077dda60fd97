"""What users of the ``openstack`` command see of how full networks are."""

from pathlib import Path

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstack_command import command, shown


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
