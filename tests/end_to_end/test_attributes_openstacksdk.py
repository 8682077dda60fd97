"""What users of openstacksdk set on ports and networks for others to act upon, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException, ConflictException

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
def network(cloud: Connection) -> Any:
    return cloud.network.create_network(name=f"n-{uuid4()}")


def test_the_extensions_are_found_by_their_aliases(cloud: Connection) -> None:
    for alias in (
        "allowed-address-pairs",
        "binding",
        "dns-integration",
        "external-net",
        "extra_dhcp_opt",
        "net-mtu",
        "net-mtu-writable",
        "port-mac-address-regenerate",
        "provider",
        "vlan-transparent",
    ):
        assert cloud.network.find_extension(alias, ignore_missing=False).alias == alias


def test_address_pairs_are_set_and_replaced(cloud: Connection, network: Any) -> None:
    port = cloud.network.create_port(
        network_id=network.id, allowed_address_pairs=[{"ip_address": "192.0.2.9"}]
    )
    completed = [{"ip_address": "192.0.2.9", "mac_address": port.mac_address}]
    assert cloud.network.get_port(port.id).allowed_address_pairs == completed
    cloud.network.update_port(port, allowed_address_pairs=[])
    assert cloud.network.get_port(port.id).allowed_address_pairs == []
    with pytest.raises(BadRequestException, match="must contain ip_address"):
        cloud.network.update_port(port, allowed_address_pairs=[{}])


def test_dhcp_options_are_added_and_removed(cloud: Connection, network: Any) -> None:
    options = [{"opt_name": "mtu", "opt_value": "1400"}, {"opt_name": "tftp", "opt_value": "a"}]
    port = cloud.network.create_port(network_id=network.id, extra_dhcp_opts=options)
    cloud.network.update_port(port, extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": None}])
    kept = [{"opt_name": "tftp", "opt_value": "a", "ip_version": 4}]
    assert cloud.network.get_port(port.id).extra_dhcp_opts == kept


def test_a_port_has_a_name_for_each_address(cloud: Connection, network: Any) -> None:
    cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="192.0.2.0/24")
    port = cloud.network.create_port(network_id=network.id, fixed_ips=[{"ip_address": "192.0.2.9"}])
    assert port.dns_assignment == [
        {
            "ip_address": "192.0.2.9",
            "hostname": "host-192-0-2-9",
            "fqdn": "host-192-0-2-9.openstacklocal.",
        }
    ]
    cloud.network.update_network(network, dns_domain="example.")
    assert cloud.network.get_network(network.id).dns_domain == "example."


def test_a_port_is_bound_to_a_host_and_found_there(cloud: Connection, network: Any) -> None:
    host = f"host-{uuid4()}"
    port = cloud.network.create_port(
        network_id=network.id,
        binding_host_id=host,
        binding_vnic_type="direct",
        binding_profile={"pci_slot": "0"},
    )
    [found] = cloud.network.ports(**{"binding:host_id": host})
    assert (found.id, found.binding_vif_type) == (port.id, "binding_failed")
    assert (found.binding_vnic_type, found.binding_profile) == ("direct", {"pci_slot": "0"})
    with pytest.raises(ConflictException):
        cloud.network.update_port(port.id, binding_vnic_type="normal")
    cloud.network.update_port(port.id, binding_host_id="")
    assert cloud.network.get_port(port.id).binding_vif_type == "unbound"


def test_networks_are_found_by_what_realises_them(cloud: Connection) -> None:
    rack = f"rack-{uuid4()}"
    vlan = cloud.network.create_network(
        provider_network_type="vlan",
        provider_physical_network=rack,
        provider_segmentation_id=8,
        is_router_external=True,
        is_vlan_transparent=True,
        mtu=1400,
    )
    cloud.network.create_network(provider_network_type="flat", provider_physical_network=rack)
    for query in (
        {"provider_network_type": "vlan"},
        {"provider_segmentation_id": 8},
        {"is_router_external": True},
        {"is_vlan_transparent": True},
        {"mtu": 1400},
    ):
        [found] = cloud.network.networks(provider_physical_network=rack, **query)
        assert found.id == vlan.id
        assert found.mtu == 1400
    changed = cloud.network.update_network(vlan, mtu=0, is_router_external=False)
    assert (changed.mtu, changed.is_router_external) == (1500, False)
