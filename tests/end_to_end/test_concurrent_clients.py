"""Many clients at once, through the running service with two workers."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.end_to_end.conftest import Start
from tests.end_to_end.service import Answer, Service

CLIENTS = 64
ATTEMPTS = 2
POOL = [f"203.0.113.{number}" for number in range(66, 127)]
"""What of 203.0.113.64/26 can be handed out: all but network, gateway and broadcast."""


def test_a_subnet_is_handed_out_to_the_last_address_and_none_twice(start: Start) -> None:
    service = start("--workers", "2")
    client = service.client()
    network = client.create("network")
    subnet = client.create("subnet", network_id=network["id"], ip_version=4, cidr="203.0.113.64/26")
    answers = storm(service, network["id"])
    assert Counter(answer.status for answer in answers) == {
        201: len(POOL),
        409: CLIENTS * ATTEMPTS - len(POOL),
    }
    handed_out = [
        entry["ip_address"]
        for answer in answers
        if answer.status == 201
        for entry in answer.body["port"]["fixed_ips"]
    ]
    assert sorted(handed_out) == sorted(POOL)
    for answer in answers:
        if answer.status == 409:
            check_refusal(answer, subnet["id"])
    shown = [port["fixed_ips"][0]["ip_address"] for port in client.list("port")]
    assert sorted(shown) == sorted(POOL)


def storm(service: Service, network_id: str) -> list[Answer]:
    """Have all clients ask for ports, all of them from the same moment on."""
    together = Barrier(CLIENTS)

    def ask(_number: int) -> list[Answer]:
        client = service.client()
        together.wait()
        try:
            return [
                client.call("POST", "/v2.0/ports", {"port": {"network_id": network_id}})
                for _ in range(ATTEMPTS)
            ]
        finally:
            client.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [answer for answers in pool.map(ask, range(CLIENTS)) for answer in answers]


def check_refusal(answer: Answer, subnet_id: str) -> None:
    """Check that a refusal names its reason, and that the reason is true."""
    assert answer.error["type"] == "IpAddressGenerationFailure"
    (refusal,) = answer.error["refusals"]
    assert refusal["subnet_id"] == subnet_id
    assert refusal["reason"] == "pool-exhausted"
    assert refusal["figures"] == {"total": len(POOL), "held": len(POOL)}
