"""A listener of its own for Prometheus and for probes, without credentials.

It is no part of the API: nothing can be done there, and what is told has neither names nor
addresses in it. Each process that serves requests listens there as well, and any of them tells
what all have counted.

Invariants: a client that stalls is cut off after a while, and there is room for a few at
a time; more are turned away.
"""

import socket
from contextlib import suppress
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread, Timer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from freehold.api.observability import Observability
from freehold.config import Settings

ROOM = 16
"""How many are answered at a time."""

STALLED_SECONDS = 5
"""How long a client may send or take nothing."""

LONGEST_SECONDS = 20
"""How long a client may take for a request and its answer, however busy it is."""


class _Handler(WSGIRequestHandler):
    timeout = STALLED_SECONDS

    def log_message(self, *_said: object) -> None:
        """Write no line: scrapes and probes come all the time."""


class _Server(ThreadingMixIn, WSGIServer):
    allow_reuse_port = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._room = BoundedSemaphore(ROOM)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind, without asking the domain name system for a name of the address."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, if there is room for one."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room."""
        limit = Timer(LONGEST_SECONDS, _cut_off, [request])
        limit.daemon = True
        limit.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            limit.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write no traceback about a client that went away."""


def _cut_off(request: socket.socket) -> None:
    # It may have come to its end just now.
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def listening_to_prometheus(settings: Settings, observability: Observability) -> None:
    """Have a thread of this process answer on the listener, if one is configured."""
    told = settings.metrics
    if not (told.enabled and told.port):
        return
    server = _Server(told.host, told.port)
    server.set_app(observability.app())
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
