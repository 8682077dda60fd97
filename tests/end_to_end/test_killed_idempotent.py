"""``kill -9`` while clients create with idempotency keys, and send again what had no answer."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.service import Answer, Service

CLIENTS = 8
ANSWERS_BEFORE_KILL = 60
ROUNDS = 3


@dataclass
class Sent:
    """What one client has sent, by key, and was answered; None where it heard nothing."""

    answers: dict[str, Answer | None] = field(default_factory=dict)


def post(service: Service, key: str, network_id: str) -> Answer:
    """Ask for a port that is named like the key."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        body = json.dumps({"port": {"network_id": network_id, "name": key}})
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        connection.request("POST", "/v2.0/ports", body, headers)
        response = connection.getresponse()
        return Answer(response.status, json.loads(response.read()))
    finally:
        connection.close()


def create_until_cut_off(
    service: Service, network_id: str, name: str, enough: Event, most: int = 10_000
) -> Sent:
    """Create ports one after the other until the server is gone."""
    sent = Sent()
    for number in range(most):
        key = f"{name}-{number}"
        sent.answers[key] = None
        try:
            sent.answers[key] = post(service, key, network_id)
        except (OSError, http.client.HTTPException, ValueError):
            return sent
        if number >= ANSWERS_BEFORE_KILL // CLIENTS:
            enough.set()
    pytest.fail("The server was not killed.")


def test_a_killed_server_creates_nothing_twice(start: Start) -> None:
    service = start("--workers", "2")
    network_id = str(service.client().create("network")["id"])
    service.client().create("subnet", network_id=network_id, ip_version=4, cidr="10.0.0.0/20")
    known: dict[str, Any] = {}
    unheard = 0
    for round_number in range(ROUNDS):
        enough = Event()
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [
                pool.submit(
                    create_until_cut_off, service, network_id, f"{round_number}-{n}", enough
                )
                for n in range(CLIENTS)
            ]
            reached = enough.wait(60)
            service.kill()
        assert reached
        service.start()
        for client in clients:
            for key, answer in client.result().answers.items():
                again = post(service, key, network_id)
                # The processes that had it are gone, which can be known on one host.
                assert again.status == 201, again
                assert again.body["port"]["name"] == key
                if answer is None:
                    unheard += 1
                else:
                    assert again == answer
                known[key] = again.body["port"]
        there = {port["name"]: port for port in service.client().list("port")}
        assert there == known
        assert len(service.client().list("port")) == len(known)
    assert unheard >= ROUNDS
