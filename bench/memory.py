"""The memory of a process that allocates and releases for a long time: it must not grow.

A million allocations in one process, each released again, on a subnet half full.
The database is an SQLite file whose COMMIT does not wait for the disk, for the
sake of time alone.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import event

from bench.contenders.freehold import FreeholdDriver
from bench.layouts import Books, Order, filled
from freehold.db.database import Database
from freehold.db.schema import upgrade

ALLOCATIONS = 1_000_000
POINTS = 10
HELD_BACK = 1000
"""How many addresses the process holds at a time, of those that it allocated."""


def resident_bytes() -> int:
    """Return how much of this process is in the machine's memory (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell")


def growth(allocations: int = ALLOCATIONS) -> Iterator[tuple[int, int]]:
    """Yield at ten points how many allocations there were, and how many bytes are in use."""
    with TemporaryDirectory(prefix="freehold-bench-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'freehold.sqlite'}")
        event.listen(
            database.engine, "connect", lambda one, _: one.execute("PRAGMA synchronous = OFF")
        )
        upgrade(database)
        database.engine.dispose()
        driver = FreeholdDriver(database)
        layout = filled("10.0.0.0/16", 0.5, Order.RANDOM)
        driver.take_up(layout.cidr)
        driver.hold(Books(layout.pool, Random(0)).some_free(layout.held))
        held: list[int] = []
        for done in range(1, allocations + 1):
            held.append(driver.allocate(0))
            if len(held) > HELD_BACK:
                driver.release(held.pop(0))
            if done % max(1, allocations // POINTS) == 0:
                yield done, resident_bytes()
        database.dispose()
