"""Those who hand out addresses, behind one interface.

Each works on an SQLite file in WAL mode that syncs at each commit, and each
operation is a transaction of its own.
"""

import http.client
import json
import random
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Protocol

from freehold.addresses.encoding import to_bytes
from freehold.db.database import Database
from freehold.db.schema import upgrade
from freehold.ipam.driver import Driver, Surroundings, utc_now
from freehold.ipam.loader import load_driver
from freehold.ipam.requests import AnyAddressRequest, SpecificSubnetRequest
from freehold.ledger.tables import allocations

CIDR = IPv4Network("10.0.0.0/16")
START_SECONDS = 30


class Contender(Protocol):
    """One way to hand out an address of a /16.

    Attributes:
        name: the heading of its column.
        operations: how often it is measured at each fill.
    """

    name: str
    operations: int

    def fill(self, share: float) -> None:
        """Go on with a new /16, of which this share is held at random."""

    def once(self) -> None:
        """Hand out one address."""


def held_at_random(share: float) -> Sequence[Any]:
    """Return that share of what can be handed out of the /16, the same each time."""
    addresses = list(CIDR.hosts())[1:]
    return random.Random(0).sample(addresses, round(share * len(addresses)))


class RawInsert:
    """The least that any register has to do: one INSERT of a key, and COMMIT."""

    name = "INSERT + COMMIT"

    def __init__(self, file: Path, operations: int) -> None:
        self.operations = operations
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE raw (subnet TEXT, address BLOB, PRIMARY KEY (subnet, address)) "
            "WITHOUT ROWID"
        )
        self._subnet = ""

    def fill(self, share: float) -> None:
        """Go on with a new /16."""
        self._subnet = str(uuid.uuid4())
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO raw VALUES (?, ?)",
            [(self._subnet, to_bytes(address)) for address in held_at_random(share)],
        )
        self._connection.execute("COMMIT")

    def once(self) -> None:
        """Insert a row that is not there."""
        self._connection.execute("BEGIN IMMEDIATE")
        key = random.randbytes(16)
        self._connection.execute("INSERT INTO raw VALUES (?, ?)", (self._subnet, key))
        self._connection.execute("COMMIT")


class FreeholdDriver:
    """Freehold's reference driver, within a unit of work."""

    name = "Freehold's driver"

    def __init__(self, database: Database, operations: int) -> None:
        self.operations = operations
        self._database = database
        self._driver: Driver = load_driver("reference", Surroundings())
        self._subnet = ""

    def fill(self, share: float) -> None:
        """Go on with a new /16."""
        self._subnet = str(uuid.uuid4())
        request = SpecificSubnetRequest(subnet_id=self._subnet, cidr=CIDR)
        self._database.write(
            lambda unit: self._driver.open(unit.connection).allocate_subnet(request)
        )
        fill_ledger(self._database, self._subnet, share)

    def once(self) -> None:
        """Allocate any address."""
        request = AnyAddressRequest(holder=str(uuid.uuid4()))
        self._database.write(
            lambda unit: (
                self._driver.open(unit.connection).get_subnet(self._subnet).allocate(request)
            )
        )


class FreeholdService:
    """``POST /v2.0/ports``, over HTTP, to ``freehold serve``."""

    name = "Freehold's POST of a port"

    def __init__(self, database: Database, port: int, operations: int) -> None:
        self.operations = operations
        self._database = database
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        self._network = ""

    def fill(self, share: float) -> None:
        """Go on with a new /16, on a network of its own."""
        self._network = self._create("network", {})["id"]
        subnet = {"network_id": self._network, "ip_version": 4, "cidr": str(CIDR)}
        fill_ledger(self._database, self._create("subnet", subnet)["id"], share)

    def once(self) -> None:
        """Create a port."""
        self._create("port", {"network_id": self._network})

    def _create(self, kind: str, attributes: dict[str, object]) -> Any:
        self._connection.request(
            "POST",
            f"/v2.0/{kind}s",
            json.dumps({kind: attributes}),
            {"Content-Type": "application/json"},
        )
        response = self._connection.getresponse()
        body = response.read()
        if response.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"{response.status}: {body!r}")
        return json.loads(body)[kind]


def fill_ledger(database: Database, subnet_id: str, share: float) -> None:
    """Hold a share of a subnet's addresses, for nobody."""
    rows = [
        {"subnet_id": subnet_id, "address": to_bytes(address), "allocated_at": NOW}
        for address in held_at_random(share)
    ]
    if rows:
        database.write(lambda unit: unit.connection.execute(allocations.insert(), rows))


NOW = utc_now().replace(tzinfo=None)


def open_database(file: Path) -> Database:
    """Make a database of Freehold's in a new file."""
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    return database


@contextmanager
def running_service(file: Path) -> Iterator[int]:
    """Run ``freehold serve`` on a file; the value is its port."""
    command = Path(sys.executable).parent / "freehold"
    process = subprocess.Popen(
        [command, "serve", "--port", "0", "--database", f"sqlite:///{file}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None or not (greeting := process.stdout.readline()):
            raise RuntimeError("freehold serve did not start")
        port = int(greeting.rpartition(":")[2])
        _wait_for(port)
        yield port
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
