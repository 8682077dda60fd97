"""What is counted of requests, in one process."""

import logging
from pathlib import Path
from typing import Any
from wsgiref.validate import WSGIWarning

import pytest
from falcon.testing import TestClient

from freehold.config import Settings
from freehold.config.health import HealthSettings
from freehold.config.metrics import MetricsSettings
from tests.api.service import make_client
from tests.metrics.scraping import families, samples, value


@pytest.fixture
def client() -> TestClient:
    return make_client()


def create(client: TestClient, kind: str, **attributes: object) -> dict[str, Any]:
    answer = client.simulate_post(f"/v2.0/{kind}s", json={kind: attributes})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json[kind]
    return created


def subnet(client: TestClient, cidr: str = "192.0.2.0/29") -> dict[str, Any]:
    network = create(client, "network")
    return create(client, "subnet", network_id=network["id"], cidr=cidr, ip_version=4)


def scrape(client: TestClient) -> str:
    answer = client.simulate_get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def requests(exposition: str, method: str, route: str, status: str) -> float:
    name = "freehold_http_requests_total"
    return value(exposition, name, method=method, route=route, status=status)


def test_requests_are_counted_by_route_method_and_class_of_status(client: TestClient) -> None:
    network = create(client, "network")
    client.simulate_get(f"/v2.0/networks/{network['id']}")
    client.simulate_get("/v2.0/networks/no-such-one")
    told = scrape(client)
    assert requests(told, "POST", "/v2.0/networks", "2xx") == 1
    assert requests(told, "GET", "/v2.0/networks/{resource_id}", "2xx") == 1
    assert requests(told, "GET", "/v2.0/networks/{resource_id}", "4xx") == 1
    of_items = {"method": "GET", "route": "/v2.0/networks/{resource_id}"}
    name = "freehold_http_request_duration_seconds"
    assert value(told, f"{name}_count", **of_items) == 2
    assert value(told, f"{name}_bucket", le="+Inf", **of_items) == 2


def test_what_a_client_makes_up_is_no_label(client: TestClient) -> None:
    for number in range(3):
        client.simulate_get(f"/no/such/{number}")
    with pytest.warns(WSGIWarning):  # of the test's client
        client.simulate_request("MADEUP", "/v2.0/networks")
    told = scrape(client)
    assert requests(told, "GET", "none", "4xx") == 3
    assert "such" not in told
    assert "MADEUP" not in told


def test_addresses_are_counted_as_they_come_and_go(client: TestClient) -> None:
    network_id = subnet(client)["network_id"]
    port = create(client, "port", network_id=network_id)
    create(client, "port", network_id=network_id)
    client.simulate_delete(f"/v2.0/ports/{port['id']}")
    told = scrape(client)
    assert value(told, "freehold_addresses_allocated_total") == 2
    assert value(told, "freehold_addresses_released_total") == 1
    assert value(told, "freehold_database_statements_total") > 10


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_refusals_are_counted_by_error_and_by_reason(
    client: TestClient, headers: dict[str, str]
) -> None:
    network_id = subnet(client)["network_id"]
    for _ in range(5):
        create(client, "port", network_id=network_id)
    before = scrape(client)
    assert value(before, "freehold_refusals_total", type="IpAddressGenerationFailure") == 0
    client.simulate_post("/v2.0/ports", json={"port": {"network_id": network_id}}, headers=headers)
    client.simulate_post("/v2.0/ports", body="{", headers={"Content-Type": "application/json"})
    told = scrape(client)
    assert value(told, "freehold_refusals_total", type="IpAddressGenerationFailure") == 1
    assert value(told, "freehold_refusals_total", type="HTTPBadRequest") == 1
    assert value(told, "freehold_address_refusals_total", reason="pool-exhausted") == 1


def test_it_is_told_how_full_a_subnet_and_its_pool_are(client: TestClient) -> None:
    pool = create(client, "subnetpool", name="p", prefixes=["10.0.0.0/16"], default_prefixlen=24)
    network_id = create(client, "network")["id"]
    made = create(client, "subnet", network_id=network_id, subnetpool_id=pool["id"], ip_version=4)
    for _ in range(3):
        create(client, "port", network_id=network_id)
    told = scrape(client)
    of_subnet = {"subnet_id": made["id"], "ip_version": "4"}
    assert value(told, "freehold_subnet_addresses", **of_subnet) == 253
    assert value(told, "freehold_subnet_addresses_held", **of_subnet) == 3
    assert value(told, "freehold_subnet_addresses_resting", **of_subnet) == 0
    assert value(told, "freehold_subnet_addresses_free", **of_subnet) == 250
    of_pool = {"subnetpool_id": pool["id"], "ip_version": "4"}
    assert value(told, "freehold_subnetpool_addresses", **of_pool) == 65536
    assert value(told, "freehold_subnetpool_addresses_held", **of_pool) == 256
    assert value(told, "freehold_subnetpool_addresses_free", **of_pool) == 65280


