from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import OpenDatabase
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness
from tests.engines import IN_MEMORY, file_url, ledger_engine, ledger_engines


@pytest.fixture(params=["memory", "sqlite-memory", "postgresql", "mariadb", "galera"])
def harness(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Harness]:
    """Each driver, on an empty ledger; the reference driver on each database."""
    if request.param == "memory":
        yield MemoryHarness()
        return
    in_memory = request.param == "sqlite-memory"
    urls = [IN_MEMORY] if in_memory else open_database(request.param)
    engine, *others = ledger_engines(urls)
    yield SqlHarness(engine, None, *others)
    for one in (engine, *others):
        one.dispose()


@pytest.fixture(params=["reference", "memory"])
def threaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    """Each driver, on an empty ledger that several threads can use at once."""
    if request.param == "memory":
        yield MemoryHarness()
        return
    engine = ledger_engine(file_url(tmp_path))
    yield SqlHarness(engine)
    engine.dispose()
