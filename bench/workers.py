"""Several processes that allocate from one subnet at once, and raw ones that insert.

Each worker has an engine and a driver of its own, as each worker of the service
has. Raw and Freehold take turns of a second or so, with the same workers. Raw
workers are told addresses of which no two are the same, so nothing but the
database holds them up; Freehold's have to find theirs.

Where there are several nodes, worker number n writes to node n modulo their count.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from random import Random
from statistics import median

from oslo_db.exception import DBDeadlock, DBError
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from bench.contenders.contender import Contender
from bench.contenders.freehold import FreeholdDriver, make_subnet
from bench.contenders.raw import RawRows
from bench.layouts import Books, Layout
from bench.results import Rate
from bench.rows import settle
from bench.servers import Place
from freehold.addresses.ranges import IPNetwork
from freehold.db.database import Database
from freehold.errors import FreeholdError

LEAD_SECONDS = 0.2
"""From the order to the start, so that all begin at one time."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker is told to do.

    Attributes:
        contender: index of the one whose turn it is.
        start: when, by the monotonic clock, which all processes share.
        seconds: how long.
        told: free addresses, for those who do not look.
    """

    contender: int
    start: float
    seconds: float
    told: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker did in its turn.

    Attributes:
        handed_out: addresses that are held now.
        failed: transactions that failed for another's sake, run again or not.
        seconds: how long it took.
    """

    handed_out: tuple[int, ...]
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many work, how long and how often.

    Attributes:
        sizes: numbers of workers.
        seconds: of one turn.
        turns: that count, of each contender; there is one before them.
    """

    sizes: Sequence[int]
    seconds: float
    turns: int


WHOLE = Crowd((1, 8, 32), 1.5, 3)
QUICK = Crowd((1, 2), 0.2, 1)


def throughput(place: Place, database: Database, layout: Layout, crowd: Crowd) -> Iterator[Rate]:
    """Measure crowds of workers, at one node and, where there are several, at all."""
    contenders = (RawRows(database), FreeholdDriver(database))
    books = []
    subnets = []
    for contender in contenders:
        subnets.append(make_subnet(database, layout.cidr))
        contender.use(subnets[-1], layout.cidr.version)
        books.append(Books(layout.pool, Random(0)))
        numbers = books[-1].some_free(layout.held)
        contender.hold(numbers)
        books[-1].add(numbers)
    settle(database.engine, [name for contender in contenders for name in contender.tables])
    for urls in [place.urls[:1], place.urls] if len(place.urls) > 1 else [place.urls]:
        with _workers(urls, subnets, layout.cidr, max(crowd.sizes)) as pipes:
            # One worker writes to one node, however many there are.
            for size in crowd.sizes if len(urls) == 1 else [one for one in crowd.sizes if one > 1]:
                yield from _one_crowd(place, len(urls), pipes[:size], contenders, books, crowd)


def _one_crowd(
    place: Place,
    writers: int,
    pipes: Sequence[Pipe],
    contenders: Sequence[Contender],
    books: Sequence[Books],
    crowd: Crowd,
) -> Iterator[Rate]:
    done: list[list[list[Done]]] = [[] for _ in contenders]
    for _ in range(1 + crowd.turns):
        for index, contender in enumerate(contenders):
            turns = _have_a_turn(pipes, index, books[index], crowd.seconds)
            done[index].append(turns)
            contender.free([number for turn in turns for number in turn.handed_out])
    for index, contender in enumerate(contenders):
        counted = done[index][1:]
        commits = sum(len(one.handed_out) for turn in counted for one in turn)
        failed = sum(one.failed for turn in counted for one in turn)
        yield Rate(
            database=place.name,
            workers=len(pipes),
            writers=min(writers, len(pipes)),
            contender=contender.name,
            per_second=median(
                sum(len(one.handed_out) / one.seconds for one in turn) for turn in counted
            ),
            failed=failed / max(1, commits + failed),
        )


def _have_a_turn(pipes: Sequence[Pipe], index: int, books: Books, seconds: float) -> list[Done]:
    told = books.every_free()
    start = time.monotonic() + LEAD_SECONDS
    for number, pipe in enumerate(pipes):
        pipe.send(Turn(index, start, seconds, tuple(told[number :: len(pipes)])))
    # A worker that fails closes its pipe, and EOFError comes of that.
    return [pipe.recv() for pipe in pipes]


@contextmanager
def _workers(
    urls: Sequence[str], subnets: Sequence[str], cidr: IPNetwork, count: int
) -> Iterator[Sequence[Pipe]]:
    """Run so many workers, and yield a pipe to each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ExitStack() as stack:
        pipes = []
        for number in range(count):
            ours, theirs = context.Pipe()
            arguments = (theirs, urls[number % len(urls)], subnets, cidr)
            process = context.Process(target=work, args=arguments, daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(ours.close)
            theirs.close()
            pipes.append(ours)
        yield pipes


def work(pipe: Pipe, url: str, subnets: Sequence[str], cidr: IPNetwork) -> None:
    """Be a worker, until the pipe is closed."""
    database = Database(url, pool_size=1)
    count_failures = _failure_counter(database.engine)
    raw, driver = RawRows(database), FreeholdDriver(database)
    for_raw, for_driver = subnets
    raw.use(for_raw, cidr.version)
    driver.use(for_driver, cidr.version)
    contenders: Sequence[Contender] = (raw, driver)
    while True:
        try:
            turn: Turn = pipe.recv()
        except EOFError:
            break
        pipe.send(_carry_out(turn, contenders[turn.contender], count_failures))
    database.dispose()


def _carry_out(turn: Turn, contender: Contender, count_failures: Callable[[], int]) -> Done:
    before = count_failures()
    refused = 0
    handed_out = []
    time.sleep(max(0.0, turn.start - time.monotonic()))
    begun = time.monotonic()
    end = begun + turn.seconds
    for free in turn.told:
        try:
            handed_out.append(contender.allocate(free))
        except (FreeholdError, DBError, DBAPIError) as error:
            # A deadlock is counted where it comes up, also if the unit was then run again.
            refused += not isinstance(error, DBDeadlock)
        if time.monotonic() > end:
            break
    return Done(tuple(handed_out), count_failures() - before + refused, time.monotonic() - begun)


def _failure_counter(engine: Engine) -> Callable[[], int]:
    """Count deadlocks, which certification failures look like, and return how to ask for it."""
    seen = 0

    @event.listens_for(engine, "handle_error")
    def note(context: ExceptionContext) -> None:
        nonlocal seen
        seen += isinstance(context.chained_exception, DBDeadlock)

    return lambda: seen
