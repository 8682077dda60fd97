"""Names of ports in a domain that the operator has set."""

from collections.abc import Mapping

import pytest
from falcon.testing import TestClient as Client
from hypothesis import given
from hypothesis import strategies as st

from freehold.api.dns import PortNames
from freehold.api.refusals import HTTPBadRequest
from freehold.config import Settings
from freehold.errors import ConfigurationError
from tests.api.service import make_client

NAMES = PortNames("cloud.example.")


def named_port(client: Client, name: str) -> Mapping[str, object]:
    network = client.simulate_post("/v2.0/networks", json={"network": {}}).json["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
    assert client.simulate_post("/v2.0/subnets", json={"subnet": subnet}).status_code == 201
    port = {"network_id": network, "dns_name": name, "fixed_ips": [{"ip_address": "10.0.0.5"}]}
    answer = client.simulate_post("/v2.0/ports", json={"port": port})
    assert answer.status_code == 201
    created: Mapping[str, object] = answer.json["port"]
    assert client.simulate_get(f"/v2.0/ports/{created['id']}").json["port"] == created
    return created


@pytest.mark.parametrize("domain", ["cloud.example", "cloud.example.", "Cloud.Example"])
def test_a_port_has_a_name_in_the_domain(domain: str) -> None:
    client = make_client(Settings(database_url="sqlite://", dns_domain=domain))
    port = named_port(client, "Web")
    assert port["dns_name"] == "web"
    assert port["dns_assignment"] == [
        {"ip_address": "10.0.0.5", "hostname": "web", "fqdn": "web.cloud.example."}
    ]
    path = f"/v2.0/ports/{port['id']}"
    renamed = client.simulate_put(path, json={"port": {"dns_name": "web.cloud.example."}})
    [assigned] = renamed.json["port"]["dns_assignment"]
    assert assigned["hostname"] == assigned["fqdn"] == "web.cloud.example."
    unnamed = client.simulate_put(path, json={"port": {"dns_name": ""}}).json["port"]
    assert unnamed["dns_name"] == ""
    assert unnamed["dns_assignment"][0]["fqdn"] == "host-10-0-0-5.cloud.example."


def test_without_a_domain_a_port_has_the_name_of_its_address_alone() -> None:
    client = make_client(Settings(database_url="sqlite://", dns_domain=""))
    port = named_port(client, "web")
    assert port["dns_name"] == ""
    assert port["dns_assignment"] == [
        {"ip_address": "10.0.0.5", "hostname": "host-10-0-0-5", "fqdn": "host-10-0-0-5"}
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cloud.example.", "is a FQDN"),
        ("web.elsewhere.", "is a FQDN"),
        (".".join(["a" * 60] * 4), "is a PQDN and its size is '243'"),
        (".".join(["a" * 63] * 4) + "x", "exceeds the 255 character"),
        ("a" * 64, "must be 1-63 characters"),
        ("a_b", "must be 1-63 characters"),
        ("web\n", "must be 1-63 characters"),
        ("web-", "must not start or end"),
        ("a..b", "an empty component"),
        (".", "an empty component"),
        ("web.5", "must not be all numeric"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(HTTPBadRequest) as caught:
        NAMES.parse("dns_name", text)
    assert caught.value.message.startswith("Invalid input for dns_name. Reason: ")
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "text", ["", "web", "5", "a.b", "web.cloud.example", "web.cloud.example.", "a" * 63]
)
def test_a_name_in_the_domain_is_kept(text: str) -> None:
    assert NAMES.parse("dns_name", text) == text


def test_the_longest_name_fits_its_domain() -> None:
    longest = ".".join(["a" * 59] * 4)[: 255 - len(".cloud.example.")].rstrip(".")
    assert NAMES.parse("dns_name", longest) == longest
    with pytest.raises(HTTPBadRequest):
        NAMES.parse("dns_name", f"{longest}.ab")


@given(text=st.text(st.sampled_from("az09-._\nä"), max_size=300))
def test_what_is_kept_is_labels_between_dots(text: str) -> None:
    try:
        kept = NAMES.parse("dns_name", text)
    except HTTPBadRequest:
        return
    assert kept == text
    for label in text.removesuffix(".").split(".") if text else ():
        assert 0 < len(label) < 64
        assert label.isascii()
        assert label.replace("-", "").isalnum()


@pytest.mark.parametrize("domain", ["-a", "a..b", ".", "a b", "a" * 64, "a." * 127 + "b", "ä"])
def test_a_domain_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="dns_domain"):
        Settings(database_url="sqlite://", dns_domain=domain)
