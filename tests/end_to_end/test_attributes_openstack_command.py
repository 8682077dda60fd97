"""What users of the ``openstack`` command set on ports and networks for others to act upon."""

from pathlib import Path

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstack_command import command, done, refused, shown


def test_a_network_is_made_and_found_by_what_realises_it(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    made = shown(
        run, "network", "create", "uplink", "--external", "--provider-network-type", "vlan",
        "--provider-physical-network", "rack", "--provider-segment", "8", "--mtu", "1400",
        "--dns-domain", "example.",
    )  # fmt: skip
    assert (made["provider:network_type"], made["provider:segmentation_id"]) == ("vlan", 8)
    assert (made["router:external"], made["mtu"], made["dns_domain"]) == (True, 1400, "example.")
    listed = shown(
        run, "network", "list", "--external", "--provider-network-type", "vlan",
        "--provider-physical-network", "rack", "--provider-segment", "8",
    )  # fmt: skip
    assert [row["ID"] for row in listed] == [made["id"]]
    done(run, "network", "set", "uplink", "--internal", "--mtu", "1500")
    assert shown(run, "network", "show", "uplink")["mtu"] == 1500


def test_a_port_is_told_what_to_allow_and_where_it_is(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    shown(run, "network", "create", "floor")
    made = shown(
        run, "port", "create", "desk", "--network", "floor", "--host", "rack-1",
        "--vnic-type", "direct", "--binding-profile", "slot=3",
        "--allowed-address", "ip-address=192.0.2.9",
        "--extra-dhcp-option", "name=mtu,value=1400", "--dns-name", "desk",
    )  # fmt: skip
    pair = {"ip_address": "192.0.2.9", "mac_address": made["mac_address"]}
    assert made["allowed_address_pairs"] == [pair]
    assert made["extra_dhcp_opts"] == [{"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}]
    assert (made["binding_host_id"], made["binding_vnic_type"]) == ("rack-1", "direct")
    assert made["binding_profile"] == {"slot": "3"}
    done(
        run, "port", "set", "desk", "--no-allowed-address",
        "--allowed-address", "ip-address=192.0.2.0/24,mac-address=02:00:00:00:00:01",
    )  # fmt: skip
    done(run, "port", "unset", "desk", "--host")
    changed = shown(run, "port", "show", "desk")
    assert changed["allowed_address_pairs"] == [
        {"ip_address": "192.0.2.0/24", "mac_address": "02:00:00:00:00:01"}
    ]
    assert changed["binding_vif_type"] == "unbound"
    message = refused(run, "port", "set", "desk", "--allowed-address", "ip-address=224.0.0.1")
    assert "is a multicast address, which is not supported" in message
