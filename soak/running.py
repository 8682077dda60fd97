"""One run: workers at work, disturbances one after the other, and the comparison at the end."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from freehold.db.database import Database
from soak import journal, report
from soak.checking import Verdict, check
from soak.journal import Operation
from soak.register import holdings, prepare
from soak.report import Figures, Phase
from soak.stages import Disturbance, Stage
from soak.worker import Orders, work

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

CALM = "nothing"
WORKER_KILLED = "a worker is killed"
START_SECONDS = 60.0
END_SECONDS = 90.0
"""How long a worker may take to end: its operation may be tried again for half a minute."""

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["soak.worker"])


class SoakFailed(Exception):
    """The run itself went wrong, so that it says nothing about the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a run goes.

    Attributes:
        workers: how many processes.
        calm: how long nothing is done to the database between two disturbances, in seconds.
        seconds: how long to go on; each disturbance happens once in any case.
        seed: of the workers' choices and the order of the disturbances.
        pause: how long a worker waits between two operations at most, in seconds.
        only: the names of the disturbances that happen; all of the stage's if there are none.
    """

    workers: int = 6
    calm: float = 3.0
    seconds: float = 0.0
    seed: int = 1
    pause: float = 0.01
    only: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found.

    Attributes:
        seen: what callers saw, by the name of the disturbance.
        verdicts: what each server holds in the end, against what was told.
    """

    seen: Mapping[str, Figures]
    verdicts: Mapping[str, Verdict]


def soak(stage: Stage, settings: Settings, tell: Callable[[str], None]) -> Result:
    """Run workers on a database, disturb it, and compare.

    Raises:
        SoakFailed: a worker ended by itself.
        ServerFailed: a server did not come back.
    """
    with TemporaryDirectory(prefix="freehold-soak-") as folder, _database(stage.url) as database:
        prepare(database)
        database.dispose()
        crew = Crew(stage.url, settings, Path(folder))
        try:
            phases = list(_phases(stage, crew, settings, tell))
        finally:
            crew.end()
        operations = crew.operations()
        stage.settle()
        seen = report.figures(phases, operations)
        return Result(seen, {_host(url): _verdict(url, operations) for url in stage.each})


def _phases(
    stage: Stage, crew: "Crew", settings: Settings, tell: Callable[[str], None]
) -> Iterator[Phase]:
    """Do one thing after the other; yield each when it is over."""
    random = Random(settings.seed)
    crew.start()
    stop_at = time.monotonic() + settings.seconds
    disturbances = [*stage.disturbances, Disturbance(WORKER_KILLED, crew.replace_one)]
    if settings.only:
        disturbances = [one for one in disturbances if one.name in settings.only]
    while True:
        for disturbance in random.sample(disturbances, len(disturbances)):
            for name, happen in ((CALM, _nothing), (disturbance.name, disturbance.happen)):
                begun = time.monotonic()
                tell(name)
                happen()
                time.sleep(settings.calm)
                yield Phase(name, begun, time.monotonic())
        if time.monotonic() > stop_at:
            return


def _nothing() -> None:
    """Leave the database in peace."""


@contextmanager
def _database(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def _verdict(url: str, operations: Sequence[Operation]) -> Verdict:
    with _database(url) as database:
        return check(operations, holdings(database))


def _host(url: str) -> str:
    parsed = make_url(url)
    return f"{parsed.host}:{parsed.port}" if parsed.host else "the file"


class Crew:
    """The workers of a run, whoever of them is alive."""

    def __init__(self, url: str, settings: Settings, folder: Path) -> None:
        self._url = url
        self._settings = settings
        self._folder = folder
        self._stop = folder / "stop"
        self._random = Random(settings.seed)
        self._journals: list[list[Path]] = [[] for _ in range(settings.workers)]
        self._alive: dict[int, BaseProcess] = {}

    def start(self) -> None:
        """Start all workers, and wait until each has done something."""
        for position in range(self._settings.workers):
            self._start_one(position)
        deadline = time.monotonic() + START_SECONDS
        while not all(journal.read(paths[-1]) for paths in self._journals):
            self._see_that_all_live()
            if time.monotonic() > deadline:
                raise SoakFailed("the workers did not begin")
            time.sleep(0.1)

    def _start_one(self, position: int) -> None:
        before = self._journals[position]
        name = f"{position}.{len(before)}"
        orders = Orders(
            name=name,
            url=self._url,
            preferred=position,
            seed=f"{self._settings.seed}/{name}",
            journal=self._folder / name,
            before=tuple(before),
            stop=self._stop,
            pause=self._settings.pause,
        )
        before.append(orders.journal)
        # As a daemon it does not outlive this process.
        process = _processes.Process(target=work, args=(orders,), daemon=True)
        process.start()
        self._alive[position] = process

    def replace_one(self) -> None:
        """Kill a worker in the middle of whatever it does, and have another go on."""
        self._see_that_all_live()
        position = self._random.randrange(self._settings.workers)
        self._alive[position].kill()
        self._alive[position].join()
        self._start_one(position)

    def _see_that_all_live(self) -> None:
        for position, process in self._alive.items():
            if not process.is_alive():
                raise SoakFailed(f"worker {position} ended with {process.exitcode}")

    def end(self) -> None:
        """Tell all to end, and wait until they did."""
        self._stop.touch()
        deadline = time.monotonic() + END_SECONDS
        for process in self._alive.values():
            process.join(max(0.0, deadline - time.monotonic()))
        for position, process in self._alive.items():
            hangs = process.is_alive()
            process.kill()
            process.join()
            if hangs or process.exitcode:
                raise SoakFailed(f"worker {position} {'hung' if hangs else 'failed'} at the end")

    def operations(self) -> list[Operation]:
        """Return all that all workers did."""
        return [one for paths in self._journals for path in paths for one in journal.read(path)]
