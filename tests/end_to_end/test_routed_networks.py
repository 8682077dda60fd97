"""Routed networks as users of openstacksdk and of the ``openstack`` command set them up."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException, ConflictException

from tests.end_to_end.service import Service
from tests.end_to_end.test_story_openstack_command import command, done, refused, shown
from tests.end_to_end.test_story_openstacksdk import connect, fault

pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]

HOSTS = "freehold:hosts"


@pytest.fixture
def cloud(server: Service) -> Connection:
    return connect(server.url)


def subnets_of(port: Any) -> list[str]:
    return [entry["subnet_id"] for entry in port.fixed_ips]


def test_the_extensions_are_found_by_their_aliases(cloud: Connection) -> None:
    for alias in (
        "freehold-segment-hosts",
        "ip_allocation",
        "l2_adjacency",
        "segment",
        "segments-peer-subnet-host-routes",
        "standard-attr-segment",
        "subnet-segmentid-writable",
        "subnet-service-types",
    ):
        assert cloud.network.find_extension(alias, ignore_missing=False).alias == alias


def test_a_machine_boots_on_a_routed_network_and_moves_within_its_segment(
    cloud: Connection,
) -> None:
    net = cloud.network
    rack, room = f"rack-{uuid4()}", f"room-{uuid4()}"
    network = net.create_network(
        provider_network_type="vlan", provider_physical_network=rack, provider_segmentation_id=5
    )
    [first] = net.segments(network_id=network.id)
    assert (first.network_type, first.physical_network, first.segmentation_id) == ("vlan", rack, 5)
    net.update_segment(first, name="rack", **{HOSTS: [f"{rack}-1", f"{rack}-2"]})
    second = net.create_segment(
        network_id=network.id,
        network_type="vlan",
        physical_network=room,
        segmentation_id=6,
        name="room",
        **{HOSTS: [f"{room}-1"]},
    )
    assert net.find_segment("room", network_id=network.id).id == second.id
    [found] = net.segments(physical_network=room, segmentation_id=6)
    assert found.id == second.id
    six = net.create_subnet(
        network_id=network.id, ip_version=4, cidr="192.0.2.0/25", segment_id=first.id
    )
    room_subnet = net.create_subnet(
        network_id=network.id, ip_version=4, cidr="192.0.2.128/25", segment_id=second.id
    )
    assert [one.id for one in net.subnets(segment_id=first.id)] == [six.id]

    port = net.create_port(network_id=network.id)
    assert (port.ip_allocation, port.fixed_ips) == ("deferred", [])
    booted = net.update_port(port, binding_host_id=f"{rack}-1", device_owner="compute:nova")
    assert subnets_of(booted) == [six.id]
    moved = net.update_port(port.id, binding_host_id=f"{rack}-2")
    assert moved.fixed_ips == booted.fixed_ips
    with pytest.raises(ConflictException) as caught:
        net.update_port(port.id, binding_host_id=f"{room}-1")
    assert fault(caught.value)["type"] == "HostNotCompatibleWithFixedIps"
    elsewhere = net.create_port(network_id=network.id, binding_host_id=f"{room}-1")
    assert subnets_of(elsewhere) == [room_subnet.id]
    with pytest.raises(ConflictException, match="is not connected to any segments"):
        net.create_port(network_id=network.id, binding_host_id="nowhere")
    with pytest.raises(ConflictException, match="is still associated with subnet"):
        net.delete_segment(first.id)
    with pytest.raises(BadRequestException):
        net.create_subnet(network_id=network.id, ip_version=4, cidr="198.51.100.0/24")


def test_subnets_serve_the_ports_that_they_are_for(cloud: Connection) -> None:
    net = cloud.network
    network = net.create_network()
    values = {"network_id": network.id, "ip_version": 4}
    machines = net.create_subnet(cidr="10.1.0.0/24", service_types=["compute:nova"], **values)
    rest = net.create_subnet(cidr="10.2.0.0/24", **values)
    assert machines.service_types == ["compute:nova"]
    for owner, subnet in (("compute:nova", machines), ("", rest)):
        port = net.create_port(network_id=network.id, device_owner=owner)
        assert subnets_of(port) == [subnet.id]
    changed = net.update_subnet(machines, service_types=[])
    assert changed.service_types == []


def test_an_operator_sets_a_routed_network_up_with_the_command(
    server: Service, tmp_path: Path
) -> None:
    run = command(server, tmp_path)
    shown(
        run, "network", "create", "campus", "--provider-network-type", "vlan",
        "--provider-physical-network", "north", "--provider-segment", "100",
    )  # fmt: skip
    [first] = shown(run, "network", "segment", "list", "--network", "campus")
    assert (first["Network Type"], first["Segment"]) == ("vlan", 100)
    done(
        run, "network", "segment", "set", first["ID"], "--name", "north", "--extra-property",
        "type=list,name=freehold:hosts,value=north-1;north-2",
    )  # fmt: skip
    made = shown(
        run, "network", "segment", "create", "south", "--network", "campus",
        "--network-type", "vlan", "--physical-network", "south", "--segment", "200",
        "--extra-property", "type=list,name=freehold:hosts,value=south-1",
    )  # fmt: skip
    assert (made["name"], made["segmentation_id"]) == ("south", 200)
    subnets = {
        name: shown(
            run, "subnet", "create", name, "--network", "campus", "--network-segment", name,
            "--subnet-range", cidr,
        )
        for name, cidr in (("north", "192.0.2.0/25"), ("south", "192.0.2.128/25"))
    }  # fmt: skip
    assert subnets["north"]["segment_id"] == first["ID"]
    assert subnets["south"]["segment_id"] == made["id"]
    waiting = shown(run, "port", "create", "desk", "--network", "campus")
    assert (waiting["ip_allocation"], waiting["fixed_ips"]) == ("deferred", [])
    done(run, "port", "set", "desk", "--host", "south-1")
    [entry] = shown(run, "port", "show", "desk")["fixed_ips"]
    assert entry["subnet_id"] == subnets["south"]["id"]
    message = refused(run, "port", "set", "desk", "--host", "north-1")
    assert "is not connected to a segment where the existing fixed_ips" in message
    message = refused(run, "network", "segment", "delete", "south")
    assert "is still associated with subnet" in message


def test_an_operator_reserves_a_subnet_with_the_command(server: Service, tmp_path: Path) -> None:
    run = command(server, tmp_path)
    shown(run, "network", "create", "uplink")
    made = shown(
        run, "subnet", "create", "gateways", "--network", "uplink", "--subnet-range",
        "198.51.100.0/24", "--service-type", "network:router_gateway", "--service-type",
        "network:floatingip",
    )  # fmt: skip
    assert made["service_types"] == ["network:router_gateway", "network:floatingip"]
    message = refused(run, "port", "create", "desk", "--network", "uplink")
    assert "No valid service subnet for the given device owner" in message
    shown(
        run, "port", "create", "gateway", "--network", "uplink", "--device-owner",
        "network:router_gateway",
    )  # fmt: skip
    done(run, "subnet", "unset", "gateways", "--service-type", "network:floatingip")
    assert shown(run, "subnet", "show", "gateways")["service_types"] == ["network:router_gateway"]
