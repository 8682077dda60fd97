"""One worker: a process that allocates and releases at random until it is told to end, or killed.

It has a database of its own, prefers one of the servers, and opens its connections
anew every few seconds, so that it also meets servers that are down, hang, or
are on their way back.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from random import Random
from typing import Any

from oslo_db.exception import DBError
from sqlalchemy.exc import DBAPIError

from freehold.db.database import Database
from freehold.errors import DatabaseUnavailable, FreeholdError
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from soak import journal
from soak.journal import Journal, Kind, Operation, Outcome
from soak.register import SUBNETS, Register
from tests.servers.preferring import Preferring

RECONNECT_SECONDS = 3.0
HELD_AT_MOST = 30
"""Allocations of one worker; beyond that it gives back more often than it takes."""

BULK_AT_MOST = 8
WEIGHTS = {Kind.ANY: 6, Kind.NEXT: 2, Kind.SPECIFIC: 2, Kind.BULK: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a worker is told.

    Attributes:
        name: unique among all workers of a run.
        url: names all servers of the database.
        preferred: the position of the server that the worker tries first.
        seed: of its random choices.
        journal: the file that it writes.
        before: the journals of those whose work it goes on with.
        stop: the file whose appearance ends it.
        pause: how long it waits between two operations at most, in seconds.
    """

    name: str
    url: str
    preferred: int
    seed: str
    journal: Path
    before: tuple[Path, ...]
    stop: Path
    pause: float


def work(orders: Orders) -> None:
    """Be a worker."""
    parent = os.getppid()
    database = Database(orders.url, pool_size=1, random=Preferring(orders.preferred, orders.seed))
    with Journal(orders.journal) as written:
        worker = Worker(orders, Register(database), written)
        connected = time.monotonic()
        # Whoever started it may have been killed.
        while not orders.stop.exists() and os.getppid() == parent:
            worker.do_something()
            if time.monotonic() > connected + RECONNECT_SECONDS:
                database.dispose()
                connected = time.monotonic()
            time.sleep(worker.random.uniform(0, orders.pause))
    database.dispose()


class Worker:
    """What a worker knows: what it holds, and how it chooses.

    Attributes:
        random: the source of its choices.
    """

    def __init__(self, orders: Orders, register: Register, written: Journal) -> None:
        self.random = Random(orders.seed)
        self._name = orders.name
        self._register = register
        self._written = written
        self._number = 0
        done_before = [one for path in orders.before for one in journal.read(path)]
        self._held = journal.still_held(done_before)

    def do_something(self) -> None:
        """Allocate or release."""
        share = len(self._held) / HELD_AT_MOST
        if self._held and self.random.random() < min(0.9, 0.3 + 0.3 * share):
            self._release(self._held.pop(self.random.randrange(len(self._held))))
        else:
            self._allocate()

    def _allocate(self) -> None:
        [kind] = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        fought_for = kind in (Kind.NEXT, Kind.SPECIFIC)
        subnet_id = "narrow" if fought_for else self.random.choice(list(SUBNETS))
        count = self.random.randint(2, BULK_AT_MOST) if kind is Kind.BULK else 1
        operation = self._begin(kind, subnet_id, count)
        request = self._request(operation)
        ended = self._end(
            operation, lambda: self._register.allocate(operation.name, subnet_id, request)
        )
        if ended.outcome is Outcome.DONE:
            self._held.append(ended)

    def _request(self, operation: Operation) -> AddressRequest:
        holder = operation.name
        match operation.kind:
            case Kind.NEXT:
                return PreferNextAddressRequest(holder=holder)
            case Kind.BULK:
                return BulkAddressRequest(operation.count, holder=holder)
            case Kind.SPECIFIC:
                network = ip_network(SUBNETS[operation.subnet_id])
                offset = self.random.randint(1, network.num_addresses - 2)
                wanted = ip_address(int(network.network_address) + offset)
                return SpecificAddressRequest(wanted, holder=holder)
        return AnyAddressRequest(holder=holder)

    def _release(self, allocation: Operation) -> None:
        operation = self._begin(
            Kind.RELEASE,
            allocation.subnet_id,
            allocation.count,
            releases=allocation.name,
            addresses=allocation.addresses,
        )

        def release() -> tuple[str, ...]:
            self._register.release(operation.name, operation.subnet_id, operation.addresses)
            return operation.addresses

        self._end(operation, release)

    def _begin(self, kind: Kind, subnet_id: str, count: int, **values: Any) -> Operation:
        self._number += 1
        operation = Operation(
            name=f"{self._name}-{self._number}",
            kind=kind,
            subnet_id=subnet_id,
            count=count,
            begun=time.monotonic(),
            **values,
        )
        self._written.begin(operation)
        return operation

    def _end(self, operation: Operation, do: Callable[[], tuple[str, ...]]) -> Operation:
        """Do an operation, and write down what was told of it."""
        before = self._register.runs
        addresses, outcome, error = operation.addresses, Outcome.UNKNOWN, None
        try:
            addresses, outcome = do(), Outcome.DONE
        except (DatabaseUnavailable, DBError, DBAPIError) as failed:
            error = type(failed).__name__
        except FreeholdError as refused:
            outcome, error = Outcome.REFUSED, type(refused).__name__
        ended = replace(
            operation,
            ended=time.monotonic(),
            outcome=outcome,
            error=error,
            addresses=addresses,
            runs=self._register.runs - before,
        )
        self._written.end(ended)
        return ended
