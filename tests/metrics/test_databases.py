"""What is told of databases of each kind: how full all is, up, hung, of another schema."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from time import monotonic

import falcon.testing
import pytest
from sqlalchemy import text

from freehold.addresses.ranges import AddressRange
from freehold.api.backends import open_backend
from freehold.api.observability import Observability
from freehold.config import Settings
from freehold.config.health import HealthSettings
from freehold.db import schema
from freehold.db.database import Database
from freehold.db.state import Galera, look
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Surroundings
from freehold.ipam.requests import AnyAddressRequest, SpecificAddressRequest, SpecificSubnetRequest
from freehold.ipam.strategy import Strategy
from freehold.ledger.filling import SubnetFilling, read_filling
from tests.conftest import OpenDatabase, OpenLedger
from tests.engines import ledger_engine, writing
from tests.metrics.scraping import value

IMPATIENT = HealthSettings(database_timeout=0.5)
PATIENT = HealthSettings(database_timeout=10.0)


def watching(
    url: str, health: HealthSettings = PATIENT, watched: str | None = None
) -> falcon.testing.TestClient:
    """Return a client of the listener for Prometheus, of a service on a database.

    Args:
        url: the database's.
        health: how long it may take.
        watched: another one that is watched in its stead.
    """
    backend = open_backend(Settings(database_url=url))
    settings = Settings(database_url=watched or url, health=health)
    return falcon.testing.TestClient(Observability(settings, backend).app())


def pool(first: str, last: str) -> AddressRange:
    return AddressRange.parse(first, last)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_what_is_held_and_what_rests_is_counted_in_the_pools_only(
    request: pytest.FixtureRequest, kind: str
) -> None:
    if kind == "sqlite":
        engine = ledger_engine()
    else:
        open_ledger: OpenLedger = request.getfixturevalue("open_ledger")
        [engine] = open_ledger(kind)
    driver = ReferenceDriver(Surroundings())
    with writing(engine) as connection:
        subnets = driver.open(connection)
        subnets.allocate_subnet(
            SpecificSubnetRequest(
                subnet_id="two-pools",
                project_id="p",
                cidr=ip_network("192.0.2.0/24"),
                gateway_ip=ip_address("192.0.2.1"),
                allocation_pools=(
                    pool("192.0.2.10", "192.0.2.19"),
                    pool("192.0.2.100", "192.0.2.104"),
                ),
                strategy=Strategy.LEAST_RECENTLY_RELEASED,
            )
        )
        subnets.allocate_subnet(
            SpecificSubnetRequest(subnet_id="v6", project_id="p", cidr=ip_network("2001:db8::/64"))
        )
        subnets.allocate_subnet(
            SpecificSubnetRequest(
                subnet_id="no-pool",
                project_id="p",
                cidr=ip_network("198.51.100.0/24"),
                allocation_pools=(),
            )
        )
        two = subnets.get_subnet("two-pools")
        given = [two.allocate(AnyAddressRequest()) for _ in range(4)]
        two.allocate(SpecificAddressRequest(ip_address("192.0.2.1")))
        two.allocate(SpecificAddressRequest(ip_address("192.0.2.200")))
        two.deallocate(given[0])
        subnets.get_subnet("v6").allocate(AnyAddressRequest())

    with engine.connect() as connection:
        assert read_filling(connection) == [
            SubnetFilling("two-pools", 4, total=15, held=3, resting=1),
            SubnetFilling("v6", 6, total=2**64 - 1, held=1, resting=0),
        ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_that_is_well_is_told_to_be(open_database: OpenDatabase, kind: str) -> None:
    [url] = open_database(kind)
    database = Database(url)
    schema.upgrade(database)
    database.dispose()
    client = watching(url)
    ready = client.simulate_get("/healthcheck")
    told = client.simulate_get("/metrics").text
    assert ready.status_code == 200
    assert ready.text.split("\n")[:2] == ["database: answers", f"schema: {schema.needed()}"]
    assert value(told, "freehold_database_up") == 1
    assert value(told, "freehold_database_schema_current") == 1
    assert 0 < value(told, "freehold_database_ping_seconds") < 10


@pytest.mark.parametrize(
    ("kind", "node"), [("mariadb", None), ("galera", Galera("Synced", 3, True, True))]
)
def test_a_node_of_a_galera_cluster_is_told_to_be_one(
    open_database: OpenDatabase, kind: str, node: Galera | None
) -> None:
    database = Database(open_database(kind)[0])
    state = database.read(look)
    database.dispose()
    assert (state.galera, state.revision) == (node, None)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_that_hangs_is_told_in_time(
    request: pytest.FixtureRequest, open_database: OpenDatabase, kind: str, tmp_path: Path
) -> None:
    # Its schema is none: whether it answers is told all the same.
    client = watching(f"sqlite:///{tmp_path / 'f.sqlite'}", IMPATIENT, open_database(kind)[0])

    def is_up() -> bool:
        return value(client.simulate_get("/metrics").text, "freehold_database_up") == 1

    begun = monotonic()
    while not is_up():
        assert monotonic() - begun < 60
    server = request.getfixturevalue(kind)
    process = server.nodes[0].process if kind == "mariadb" else server.process
    with process.hung():
        begun = monotonic()
        while is_up():
            assert monotonic() - begun < 20
        assert client.simulate_get("/healthcheck").status_code == 503
        assert client.simulate_get("/healthcheck/live").status_code == 200
    while not is_up():
        assert monotonic() - begun < 60


def test_a_schema_of_another_version_makes_a_service_unready(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'f.sqlite'}"
    client = watching(url)
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.simulate_get("/healthcheck", headers={"Accept": "application/json"})
    told = client.simulate_get("/metrics").text
    database.dispose()
    assert answer.status_code == 503
    assert f"schema: 0001 instead of {schema.needed()}" in answer.json["reasons"]
    assert value(told, "freehold_database_schema_current") == 0
    assert value(told, "freehold_database_up") == 1


def test_an_operator_takes_a_service_out_of_its_turn_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "out-of-service"
    health = HealthSettings(database_timeout=10.0, disable_by_file_path=str(file))
    client = watching("sqlite://", health)
    assert client.simulate_get("/healthcheck").status_code == 200
    file.touch()
    answer = client.simulate_get("/healthcheck")
    assert (answer.status_code, "DISABLED BY FILE" in answer.text) == (503, True)
    assert client.simulate_get("/healthcheck/live").status_code == 200
    file.unlink()
    assert client.simulate_get("/healthcheck").status_code == 200
