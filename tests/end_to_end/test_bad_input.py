"""What arrives on a socket that is not the HTTP of a friendly client."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.boundary.raw import exchange
from tests.end_to_end.service import Client, Service

ANSWER_SECONDS = 20
HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
POST = b"POST /v2.0/networks HTTP/1.1\r\n" + HOST + JSON
STALLED_CLIENTS = 200


@pytest.fixture(autouse=True)
def _still_serving(server: Service) -> Iterator[None]:
    """After each of these tests, the same processes serve as before it."""
    workers = server.workers()
    yield
    client = server.client(timeout=ANSWER_SECONDS)
    name = f"after {len(client.list('network'))}"
    assert client.create("network", name=name)["name"] == name
    assert server.workers() == workers


def send(server: Service, *parts: bytes) -> bytes:
    """Send bytes, say that there are no more, and return what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            return b""


def read_all(connection: socket.socket) -> bytes:
    """Read until the other side has closed."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def status(answer: bytes) -> int:
    """Return the status of an answer; 0 if there is none."""
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else 0


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"\x00" * 4096,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X%d: y\r\n" % n for n in range(1000)) + b"\r\n",
    ],
    ids=[
        "nothing",
        "empty-lines",
        "half-a-request",
        "tls",
        "zeroes",
        "unknown-version",
        "no-path",
        "no-colon",
        "negative-length",
        "length-in-words",
        "long-header",
        "long-path",
        "many-headers",
    ],
)
def test_what_is_no_request_is_refused_or_dropped(server: Service, request_bytes: bytes) -> None:
    assert status(send(server, request_bytes)) in {0, 400, 414, 431, 505}


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST + b'Content-Length: 1000\r\n\r\n{"network": {"name": "short"}}',
        POST + b'Content-Length: 5\r\n\r\n{"network": {"name": "long"}}',
        POST + b"Content-Length: 0\r\n\r\n",
        POST + b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"network"',
    ],
    ids=["longer", "shorter", "empty", "not-text", "no-chunk", "half-a-chunk"],
)
def test_a_body_that_is_not_what_it_says_makes_nothing(
    server: Service, request_bytes: bytes
) -> None:
    client = server.client()
    before = client.list("network")
    assert status(send(server, request_bytes)) in {0, 400}
    assert client.list("network") == before


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_body_that_is_too_long_is_refused(server: Service, announced: bool) -> None:
    body = b'{"network": {"name": "' + b"x" * (2 << 20) + b'"}}'
    if announced:
        parts = [POST + b"Content-Length: %d\r\n\r\n" % len(body), body]
    else:
        chunk = b"%x\r\n%b\r\n" % (len(body), body)
        parts = [POST + b"Transfer-Encoding: chunked\r\n\r\n", chunk, b"0\r\n\r\n"]
    assert status(send(server, *parts)) in {0, 413}


def test_clients_that_stall_keep_nobody_else_waiting(server: Service) -> None:
    beginnings = (
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        POST + b"Content-Length: 100\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    )
    with ExitStack() as stalled:
        for number in range(STALLED_CLIENTS):
            connection = socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS)
            stalled.enter_context(connection)
            connection.sendall(beginnings[number % len(beginnings)])
        for _ in range(10):
            # A new connection each time, so that either worker has to answer.
            client: Client = server.client(timeout=ANSWER_SECONDS)
            assert client.call("GET", "/v2.0/networks").status == 200
            client.close()


def test_an_idempotency_key_that_is_not_ascii_is_refused_and_told_why(server: Service) -> None:
    body = b'{"network": {}}'
    head = POST + b"Connection: close\r\nContent-Length: %d\r\n" % len(body)
    for key in ("é".encode(), "é".encode("latin-1"), "a\u2028".encode()):
        answer = exchange(server.port, head + b"Idempotency-Key: %b\r\n\r\n%b" % (key, body))
        assert status(answer) == 400
        assert b"has characters that are not printable ASCII" in answer
