"""``make bench``: measure, and show a table."""

import argparse
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.contenders import (
    Contender,
    FreeholdDriver,
    FreeholdService,
    RawInsert,
    open_database,
    running_service,
)
from bench.neutron import NeutronDriver

FILLS = (0.0, 0.5, 0.9, 0.99)
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
INTRODUCTION = """\
# What an address costs

The time that one address of a /16 takes, by the share of it that is held (at random), and how many
times that of a bare one-row `INSERT` and `COMMIT` it is. Milliseconds, medians, one operation of
each contender in turn, one client, on SQLite (WAL, synced at each commit). Made by
`make bench ARGS=--write`; only the ratios mean something on another machine.
"""


def measure(contenders: Sequence[Contender], share: float) -> Mapping[str, float]:
    """Return each contender's median time at one fill, in milliseconds."""
    for contender in contenders:
        contender.fill(share)
        contender.once()
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for turn in range(max(contender.operations for contender in contenders)):
        for contender in contenders:
            if turn < contender.operations:
                begun = time.perf_counter()
                contender.once()
                times[contender.name].append(time.perf_counter() - begun)
    return {name: 1000 * statistics.median(taken) for name, taken in times.items()}


def render(measured: Mapping[float, Mapping[str, float]]) -> str:
    """Make a table of what was measured; the first contender is the measure of the others."""
    raw, *others = next(iter(measured.values()))
    headings = ["held", raw, *others]
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for share, taken in measured.items():
        cells = [f"{share:.0%}", f"{taken[raw]:.2f}"]
        cells += [f"{taken[name]:.2f} ({taken[name] / taken[raw]:.1f}x)" for name in others]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure all contenders."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--operations", type=int, default=200, help="at each fill (200)")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "freehold.sqlite"
        with ExitStack() as stack:
            database = open_database(file)
            stack.callback(database.dispose)
            port = stack.enter_context(running_service(file))
            contenders = (
                RawInsert(file, options.operations),
                FreeholdDriver(database, options.operations),
                FreeholdService(database, port, options.operations),
                NeutronDriver(Path(folder) / "neutron.sqlite", max(3, options.operations // 40)),
            )
            table = render({share: measure(contenders, share) for share in FILLS})
    machine = (
        f"{os.cpu_count()} processors, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
    print(f"{table}\n\n{machine}")
    if options.write:
        PAGE.write_text(f"{INTRODUCTION}\n{table}\n\n{machine}\n")


if __name__ == "__main__":
    main()
