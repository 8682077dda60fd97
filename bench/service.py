"""A port by HTTP: what a client of the whole service waits for, beside the driver alone.

On SQLite only: what is added to the driver does not depend on the database.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from bench.contenders.freehold import FreeholdDriver
from bench.contenders.raw import RawRows
from bench.layouts import Order, filled
from bench.measuring import Operation, Room, measure
from bench.results import Figure
from bench.rows import Rows
from bench.scenarios import Extent, figures_of
from bench.servers import Place, running
from freehold.addresses.ranges import IPNetwork
from freehold.db.database import Database
from freehold.db.schema import upgrade
from freehold.ledger.tables import allocations

NAME = "The service, on SQLite"
START_SECONDS = 30


class FreeholdService:
    """``POST`` and ``DELETE`` of ports, to ``freehold serve``.

    Args:
        database: the service's.
        port: where it listens.
    """

    name = "Freehold's API"
    looks = True
    refusals: tuple[type[Exception], ...] = ()
    tables: tuple[str, ...] = (allocations.name,)
    patience = 10.0

    def __init__(self, database: Database, port: int) -> None:
        self._rows = Rows(database.engine, allocations, 4)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        self._network = ""
        self._subnet = ""
        self._ports: dict[int, str] = {}

    def take_up(self, cidr: IPNetwork) -> None:
        """Go on with a new subnet, on a network of its own."""
        self._ports.clear()
        self._network = self._create("network", {})["id"]
        subnet = {"network_id": self._network, "ip_version": 4, "cidr": str(cidr)}
        self._subnet = self._create("subnet", subnet)["id"]

    def restart(self) -> None:
        """Do nothing: the service goes on."""

    def hold(self, numbers: Sequence[int]) -> None:
        """Hold addresses by no service."""
        self._rows.hold(self._subnet, numbers)

    def free(self, numbers: Sequence[int]) -> None:
        """Delete the ports that have the addresses, or their rows if none has."""
        self._rows.free(self._subnet, [one for one in numbers if one not in self._ports])
        for number in numbers:
            if number in self._ports:
                self.release(number)

    def allocate(self, free: int) -> int:
        """Create a port."""
        del free
        port = self._create("port", {"network_id": self._network})
        number = int(ip_address(port["fixed_ips"][0]["ip_address"]))
        self._ports[number] = port["id"]
        return number

    def take_next(self, free: int) -> int:
        """Fail: the API has no such request."""
        raise NotImplementedError

    def take(self, number: int) -> None:
        """Create a port with this address."""
        wanted = [{"subnet_id": self._subnet, "ip_address": str(ip_address(number))}]
        port = self._create("port", {"network_id": self._network, "fixed_ips": wanted})
        self._ports[number] = port["id"]

    def release(self, number: int) -> None:
        """Delete the port that has the address."""
        self._request("DELETE", f"/v2.0/ports/{self._ports.pop(number)}", "")

    def bulk(self, free: Sequence[int]) -> Sequence[int]:
        """Create as many ports as these addresses."""
        return [self.allocate(number) for number in free]

    def _create(self, kind: str, attributes: dict[str, object]) -> Any:
        return json.loads(self._request("POST", f"/v2.0/{kind}s", json.dumps({kind: attributes})))[
            kind
        ]

    def _request(self, method: str, path: str, body: str) -> bytes:
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status not in (http.HTTPStatus.CREATED, http.HTTPStatus.NO_CONTENT):
            raise RuntimeError(f"{response.status}: {answer!r}")
        return answer


def by_http(extent: Extent) -> Iterator[Figure]:
    """Measure a port's creation at each fill but the full one."""
    with running("sqlite") as place:
        database = Database(place.urls[0])
        upgrade(database)
        with running_service(place.urls[0]) as running_one:
            service = FreeholdService(database, running_one.port)
            empty = filled(extent.usual, 0, Order.RANDOM)
            rooms = [
                Room(one, empty) for one in (RawRows(database), FreeholdDriver(database), service)
            ]
            for share in extent.fills:
                if share < 1:
                    layout = filled(extent.usual, share, Order.RANDOM)
                    for room in rooms:
                        room.lay_out(layout)
                    timed = measure(rooms, Operation.ALLOCATE, extent.operations)
                    yield from figures_of(Place(NAME, place.urls), Operation.ALLOCATE, share, timed)
        database.dispose()


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs.

    Attributes:
        pid: the process that was started.
        port: where it listens.
    """

    pid: int
    port: int

    def workers(self) -> list[int]:
        """Return the processes that serve requests (Linux)."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@contextmanager
def running_service(url: str, *words: str) -> Iterator[Running]:
    """Run ``freehold serve`` on a database, with what else it is told."""
    command = Path(sys.executable).parent / "freehold"
    process = subprocess.Popen(
        [command, "serve", "--port", "0", "--database", url, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a line for each request
        text=True,
    )
    try:
        if process.stdout is None or not (greeting := process.stdout.readline()):
            raise RuntimeError("freehold serve did not start")
        port = int(greeting.rpartition(":")[2])
        _wait_for(port)
        yield Running(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/")
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
