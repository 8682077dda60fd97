"""The command itself: how it starts, refuses, stops and recovers."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from freehold import __version__
from freehold.cli.serve import STOP_SECONDS
from freehold.db import schema
from tests.end_to_end.conftest import Start
from tests.end_to_end.service import (
    POLL_SECONDS,
    START_SECONDS,
    Service,
    is_running,
    run_freehold,
)

HALF_A_BODY = b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"


def check_failure(ended: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Check that a command failed with one line that says why."""
    assert (ended.returncode, ended.stdout) == (code, ""), ended
    (line,) = ended.stderr.splitlines()
    assert line.startswith("freehold: ")
    assert [word for word in words if word not in line] == [], line


def test_the_version_is_told(tmp_path: Path) -> None:
    ended = run_freehold(tmp_path, "--version")
    assert (ended.returncode, ended.stdout) == (0, f"freehold {__version__}\n")


@pytest.mark.parametrize("words", [(), ("db",), ("serve", "--port", "http"), ("rule",)])
def test_what_is_no_command_is_a_misuse(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = run_freehold(tmp_path, *words)
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: freehold")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_without_authentication_other_machines_are_kept_out(tmp_path: Path, host: str) -> None:
    ended = run_freehold(tmp_path, "serve", "--host", host)
    check_failure(ended, 2, host, "no authentication", "--allow-remote-without-authentication")


def test_other_machines_are_let_in_if_the_operator_says_so(start: Start) -> None:
    service = start("--host", "0.0.0.0", "--allow-remote-without-authentication")
    assert service.client().list("network") == []


def test_a_port_in_use_is_told(server: Service, tmp_path: Path) -> None:
    ended = run_freehold(tmp_path, "serve", "--port", str(server.port))
    check_failure(ended, 1, f"Cannot listen on 127.0.0.1 port {server.port}", "in use")


@pytest.mark.parametrize(
    ("words", "code", "reasons"),
    [
        (("--database", "secret"), 2, ("not a database URL",)),
        (("--database", "sqlite://"), 2, ("in memory",)),
        (("--database", "postgresql+none://me:secret@db/f"), 2, ("FREEHOLD_DATABASE_FILE",)),
        (("--database", "postgresql+none://me@db/f?password=secret"), 2, ("mode 0600",)),
        (("--database", "postgresql+none://me@db/f"), 1, ("me@db", "not installed")),
        (("--database", "sqlite:////dev/null/f.sqlite"), 1, ("/dev/null",)),
        (("--database", "sqlite:////dev"), 1, ("/dev", "unable to open")),
        (("--workers", "0"), 2, ("api_workers",)),
        (("--port", "65536"), 2, ("bind_port",)),
        (("--config-file", "/nowhere.conf"), 2, ("/nowhere.conf",)),
        (("--host", "no such host"), 2, ("no such host",)),
    ],
)
def test_what_cannot_work_is_told_in_one_line(
    tmp_path: Path, words: tuple[str, ...], code: int, reasons: tuple[str, ...]
) -> None:
    ended = run_freehold(tmp_path, "serve", "--port", "0", *words)
    check_failure(ended, code, *reasons)
    assert "secret" not in ended.stderr


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    text = "Dear reader, this is not a database. " * 100
    file.write_text(text)
    for words in (("serve", "--port", "0"), ("db", "upgrade"), ("db", "current")):
        check_failure(
            run_freehold(tmp_path, *words, "--database", f"sqlite:///{file}"), 1, str(file)
        )
    assert file.read_text() == text


def test_the_database_is_made_upgraded_and_nobody_elses_to_read(tmp_path: Path) -> None:
    file = tmp_path / "new" / "freehold.sqlite"
    url = f"sqlite:///{file}"
    before = run_freehold(tmp_path, "db", "current", "--database", url)
    assert before.stdout == f"{url} is at revision none; {schema.needed()} is needed.\n"
    assert not file.parent.exists()
    upgraded = run_freehold(tmp_path, "db", "upgrade", "--database", url)
    assert upgraded.stdout == f"{url} was upgraded from nothing to {schema.needed()}.\n"
    assert (file.parent.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    after = run_freehold(tmp_path, "db", "current", "--database", url)
    assert after.stdout == f"{url} is at revision {schema.needed()}, which is the one needed.\n"
    again = run_freehold(tmp_path, "db", "upgrade", "--database", url)
    assert again.stdout == f"{url} is at revision {schema.needed()} already.\n"


def test_the_database_is_named_by_option_environment_and_file_in_this_order(
    tmp_path: Path,
) -> None:
    config = tmp_path / "some.conf"
    config.write_text("[database]\nconnection = sqlite:////by/file\n")
    environment = {"FREEHOLD_DATABASE": "sqlite:////by/environment"}
    words = ("db", "current", "--config-file", str(config))
    by_file = run_freehold(tmp_path, *words)
    by_environment = run_freehold(tmp_path, *words, environment=environment)
    by_option = run_freehold(
        tmp_path, *words, "--database", "sqlite:////by/option", environment=environment
    )
    by_nothing = run_freehold(tmp_path, "db", "current")
    assert by_file.stdout.startswith("sqlite:////by/file is")
    assert by_environment.stdout.startswith("sqlite:////by/environment is")
    assert by_option.stdout.startswith("sqlite:////by/option is")
    assert by_nothing.stdout.startswith(f"sqlite:///{tmp_path}/.local/share/freehold/")


def test_the_first_command_that_is_offered_works(start: Start) -> None:
    service = start()
    (offer,) = [line for line in service.output.splitlines() if line.startswith("Try: ")]
    command, url, option, header, data, body = shlex.split(offer.removeprefix("Try: "))
    assert (command, option, header, data) == ("curl", "-H", "Content-Type: application/json", "-d")
    path = url.removeprefix(service.url)
    assert service.client().call("POST", path, json.loads(body)).status == 201


def test_it_prints_where_it_is_and_a_line_for_each_request(start: Start) -> None:
    service = start("--workers", "2")
    service.client().list("port")
    assert service.stop() == 0
    lines = service.output.splitlines()
    assert lines[:2] == [
        f"Freehold {__version__} serves the Networking API at {service.url}",
        f"Database: sqlite:///{service.file}",
    ]
    request = (
        r"[0-9-]{10} [0-9:.]{12} \d+ INFO freehold\.requests \[- req-[0-9a-f-]{36} - - - - - -\] "
        r"GET (/|/v2\.0/ports) 200 .* statements=\d+ retries=0 lost_races=0"
    )
    assert [line for line in lines[4:] if not re.fullmatch(request, line)] == []
    assert lines[-1].split(" GET ")[1].startswith("/v2.0/ports 200")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_asked_to(start: Start, sign: signal.Signals) -> None:
    service = start("--workers", "2")
    workers = service.workers()
    assert len(workers) == 2
    assert service.stop(sign) == 0
    assert [pid for pid in workers if is_running(pid)] == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order_when_all_its_processes_are_asked_to(
    start: Start, sign: signal.Signals
) -> None:
    service = start("--workers", "2")
    begun = time.monotonic()
    os.killpg(service.pid, sign)
    assert service.stop(sign) == 0
    # After that time workers are killed.
    assert time.monotonic() - begun < STOP_SECONDS


def test_it_stops_though_clients_stall(start: Start) -> None:
    service = start()
    with ExitStack() as stalled:
        for beginning in (b"", b"GET", HALF_A_BODY):
            connection = socket.create_connection(("127.0.0.1", service.port))
            stalled.enter_context(connection)
            connection.sendall(beginning)
        service.client().list("network")
        assert service.stop() == 0


def test_a_worker_that_dies_is_replaced(start: Start) -> None:
    service = start("--workers", "2")
    victim, *others = service.workers()
    network = service.client().create("network")
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + START_SECONDS
    while len(workers := set(service.workers()) - {victim}) < 2:
        assert time.monotonic() < deadline, service.output
        with pytest.raises(subprocess.TimeoutExpired):
            service.wait(POLL_SECONDS)
    assert workers > set(others)
    assert [found["id"] for found in service.client().list("network")] == [network["id"]]
    assert service.stop() == 0
