"""``kill -9`` in the middle of a storm of creates and deletes.

What the service had said before it was killed has to hold afterwards; what it
was in the middle of has happened as a whole or not at all.
"""

import http.client
import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.service import Client, Service

CLIENTS = 12
ANSWERS_BEFORE_KILL = 150
ANSWER_LIMIT = 10_000
"""Far beyond what is reached before the kill; it ends a storm that nothing ends."""

Addresses = frozenset[tuple[str, str]]


class Tally:
    """Counts the answers of all clients, and says when there are enough to kill."""

    def __init__(self) -> None:
        self.enough = Event()
        self._lock = Lock()
        self._count = 0

    def add(self) -> None:
        """Count an answer."""
        with self._lock:
            self._count += 1
            if self._count == ANSWERS_BEFORE_KILL:
                self.enough.set()


@dataclass
class Record:
    """What one client was told.

    Attributes:
        held: the addresses of each port that it was told exists.
        gone: the ports that it was told are gone.
        uncertain: the port whose deletion it did not hear the end of.
        odd: answers that nothing explains.
        cut_off: whether the server went away in the middle of it.
    """

    held: dict[str, Addresses] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)
    odd: list[object] = field(default_factory=list)
    cut_off: bool = False


@pytest.fixture
def service(start: Start) -> Service:
    """A server with two workers."""
    return start("--workers", "2")


@pytest.mark.parametrize("only_parent", [False, True], ids=["whole-group", "parent-only"])
def test_a_killed_server_kept_its_word(service: Service, only_parent: bool) -> None:
    network_id = make_network(service.client())
    known = Record()
    for seed in range(3):
        for record in storm(service, network_id, seed, only_parent):
            assert record.odd == []
            assert record.cut_off
            known.held |= record.held
            known.gone |= record.gone
            known.uncertain |= record.uncertain
        service.start()
        check_file(service)
        check_ports(service.client(), known)


def make_network(client: Client) -> str:
    """Make a network on which each port gets two addresses; return its id."""
    network_id = str(client.create("network")["id"])
    client.create("subnet", network_id=network_id, ip_version=4, cidr="10.0.0.0/20")
    client.create(
        "subnet",
        network_id=network_id,
        ip_version=6,
        cidr="2001:db8::/64",
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )
    return network_id


def storm(service: Service, network_id: str, seed: int, only_parent: bool) -> list[Record]:
    """Create and delete with all clients until the server is killed under them."""
    tally = Tally()
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients: list[Future[Record]] = [
            pool.submit(create_and_delete, service, network_id, random.Random(f"{seed}/{n}"), tally)
            for n in range(CLIENTS)
        ]
        reached = tally.enough.wait(60)
        service.kill(only_parent=only_parent)
    assert reached, "The clients got too few answers."
    return [client.result() for client in clients]


def create_and_delete(
    service: Service, network_id: str, chance: random.Random, tally: Tally
) -> Record:
    """Be one client, and remember what it was told."""
    record = Record()
    client = service.client()
    for _ in range(ANSWER_LIMIT):
        doomed = chance.choice(sorted(record.held)) if record.held else None
        try:
            if doomed is None or chance.random() < 0.6:
                create_port(client, network_id, record)
            else:
                delete_port(client, doomed, record)
        except (OSError, http.client.HTTPException):
            record.cut_off = True
            break
        tally.add()
    client.close()
    return record


def create_port(client: Client, network_id: str, record: Record) -> None:
    """Create a port, and remember its addresses."""
    answer = client.call("POST", "/v2.0/ports", {"port": {"network_id": network_id}})
    if answer.status == 201:
        record.held[answer.body["port"]["id"]] = addresses(answer.body["port"])
    else:
        record.odd.append(answer)


def delete_port(client: Client, port_id: str, record: Record) -> None:
    """Delete a port, and remember that it is gone, or may be."""
    del record.held[port_id]
    record.uncertain.add(port_id)
    answer = client.call("DELETE", f"/v2.0/ports/{port_id}")
    if answer.status == 204:
        record.uncertain.remove(port_id)
        record.gone.add(port_id)
    else:
        record.odd.append(answer)


def addresses(port: dict[str, Any]) -> Addresses:
    """Return the addresses of a port."""
    return frozenset((entry["subnet_id"], entry["ip_address"]) for entry in port["fixed_ips"])


def check_ports(client: Client, known: Record) -> None:
    """Check that what clients were told is what the service shows."""
    shown = {port["id"]: addresses(port) for port in client.list("port")}
    assert {port_id: shown.get(port_id) for port_id in known.held} == known.held
    assert shown.keys() & known.gone == set()
    assert [port_id for port_id, found in shown.items() if len(found) != 2] == []
    everything = [address for found in shown.values() for address in found]
    assert len(everything) == len(set(everything))


def check_file(service: Service) -> None:
    """Check that the ledger and the ports agree, row by row, in the file itself."""
    with closing(sqlite3.connect(service.file)) as connection:
        assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
        assert list(connection.execute("PRAGMA foreign_key_check")) == []
        allocated = set(rows(connection, "SELECT subnet_id, address, holder FROM allocations"))
        fixed = set(rows(connection, "SELECT subnet_id, address, port_id FROM fixed_ips"))
        assert allocated == fixed
        assert len({(subnet_id, address) for subnet_id, address, _ in fixed}) == len(fixed)
        ports = {port_id for (port_id,) in rows(connection, "SELECT id FROM ports")}
        assert {port_id for *_, port_id in fixed} == ports
        assert len(fixed) == 2 * len(ports)


def rows(connection: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """Return what a query finds."""
    yield from connection.execute(query)
