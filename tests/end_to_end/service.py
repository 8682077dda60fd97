"""Freehold as an operator runs it: the real command, in a process of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

START_SECONDS = 60
STOP_SECONDS = 30
POLL_SECONDS = 0.05

_URL = re.compile(r"^Freehold .* at (https?://\S+:(\d+))$", re.MULTILINE)


def tool(name: str) -> str:
    """Return the path of a command that is installed beside this Python."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        pytest.fail(f"The command {name} is not installed in {path.parent}; run 'make test'.")
    return str(path)


def clean_environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which nothing of the user's speaks to Freehold or OpenStack."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OS_", "FREEHOLD_", "XDG_"))
    }
    return kept | {"HOME": str(home)} | dict(more or {})


def run_freehold(
    home: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends."""
    return subprocess.run(
        [tool("freehold"), *arguments],
        env=clean_environment(home, environment),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    body: Any

    @property
    def error(self) -> dict[str, Any]:
        """The error that it tells."""
        found: dict[str, Any] = self.body["NeutronError"]
        return found


class Client:
    """One connection to the API, which knows of HTTP and JSON and no more."""

    def __init__(
        self, port: int, *, timeout: float = 60, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._headers = headers

    def call(self, method: str, path: str, document: object = None) -> Answer:
        """Send a request, and wait for its answer."""
        body = None if document is None else json.dumps(document)
        headers = dict(self._headers)
        headers |= {} if body is None else {"Content-Type": "application/json"}
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return Answer(response.status, json.loads(content) if content else None)

    def create(self, kind: str, **attributes: object) -> dict[str, Any]:
        """Create one network, subnet or port."""
        answer = self.call("POST", f"/v2.0/{kind}s", {kind: attributes})
        assert answer.status == 201, answer
        created: dict[str, Any] = answer.body[kind]
        return created

    def list(self, kind: str, query: str = "") -> Sequence[dict[str, Any]]:
        """List networks, subnets or ports."""
        answer = self.call("GET", f"/v2.0/{kind}s?{query}")
        assert answer.status == 200, answer
        found: Sequence[dict[str, Any]] = answer.body[f"{kind}s"]
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Service:
    """``freehold serve`` on a file, on a port of the loopback that was free."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.file = folder / "data" / "freehold.sqlite"
        self.port = 0
        self._arguments = arguments
        self._log = folder / "freehold.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The root of the service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that the operator would see."""
        return self._running().pid

    @property
    def output(self) -> str:
        """What the service has printed since it was started the last time."""
        return self._log.read_text()

    def client(self, *, timeout: float = 60) -> Client:
        """Open a connection."""
        return Client(self.port, timeout=timeout)

    def start(self) -> None:
        """Start it, on the port that it had before, and wait until it answers."""
        command = [tool("freehold"), "serve", "--database", f"sqlite:///{self.file}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port), *self._arguments],
                env=clean_environment(self.folder),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._ended(POLL_SECONDS):
                pytest.fail(f"freehold serve did not start:\n{self.output}")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; return its exit code."""
        process = self._running()
        process.send_signal(sign)
        return process.wait(STOP_SECONDS)

    def kill(self, *, only_parent: bool = False) -> None:
        """End it as a power failure would, and wait until all of it is gone."""
        process = self._running()
        workers = self.workers()
        if only_parent:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while alive := [pid for pid in workers if is_running(pid)]:
            if time.monotonic() > deadline:
                for pid in alive:
                    os.kill(pid, signal.SIGKILL)
                pytest.fail(f"Workers {alive} outlived the process that started them.")

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve requests."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def wait(self, seconds: float) -> int:
        """Wait for its end, and return its exit code."""
        return self._running().wait(seconds)

    def end(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_SECONDS)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            pytest.fail("The service was not started.")
        return self._process

    def _ended(self, seconds: float) -> bool:
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _answers(self) -> bool:
        if (greeting := _URL.search(self.output)) is None:
            return False
        self.port = int(greeting[2])
        client = self.client(timeout=5)
        try:
            return client.call("GET", "/").status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()


def is_running(pid: int) -> bool:
    """Tell whether a process is there and is not merely waiting to be forgotten."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}
