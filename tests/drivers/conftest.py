from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.harness import Harness, MemoryHarness, SqlHarness
from tests.engines import file_url, ledger_engine


@pytest.fixture(params=["reference", "memory"])
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """Each driver, on an empty ledger."""
    if request.param == "memory":
        yield MemoryHarness()
        return
    engine = ledger_engine()
    yield SqlHarness(engine)
    engine.dispose()


@pytest.fixture(params=["reference", "memory"])
def threaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    """Each driver, on an empty ledger that several threads can use at once."""
    if request.param == "memory":
        yield MemoryHarness()
        return
    engine = ledger_engine(file_url(tmp_path))
    yield SqlHarness(engine)
    engine.dispose()
