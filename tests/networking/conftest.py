"""What the tests of the backend have in common."""

from collections.abc import Iterator

import pytest

from tests.backends import IN_MEMORY, Premises
from tests.conftest import OpenDatabase


@pytest.fixture(params=["sqlite-memory", "postgresql", "mariadb"])
def premises(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Premises]:
    """A backend on an empty database of each kind."""
    in_memory = request.param == "sqlite-memory"
    [url] = [IN_MEMORY] if in_memory else open_database(request.param)
    made = Premises(url)
    yield made
    made.database.dispose()
