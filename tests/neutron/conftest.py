from collections.abc import Iterator

import pytest

from tests.conftest import OpenDatabase
from tests.neutron.cloud import Cloud

SERVERS = ["postgresql", "mariadb"]


@pytest.fixture(params=["sqlite", *SERVERS])
def cloud(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Cloud]:
    """Neutron's tables on each database, empty."""
    yield from _cloud(open_database, request.param)


@pytest.fixture(params=SERVERS)
def server_cloud(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Cloud]:
    """The same, where transactions run side by side."""
    yield from _cloud(open_database, request.param)


@pytest.fixture(scope="module")
def file_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Neutron's tables in an SQLite file, for all tests of a module."""
    folder = tmp_path_factory.mktemp("neutron")
    made = Cloud(f"sqlite:///{folder / 'neutron.sqlite'}")
    yield made
    made.close()


def _cloud(open_database: OpenDatabase, kind: str) -> Iterator[Cloud]:
    made = Cloud(open_database(kind)[0])
    yield made
    made.close()
