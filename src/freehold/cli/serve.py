"""``freehold serve``: the API on granian, until somebody stops it.

The process that is started by the operator serves nothing itself: it brings
the database up, starts the workers, replaces those that fail, and stops them.
"""

import os
import resource
import signal
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from types import FrameType
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from freehold import __version__
from freehold.api.metrics.sharing import shared_folder
from freehold.cli import database
from freehold.cli.failure import CommandFailed
from freehold.cli.listening import Endpoint, choose_endpoint
from freehold.cli.worker import load_application
from freehold.config import Settings
from freehold.ipam.loader import load_driver

CONNECTIONS = 2048
"""How many connections each worker keeps at once, and how many more may queue."""

STALLED_REQUESTS = 512
"""How many clients may stop in the middle of a body before others have to wait.

Each keeps a thread waiting; threads are made when they are needed. How many
requests are worked on at once is another number (``api_threads``).
"""

HEADER_SECONDS = 30
"""How long a client may take to send its headers, or stay connected and silent."""

STOPPING = (signal.SIGTERM, signal.SIGINT)

STOP_SECONDS = 5
"""How long requests in progress are waited for when the service stops."""

LOGGING: Mapping[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {"_granian": {}, "granian.access": {}, "freehold": {"level": "INFO"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}


def serve(settings: Settings, *, allow_remote: bool = False) -> None:
    """Serve the API until SIGTERM or SIGINT.

    Args:
        settings: the service's configuration.
        allow_remote: whether other machines may reach it.

    Raises:
        CommandFailed, FreeholdError: it cannot start, or cannot go on.
    """
    endpoint = choose_endpoint(settings.bind_host, settings.bind_port, allow_remote=allow_remote)
    load_driver(settings.ipam_driver)
    database.prepare(settings)
    told = settings.metrics
    if told.enabled and told.port:
        # Whoever can reach it may read it, and the operator says who that is.
        choose_endpoint(told.host, told.port, allow_remote=True)
    _raise_file_limit()
    server = _make_server(settings, endpoint)
    server.on_startup(_heed_first_signal)
    server.on_startup(partial(print, _greeting(settings, endpoint), flush=True))
    try:
        with shared_folder() if told.enabled else nullcontext() as counts:
            server.serve(
                target_loader=partial(load_application, settings, os.getpid(), counts),
                wrap_loader=False,
            )
    except SystemExit as ended:
        # Workers that are told to stop together with this process, as supervisors do,
        # count as failed in granian's books.
        if not server.interrupt_signal:
            raise CommandFailed("The processes that serve requests failed repeatedly.") from ended


def _make_server(settings: Settings, endpoint: Endpoint) -> MPServer:
    return MPServer(
        "freehold",
        address=endpoint.host,
        port=endpoint.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.api_workers,
        blocking_threads=max(STALLED_REQUESTS, settings.api_threads),
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=dict(LOGGING),
    )


def _heed_first_signal() -> None:
    """Stop at the first signal, and ignore those that follow.

    granian's handler waits for itself forever if it is interrupted by another.
    """
    handler = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        for each in STOPPING:
            signal.signal(each, signal.SIG_IGN)
        if callable(handler):
            handler(number, frame)

    for each in STOPPING:
        signal.signal(each, stop)


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets us: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _greeting(settings: Settings, endpoint: Endpoint) -> str:
    return f"""\
Freehold {__version__} serves the Networking API at {endpoint.url}
Database: {database.shown(settings)}
There is no authentication: whoever reaches this address is an administrator.
Try: curl {endpoint.url}/v2.0/networks -H 'Content-Type: application/json' \
-d '{{"network": {{"name": "first"}}}}'"""