def test_the_fullest_subnets_have_series_and_the_others_a_sum() -> None:
    few = MetricsSettings(max_subnets=1)
    client = make_client(Settings(database_url="sqlite://", metrics=few))
    empty = [subnet(client, f"10.0.{number}.0/29") for number in range(2)]
    fuller = subnet(client, "10.1.0.0/29")
    create(client, "port", network_id=fuller["network_id"])
    told = scrape(client)
    found = {
        dict(labels)["subnet_id"]: held
        for (name, labels), held in samples(told).items()
        if name == "freehold_subnet_addresses_free"
    }
    assert found == {fuller["id"]: 4, "other": 5 * len(empty)}
    assert value(told, "freehold_subnets") == 3


def test_addresses_are_not_counted_anew_for_each_scrape(client: TestClient) -> None:
    made = subnet(client)
    labels = {"subnet_id": made["id"], "ip_version": "4"}
    assert value(scrape(client), "freehold_subnet_addresses_held", **labels) == 0
    create(client, "port", network_id=made["network_id"])
    told = scrape(client)
    assert value(told, "freehold_subnet_addresses_held", **labels) == 0
    assert value(told, "freehold_addresses_allocated_total") == 1


def test_only_whom_the_rule_allows_it_reads_metrics(client: TestClient) -> None:
    member = {"X-Roles": "member,reader", "X-Project-Id": "p"}
    refused = client.simulate_get("/metrics", headers=member)
    assert refused.status_code == 403
    assert refused.json["NeutronError"]["type"] == "PolicyNotAuthorized"
    admin = {"X-Roles": "admin,member,reader", "X-Project-Id": "p"}
    assert client.simulate_get("/metrics", headers=admin).status_code == 200


def test_neither_names_nor_projects_nor_addresses_are_told(client: TestClient) -> None:
    network = create(client, "network", name="secret-name", project_id="secret-project")
    made = create(
        client,
        "subnet",
        network_id=network["id"],
        cidr="198.51.100.0/24",
        ip_version=4,
        name="secret-subnet",
    )
    create(client, "port", network_id=network["id"], device_id="secret-device")
    told = scrape(client)
    assert made["id"] in told
    assert "secret" not in told
    assert "198.51.100" not in told


def test_nothing_is_counted_nor_told_where_the_operator_wants_none() -> None:
    none = MetricsSettings(enabled=False)
    client = make_client(Settings(database_url="sqlite://", metrics=none))
    assert client.simulate_get("/metrics").status_code == 404
    assert client.simulate_get("/healthcheck").status_code == 200


def test_the_version_is_told(client: TestClient) -> None:
    assert "freehold_build_info" in families(scrape(client))


@pytest.mark.parametrize("path", ["/healthcheck", "/healthcheck/live"])
def test_who_asks_on_the_api_s_port_learns_the_outcome_and_no_more(
    client: TestClient, path: str
) -> None:
    for accept in ("*/*", "application/json", "text/html"):
        answer = client.simulate_get(path, headers={"Accept": accept, "X-Roles": "reader"})
        assert (answer.status_code, answer.text) == (200, "OK")
        assert answer.headers["cache-control"] == "no-store"
    head = client.simulate_head(path)
    assert head.status_code in (200, 204)
    assert head.text == ""
    assert client.simulate_post(path).status_code == 405


def test_who_asks_on_the_api_s_port_learns_that_it_is_not_ready_and_the_log_has_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "out-of-service"
    file.touch()
    health = HealthSettings(database_timeout=10.0, disable_by_file_path=str(file))
    client = make_client(Settings(database_url="sqlite://", health=health))
    with caplog.at_level(logging.INFO, "freehold.requests"):
        answer = client.simulate_get("/healthcheck")
    assert (answer.status_code, answer.text) == (503, "NOT READY")
    [line] = caplog.messages
    assert line.startswith("GET /healthcheck 503 action=- resource=- id=- number=- error=- ")
