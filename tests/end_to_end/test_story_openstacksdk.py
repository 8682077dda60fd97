"""What users of openstacksdk do, from the first network to a restart.

The expectations are those of the Networking API as Neutron serves it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

import openstack
import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException, ConflictException, NotFoundException

from tests.end_to_end.conftest import Start
from tests.end_to_end.service import Service

# What openstacksdk warns of here it does to itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]

POOLS = (
    {"start": "192.0.2.10", "end": "192.0.2.12"},
    {"start": "192.0.2.20", "end": "192.0.2.22"},
)
IN_POOLS = {f"192.0.2.{number}" for number in (10, 11, 12, 20, 21, 22)}
SLAAC = IPv6Network("2001:db8:a::/64")
STATEFUL = IPv6Network("2001:db8:b::/64")


@dataclass(frozen=True)
class Site:
    """A network with a subnet of each kind."""

    network: Any
    ipv4: Any
    slaac: Any
    stateful: Any


def connect(url: str) -> Connection:
    """Connect as a user without a Keystone does."""
    return openstack.connect(
        load_yaml_config=False, load_envvars=False, auth_type="none", endpoint=url
    )


@pytest.fixture(params=["", "/v2.0"], ids=["root", "version"])
def cloud(request: pytest.FixtureRequest, server: Service) -> Connection:
    """The API under either of the endpoints that users write."""
    return connect(server.url + request.param)


@pytest.fixture
def site(cloud: Connection) -> Site:
    """A network of the test's own."""
    return make_site(cloud)


def make_site(cloud: Connection) -> Site:
    """Create a network with a subnet of each kind."""
    network = cloud.network.create_network(name="site")
    ipv4 = cloud.network.create_subnet(
        network_id=network.id,
        ip_version=4,
        cidr="192.0.2.0/24",
        allocation_pools=list(POOLS),
        name="ipv4",
    )
    slaac = cloud.network.create_subnet(
        network_id=network.id,
        ip_version=6,
        cidr=str(SLAAC),
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
        name="slaac",
    )
    stateful = cloud.network.create_subnet(
        network_id=network.id,
        ip_version=6,
        cidr=str(STATEFUL),
        ipv6_ra_mode="dhcpv6-stateful",
        ipv6_address_mode="dhcpv6-stateful",
        name="stateful",
    )
    return Site(network, ipv4, slaac, stateful)


def address_in(subnet: Any, port: Any) -> str:
    """Return the one address that a port has in a subnet."""
    (found,) = addresses_in(subnet, port)
    return found


def addresses_in(subnet: Any, port: Any) -> list[str]:
    """Return the addresses that a port has in a subnet."""
    return [entry["ip_address"] for entry in port.fixed_ips if entry["subnet_id"] == subnet.id]


