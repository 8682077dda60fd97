"""Requests under one key that come at once, that fail, and that are sent to another server."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import falcon.testing
import pytest
from falcon.testing import TestClient

from freehold.api.app import create_app
from freehold.config import Settings
from freehold.ipam.driver import Surroundings
from tests.api.service import make_client
from tests.drivers.failing import FailingDriver

CLIENTS = 8
KEY = {"Idempotency-Key": "k"}


def post(client: TestClient, kind: str, **values: object) -> falcon.testing.Result:
    return client.simulate_post(f"/v2.0/{kind}s", json={kind: values}, headers=KEY)


def test_of_many_at_once_one_creates_and_the_others_hear_of_it_or_wait(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/f.sqlite")
    servers = [TestClient(create_app(settings)) for _ in range(2)]
    together = Barrier(CLIENTS)

    def send(number: int) -> tuple[int, str]:
        together.wait()
        answer = post(servers[number % 2], "network", name="one")
        return answer.status_code, answer.text

    with ThreadPoolExecutor(CLIENTS) as executor:
        answers = list(executor.map(send, range(CLIENTS)))
    created = {text for status, text in answers if status == 201}
    assert {status for status, _ in answers} <= {201, 409}
    assert len(created) == 1
    assert {post(server, "network", name="one").text for server in servers} == created
    assert len(servers[0].simulate_get("/v2.0/networks").json["networks"]) == 1


def test_what_failed_can_be_sent_again_under_its_key() -> None:
    driver = FailingDriver(Surroundings())
    client = TestClient(create_app(Settings(database_url="sqlite://"), driver=driver))
    network = post(client, "network").json["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
    post(client, "subnet", **subnet)
    driver.fuse.arm(1)
    assert post(client, "port", network_id=network).status_code == 500
    driver.fuse.arm(None)
    answer = post(client, "port", network_id=network)
    assert answer.status_code == 201
    assert post(client, "port", network_id=network).text == answer.text
    assert len(client.simulate_get("/v2.0/ports").json["ports"]) == 1


def test_what_is_created_under_a_key_is_told_to_auditors_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = make_client()
    with caplog.at_level(logging.INFO, "freehold"):
        shared = [post(client, "network", shared=True).json["network"]["id"] for _ in range(2)]
        body = {"network": {"shared": True}}
        member = {**KEY, "X-Roles": "member", "X-Project-Id": "p"}
        client.simulate_post("/v2.0/networks", json=body, headers=member)
    told = [one.getMessage() for one in caplog.records if one.name == "freehold.audit"]
    assert told == [
        f"network {shared[0]}: shared is True",
        "Refused by policy: (rule:create_network and rule:create_network:shared)",
    ]
    lines = [one.getMessage() for one in caplog.records if one.name == "freehold.requests"]
    assert [line.partition(" ms=")[0].split()[2:] for line in lines] == [
        *[["201", "action=create_network", "resource=network", f"id={shared[0]}", "number=-",
           "error=-"]] * 2,
        ["403", "action=create_network", "resource=network", "id=-", "number=-",
         "error=PolicyNotAuthorized"],
    ]  # fmt: skip


def test_a_bad_key_is_refused_wherever_it_stands() -> None:
    client = make_client()
    for key in ("", " ", '""', '"a"b', "é", "x" * 256, "a\x7f"):
        answer = client.simulate_post(
            "/v2.0/networks", json={"network": {}}, headers={"Idempotency-Key": key}
        )
        assert answer.status_code == 400, key
        assert answer.json["NeutronError"]["type"] == "HTTPBadRequest"
    longest = {"Idempotency-Key": "x" * 255}
    answer = client.simulate_post("/v2.0/networks", json={"network": {}}, headers=longest)
    assert answer.status_code == 201
