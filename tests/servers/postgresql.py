"""One PostgreSQL server.

``fsync`` is off unless settings say otherwise: what is tested is which
transactions commit, and not whether they outlive the machine.
"""

import secrets
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.servers.process import (
    HOST,
    NO_MORE,
    Process,
    ServerFailed,
    find,
    free_ports,
    new_directory,
    run,
    user_for_servers,
)

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "logging_collector": "off",
}
BINARIES = ("usr/lib/postgresql/*/bin/{}", "usr/pgsql-*/bin/{}")


class PostgreSQL:
    """A server, and how a test gets a database of its own on it.

    Args:
        more: settings beside those of the tests, or instead of them.
    """

    def __init__(self, more: Mapping[str, str]) -> None:
        user = user_for_servers("postgres")
        initdb, postgres = (
            find(name, *(pattern.format(name) for pattern in BINARIES))
            for name in ("initdb", "postgres")
        )
        self._folder = new_directory(user)
        data = self._folder / "data"
        where = ["-D", data, "-U", "freehold", "-A", "trust", "-E", "UTF8"]
        run([initdb, *where, "--locale=C.UTF-8", "-N"], user, self._folder)
        [self.port] = free_ports(1)
        wanted = {**SETTINGS, **more, "port": self.port}
        settings = [f"--{name}={value}" for name, value in wanted.items()]
        self.process = Process(
            [postgres, "-D", data, *settings], user=user, log=self._folder / "log"
        )
        self.process.wait_until(self._answers)
        self._admin = psycopg.connect(self._dsn, autocommit=True)

    @property
    def _dsn(self) -> str:
        return f"host={HOST} port={self.port} user=freehold dbname=postgres connect_timeout=5"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def database(self) -> Iterator[list[str]]:
        """Make an empty database, yield its URL, and drop it in the end."""
        name = self._create()
        try:
            yield self._urls(name)
        finally:
            self._admin.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def lasting_database(self) -> list[str]:
        """Make an empty database that goes with the server, and return its URL."""
        return self._urls(self._create())

    def _create(self) -> str:
        name = f"t{secrets.token_hex(6)}"
        self._admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def _urls(self, name: str) -> list[str]:
        return [f"postgresql+psycopg://freehold@{HOST}:{self.port}/{name}"]

    def stop(self) -> None:
        """End the server, and forget its data."""
        self._admin.close()
        self.process.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)


def start(more: Mapping[str, str] = NO_MORE) -> PostgreSQL:
    """Start a server, with more settings; once more if somebody took its port first."""
    try:
        return PostgreSQL(more)
    except ServerFailed:
        return PostgreSQL(more)