def formed_from(mac: str, prefix: IPv6Network = SLAAC) -> str:
    """Return the address that a host forms by itself (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    identifier = bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return str(IPv6Address(int(prefix.network_address) + int.from_bytes(identifier, "big")))


def ids(resources: Iterable[Any]) -> set[str]:
    """Return the ids of what a list holds."""
    return {resource.id for resource in resources}


def fault(error: Any) -> dict[str, Any]:
    """Return the whole error that the service answered with."""
    found: dict[str, Any] = error.response.json()["NeutronError"]
    return found


def test_subnets_are_as_they_were_asked_for(site: Site) -> None:
    assert site.ipv4.gateway_ip == "192.0.2.1"
    assert site.ipv4.allocation_pools == list(POOLS)
    assert site.ipv4.is_dhcp_enabled
    assert (site.slaac.ipv6_ra_mode, site.slaac.ipv6_address_mode) == ("slaac", "slaac")
    assert site.stateful.ipv6_address_mode == "dhcpv6-stateful"
    assert ip_address(site.stateful.gateway_ip) in STATEFUL


def test_a_port_gets_an_address_of_each_kind_by_default(cloud: Connection, site: Site) -> None:
    port = cloud.network.create_port(network_id=site.network.id)
    assert address_in(site.ipv4, port) in IN_POOLS
    assert address_in(site.slaac, port) == formed_from(port.mac_address)
    assert ip_address(address_in(site.stateful, port)) in STATEFUL
    assert len(port.fixed_ips) == 3
    assert port.mac_address.startswith("fa:16:3e:")


def test_a_port_gets_the_address_that_it_asks_for(cloud: Connection, site: Site) -> None:
    port = cloud.network.create_port(
        network_id=site.network.id, fixed_ips=[{"ip_address": "192.0.2.200"}]
    )
    assert addresses_in(site.ipv4, port) == ["192.0.2.200"]


def test_a_port_gets_an_address_of_the_subnet_that_it_asks_for(
    cloud: Connection, site: Site
) -> None:
    port = cloud.network.create_port(
        network_id=site.network.id, fixed_ips=[{"subnet_id": site.stateful.id}]
    )
    assert ip_address(address_in(site.stateful, port)) in STATEFUL
    assert addresses_in(site.ipv4, port) == []


def test_a_port_gets_several_addresses_the_specific_ones_before_the_others(
    cloud: Connection, site: Site
) -> None:
    port = cloud.network.create_port(
        network_id=site.network.id,
        fixed_ips=[{"subnet_id": site.ipv4.id}] * 5
        + [{"subnet_id": site.ipv4.id, "ip_address": "192.0.2.21"}],
    )
    assert set(addresses_in(site.ipv4, port)) == IN_POOLS


def test_a_port_that_asks_for_nothing_gets_automatic_addresses_only(
    cloud: Connection, site: Site
) -> None:
    port = cloud.network.create_port(network_id=site.network.id, fixed_ips=[])
    assert [entry["ip_address"] for entry in port.fixed_ips] == [formed_from(port.mac_address)]


def test_dhcp_ports_get_the_next_address(cloud: Connection, site: Site) -> None:
    ports = [
        cloud.network.create_port(
            network_id=site.network.id,
            device_owner="network:dhcp",
            fixed_ips=[{"subnet_id": site.ipv4.id}],
        )
        for _ in range(4)
    ]
    assert [address_in(site.ipv4, port) for port in ports] == [
        "192.0.2.10",
        "192.0.2.11",
        "192.0.2.12",
        "192.0.2.20",
    ]


def test_a_router_holds_the_gateways(cloud: Connection, site: Site) -> None:
    port = cloud.network.create_port(
        network_id=site.network.id,
        device_owner="network:router_interface",
        fixed_ips=[
            {"subnet_id": site.ipv4.id, "ip_address": site.ipv4.gateway_ip},
            {"subnet_id": site.slaac.id, "ip_address": site.slaac.gateway_ip},
        ],
    )
    assert address_in(site.ipv4, port) == "192.0.2.1"
    assert address_in(site.slaac, port) == site.slaac.gateway_ip


def test_an_exhausted_subnet_explains_itself(cloud: Connection, site: Site) -> None:
    for _ in IN_POOLS:
        cloud.network.create_port(
            network_id=site.network.id, fixed_ips=[{"subnet_id": site.ipv4.id}]
        )
    with pytest.raises(ConflictException) as caught:
        cloud.network.create_port(
            network_id=site.network.id, fixed_ips=[{"subnet_id": site.ipv4.id}]
        )
    error = fault(caught.value)
    assert error["type"] == "IpAddressGenerationFailure"
    assert f"No more IP addresses available on network {site.network.id}." in str(caught.value)
    assert "192.0.2.0/24" in error["detail"]
    (refusal,) = error["refusals"]
    assert refusal["reason"] == "pool-exhausted"
    assert refusal["subnet_id"] == site.ipv4.id
    assert refusal["figures"] == {"total": 6, "held": 6}


def test_an_address_is_not_given_to_a_second_port(cloud: Connection, site: Site) -> None:
    wanted = [{"subnet_id": site.ipv4.id, "ip_address": "192.0.2.77"}]
    cloud.network.create_port(network_id=site.network.id, fixed_ips=wanted)
    with pytest.raises(ConflictException, match=r"192\.0\.2\.77") as caught:
        cloud.network.create_port(network_id=site.network.id, fixed_ips=wanted)
    assert fault(caught.value)["type"] == "IpAddressAlreadyAllocated"


def test_an_address_outside_of_all_subnets_is_refused(cloud: Connection, site: Site) -> None:
    with pytest.raises(BadRequestException, match=r"198\.51\.100\.1") as caught:
        cloud.network.create_port(
            network_id=site.network.id, fixed_ips=[{"ip_address": "198.51.100.1"}]
        )
    assert fault(caught.value)["type"] == "InvalidIpForNetwork"


def test_an_address_outside_of_the_named_subnet_is_refused(cloud: Connection, site: Site) -> None:
    with pytest.raises(BadRequestException, match="2001:db8:b::5") as caught:
        cloud.network.create_port(
            network_id=site.network.id,
            fixed_ips=[{"subnet_id": site.ipv4.id, "ip_address": "2001:db8:b::5"}],
        )
    assert fault(caught.value)["type"] == "InvalidIpForSubnet"


def test_a_subnet_of_another_network_is_refused(cloud: Connection, site: Site) -> None:
    other = make_site(cloud)
    with pytest.raises(BadRequestException) as caught:
        cloud.network.create_port(
            network_id=site.network.id, fixed_ips=[{"subnet_id": other.ipv4.id}]
        )
    assert fault(caught.value)["type"] == "InvalidInput"
    assert list(cloud.network.ports(network_id=site.network.id)) == []


def test_a_host_on_an_automatic_subnet_cannot_choose(cloud: Connection, site: Site) -> None:
    with pytest.raises(BadRequestException) as caught:
        cloud.network.create_port(
            network_id=site.network.id, fixed_ips=[{"ip_address": "2001:db8:a::99"}]
        )
    assert fault(caught.value)["type"] == "AllocationOnAutoAddressSubnet"


def test_a_port_moves_to_another_address_and_frees_the_first(cloud: Connection, site: Site) -> None:
    first, second = (
        [{"subnet_id": site.ipv4.id, "ip_address": address}]
        for address in ("192.0.2.100", "192.0.2.101")
    )
    port = cloud.network.create_port(network_id=site.network.id, fixed_ips=first)
    moved = cloud.network.update_port(port, fixed_ips=second)
    assert address_in(site.ipv4, moved) == "192.0.2.101"
    assert address_in(site.slaac, moved) == formed_from(port.mac_address)
    taken = cloud.network.create_port(network_id=site.network.id, fixed_ips=first)
    assert address_in(site.ipv4, taken) == "192.0.2.100"


def test_a_changed_mac_address_changes_the_automatic_address(cloud: Connection, site: Site) -> None:
    port = cloud.network.create_port(network_id=site.network.id)
    before = address_in(site.ipv4, port)
    changed = cloud.network.update_port(port, mac_address="02:00:00:aa:bb:cc")
    assert address_in(site.slaac, changed) == formed_from("02:00:00:aa:bb:cc")
    assert address_in(site.ipv4, changed) == before
    with pytest.raises(ConflictException) as caught:
        cloud.network.create_port(network_id=site.network.id, mac_address="02:00:00:aa:bb:cc")
    assert fault(caught.value)["type"] == "MacAddressInUse"


def test_names_pools_and_gateways_change(cloud: Connection, site: Site) -> None:
    port = cloud.network.create_port(network_id=site.network.id, name="before")
    assert cloud.network.update_port(port, name="after").name == "after"
    assert cloud.network.update_network(site.network, name="renamed").name == "renamed"
    pools = [{"start": "192.0.2.128", "end": "192.0.2.129"}]
    subnet = cloud.network.update_subnet(
        site.ipv4, allocation_pools=pools, gateway_ip="192.0.2.254", name="moved"
    )
    assert (subnet.allocation_pools, subnet.gateway_ip, subnet.name) == (
        pools,
        "192.0.2.254",
        "moved",
    )
    late = cloud.network.create_port(
        network_id=site.network.id, fixed_ips=[{"subnet_id": site.ipv4.id}]
    )
    assert address_in(site.ipv4, late) in {"192.0.2.128", "192.0.2.129"}


def test_a_gateway_inside_of_a_pool_is_refused(cloud: Connection, site: Site) -> None:
    with pytest.raises(ConflictException) as caught:
        cloud.network.update_subnet(site.ipv4, gateway_ip="192.0.2.11")
    assert fault(caught.value)["type"] == "GatewayConflictWithAllocationPools"


def test_a_late_automatic_subnet_reaches_the_ports_that_are_there(
    cloud: Connection, site: Site
) -> None:
    port = cloud.network.create_port(network_id=site.network.id)
    prefix = IPv6Network("2001:db8:c::/64")
    late = cloud.network.create_subnet(
        network_id=site.network.id,
        ip_version=6,
        cidr=str(prefix),
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )
    found = cloud.network.get_port(port.id)
    assert address_in(late, found) == formed_from(port.mac_address, prefix)


def test_resources_are_found_by_name_and_by_filter(cloud: Connection, server: Service) -> None:
    name = f"found-{len(list(cloud.network.networks()))}"
    network = cloud.network.create_network(name=name)
    subnet = cloud.network.create_subnet(
        network_id=network.id, ip_version=4, cidr="198.51.100.0/24", name=name
    )
    port = cloud.network.create_port(
        network_id=network.id, name=name, device_id=name, fixed_ips=[{"ip_address": "198.51.100.9"}]
    )
    other = cloud.network.create_port(network_id=network.id)
    assert cloud.network.find_network(name).id == network.id
    assert cloud.network.find_subnet(name).id == subnet.id
    assert cloud.network.find_port(name).id == port.id
    assert cloud.network.find_port("no port has this name") is None
    assert ids(cloud.network.ports(network_id=network.id)) == {port.id, other.id}
    assert ids(cloud.network.ports(device_id=name)) == {port.id}
    assert ids(cloud.network.ports(mac_address=other.mac_address)) == {other.id}
    assert ids(cloud.network.ports(network_id=network.id, fixed_ips="ip_address=198.51.100.9")) == {
        port.id
    }
    assert ids(cloud.network.subnets(network_id=network.id, cidr="198.51.100.0/24")) == {subnet.id}


def test_what_is_in_use_is_deleted_last(cloud: Connection, site: Site) -> None:
    port = cloud.network.create_port(network_id=site.network.id)
    with pytest.raises(ConflictException) as caught:
        cloud.network.delete_subnet(site.ipv4, ignore_missing=False)
    assert fault(caught.value)["type"] == "SubnetInUse"
    with pytest.raises(ConflictException) as caught:
        cloud.network.delete_network(site.network, ignore_missing=False)
    assert fault(caught.value)["type"] == "NetworkInUse"
    cloud.network.delete_port(port, ignore_missing=False)
    cloud.network.delete_subnet(site.ipv4, ignore_missing=False)
    cloud.network.delete_network(site.network, ignore_missing=False)
    for get, resource in (
        (cloud.network.get_port, port),
        (cloud.network.get_subnet, site.ipv4),
        (cloud.network.get_subnet, site.slaac),
        (cloud.network.get_network, site.network),
    ):
        with pytest.raises(NotFoundException):
            get(resource.id)


def test_a_deleted_ports_address_can_be_had_again(cloud: Connection, site: Site) -> None:
    wanted = [{"subnet_id": site.ipv4.id, "ip_address": "192.0.2.50"}]
    port = cloud.network.create_port(network_id=site.network.id, fixed_ips=wanted)
    cloud.network.delete_port(port, ignore_missing=False)
    again = cloud.network.create_port(network_id=site.network.id, fixed_ips=wanted)
    assert address_in(site.ipv4, again) == "192.0.2.50"


def test_everything_is_found_again_after_a_restart(start: Start) -> None:
    service = start("--workers", "2")
    cloud = connect(service.url)
    site = make_site(cloud)
    for _ in range(3):
        cloud.network.create_port(network_id=site.network.id)
    before = everything(cloud)
    assert service.stop() == 0
    service.start()
    again = connect(service.url)
    assert everything(again) == before
    held = {address_in(site.ipv4, port) for port in again.network.ports()}
    assert len(held) == 3
    free = [again.network.create_port(network_id=site.network.id) for _ in range(3)]
    assert held | {address_in(site.ipv4, port) for port in free} == IN_POOLS


def everything(cloud: Connection) -> list[dict[str, Any]]:
    """Return all that there is, as it is shown."""
    return [
        {name: value for name, value in resource.to_dict().items() if name != "location"}
        for listing in (cloud.network.networks(), cloud.network.subnets(), cloud.network.ports())
        for resource in sorted(listing, key=lambda found: str(found.id))
    ]
