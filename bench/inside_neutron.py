"""``make bench ARGS=--neutron``: Neutron with its driver ``internal``, and with ``freehold``.

Both have their turns in the same run, on the same database, in the same processes,
each with a subnet of its own that is alike. Times are of a whole transaction: the
driver's, with ``get_subnet`` and ``allocate``, or the plugin's ``create_port``.
"""

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median
from typing import Any

from bench import servers
from bench.neutron_worker import Done, Turn, Where, work

DRIVERS = ("internal", "freehold")
LEAD_SECONDS = 0.3
LONG = 3600.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        operations: of each driver, for each figure of one client.
        patience: how long these may take one driver, in seconds.
        usual: the subnet that is filled, and to what shares.
        large: a large subnet, and how many addresses are held in it.
        crowded: the subnet that workers share, how many they are, and for how long, in seconds.
        small: the subnet that workers fill to the last address, and how many they are.
    """

    operations: int
    patience: float
    usual: tuple[str, Sequence[float]]
    large: tuple[str, int]
    crowded: tuple[str, Sequence[int], float]
    small: tuple[str, int]


WHOLE = Extent(
    40,
    20.0,
    ("10.0.0.0/16", (0, 0.5, 0.9, 0.99)),
    ("2001:db8::/64", 60_000),
    ("10.16.0.0/20", (8, 16), 8.0),
    ("10.32.0.0/24", 8),
)
QUICK = Extent(
    4,
    1.0,
    ("10.0.0.0/22", (0, 0.9)),
    ("2001:db8::/64", 500),
    ("10.16.0.0/20", (2,), 1.0),
    ("10.32.0.0/28", 2),
)
"""Every path, and no figure that means much."""


def measure(kinds: Sequence[str], extent: Extent, tell: Callable[[str], None]) -> None:
    """Measure on these kinds of databases, and tell each figure as it is known."""
    for kind in kinds:
        if kind == "sqlite":
            continue  # Neutron's writers do not wait for each other there.
        with servers.running(kind) as place:
            tell(f"{place.name}")
            _one_client(place.urls, extent, tell)
            _crowds(place.urls, extent, tell)


def _one_client(urls: Sequence[str], extent: Extent, tell: Callable[[str], None]) -> None:
    with _workers(urls, 1) as pipes:
        tell(f"{'':14}{'held':>8}{'':13}{'internal, ms':>14}{'freehold, ms':>14}{'ratio':>8}")
        cidr, shares = extent.usual
        sizes = [(cidr, int(share * (ip_network(cidr).num_addresses - 3))) for share in shares]
        for where, held in [*sizes, extent.large]:
            subnets = {driver: _subnet(pipes[0], where, held) for driver in DRIVERS}
            _ask(pipes[0], "settle")
            for ports in (False, True):
                taken = _in_turns(pipes[0], subnets, ports, extent)
                internal, freehold = (1000 * median(taken[driver]) for driver in DRIVERS)
                what = "create_port" if ports else "allocate"
                tell(
                    f"{where:14}{held:>8,}  {what:11}{internal:>14.1f}{freehold:>14.1f}"
                    f"{internal / freehold:>8.1f}"
                )


def _in_turns(
    pipe: Pipe, subnets: dict[str, Where], ports: bool, extent: Extent
) -> dict[str, list[float]]:
    """Have each driver do one operation after the other; one that takes long does fewer."""
    taken: dict[str, list[float]] = {driver: [] for driver in DRIVERS}
    for turn in range(extent.operations + 1):
        for driver in DRIVERS:
            if sum(taken[driver]) > extent.patience:
                continue
            one = Turn(driver, subnets[driver], ports, 0, LONG, 1, keep=False)
            done: Done = _ask(pipe, "carry_out", one)
            if done.errors or done.full:
                raise RuntimeError(f"{driver}: {done}")
            if turn:  # the first one warms up
                taken[driver] += done.taken
    return taken


def _crowds(urls: Sequence[str], extent: Extent, tell: Callable[[str], None]) -> None:
    cidr, sizes, seconds = extent.crowded
    small, fillers = extent.small
    with _workers(urls, max(*sizes, fillers)) as pipes:
        for size in sizes:
            for driver in DRIVERS:
                where = _subnet(pipes[0], cidr, 0)
                # A first second is not counted: connections, caches.
                _together(pipes[:size], Turn(driver, where, False, 0, 1.0, 10**9, keep=True))
                turn = Turn(driver, where, False, 0, seconds, 10**9, keep=True)
                _tell_crowd(f"{cidr}, {size} workers, allocate", driver, pipes[:size], turn, tell)
        for driver in DRIVERS:
            where = _subnet(pipes[0], small, 0)
            turn = Turn(driver, where, True, 0, LONG, 10**9, keep=True)
            what = f"{small} to the last address, {fillers} workers, create_port"
            _tell_crowd(what, driver, pipes[:fillers], turn, tell)


def _tell_crowd(
    what: str, driver: str, pipes: Sequence[Pipe], turn: Turn, tell: Callable[[str], None]
) -> None:
    begun = time.monotonic()
    done = _together(pipes, turn)
    seconds = time.monotonic() - begun - LEAD_SECONDS
    taken = [one for some in done for one in some.taken]
    errors = sum((one.errors for one in done), Counter[str]())
    # One attempt each, but for those that ended a turn.
    retries = sum(one.attempts - len(one.taken) - one.full for one in done)
    told = ", ".join(f"{count} {name}" for name, count in errors.items()) or "no errors"
    tell(
        f"{what}: {driver}: {len(taken)} in {seconds:.1f} s, {len(taken) / seconds:.0f}/s, "
        f"slowest {max(taken, default=0):.2f} s, {retries} retries, {told}"
    )


def _together(pipes: Sequence[Pipe], turn: Turn) -> list[Done]:
    start = time.monotonic() + LEAD_SECONDS
    for pipe in pipes:
        one = Turn(turn.driver, turn.where, turn.ports, start, turn.seconds, turn.count, turn.keep)
        pipe.send(("carry_out", (one,)))
    return [pipe.recv() for pipe in pipes]


def _subnet(pipe: Pipe, cidr: str, held: int) -> Where:
    where: Where = _ask(pipe, "make", cidr)
    if held:
        _ask(pipe, "hold", where, cidr, held)
    return where


def _ask(pipe: Pipe, method: str, *arguments: object) -> Any:
    pipe.send((method, arguments))
    return pipe.recv()


@contextmanager
def _workers(urls: Sequence[str], count: int) -> Iterator[Sequence[Pipe]]:
    """Run so many workers, number n at node n modulo their count, and yield a pipe to each."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pipes = []
        for number in range(count):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="freehold-bench-"))
            ours, theirs = context.Pipe()
            url = urls[number % len(urls)]
            Path(folder).chmod(0o700)
            process = context.Process(target=work, args=(theirs, url, folder), daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(ours.close)
            theirs.close()
            pipes.append(ours)
            if number == 0:
                ours.recv()  # It makes the tables.
        for pipe in pipes[1:]:
            pipe.recv()
        yield pipes
