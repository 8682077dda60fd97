"""Cutting off clients that keep a connection and do not get on with it.

The server gives a client a time for its headers and none for a body, and a client that
takes nothing of its answer can do so for ever; each keeps a thread or memory meanwhile. The
kernel knows what came and went on each connection of this process, so it is asked now and
then. It is also told to give up a connection whose client takes nothing.

Invariant: a client is never cut off that may still be waiting for an answer. Whatever a
request needs to arrive and to be answered has a limit; only who has sent something and
got no answer for longer than all of them together is cut off.
"""

import logging
import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

from freehold.config.times import TimeLimits

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
"""How long it is from one look to the next."""

_TCP_INFO_BYTES = 136
_ACKNOWLEDGED_AND_RECEIVED = struct.Struct("=120xQQ")
"""``tcpi_bytes_acked`` and ``tcpi_bytes_received``: source: linux/tcp.h, ``struct tcp_info``."""

_LISTENS = 10
"""``TCP_LISTEN``: source: include/net/tcp_states.h."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a connection has come.

    Attributes:
        taken: how many bytes the client has taken.
        sent: how many bytes the client has sent.
        waiting_since: when it began a request, or connected, and has not been answered;
            None if it was answered and has sent nothing since.
    """

    taken: int
    sent: int
    waiting_since: float | None


def progress(before: Progress | None, taken: int, sent: int, now: float) -> Progress:
    """Return how far a connection has come by now.

    Args:
        before: the same when it was looked at the last time; None if it is new.
        taken: how many bytes the client has taken by now.
        sent: how many bytes the client has sent by now.
        now: the time, in seconds.
    """
    if before is None:
        return Progress(taken, sent, now)
    if taken > before.taken:
        # Whether what it sent meanwhile came before the answer cannot be told.
        return Progress(taken, sent, now if sent > before.sent else None)
    if sent > before.sent and before.waiting_since is None:
        return Progress(taken, sent, now)
    return Progress(taken, sent, before.waiting_since)


def longest_wait(times: TimeLimits) -> float:
    """Return how many seconds can pass from a request's first byte to its answer's."""
    return times.client_socket_timeout + times.request_timeout + times.answer_seconds


@dataclass
class Watch:
    """The connections of this process to one port of its own, and how far each has come.

    Attributes:
        port: the TCP port that this process listens on.
        limit: how long a client may have waited, in seconds.
        silence: how long a client may take nothing of what is sent to it, in seconds.
    """

    port: int
    limit: float
    silence: float
    _known: Mapping[int, Progress] = field(default_factory=dict)

    def sweep(self, now: float) -> int:
        """Look at each connection; cut off those that are overdue, and return how many."""
        seen: dict[int, Progress] = {}
        cut = 0
        for inode, connection in _sockets():
            with closing(connection), suppress(OSError):
                if inode not in self._known:
                    if not _is_client(connection, self.port):
                        continue
                    connection.setsockopt(
                        socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * self.silence)
                    )
                before = self._known.get(inode)
                seen[inode] = after = progress(before, *_counters(connection), now)
                since = after.waiting_since
                if since is not None and now - since > self.limit:
                    _cut_off(connection, for_good=now - since > self.limit + 2 * EVERY_SECONDS)
                    cut += 1
        self._known = seen
        return cut


def begin(port: int, times: TimeLimits, stopping: Event) -> None:
    """Have a thread of this process watch its connections until the process stops."""
    watch = Watch(port, longest_wait(times), times.client_socket_timeout)

    def keep_watch() -> None:
        while not stopping.wait(EVERY_SECONDS):
            if cut := watch.sweep(monotonic()):
                log.warning("Cut off %d clients that did not get on with their requests", cut)

    Thread(target=keep_watch, name="connections", daemon=True).start()


def _sockets() -> Iterator[tuple[int, socket.socket]]:
    """Yield each open socket of this process, as a copy that stays what it is, by its inode.

    No copy of a file is ever closed: with it the process would lose all locks that it has on
    the file (source: POSIX, ``fcntl``), and SQLite's database would be damaged by others.
    """
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # it is done each second
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            copy = os.dup(int(name))
        except OSError:
            continue  # closed meanwhile
        status = os.fstat(copy)
        # If it is none any more, its number has become a file's meanwhile: it stays open.
        if stat.S_ISSOCK(status.st_mode):
            yield status.st_ino, socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, copy)


def _is_client(connection: socket.socket, port: int) -> bool:
    """Tell whether somebody has connected to our port with it; databases are other ports."""
    name = connection.getsockname()
    if not isinstance(name, tuple) or name[1] != port:
        return False
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _LISTENS


def _counters(connection: socket.socket) -> tuple[int, int]:
    """Return how many bytes the other side has taken, and how many it has sent."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    taken, sent = _ACKNOWLEDGED_AND_RECEIVED.unpack(told)
    return taken, sent


def _cut_off(connection: socket.socket, *, for_good: bool) -> None:
    """Have the server take it for ended by the client; it may still answer that."""
    connection.shutdown(socket.SHUT_RDWR if for_good else socket.SHUT_RD)
