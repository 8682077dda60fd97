"""Bodies and texts at their limits, told at the level of bytes."""

import json
from io import BytesIO
from typing import Any

import pytest
from falcon.testing import StartResponseMock, create_environ
from falcon.testing import TestClient as Client

from freehold.config import Settings
from tests.api.service import make_app, make_client

LIMIT = 4096
DEPTH = 8

NETWORKS = "/v2.0/networks"
UNKNOWN = "11111111-2222-4333-8444-555555555555"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client() -> Client:
    return make_client(
        Settings(database_url="sqlite://", max_request_body_size=LIMIT, max_json_depth=DEPTH)
    )


def body_of(size: int) -> bytes:
    """A valid body of so many bytes."""
    frame = b'{"network": {"name": "n"}}'
    return frame + b" " * (size - len(frame))


def error_of(client: Client, body: bytes | str, **more: Any) -> dict[str, str]:
    answer = client.simulate_post(NETWORKS, body=body, headers=JSON, **more)
    error: dict[str, str] = answer.json["NeutronError"]
    return {"status": str(answer.status_code), **error}


class Endless(BytesIO):
    """A request body that never ends, and counts what is read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0, "an endless body must not be read to its end"
        self.read_bytes += size
        return b" " * size


class Dribble(BytesIO):
    """A request body that comes in small pieces."""

    def read(self, _size: int | None = -1, /) -> bytes:
        return super().read(3)


def test_a_body_of_just_the_limit_is_read(client: Client) -> None:
    answer = client.simulate_post(NETWORKS, body=body_of(LIMIT), headers=JSON)
    assert answer.status_code == 201
    assert answer.json["network"]["name"] == "n"


def test_a_body_of_one_byte_more_is_refused(client: Client) -> None:
    assert error_of(client, body_of(LIMIT + 1)) == {
        "status": "413",
        "type": "HTTPRequestEntityTooLarge",
        "message": "The body of your request was too large for this server.",
        "detail": f"At most {LIMIT} bytes are read.",
    }


def test_a_chunked_body_is_read_no_further_than_the_limit(client: Client) -> None:
    body = Endless()
    answer = client.simulate_post(
        NETWORKS,
        headers={**JSON, "Transfer-Encoding": "chunked"},
        extras={"wsgi.input": body},
    )
    assert answer.status_code == 413
    assert body.read_bytes == LIMIT + 1


def test_a_body_without_a_length_is_read_if_the_server_ends_it(client: Client) -> None:
    answer = client.simulate_post(
        NETWORKS,
        headers=JSON,
        extras={"wsgi.input": Dribble(body_of(100)), "wsgi.input_terminated": True},
    )
    assert answer.status_code == 201


def test_a_body_without_a_length_is_not_waited_for(client: Client) -> None:
    body = Endless()
    answer = client.simulate_post(NETWORKS, headers=JSON, extras={"wsgi.input": body})
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["message"] == "Unable to find 'network' in request body"
    assert body.read_bytes == 0


def test_a_body_that_breaks_off_is_refused_even_if_it_is_json(client: Client) -> None:
    answer = client.simulate_post(
        NETWORKS,
        headers={**JSON, "Content-Length": "100"},
        extras={"wsgi.input": BytesIO(b'{"network": {}}')},
    )
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["type"] == "HTTPBadRequest"
    assert "ended before" in answer.json["NeutronError"]["detail"]


def test_a_content_length_that_is_no_number_is_refused() -> None:
    environ = create_environ(NETWORKS, method="POST", headers={**JSON, "Content-Length": "many"})
    started = StartResponseMock()
    (body,) = make_app()(environ, started)
    assert started.status == "400 Bad Request"
    assert json.loads(body)["NeutronError"]["type"] == "HTTPBadRequest"


@pytest.mark.parametrize("content_type", [None, ""], ids=["missing", "empty"])
def test_a_body_without_a_content_type_is_taken_for_json(
    client: Client, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.simulate_post(NETWORKS, body=body_of(50), headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [DEPTH + 1, 700], ids=["just", "far"])
def test_a_body_that_is_nested_too_deep_is_refused(
    client: Client, opening: str, depth: int
) -> None:
    assert error_of(client, opening * depth) == {
        "status": "400",
        "type": "HTTPBadRequest",
        "message": "Body contains invalid data",
        "detail": f"It is nested deeper than {DEPTH} levels.",
    }


def test_the_deepest_body_that_is_allowed_reaches_the_attributes(client: Client) -> None:
    name = "[" * (DEPTH - 2) + "]" * (DEPTH - 2)
    error = error_of(client, f'{{"network": {{"name": {name}}}}}')
    assert error["message"] == f"Invalid input for name. Reason: '{name}' is not a valid string."


def test_brackets_within_texts_do_not_nest(client: Client) -> None:
    body = json.dumps({"network": {"name": '\\"[[[[[[[[[[[[{{{{{{{{{{{{'}})
    answer = client.simulate_post(NETWORKS, body=body, headers=JSON)
    assert answer.status_code == 201
    assert answer.json["network"]["name"].startswith('\\"[[[')


@pytest.mark.parametrize("digits", [21, 5000], ids=["over 64 bits", "over Python's limit"])
def test_an_integer_that_is_too_large_is_refused(client: Client, digits: int) -> None:
    # The longest is over the body's limit on purpose: then that is what is said.
    error = error_of(client, f'{{"network": {{"name": {"9" * digits}}}}}')
    assert error["status"] in {"400", "413"}
    assert error["type"] in {"HTTPBadRequest", "HTTPRequestEntityTooLarge"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "body",
    ['{"a":{"b":{"c":{"d":{"e":"' + '\\"' * 500_000, '{"a": 0.' + "1" * 1_000_000 + "}"],
    ids=["unfinished text", "long fraction"],
)
def test_a_hostile_body_costs_no_more_than_its_length(body: str) -> None:
    error = error_of(make_client(), body)
    assert error["status"] == "400"
    assert error["message"] == "Body contains invalid data"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("attribute", ["fixed_ips", "dns_nameservers", "host_routes"])
def test_a_long_list_costs_no_more_than_its_length(attribute: str) -> None:
    items: dict[str, list[object]] = {
        "fixed_ips": [{"ip_address": f"10.0.{n // 256}.{n % 256}"} for n in range(20_000)],
        "dns_nameservers": [f"10.0.{n // 256}.{n % 256}" for n in range(20_000)],
        "host_routes": [
            {"destination": f"10.{n // 256}.{n % 256}.0/24", "nexthop": "::"} for n in range(15_000)
        ],
    }
    kind = "port" if attribute == "fixed_ips" else "subnet"
    minimal = {} if kind == "port" else {"ip_version": 4, "cidr": "10.0.0.0/24"}
    sent = {"network_id": UNKNOWN, **minimal, attribute: items[attribute]}
    answer = make_client().simulate_post(f"/v2.0/{kind}s", json={kind: sent})
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["message"] == f"Invalid input for {attribute}."
    assert answer.json["NeutronError"]["detail"] == "It has more than 1000 items."


def test_an_integer_beyond_pythons_own_limit_is_refused() -> None:
    error = error_of(make_client(), f'{{"network": {{"name": {"9" * 5000}}}}}')
    assert error["status"] == "400"
    assert error["detail"] == "A number is too large."


def test_a_body_that_is_not_utf8_is_refused(client: Client) -> None:
    error = error_of(client, b'{"network": {"name": "\xff"}}')
    assert (error["status"], error["type"]) == ("400", "HTTPBadRequest")
    assert error["detail"] == "The body is not UTF-8."


@pytest.mark.parametrize("path", ["/v2.0/networks/%ff", "/v2.0/networks/%00", "/v2.0/%ff"])
def test_a_path_that_no_id_can_have_is_refused(client: Client, path: str) -> None:
    answer = client.simulate_get(path)
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["type"] == "HTTPBadRequest"


def test_a_query_of_too_many_parameters_is_refused(client: Client) -> None:
    answer = client.simulate_get(NETWORKS, query_string="&".join(["name=x"] * 1001))
    assert answer.status_code == 400


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_an_unknown_verb_is_refused(client: Client) -> None:
    answer = client.simulate_request("BREW", NETWORKS)
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["type"] == "HTTPBadRequest"


@pytest.mark.parametrize("length", [255, 256])
@pytest.mark.parametrize("attribute", ["name", "project_id"])
def test_texts_are_as_long_as_their_column(client: Client, attribute: str, length: int) -> None:
    body = json.dumps({"network": {attribute: "x" * length}})
    answer = client.simulate_post(NETWORKS, body=body, headers=JSON)
    assert answer.status_code == (201 if length == 255 else 400)


@pytest.mark.parametrize(
    ("project", "status", "owner"),
    [
        ("x" * 255, 201, "x" * 255),
        ("x" * 256, 400, None),
        ("caf\xc3\xa9", 201, "caf\xe9"),
        ("caf\xe9", 400, None),
    ],
    ids=["longest", "too long", "UTF-8", "Latin-1"],
)
def test_the_project_of_the_header_is_a_text_like_others(
    client: Client, project: str, status: int, owner: str | None
) -> None:
    answer = client.simulate_post(
        NETWORKS, body=b'{"network": {}}', headers={**JSON, "X-Project-Id": project}
    )
    assert answer.status_code == status
    assert answer.json.get("network", {}).get("project_id") == owner


def test_a_thousand_ports_fit_into_one_request() -> None:
    client = make_client()
    network = client.simulate_post(NETWORKS, json={"network": {}}).json["network"]["id"]
    client.simulate_post(
        "/v2.0/subnets",
        json={"subnet": {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/16"}},
    )
    port = {"network_id": network, "name": "n" * 100, "device_id": "d" * 100}
    answer = client.simulate_post("/v2.0/ports", json={"ports": [port] * 1000})
    assert answer.status_code == 201
    addresses = {port["fixed_ips"][0]["ip_address"] for port in answer.json["ports"]}
    assert len(addresses) == 1000


def test_more_resources_than_one_request_may_create_are_refused_at_once() -> None:
    client = make_client()
    answer = client.simulate_post(NETWORKS, json={"networks": [{}] * 1001})
    assert answer.status_code == 400
    assert answer.json["NeutronError"]["message"] == (
        "No more than 1000 networks can be created by one request."
    )
    assert client.simulate_get(NETWORKS).json == {"networks": []}


def test_a_thousand_subnets_of_one_network_fit_into_one_request() -> None:
    client = make_client()
    network = client.simulate_post(NETWORKS, json={"network": {}}).json["network"]["id"]
    subnets = [
        {"network_id": network, "ip_version": 4, "cidr": f"10.{number >> 8}.{number & 255}.0/24"}
        for number in range(1000)
    ]
    answer = client.simulate_post("/v2.0/subnets", json={"subnets": subnets})
    assert answer.status_code == 201
    assert [one["cidr"] for one in answer.json["subnets"]] == [one["cidr"] for one in subnets]
