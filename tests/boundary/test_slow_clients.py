"""Clients that are slow, greedy, half gone or many, and one that is served all the same."""

import resource
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from freehold.cli.connections import longest_wait
from freehold.config.times import TimeLimits
from tests.boundary.raw import HEAD, SECONDS
from tests.boundary.service import ConfiguredService, Options
from tests.end_to_end.service import Answer

TIMES = TimeLimits(client_socket_timeout=1, request_timeout=1, statement_timeout=1)

LARGE = 100
"""So many networks are in a list; `ASKED` of them are more than buffers hold."""

ASKED = 60

BEGINNINGS = {
    "headers": b"GET / HTTP/1.1\r\nHost: loc",
    "body": HEAD + b"Content-Length: 1000\r\n\r\n{",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredService]:
    """A service whose clients have little time."""
    options: Options = {
        "DEFAULT": {
            "client_socket_timeout": TIMES.client_socket_timeout,
            "request_timeout": TIMES.request_timeout,
        },
        "database": {"statement_timeout": TIMES.statement_timeout},
    }
    made = ConfiguredService(tmp_path_factory.mktemp("service"), options)
    made.start()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def _room_for_many() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def connected(service: ConfiguredService, number: int) -> Iterator[list[socket.socket]]:
    """Connect so often."""
    with ExitStack() as opened:
        yield [
            opened.enter_context(socket.create_connection(("127.0.0.1", service.port), SECONDS))
            for _ in range(number)
        ]


def check_served(service: ConfiguredService) -> None:
    """Check that a client is served that does nothing wrong, whatever others do."""
    answer = call(service, "GET", "/v2.0/networks?limit=1")
    assert answer.status == 200


def call(service: ConfiguredService, method: str, path: str, document: object = None) -> Answer:
    """Ask for something on a connection of its own; again if a busy machine took too long."""
    deadline = time.monotonic() + SECONDS
    while True:
        client = service.client(timeout=SECONDS)
        answer = client.call(method, path, document)
        client.close()
        if answer.status != 503 or time.monotonic() > deadline:
            return answer


def wait_until_cut_off(connections: list[socket.socket], trickle: bytes = b"") -> None:
    """Wait until the server has closed each of these; send each something now and then."""
    deadline = time.monotonic() + longest_wait(TIMES) + SECONDS
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            assert time.monotonic() < deadline, f"{len(selector.get_map())} are connected"
            for key, _ in selector.select(0.5):
                if _is_closed(key.fileobj):
                    selector.unregister(key.fileobj)
            for key in list(selector.get_map().values()) if trickle else ():
                _send(key.fileobj, trickle)


def _is_closed(connection: object) -> bool:
    assert isinstance(connection, socket.socket)
    try:
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _send(connection: object, data: bytes) -> None:
    assert isinstance(connection, socket.socket)
    try:
        connection.send(data)
    except OSError:
        return  # it is closed, which is seen when it is read from


def test_slow_clients_keep_nobody_waiting_and_are_cut_off(service: ConfiguredService) -> None:
    workers = service.workers()
    with connected(service, 900) as slow:
        for number, connection in enumerate(slow):
            connection.sendall(list(BEGINNINGS.values())[number % len(BEGINNINGS)])
        for _ in range(5):
            check_served(service)
        # They go on, each with a byte now and then, which is not getting on.
        wait_until_cut_off(slow, trickle=b" ")
    check_served(service)
    assert service.workers() == workers
    assert "Cut off" in service.output


def test_many_idle_connections_keep_nobody_waiting(service: ConfiguredService) -> None:
    with connected(service, 3000) as idle:
        for _ in range(5):
            check_served(service)
        wait_until_cut_off(idle)


def test_half_closed_connections_keep_nobody_waiting(service: ConfiguredService) -> None:
    with ExitStack() as opened:
        half = []
        for number in range(300):
            # One after the other: while all were being opened, the first might be cut off.
            [connection] = opened.enter_context(connected(service, 1))
            connection.sendall(list(BEGINNINGS.values())[number % len(BEGINNINGS)])
            connection.shutdown(socket.SHUT_WR)
            half.append(connection)
        check_served(service)
        wait_until_cut_off(half)


def test_clients_that_take_nothing_of_their_answer_are_given_up(
    service: ConfiguredService,
) -> None:
    description = "x" * 255
    made = call(
        service,
        "POST",
        "/v2.0/networks",
        {"networks": [{"name": str(n), "description": description} for n in range(LARGE)]},
    )
    assert made.status == 201
    with ExitStack() as opened:
        greedy = []
        for _ in range(10):
            connection = opened.enter_context(socket.socket())
            # Little room on this side, so that the answer stays on the other.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(SECONDS)
            connection.connect(("127.0.0.1", service.port))
            # More answers than the kernel takes for a connection.
            connection.sendall(b"GET /v2.0/networks HTTP/1.1\r\nHost: x\r\n\r\n" * ASKED)
            greedy.append(connection)
        check_served(service)
        deadline = time.monotonic() + SECONDS
        while kept := _kept_by(service) & {each.getsockname()[1] for each in greedy}:
            assert time.monotonic() < deadline, f"{len(kept)} are connected"
            time.sleep(0.1)
    check_served(service)


def _kept_by(service: ConfiguredService) -> set[int]:
    """Return the ports of the clients whose connections the service has.

    The kernel gives up a client that takes nothing without telling it.
    """
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        if int(local.partition(":")[2], 16) == service.port and state == "01":
            found.add(int(remote.partition(":")[2], 16))
    return found
