"""The databases that are measured, on servers as somebody would run them.

The tests' starters start them, but here a COMMIT waits for the disk, as it does
by default, and the data fits into the caches. All of it is on this machine, and
ends with the process.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers import mariadb, postgresql

_POSTGRESQL = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "autovacuum": "on",
}
_MARIADB = {
    "innodb-flush-log-at-trx-commit": "1",
    "innodb-buffer-pool-size": "512M",
    "innodb-log-file-size": "512M",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A database to measure on.

    Attributes:
        name: what to call it in a table.
        urls: its SQLAlchemy URL, on each of its nodes.
    """

    name: str
    urls: tuple[str, ...]


@contextmanager
def _sqlite() -> Iterator[Place]:
    with TemporaryDirectory(prefix="freehold-bench-") as folder:
        yield Place("SQLite", (f"sqlite:///{Path(folder) / 'freehold.sqlite'}",))


@contextmanager
def _postgresql() -> Iterator[Place]:
    server = postgresql.start(_POSTGRESQL)
    try:
        yield Place("PostgreSQL", tuple(server.lasting_database()))
    finally:
        server.stop()


@contextmanager
def _mariadb(name: str, nodes: int) -> Iterator[Place]:
    servers = mariadb.start(nodes, _MARIADB)
    try:
        yield Place(name, tuple(servers.lasting_database()))
    finally:
        servers.stop()


KINDS: Sequence[str] = ("sqlite", "postgresql", "mariadb", "galera")
"""What can be asked for."""


@contextmanager
def running(kind: str) -> Iterator[Place]:
    """Start what a kind of database needs, yield an empty one, and end it all."""
    match kind:
        case "sqlite":
            place = _sqlite()
        case "postgresql":
            place = _postgresql()
        case "mariadb":
            place = _mariadb("MariaDB", 1)
        case "galera":
            place = _mariadb("Galera, three nodes", 3)
        case _:
            raise ValueError(f"no kind of database: {kind}")
    with place as opened:
        yield opened
