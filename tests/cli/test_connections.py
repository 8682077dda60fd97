"""Who is cut off for not getting on, and who never is."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.cli.connections import Progress, Watch, longest_wait, progress
from freehold.config.times import TimeLimits

LIMIT = 10.0


@dataclass
class Both:
    """The two ends of a connection, and what watches the server's."""

    client: socket.socket
    server: socket.socket
    watch: Watch


@pytest.fixture
def both() -> Iterator[Both]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port), 20)
        server, _ = listener.accept()
        with closing(client), closing(server):
            yield Both(client, server, Watch(port, LIMIT, silence=3))


def is_cut_off(server: socket.socket) -> bool:
    """Tell whether the server finds nothing more to read, and no end that the client made."""
    server.setblocking(False)
    try:
        return server.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def test_who_sends_nothing_is_cut_off_when_the_time_is_over(both: Both) -> None:
    assert [both.watch.sweep(now) for now in (0, LIMIT)] == [0, 0]
    assert not is_cut_off(both.server)
    assert both.watch.sweep(LIMIT + 1) == 1
    assert is_cut_off(both.server)


def test_who_goes_on_sending_and_never_ends_is_cut_off(both: Both) -> None:
    for now in range(int(LIMIT) + 1):
        both.client.sendall(b"x")
        assert both.watch.sweep(now) == 0
    assert both.watch.sweep(LIMIT + 1) == 1


def test_who_was_answered_begins_anew(both: Both) -> None:
    both.watch.sweep(0)
    both.client.sendall(b"question")
    both.watch.sweep(1)
    both.server.sendall(b"answer")
    both.client.recv(100)
    assert [both.watch.sweep(now) for now in (2, 100, 1000)] == [0, 0, 0]
    both.client.sendall(b"another")
    assert [both.watch.sweep(now) for now in (1001, 1001 + LIMIT)] == [0, 0]
    assert both.watch.sweep(1002 + LIMIT) == 1


def test_who_is_cut_off_can_still_be_answered_and_is_then_left_alone(both: Both) -> None:
    both.watch.sweep(0)
    assert both.watch.sweep(LIMIT + 1) == 1
    both.server.setblocking(True)
    both.server.sendall(b"408")
    assert both.client.recv(10) == b"408"


def test_a_server_that_does_not_let_go_is_made_to(both: Both) -> None:
    both.watch.sweep(0)
    for now in (LIMIT + 1, LIMIT + 4):
        both.watch.sweep(now)
    assert both.client.recv(10) == b""


def test_connections_to_others_are_not_touched(both: Both) -> None:
    both.watch.port = both.watch.port % 65535 + 1
    assert [both.watch.sweep(now) for now in (0, 1000)] == [0, 0]
    assert not is_cut_off(both.server)


def test_who_takes_nothing_is_given_up_by_the_kernel(both: Both) -> None:
    both.watch.sweep(0)
    assert both.server.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 3000


def test_locks_on_files_are_kept(both: Both, tmp_path: Path) -> None:
    """SQLite's among them, without which processes that share a database damage it."""
    with (tmp_path / "locked").open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        both.watch.sweep(0)
        lock = f":{os.fstat(file.fileno()).st_ino} "
        assert lock in Path("/proc/locks").read_text()


@given(
    begun=st.floats(0, 1e6),
    taken=st.integers(0, 1 << 40),
    steps=st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=20),
)
def test_nobody_waits_longer_than_since_the_last_answer(
    begun: float, taken: int, steps: list[tuple[int, bool]]
) -> None:
    state: Progress | None = progress(None, taken, 0, begun)
    now, sent, answered = begun, 0, begun
    for more, answers in steps:
        now += 1
        sent += more
        taken += answers
        answered = now if answers else answered
        state = progress(state, taken, sent, now)
        assert state.waiting_since is None or answered <= state.waiting_since <= now


def test_a_request_within_its_limits_is_never_cut_off() -> None:
    times = TimeLimits()
    assert longest_wait(times) >= (
        times.client_socket_timeout + times.request_timeout + times.statement_timeout
    )
