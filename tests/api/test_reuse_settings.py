"""What the operator sets of strategies and history is what the service goes by."""

from typing import Any

from falcon.testing import TestClient as Client

from freehold.api.app import create_app
from freehold.config import Settings


def service(**values: Any) -> Client:
    """Return a client of a service with one network, whose subnet says nothing."""
    client = Client(create_app(Settings(database_url="sqlite://", **values)))
    network = post(client, "network")["id"]
    subnet = {"cidr": "10.0.0.0/29", "ip_version": 4}
    post(client, "subnet", network_id=network, name=network, **subnet)
    return client


def post(client: Client, kind: str, **values: Any) -> dict[str, Any]:
    answer = client.simulate_post(f"/v2.0/{kind}s", json={kind: values})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json[kind]
    return created


def ports(client: Client, count: int) -> list[dict[str, Any]]:
    [network] = client.simulate_get("/v2.0/networks").json["networks"]
    return [post(client, "port", network_id=network["id"]) for _ in range(count)]


def test_subnets_that_say_nothing_follow_the_configured_strategy() -> None:
    made = ports(service(allocation_strategy="next"), 3)
    given = [port["fixed_ips"][0]["ip_address"] for port in made]
    assert given == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]


def test_subnets_that_say_nothing_follow_the_configured_cool_down() -> None:
    for cool_down, status in ((0, 201), (3600, 409)):
        client = service(
            allocation_strategy="least-recently-released", allocation_cool_down=cool_down
        )
        port, *_ = ports(client, 5)
        client.simulate_delete(f"/v2.0/ports/{port['id']}")
        wanted = {"port": {"network_id": port["network_id"]}}
        assert client.simulate_post("/v2.0/ports", json=wanted).status_code == status


def test_what_is_not_kept_is_not_told() -> None:
    for days, status in ((0, 409), (1, 200)):
        answer = service(history_days=days).simulate_get("/v2.0/address-holdings?ip_address=::1")
        assert answer.status_code == status
        if days == 0:
            assert answer.json["NeutronError"]["type"] == "HistoryNotKept"
