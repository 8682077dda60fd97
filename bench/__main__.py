"""``make bench``: measure, and show tables."""

import argparse
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bench import hostile, memory, report, results, scenarios, servers, service, workers
from bench.doors import DOORS
from bench.layouts import Order, filled
from bench.results import Figure, Rate, Results, Run
from freehold.db.database import Database
from freehold.db.schema import upgrade

DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how much of it."""

    databases: Sequence[str]
    extent: scenarios.Extent
    crowd: workers.Crowd


def measure(plan: Plan) -> Results:
    """Measure what a plan says."""
    figures: list[Figure] = []
    rates: list[Rate] = []
    runs: list[Run] = []
    for kind in plan.databases:
        with servers.running(kind) as place:
            database = Database(place.urls[0])
            upgrade(database)
            runs.append(_run(place.name, _version(database)))
            _tell(f"Measuring {place.name} ...")
            figures += _by_one_client(place, database, plan.extent)
            layout = filled(plan.extent.usual, 0.5, Order.RANDOM)
            rates += workers.throughput(place, database, layout, plan.crowd)
            database.dispose()
    if "sqlite" in plan.databases:
        _tell("Measuring the service ...")
        figures += service.by_http(plan.extent)
        runs.append(_run(service.NAME, f"SQLite {sqlite3.sqlite_version}"))
    return Results(tuple(runs), tuple(figures), tuple(rates))


def _by_one_client(
    place: servers.Place, database: Database, extent: scenarios.Extent
) -> Iterator[Figure]:
    # It takes seconds to load, and what is measured without it does not have to wait.
    from bench.contenders.neutron import NeutronDriver

    with closing(NeutronDriver(place.urls[0], extent.patience)) as neutron:
        field = scenarios.Field(place, database, (neutron,))
        for figure in scenarios.by_one_client(field, extent):
            _tell(
                f"{figure.operation:9}{figure.cidr:>14}{figure.held:>10,} {figure.order:10}"
                f"{figure.contender:15}{figure.median_ms:10.3f} ms"
            )
            yield figure


def _run(database: str, version: str) -> Run:
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {version}"
    return Run(database=database, machine=machine, date=datetime.now(UTC).date().isoformat())


def _version(database: Database) -> str:
    if database.engine.dialect.name == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    with database.engine.connect() as connection:
        number = connection.execute(text("SELECT version()")).scalar_one()
    return f"MariaDB {number}" if "MariaDB" in number else " ".join(number.split()[:2])


def _tell(line: str) -> None:
    """Say how far it is, beside the tables."""
    print(line, file=sys.stderr, flush=True)


def _show(line: str) -> None:
    print(line, flush=True)


def write(measured: Results, folder: Path) -> None:
    """Write the page, the plot and what they are made of.

    What is there of databases that were not measured stays.
    """
    data = folder / "benchmarks.json"
    if data.exists():
        measured = results.renewed(results.from_json(data.read_text()), measured)
    # Nothing else needs matplotlib.
    from bench import plot

    data.write_text(results.to_json(measured))
    (folder / "benchmarks.md").write_text(report.page(measured))
    plot.draw(measured, folder / "benchmarks.svg")


def show_memory() -> None:
    """Print how much memory a process uses in the course of a million allocations."""
    print("allocations | resident memory, MB")
    for done, used in memory.growth():
        print(f"{done:>11,} | {used / 1e6:.1f}", flush=True)


def show_hostile(requests: int, modes: Sequence[str]) -> None:
    """Print how much memory the service uses in the course of good and hostile requests."""
    print("mode       | requests | resident memory, MB")
    for mode in modes:
        for done, used in hostile.growth(mode, requests):
            print(f"{mode:10} | {done:>8,} | {used / 1e6:.1f}", flush=True)


def show_lists(options: argparse.Namespace) -> None:
    """Print what the services' lists, prefixes and bulk creations cost, beside Neutron's."""
    from bench.api import page, running
    from bench.api.results import from_json, renewed, to_json
    from bench.api.scenarios import QUICK, WHOLE

    begun = time.monotonic()
    measured = list(running.measure(options.databases, QUICK if options.quick else WHOLE))
    _tell(f"That took {time.monotonic() - begun:.0f} s.")
    print(page.tables(measured))
    if options.write:
        data = DOCS / "benchmarks-api.json"
        if data.exists():
            measured = renewed(from_json(data.read_text()), measured)
        data.write_text(to_json(measured))
        (DOCS / "benchmarks-api.md").write_text(page.page(measured))


def plan_of(options: argparse.Namespace) -> Plan:
    """Return what the options ask for."""
    extent = scenarios.QUICK if options.quick else scenarios.WHOLE
    if options.operations is not None:
        extent = replace(extent, operations=options.operations)
    return Plan(options.databases, extent, workers.QUICK if options.quick else workers.WHOLE)


def parser() -> argparse.ArgumentParser:
    """Return what understands the options."""
    made = argparse.ArgumentParser(prog="make bench", description=__doc__)
    made.add_argument(
        "--databases",
        type=_kinds,
        default=tuple(servers.KINDS),
        metavar="NAME,NAME",
        help=f"which to measure, of {','.join(servers.KINDS)} (all)",
    )
    made.add_argument(
        "--operations",
        type=int,
        help=f"how many are timed for each figure ({scenarios.WHOLE.operations})",
    )
    made.add_argument("--quick", action="store_true", help="all paths, with few operations each")
    made.add_argument(
        "--lists",
        action="store_true",
        help="measure the services' lists, prefixes and bulk creations instead",
    )
    made.add_argument("--memory", action="store_true", help="measure a process's memory instead")
    made.add_argument(
        "--hostile",
        type=int,
        nargs="?",
        const=hostile.REQUESTS,
        metavar="REQUESTS",
        help="measure the service's memory under hostile requests instead, in each mode "
        f"({hostile.REQUESTS})",
    )
    made.add_argument(
        "--mode", choices=tuple(DOORS), help="with --hostile, in which mode only (in each)"
    )
    made.add_argument(
        "--neutron", action="store_true", help="measure Neutron with its driver and Freehold's"
    )
    made.add_argument(
        "--write", action="store_true", help="put tables, plot and data into docs/benchmarks.*"
    )
    made.add_argument(
        "--again", action="store_true", help="measure nothing: take docs/benchmarks.json"
    )
    return made


def _kinds(value: str) -> tuple[str, ...]:
    kinds = tuple(value.split(","))
    if unknown := set(kinds) - set(servers.KINDS):
        raise argparse.ArgumentTypeError(f"no such database: {', '.join(sorted(unknown))}")
    return kinds


def main() -> None:
    """Do what the options say."""
    options = parser().parse_args()
    if options.memory:
        show_memory()
        return
    if options.hostile is not None:
        show_hostile(options.hostile, [options.mode] if options.mode else list(DOORS))
        return
    if options.lists:
        show_lists(options)
        return
    if options.neutron:
        # Tests go without it: it needs all of Neutron.
        from bench import inside_neutron as inside

        extent = inside.QUICK if options.quick else inside.WHOLE
        inside.measure(options.databases, extent, _show)
        return
    if options.again:
        measured = results.from_json((DOCS / "benchmarks.json").read_text())
    else:
        begun = time.monotonic()
        measured = measure(plan_of(options))
        _tell(f"That took {time.monotonic() - begun:.0f} s.")
    print(report.tables(measured))
    if options.write:
        write(measured, DOCS)


if __name__ == "__main__":
    main()
