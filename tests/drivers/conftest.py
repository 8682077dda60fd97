from collections.abc import Iterator

import pytest

from tests.conftest import OpenDatabase
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness
from tests.engines import IN_MEMORY, ledger_engines


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


@pytest.fixture(params=["memory", "sqlite", "postgresql", "mariadb", "galera"])
def threaded(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Harness]:
    """Each driver, on an empty ledger that several threads can use at once."""
    if request.param == "memory":
        yield MemoryHarness()
        return
    engine, *others = ledger_engines(open_database(request.param))
    yield SqlHarness(engine, None, *others)
    for one in (engine, *others):
        one.dispose()
