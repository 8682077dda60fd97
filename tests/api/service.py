"""The service under test: the real application on an SQLite database in memory."""

import falcon.testing
from falcon import App, Request, Response

from freehold.api.app import create_app
from freehold.config import Settings
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Surroundings

IN_MEMORY = Settings(database_url="sqlite://")

UNLIMITED = Settings(database_url="sqlite://", quota_network=-1, quota_subnet=-1, quota_port=-1)

PATHS = {
    "network": "networks",
    "subnet": "subnets",
    "port": "ports",
    "segment": "segments",
    "subnetpool": "subnetpools",
    "address_scope": "address-scopes",
    "rbac_policy": "rbac-policies",
}
"""The kinds of resources, and the path of all of each."""


def make_app(settings: Settings = IN_MEMORY) -> App[Request, Response]:
    """Make an application on an empty database."""
    return create_app(settings, driver=ReferenceDriver(Surroundings()))


def make_client(settings: Settings = IN_MEMORY) -> falcon.testing.TestClient:
    """Make a client of an application on an empty database."""
    return falcon.testing.TestClient(make_app(settings))
