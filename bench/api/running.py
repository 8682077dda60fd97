"""Measuring the services on each kind of database, each in a process of its own."""

import multiprocessing
import os
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text

from bench import servers
from bench.api import scenarios
from bench.api.freehold import FreeholdApi
from bench.api.results import Timing

if TYPE_CHECKING:
    from bench.api.service import Service


def measure(kinds: Sequence[str], extent: scenarios.Extent) -> Iterator[Timing]:
    """Measure the services on these kinds of databases."""
    for kind in kinds:
        # Neutron cannot change its database in a process.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as process:
            yield from process.submit(_measure_one, kind, extent).result()


def _measure_one(kind: str, extent: scenarios.Extent) -> list[Timing]:
    # Tests go without Neutron, which is large.
    from bench.api.neutron import NeutronApi

    with ExitStack() as stack:
        place = stack.enter_context(servers.running(kind))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="freehold-bench-")))
        services: list[Service] = [
            stack.enter_context(closing(FreeholdApi(place.urls[0]))),
            stack.enter_context(closing(NeutronApi(_another(place.urls[0], folder), folder))),
        ]
        timings = []
        for one in scenarios.measure(_where(place), services, extent):
            timings.append(one)
            print(
                f"{one.request:50}{one.among:28}{one.service:16}{one.median_ms:12.1f} ms",
                flush=True,
            )
        return timings


def _where(place: servers.Place) -> scenarios.Where:
    today = datetime.now(UTC).date().isoformat()
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {today}."
    return scenarios.Where(place.name, machine)


def _another(url: str, folder: Path) -> str:
    """Make another empty database on the same server, and return its URL."""
    first = make_url(url)
    if first.get_backend_name() == "sqlite":
        return f"sqlite:///{folder / 'neutron.sqlite'}"
    engine = create_engine(first, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE neutron"))
    engine.dispose()
    return first.set(database="neutron").render_as_string(hide_password=False)
