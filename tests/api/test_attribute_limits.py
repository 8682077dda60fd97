"""What the operator sets about attributes that are kept for others, and how long texts may be."""

import pytest

from freehold.config import Settings
from tests.api.service import make_client


def test_the_operator_sets_how_many_address_pairs_a_port_may_have() -> None:
    client = make_client(Settings(database_url="sqlite://", max_allowed_address_pair=1))
    network = client.simulate_post("/v2.0/networks", json={"network": {}}).json["network"]["id"]
    pairs = [{"ip_address": "10.0.0.1"}, {"ip_address": "10.0.0.2"}]
    port = {"network_id": network, "allowed_address_pairs": pairs}
    refused = client.simulate_post("/v2.0/ports", json={"port": port})
    assert refused.status_code == 400
    assert refused.json["NeutronError"]["type"] == "AllowedAddressPairExhausted"
    port["allowed_address_pairs"] = pairs[:1]
    assert client.simulate_post("/v2.0/ports", json={"port": port}).status_code == 201


def test_the_operator_sets_the_mtu_of_the_networks_below() -> None:
    client = make_client(Settings(database_url="sqlite://", global_physnet_mtu=9000))
    tunnel = {"provider:network_type": "geneve", "provider:segmentation_id": 1}
    for asked, mtu in (({}, 9000), (tunnel, 8950)):
        made = client.simulate_post("/v2.0/networks", json={"network": asked})
        assert made.json["network"]["mtu"] == mtu


@pytest.mark.parametrize(("length", "status"), [(255, 201), (256, 400)])
def test_a_service_type_is_as_long_as_a_device_owner(length: int, status: int) -> None:
    client = make_client()
    network = client.simulate_post("/v2.0/networks", json={"network": {}}).json["network"]["id"]
    service_type = "compute:".ljust(length, "x")
    subnet = {
        "network_id": network,
        "ip_version": 4,
        "cidr": "10.0.0.0/24",
        "service_types": [service_type],
    }
    made = client.simulate_post("/v2.0/subnets", json={"subnet": subnet})
    assert made.status_code == status
    port = {"network_id": network, "device_owner": service_type}
    assert client.simulate_post("/v2.0/ports", json={"port": port}).status_code == status


@pytest.mark.parametrize(
    ("hosts", "status"),
    [(["h" * 255], 200), (["h" * 256], 400), ([f"h{n}" for n in range(1000)], 200)],
    ids=["longest", "too long", "most"],
)
def test_a_segment_has_as_many_hosts_as_a_list_may_have(hosts: list[str], status: int) -> None:
    client = make_client()
    client.simulate_post("/v2.0/networks", json={"network": {}})
    [segment] = client.simulate_get("/v2.0/segments").json["segments"]
    path = f"/v2.0/segments/{segment['id']}"
    answer = client.simulate_put(path, json={"segment": {"freehold:hosts": hosts}})
    assert answer.status_code == status
    shown = client.simulate_get(path).json["segment"]["freehold:hosts"]
    assert shown == (sorted(hosts) if status == 200 else [])
