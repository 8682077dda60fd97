from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import OpenLedger
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness
from tests.engines import IN_MEMORY, file_url, ledger_engine

SERVERS = ["postgresql", "mariadb", "galera"]


@pytest.fixture(params=["memory", "sqlite-memory", *SERVERS])
def harness(request: pytest.FixtureRequest, open_ledger: OpenLedger) -> Iterator[Harness]:
    """Each driver, on an empty ledger; the reference driver on each database."""
    yield from _harness(request.param, IN_MEMORY, open_ledger)


@pytest.fixture(params=["memory", "sqlite-file", *SERVERS])
def threaded(
    request: pytest.FixtureRequest, open_ledger: OpenLedger, tmp_path: Path
) -> Iterator[Harness]:
    """Each driver, on an empty ledger that several threads can use at once."""
    yield from _harness(request.param, file_url(tmp_path), open_ledger)


def _harness(kind: str, sqlite_url: str, open_ledger: OpenLedger) -> Iterator[Harness]:
    if kind == "memory":
        yield MemoryHarness()
    elif kind in SERVERS:
        engine, *others = open_ledger(kind)
        yield SqlHarness(engine, None, *others)
    else:
        engine = ledger_engine(sqlite_url)
        yield SqlHarness(engine)
        engine.dispose()
