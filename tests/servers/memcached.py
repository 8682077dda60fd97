"""memcached, in which keystonemiddleware keeps what Keystone said of tokens."""

import shutil
import signal
import socket
from contextlib import suppress

from tests.servers.process import (
    HOST,
    Process,
    ServerFailed,
    find,
    free_ports,
    new_directory,
    user_for_servers,
)


class Memcached:
    """A server with nothing in it."""

    def __init__(self) -> None:
        user = user_for_servers("memcache")
        self._folder = new_directory(user)
        [port] = free_ports(1)
        self.address = f"{HOST}:{port}"
        self._port = port
        command = [find("memcached"), "-l", HOST, "-p", port, "-U", "0", "-m", "8"]
        self.process = Process(command, user=user, log=self._folder / "log")
        try:
            self.process.wait_until(lambda: "pid" in self.statistics())
        except ServerFailed:
            self.stop()
            raise

    def statistics(self) -> dict[str, str]:
        """Return what it tells of itself; nothing if it does not answer."""
        text = ""
        with suppress(OSError), socket.create_connection((HOST, self._port), timeout=10) as one:
            one.sendall(b"stats\r\n")
            with one.makefile() as lines:
                for line in lines:
                    if line.startswith("END"):
                        break
                    text += line
        return {name: value for _stat, name, value in map(str.split, text.splitlines())}

    def stop(self) -> None:
        """End it."""
        self.process.stop(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


def start() -> Memcached:
    """Start one; once more if somebody took its port first."""
    try:
        return Memcached()
    except ServerFailed:
        return Memcached()
