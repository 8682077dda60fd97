"""What the tests of the backend have in common."""

from collections.abc import Iterator

import pytest

from tests.backends import Premises


@pytest.fixture
def premises() -> Iterator[Premises]:
    made = Premises()
    yield made
    made.database.dispose()
