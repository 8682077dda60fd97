"""Connections to PostgreSQL.

Invariants of every connection: it answers within a time or counts as lost, also
if the server hangs in a way that its machine's kernel does not show; a lock and
a statement take less than that; a session that is idle within a transaction,
since its client is gone, does not hold its locks for ever.

Several servers in one URL, and the choice of the one that can be written to, are
libpq's own: ``...@/base?host=a:5432&host=b:5432&target_session_attrs=read-write``.
"""

from collections.abc import Callable, Generator
from time import monotonic
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine, event

ABANDONED_SECONDS = 60
"""How long a transaction may be without a statement before the server ends it."""


def make_engine(
    url: URL,
    *,
    answer_seconds: int,
    connect_seconds: int,
    statement_seconds: int | None = None,
    **options: Any,
) -> Engine:
    """Make an engine on one server, or on several of which one can be written to.

    Args:
        url: an SQLAlchemy URL for psycopg 3.
        answer_seconds: how long to wait for an answer.
        connect_seconds: how long to wait for a connection to one server.
        statement_seconds: how long a statement may take; most of the time for an
            answer by default.
        options: for SQLAlchemy's ``create_engine``.
    """
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    milliseconds = 1000 * answer_seconds
    statement = milliseconds * 5 // 6 if statement_seconds is None else 1000 * statement_seconds
    server_side = {
        "statement_timeout": statement,
        "lock_timeout": min(milliseconds * 2 // 3, statement * 5 // 6),
        "idle_in_transaction_session_timeout": 1000 * ABANDONED_SECONDS,
    }
    defaults: dict[str, Any] = {
        "connect_timeout": connect_seconds,
        "tcp_user_timeout": milliseconds,
        "keepalives_idle": answer_seconds,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "options": " ".join(f"-c {name}={value}" for name, value in server_side.items()),
    }
    given = {name: value for name, value in defaults.items() if name not in url.query}
    engine = create_engine(url, connect_args=given, **options)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Dialect, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
        return _timed_connection(answer_seconds).connect(*args, **parameters)

    return engine


def _timed_connection(seconds: float) -> Any:
    """Return psycopg's class of connections, with a limit to each wait for the server."""
    # Only who uses PostgreSQL has psycopg installed.
    import psycopg

    class TimedConnection(psycopg.Connection[Any]):
        def wait(self, gen: Generator[Any, Any, Any], *args: Any, **values: Any) -> Any:
            def give_up() -> None:
                self.pgconn.finish()
                raise psycopg.OperationalError(f"the server did not answer within {seconds} s")

            return super().wait(_limited(gen, seconds, give_up), *args, **values)

    return TimedConnection


def _limited(
    waiting: Generator[Any, Any, Any], seconds: float, give_up: Callable[[], None]
) -> Generator[Any, Any, Any]:
    """Do what a generator of psycopg's does, but call ``give_up`` when it takes too long.

    Such a generator yields what it waits for, and is sent what became ready; nothing
    at all if a tenth of a second has passed.
    """
    deadline = monotonic() + seconds
    try:
        wanted = next(waiting)
        while True:
            ready = yield wanted
            if not ready and monotonic() > deadline:
                waiting.close()
                give_up()
            wanted = waiting.send(ready)
    except StopIteration as end:
        return end.value
