"""A server's process, its directory, its ports and its end.

Invariant: a server does not outlive the process that started it. The kernel
sees to it (PR_SET_PDEATHSIG), so that it holds after a ``kill -9`` as well.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import pytest

HOST = "127.0.0.1"
NO_MORE: Mapping[str, str] = MappingProxyType({})
"""The settings of the tests, and nothing beside them."""

START_SECONDS = 90
STOP_SECONDS = 20
_PR_SET_PDEATHSIG = 1
# Below the ports that kernels give to whoever connects, which come and go.
_PORTS = range(15000, 32000)
_libc = ctypes.CDLL(None)


class ServerFailed(Exception):
    """A server did not start."""


def find(name: str, *patterns: str) -> Path:
    """Return a file that the tests' servers need: on the path, or the newest that matches.

    Installing it is up to ``tests/servers/install``; without it the tests fail.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec")
    matching = [path for pattern in patterns for path in Path("/").glob(pattern)]
    if matching:
        return max(matching, key=lambda path: [*map(_number, path.parts)])
    if found is None:
        pytest.fail(f"{name} is not installed: run tests/servers/install, then the tests again.")
    return Path(found)


def _number(part: str) -> int:
    digits = "".join(filter(str.isdigit, part))
    return int(digits or 0)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            port = secrets.choice(_PORTS)
            one = held.enter_context(socket.socket())
            try:
                one.bind((HOST, port))
            except OSError:
                continue
            ports.append(port)
        return ports


def user_for_servers(preferred: str) -> str | None:
    """Return the user to run a server as; None for the one that runs the tests.

    No server wants to be run by root.
    """
    if os.geteuid() != 0:
        return None
    for name in (preferred, "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return pytest.fail(f"The tests are run by root, and there is no user {preferred}.")


def new_directory(user: str | None) -> Path:
    """Make a directory with a short name that a server's user can work in."""
    folder = Path(tempfile.mkdtemp(prefix="freehold-"))
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return folder


def run(command: Sequence[object], user: str | None, cwd: Path) -> None:
    """Run a command that ends by itself."""
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        group=user,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise ServerFailed(f"{command[0]} failed: {done.stdout}{done.stderr}")


class Process:
    """A running server.

    Args:
        command: what to run; it stays in the foreground.
        user: whom to run it as.
        log: where what it says goes.
    """

    def __init__(
        self,
        command: Sequence[object],
        *,
        user: str | None,
        log: Path,
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._running = subprocess.Popen(
                [str(part) for part in command],
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                # It is called in the child alone, and calls nothing but the kernel.
                preexec_fn=_end_with_parent,
            )

    @property
    def pid(self) -> int:
        return self._running.pid

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until the server is ready.

        Raises:
            ServerFailed: it ended instead, or takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self._running.poll() is not None or time.monotonic() > deadline:
                told = self._log.read_text(errors="replace")[-3000:]
                raise ServerFailed(f"It did not start: {told}")
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server and to all that it started."""
        for pid in _family(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Have the server keep its connections, and answer nothing."""
        self.send(signal.SIGSTOP)
        try:
            # A thread that runs on another core goes on until it is told, too.
            self.wait_until(lambda: all(map(_stands_still, _family(self.pid))))
            yield
        finally:
            self.send(signal.SIGCONT)

    def stop(self, how: signal.Signals) -> None:
        """End the server: as it is asked to, or at last whether it wants or not."""
        family = _family(self.pid)
        try:
            if how is not signal.SIGKILL:
                # One that hangs could not do as it is asked; one that is killed is not to wake up.
                self.send(signal.SIGCONT)
            self._running.send_signal(how)
            self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._running.kill()
            self._running.wait()
            for pid in family[1:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _family(pid: int) -> list[int]:
    """Return a process and all of its descendants, which may be in groups of their own."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _stands_still(pid: int) -> bool:
    """Return whether all threads of a process are stopped, or at their end."""
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name that stands before may have anything in it.
            state = thread.read_text(errors="replace").rpartition(")")[2].split()[0]
            if state not in {"T", "t", "Z", "X"}:
                return False
    return True


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
