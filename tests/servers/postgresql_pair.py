"""A PostgreSQL primary and its hot standby, either of which can become the other.

Which one is the primary is decided here alone: `PostgreSQLPair.promote` makes the
standby the primary, and the server that was it has to be ended before (it is
fenced), or both would accept writes.
"""

import secrets
import shutil
import signal
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from tests.servers.postgresql import BINARIES, SETTINGS
from tests.servers.process import (
    HOST,
    Process,
    ServerFailed,
    find,
    free_ports,
    new_directory,
    run,
    user_for_servers,
)

PAIR_SETTINGS = {
    **SETTINGS,
    "wal_level": "replica",
    "max_wal_senders": "8",
    "wal_keep_size": "256MB",
    "hot_standby": "on",
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",
}

Synchronous = Literal["off", "on", "remote_apply"]


class Member:
    """One of the two servers; made without a process.

    Args:
        folder: where it lives.
        user: whom it runs as.
    """

    def __init__(self, folder: Path, user: str | None, port: int) -> None:
        self.port = port
        self.data = folder / "data"
        self._folder = folder
        self._user = user
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        if self._process is None:
            raise ServerFailed("It was not started.")
        return self._process

    def start(self) -> None:
        """Start it on the data that it has, and wait until it answers."""
        [postgres] = _binaries("postgres")
        settings = {**PAIR_SETTINGS, "port": str(self.port)}
        self._process = Process(
            [postgres, "-D", self.data, *(f"--{name}={one}" for name, one in settings.items())],
            user=self._user,
            log=self._folder / "log",
        )
        self._process.wait_until(self._answers)

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.stop(signal.SIGKILL)

    def shut_down(self) -> None:
        """Have it end its sessions, and end in good order."""
        self.process.stop(signal.SIGINT)

    def stop(self) -> None:
        """End it, if it runs; nothing of what it has will be read again."""
        if self._process is not None:
            self._process.stop(signal.SIGQUIT)

    def ask(self, *statements: str | sql.Composed) -> list[tuple[object, ...]]:
        """Run statements as the administrator, and return what the last one found."""
        found: list[tuple[object, ...]] = []
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                query = statement.encode() if isinstance(statement, str) else statement
                cursor = connection.execute(query)
                found = cursor.fetchall() if cursor.description else []
        return found

    @property
    def dsn(self) -> str:
        return f"host={HOST} port={self.port} user=freehold dbname=postgres connect_timeout=5"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn).close()
        except psycopg.OperationalError:
            return False
        return True


class PostgreSQLPair:
    """A primary and a standby.

    Args:
        synchronous: whether a COMMIT is answered only after the standby has it
            (``on``), or shows it to readers as well (``remote_apply``).
    """

    def __init__(self, synchronous: Synchronous) -> None:
        self._user = user_for_servers("postgres")
        self._folder = new_directory(self._user)
        self._synchronous = synchronous
        folders = [self._folder / str(number) for number in range(2)]
        for folder in folders:
            run(["mkdir", "-p", "-m", "700", folder / "data"], self._user, self._folder)
        self.primary, self.standby = (
            Member(folder, self._user, port)
            for folder, port in zip(folders, free_ports(2), strict=True)
        )
        try:
            self._make_primary()
            self.rejoin()
        except BaseException:
            self.stop()
            raise

    def _make_primary(self) -> None:
        [initdb] = _binaries("initdb")
        where = ["-D", self.primary.data, "-U", "freehold", "-A", "trust", "-E", "UTF8"]
        run([initdb, *where, "--locale=C.UTF-8", "-N"], self._user, self._folder)
        self.primary.start()

    def promote(self) -> None:
        """Make the standby the primary; the server that was it has to be ended already.

        Nothing is synchronous until `rejoin`, as there is nobody to wait for.
        """
        self.standby.ask(
            "ALTER SYSTEM RESET synchronous_standby_names",
            "SELECT pg_reload_conf()",
            "SELECT pg_promote(true, 60)",
        )
        self.primary, self.standby = self.standby, self.primary

    def rejoin(self) -> None:
        """Make the server that is not the primary a standby, of a fresh copy of the primary."""
        self.standby.stop()
        [backup] = _binaries("pg_basebackup")
        data = self.standby.data
        # The folder itself stays: by it a server knows what a killed one left in the kernel.
        run(["find", data, "-mindepth", "1", "-delete"], self._user, self._folder)
        source = ["-h", HOST, "-p", self.primary.port, "-U", "freehold"]
        run(
            [backup, "-D", data, *source, "-R", "-X", "stream", "-c", "fast"],
            self._user,
            self._folder,
        )
        self.standby.start()
        self.standby.process.wait_until(self._streams)
        if self._synchronous != "off":
            self.primary.ask(
                f"ALTER SYSTEM SET synchronous_commit = '{self._synchronous}'",
                "ALTER SYSTEM SET synchronous_standby_names = '*'",
                "SELECT pg_reload_conf()",
            )
            self.standby.process.wait_until(self._is_synchronous)

    def _streams(self) -> bool:
        return self.primary.ask("SELECT state FROM pg_stat_replication") == [("streaming",)]

    def _is_synchronous(self) -> bool:
        return self.primary.ask("SELECT sync_state FROM pg_stat_replication") == [("sync",)]

    def wait_until_level(self) -> None:
        """Wait until the standby shows all that was committed before."""
        [(position,)] = self.primary.ask("SELECT pg_current_wal_lsn()::text")
        shown = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
        self.standby.process.wait_until(lambda: self.standby.ask(shown) == [(True,)])

    def lasting_database(self) -> tuple[str, list[str]]:
        """Make an empty database that goes with the servers.

        Returns:
            The URL that names both and leads to the primary, and one for each server.
        """
        name = f"t{secrets.token_hex(6)}"
        self.primary.ask(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        members = sorted((self.primary, self.standby), key=lambda member: member.data)
        hosts = "&".join(f"host={HOST}:{member.port}" for member in members)
        both = f"postgresql+psycopg://freehold@/{name}?{hosts}&target_session_attrs=read-write"
        return both, [
            f"postgresql+psycopg://freehold@{HOST}:{member.port}/{name}" for member in members
        ]

    def stop(self) -> None:
        """End both, and forget their data."""
        self.standby.stop()
        self.primary.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _binaries(*names: str) -> list[Path]:
    return [find(name, *(pattern.format(name) for pattern in BINARIES)) for name in names]


def start(synchronous: Synchronous = "on") -> PostgreSQLPair:
    """Start a pair; once more if somebody took a port first."""
    try:
        return PostgreSQLPair(synchronous)
    except ServerFailed:
        return PostgreSQLPair(synchronous)
