"""What runs in each process that serves requests.

Invariant: no such process outlives the one that started it. An orphan would
keep the port and go on writing, while its operator believes it stopped.
"""

import ctypes
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from secrets import SystemRandom
from threading import Event, Thread
from typing import Any

from freehold.api.app import make_app
from freehold.api.backends import open_backend
from freehold.api.metrics.listener import listening_to_prometheus
from freehold.api.metrics.sharing import take_place
from freehold.api.observability import Observability
from freehold.api.outside import seen_from_outside
from freehold.cli import connections, housekeeping
from freehold.cli.logs import begin_log
from freehold.config import Settings

PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def load_application(
    settings: Settings, parent: int, port: int, counts: Path | None = None
) -> WSGIApplication:
    """Prepare this process, and make the application that it serves.

    Args:
        settings: the service's configuration.
        parent: the id of the process that started this one.
        port: the TCP port that this process is going to listen on.
        counts: the folder in which the processes of the service count together.
    """
    die_with(parent)
    begin_log(settings)
    stopping = Event()
    stop_once(stopping)
    if counts is not None:
        take_place(counts)
    backend = open_backend(settings)
    observability = Observability(settings, backend, counts)
    listening_to_prometheus(settings, observability)
    housekeeping.begin(housekeeping.chores(backend, settings), stopping, SystemRandom())
    connections.begin(port, settings.times, stopping)
    return seen_from_outside(make_app(settings, backend, observability), settings.links)


def stop_once(stopping: Event) -> None:
    """Have this process stop at the first SIGTERM, and let nothing else disturb it.

    In a terminal, Ctrl-C reaches all processes, and the parent then sends SIGTERM;
    a supervisor may send SIGTERM to all. The server's own handler waits for itself
    forever when a second signal interrupts it. Therefore both signals are blocked in
    all threads but in one of ours, which passes on the first of them.

    Args:
        stopping: is set when it stops.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # instead of the parent's
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    Thread(target=_await_stop, args=(stopping,), name="stop", daemon=True).start()


def _await_stop(stopping: Event) -> None:
    signal.sigwait({signal.SIGTERM})
    stopping.set()
    handler = signal.getsignal(signal.SIGTERM)
    if not callable(handler):
        os._exit(0)  # the server has not begun
    handler(signal.SIGTERM, None)


def die_with(parent: int) -> None:
    """Have the kernel end this process as soon as its parent has ended.

    By SIGKILL: what a crashed parent leaves behind is in order at any moment,
    and a polite request could be kept waiting by a client that has stalled.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
