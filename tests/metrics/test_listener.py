"""The listener for Prometheus and probes: nothing can be done there, and there is room for few."""

import http.client
import socket
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from falcon.testing import TestClient

from freehold.api.backends import open_backend
from freehold.api.metrics import listener
from freehold.api.metrics.listener import ROOM, listening_to_prometheus
from freehold.api.observability import Observability
from freehold.config import Settings
from freehold.config.metrics import MetricsSettings
from tests.end_to_end.service import run_freehold
from tests.servers.process import HOST, free_ports

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def port() -> int:
    [port] = free_ports(1)
    settings = Settings(database_url="sqlite://", metrics=MetricsSettings(port=port))
    listening_to_prometheus(settings, Observability(settings, open_backend(settings)))
    return port


def status(port: int, path: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_nothing_of_the_api_is_there(port: int) -> None:
    assert [status(port, path) for path in ("/metrics", "/healthcheck", "/healthcheck/live")] == [
        200,
        200,
        200,
    ]
    assert [status(port, path) for path in ("/", "/v2.0", "/v2.0/networks", "/docs")] == [404] * 4
    assert status(port, "/metrics", "POST") == 405


def test_what_fails_there_is_told_by_the_log_and_by_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(database_url="sqlite://")
    (tmp_path / "counter_0.db").write_bytes(b"no counts")
    client = TestClient(Observability(settings, open_backend(settings), tmp_path).app())
    answer = client.simulate_get("/metrics")
    assert (answer.status_code, answer.json["NeutronError"]["type"]) == (
        500,
        "HTTPInternalServerError",
    )
    assert f"{answer.headers['x-openstack-request-id']} failed" in caplog.messages
    assert capsys.readouterr().err == ""


def test_those_who_are_too_many_are_turned_away_and_the_next_is_served(port: int) -> None:
    with ExitStack() as held:
        for _ in range(ROOM):
            held.enter_context(socket.create_connection((HOST, port), timeout=30))
        late = held.enter_context(socket.create_connection((HOST, port), timeout=30))
        assert late.recv(1) == b""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert status(port, "/metrics") == 200
            break
        except (OSError, http.client.HTTPException):
            assert monotonic() < deadline


def test_who_goes_on_sending_and_never_ends_is_cut_off(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "LONGEST_SECONDS", 0.5)
    with socket.create_connection((HOST, port), timeout=0.05) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nX-Long: ")
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            try:
                client.sendall(b"x")
                assert client.recv(1) == b""
                break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("It went on.")


def test_a_port_that_is_taken_is_told_before_the_service_starts(tmp_path: Path, port: int) -> None:
    done = run_freehold(
        tmp_path, "serve", "--port", "0", environment={"OS_METRICS__PORT": str(port)}
    )
    assert done.returncode == 1
    assert f"Cannot listen on {HOST} port {port}" in done.stderr


def test_the_api_s_port_is_not_shared_with_the_listener(tmp_path: Path) -> None:
    [port] = free_ports(1)
    done = run_freehold(
        tmp_path, "serve", "--port", str(port), environment={"OS_METRICS__PORT": str(port)}
    )
    assert done.returncode == 2
    assert f"[metrics] port: the API itself listens on {port}" in done.stderr
