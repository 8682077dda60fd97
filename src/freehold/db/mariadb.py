"""Connections to MariaDB, to MySQL, and to the nodes of a Galera cluster.

Invariants of every connection: it answers within a time or counts as lost; one that
is being made has less time for that; a lock is waited for less long, too; on a
Galera cluster a statement sees whatever was committed on any node before it
began (``wsrep_sync_wait``).

A node that lost the majority of its cluster, or is joining it, takes connections
and answers a ping. It is asked whether it is ready, and passed over if it is not. A server that
a connection could not be made to is tried after all others for a while: one that
hangs costs each attempt its time.
"""

from collections.abc import Callable, Sequence
from random import Random
from time import monotonic
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine, event

DEFAULT_PORT = 3306
AVOIDED_SECONDS = 30
"""How long a server is the last to be tried after a connection to it could not be made."""

EVERYTHING = 7
"""``wsrep_sync_wait``: reads, updates and inserts wait for the cluster."""


def make_engine(
    url: URL,
    *,
    answer_seconds: int,
    connect_seconds: int,
    statement_seconds: int | None = None,
    random: Random,
    **options: Any,
) -> Engine:
    """Make an engine on one server, or on several of which each can be written to.

    Args:
        url: may name several servers: ``...@/base?host=a:3306&host=b:3306``.
        answer_seconds: how long to wait for an answer.
        connect_seconds: how long to wait for a connection to one server.
        statement_seconds: how long a statement may take; as long as an answer by
            default.
        random: chooses the order in which the servers are tried, but for those
            that failed of late.
        options: for SQLAlchemy's ``create_engine``.
    """
    drivername = url.drivername.replace("mariadb", "mysql", 1)
    # oslo.db's filters know this dialect by one of its two names only.
    url = url.set(drivername="mysql+pymysql" if drivername == "mysql" else drivername)
    servers = _servers(url)
    timeouts: dict[str, Any] = {
        "connect_timeout": connect_seconds,
        "read_timeout": answer_seconds,
        "write_timeout": answer_seconds,
    }
    given = {name: value for name, value in timeouts.items() if name not in url.query}
    engine = create_engine(url.difference_update_query(["host"]), connect_args=given, **options)

    open_connection = _opening(engine.dialect)
    failed_at: dict[tuple[str, int], float] = {}

    def avoided(server: tuple[str, int]) -> bool:
        return monotonic() < failed_at.get(server, float("-inf")) + AVOIDED_SECONDS

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Dialect, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
        last: Exception | None = None
        for server in sorted(random.sample(servers, len(servers)), key=avoided):
            host, port = server
            try:
                connection = open_connection(*args, **{**parameters, "host": host, "port": port})
                _prepare(dialect.loaded_dbapi, connection, answer_seconds, statement_seconds)
            except dialect.loaded_dbapi.Error as error:
                failed_at[server] = monotonic()
                last = error
            else:
                return connection
        if last is None:
            raise RuntimeError("the URL names no server")
        raise last

    return engine


def _opening(dialect: Dialect) -> Callable[..., Any]:
    """Return what opens a connection, and waits for no greeting longer than to connect."""
    driver: Any = dialect.loaded_dbapi  # it has no types
    if dialect.driver != "pymysql":
        return driver.connect  # type: ignore[no-any-return]  # as above

    class TimedConnection(driver.Connection):  # type: ignore[misc]  # as above
        _read_timeout: float | None

        def connect(self, sock: Any = None) -> None:
            # PyMySQL takes the time to connect for that of TCP alone, and a server
            # that hangs still has a kernel that accepts connections.
            for_answers, self._read_timeout = self._read_timeout, self.connect_timeout
            try:
                super().connect(sock)
            finally:
                self._read_timeout = for_answers

    return TimedConnection


def _servers(url: URL) -> Sequence[tuple[str, int]]:
    """Return host and port of each server that a URL names."""
    named = url.query.get("host", ())
    if not named:
        return [(url.host or "localhost", url.port or DEFAULT_PORT)]
    return [_server(text) for text in ((named,) if isinstance(named, str) else named)]


def _server(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    return host.strip("[]"), int(port or DEFAULT_PORT)


def _prepare(
    driver: Any, connection: Any, answer_seconds: int, statement_seconds: int | None
) -> None:
    """Set a new connection up; refuse it, as lost, if its node cannot serve."""
    try:
        ready = _set_up(connection, answer_seconds, statement_seconds)
    except BaseException:
        connection.close()
        raise
    if not ready:
        connection.close()
        raise driver.OperationalError(2003, "the node is not ready")


def _set_up(connection: Any, answer_seconds: int, statement_seconds: int | None) -> bool:
    """Set a new connection up, and tell whether its server is ready for work."""
    lock_seconds = answer_seconds * 2 // 3
    if statement_seconds is not None:
        # A lock that is not granted in time is worth another attempt; a statement is not.
        lock_seconds = max(1, min(lock_seconds, statement_seconds * 5 // 6))
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION innodb_lock_wait_timeout = %s", (lock_seconds,))
        if "MariaDB" not in connection.get_server_info():
            return True
        if statement_seconds is not None:
            cursor.execute("SET SESSION max_statement_time = %s", (statement_seconds,))
        cursor.execute("SET SESSION wsrep_sync_wait = %s", (EVERYTHING,))
        # A server that is in no cluster has a state as well: Disconnected, and not ready.
        cursor.execute("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'")
        clustered = cursor.fetchone()
        cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")
        ready = cursor.fetchone()
    return not (clustered and clustered[1] == "ON") or bool(ready and ready[1] == "ON")
