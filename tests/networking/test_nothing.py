"""To create none of something is done at once, and is no error."""

import pytest

from tests.backends import Premises

SERVICES = (
    "address_scopes",
    "networks",
    "ports",
    "rbac_policies",
    "segments",
    "subnet_pools",
    "subnets",
)


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_created(name: str) -> None:
    premises = Premises()
    service = getattr(premises.backend, name)
    assert list(service.create([])) == []
    premises.database.dispose()
