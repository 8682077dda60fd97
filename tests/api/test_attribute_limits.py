"""What the operator sets about attributes that are kept for others."""

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
