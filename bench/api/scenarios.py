"""What is measured of one database: lists, prefixes and bulk creations.

Both services are asked the same in turn, each as often as its patience allows,
and at least once. What a measured request has created is deleted again, untimed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from statistics import median
from urllib.parse import urlencode

from bench.api.crowd import POOL_PREFIX, PORTS_CIDR, TAG, CrowdPort, ports, prefixes
from bench.api.results import Timing
from bench.api.service import Service

PAGE = 100


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        ports: how many there are when lists are asked for.
        subnets: how many subnets a pool has, in turn.
        bulk: how many ports are created at once.
        operations: how often each is asked, at the most.
    """

    ports: int
    subnets: Sequence[int]
    bulk: int
    operations: int


WHOLE = Extent(ports=100_000, subnets=(10, 1_000, 100_000), bulk=1_000, operations=15)
QUICK = Extent(ports=500, subnets=(10, 100), bulk=20, operations=2)
"""Every path, and no figure that means much."""


@dataclass(frozen=True, slots=True)
class Where:
    """The database and the machine that something is measured on."""

    database: str
    machine: str


@dataclass(frozen=True, slots=True)
class _Question:
    """A request to one service.

    Attributes:
        ask: does it, and is timed; what it returns goes to ``check`` and ``undo``.
        undo: does away with what it made.
    """

    ask: Callable[[], object]
    undo: Callable[[object], None] = lambda _made: None


def measure(where: Where, services: Sequence[Service], extent: Extent) -> Iterator[Timing]:
    """Measure all that an extent says."""
    crowd = ports(extent.ports)
    for service in services:
        _fill(service, crowd)
    for request, query, expected in _lists(crowd):
        questions = [_list(service, query, expected) for service in services]
        yield from _timed(
            where, request, f"{extent.ports:,} ports", services, questions, extent.operations
        )
    for count in extent.subnets:
        questions = [_prefix(service, count) for service in services]
        among = f"{count:,} subnets of the pool"
        yield from _timed(
            where, "a /28 of a subnet pool", among, services, questions, extent.operations
        )
    questions = [_bulk(service, extent.bulk) for service in services]
    yield from _timed(
        where, f"{extent.bulk:,} ports at once", "an empty /16", services, questions, 3
    )


def _timed(
    where: Where,
    request: str,
    among: str,
    services: Sequence[Service],
    questions: Sequence[_Question],
    operations: int,
) -> Iterator[Timing]:
    seconds: list[list[float]] = [[] for _ in services]
    for _ in range(operations):
        for service, question, taken in zip(services, questions, seconds, strict=True):
            if sum(taken) < service.patience:
                begun = time.perf_counter()
                made = question.ask()
                taken.append(time.perf_counter() - begun)
                question.undo(made)
    for service, taken in zip(services, seconds, strict=True):
        figure = 1000 * median(taken)
        yield Timing(
            where.database, request, among, service.name, figure, len(taken), where.machine
        )


def _fill(service: Service, crowd: Sequence[CrowdPort]) -> None:
    network = service.client.create("network", name="crowd")["id"]
    subnet = service.client.create(
        "subnet", network_id=network, ip_version=4, cidr=str(PORTS_CIDR), enable_dhcp=False
    )
    service.put_ports(network, subnet["id"], crowd)


def _lists(crowd: Sequence[CrowdPort]) -> Iterator[tuple[str, dict[str, object], int]]:
    """Yield what lists are asked for, with which query, and how many ports they have."""
    in_order = sorted(crowd, key=lambda port: port.id)
    middle = in_order[len(in_order) // 2]
    page = {"limit": PAGE, "sort_key": "id", "sort_dir": "asc"}
    yield f"the first page of {PAGE} ports", page, PAGE
    yield "the page behind the middle one, by its marker", {**page, "marker": middle.id}, PAGE
    by_name = {**page, "sort_key": "name"}
    yield "the page behind the middle one, by name", {**by_name, "marker": middle.id}, PAGE
    yield "the port with an address", {"fixed_ips": f"ip_address={middle.address}"}, 1
    yield "the ports with a tag", {"tags": TAG}, sum(port.tagged for port in crowd)


def _list(service: Service, query: dict[str, object], expected: int) -> _Question:
    text = urlencode(query)

    def ask() -> None:
        found = len(service.client.get("ports", text)["ports"])
        if abs(found - expected) > expected // 4:
            raise RuntimeError(f"{service.name}: {found} ports for {text}, and not {expected}")

    return _Question(ask)


def _prefix(service: Service, count: int) -> _Question:
    client = service.client
    pool = client.create("subnetpool", name="pool", prefixes=[str(POOL_PREFIX)], min_prefixlen=8)[
        "id"
    ]
    crowd = client.create("network", name="crowd")["id"]
    service.put_subnets(crowd, pool, list(prefixes(count)))
    network = client.create("network", name="of the measured subnet")["id"]

    def ask() -> object:
        made = client.create(
            "subnet", network_id=network, ip_version=4, subnetpool_id=pool, prefixlen=28
        )
        if not POOL_PREFIX.overlaps(ip_network(made["cidr"])):
            raise RuntimeError(f"{service.name}: {made['cidr']} is not of the pool")
        return made["id"]

    return _Question(ask, lambda made: client.delete(f"subnets/{made}"))


def _bulk(service: Service, count: int) -> _Question:
    client = service.client

    def make_site() -> str:
        network = client.create("network", name="bulk")["id"]
        client.create("subnet", network_id=network, ip_version=4, cidr="10.0.0.0/16")
        return str(network)

    sites = [make_site() for _ in range(3)]

    def ask() -> None:
        network = sites.pop()
        drafts = [{"project_id": "p", "network_id": network}] * count
        made = client.post("ports", {"ports": drafts})["ports"]
        if len(made) != count:
            raise RuntimeError(f"{service.name}: {len(made)} ports, and not {count}")

    return _Question(ask)
