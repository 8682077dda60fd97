"""A Neutron to compare answers with: the one from PyPI, with its ML2 plugin."""

import http.client
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.servers.process import HOST, Process, ServerFailed, free_ports, new_directory

PROGRAM = Path(__file__).with_name("neutron_process.py")

_HANDED_OUT = {"ml2_vlan_allocations", "ml2_vxlan_allocations"}


def begin(port: int, folder: Path, driver: str, url: str, *more: str) -> Process:
    """Begin to run a Neutron; see `tests.servers.neutron_process`."""
    return Process(
        [sys.executable, "-P", "-W", "ignore", PROGRAM, port, folder, driver, url, *more],
        user=None,
        log=folder / "log",
    )


def answers(port: int) -> bool:
    """Tell whether a Neutron answers by now."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Neutron:
    """A Neutron with an empty database, without authentication."""

    def __init__(self) -> None:
        self._folder = new_directory(None)
        [self.port] = free_ports(1)
        url = f"sqlite:///{self._folder / 'neutron.sqlite'}"
        self.process = begin(self.port, self._folder, "internal", url, "all")
        try:
            self.process.wait_until(lambda: answers(self.port))
        except ServerFailed:
            self.stop()
            raise
        # What Neutron fills when it starts: which numbers of networks it may hand out.
        self._filled = self._filled_tables()

    def empty(self) -> None:
        """Delete all that was created through the API, at once: one by one it takes minutes."""
        with closing(sqlite3.connect(self._folder / "neutron.sqlite")) as connection, connection:
            for table in self._tables(connection) - self._filled:
                connection.execute(f'DELETE FROM "{table}"')
            for table in self._filled & _HANDED_OUT:
                connection.execute(f'UPDATE "{table}" SET allocated = 0')

    def _tables(self, connection: sqlite3.Connection) -> set[str]:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in found}

    def _filled_tables(self) -> set[str]:
        with closing(sqlite3.connect(self._folder / "neutron.sqlite")) as connection:
            return {
                table
                for table in self._tables(connection)
                if connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone()
            }

    def stop(self) -> None:
        """End it, and forget its data."""
        self.process.stop(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


def start() -> Neutron:
    """Start a Neutron; once more if somebody took its port first.

    Without one nothing can be compared with it: then the test fails.
    """
    try:
        version("neutron")
    except PackageNotFoundError:
        pytest.fail("Neutron is not installed: run pip install '.[dev]', then the tests again.")
    try:
        return Neutron()
    except ServerFailed:
        pass
    try:
        return Neutron()
    except ServerFailed as error:
        return pytest.fail(f"No Neutron could be started, so nothing was compared with it: {error}")
