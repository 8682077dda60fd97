"""Turns at writing to an SQLite file, for each process that waits, first come, first served.

The threads of a process queue among themselves (`freehold.db.deadline.Turn`), and the first
of them queues for the process, at a file (`freehold.db.tickets`). It looks at short, constant
intervals whether its turn has come: the kernel's own waiting for a lock knows of no deadline.

Invariant: a turn is a courtesy. SQLite's own lock alone keeps writers apart, so that
whatever fails here, or sleeps while it is its turn, makes writers compete at SQLite's
lock and do nothing wrong.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from freehold.db import deadline
from freehold.db.tickets import Tickets

PATIENCE_SECONDS = 2.0
"""How long a process waits for others before it writes without its turn having come."""

PAUSE_SECONDS = 0.0005


class ProcessTurn:
    """A lock between the writers of a file, in all processes and threads that use it.

    A thread waits for it no longer than it has time, and may take it again.

    Args:
        database: the SQLite file.
        patience_seconds: how long to wait for other processes before going on without.
    """

    def __init__(self, database: Path, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._database = database
        self._patience_seconds = patience_seconds
        self._threads = deadline.Turn()
        self._depth = 0
        self._tickets: Tickets | None = None
        self._number: int | None = None
        _all.add(self)

    def __enter__(self) -> None:
        """Wait for one's turn.

        Raises:
            RequestTimedOut: it has not come in time.
        """
        self._threads.__enter__()
        try:
            if self._depth == 0:
                self._wait()
        except BaseException:
            self._leave()
            self._threads.__exit__()
            raise
        self._depth += 1

    def __exit__(self, *_details: object) -> None:
        """Let the next one have its turn."""
        self._depth -= 1
        if self._depth == 0:
            self._leave()
        self._threads.__exit__()

    def forget(self) -> None:
        """Leave the line to the process from which this one was forked."""
        if self._tickets is not None:
            self._tickets.close()
        self._tickets = self._number = None

    def _wait(self) -> None:
        patience_ends = time.monotonic() + self._patience_seconds
        # Where there can be no line, SQLite's lock is all there is.
        with suppress(OSError):
            while not self._is_up() and time.monotonic() < patience_ends:
                deadline.check()
                time.sleep(PAUSE_SECONDS)

    def _is_up(self) -> bool:
        if self._tickets is None:
            self._tickets = Tickets(self._database)
        if self._number is None:
            try:
                self._number = self._tickets.draw()
            except BlockingIOError:
                return False
        return self._tickets.is_up(self._number)

    def _leave(self) -> None:
        if self._tickets is not None and self._number is not None:
            with suppress(OSError):
                self._tickets.give_back(self._number)
        self._number = None


_all: WeakSet[ProcessTurn] = WeakSet()


def _forget_all() -> None:
    for turn in _all:
        turn.forget()


# A child that kept the file open would keep its parent's place after the parent's end.
os.register_at_fork(after_in_child=_forget_all)
