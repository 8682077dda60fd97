"""What keeps units of work apart on databases with several writers.

SQLite has one writer, so that here another unit's work is put between two
statements of a unit, in its own transaction: it sees what it would see if the
other had committed just then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from sqlalchemy import Connection, Executable, delete, event, insert, select, update

from freehold.addresses.encoding import to_bytes
from freehold.db.tables import (
    fixed_ips,
    network_guards,
    networks,
    ports,
    subnetpool_gaps,
    subnets,
)
from freehold.errors import PortNotFound
from freehold.networking.values import (
    FixedIPRequest,
    Network,
    PortChange,
    Subnet,
    SubnetChange,
)
from tests.backends import Premises, addresses, pools

Interference = Callable[[Connection], object]


@contextmanager
def before(premises: Premises, beginning: str, interfere: Interference) -> Iterator[list[str]]:
    """Interfere once, before the first statement that begins so; list all statements."""
    seen: list[str] = []
    done = interfering = False

    def watch(
        connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _executemany: bool,
    ) -> None:
        nonlocal done, interfering
        if interfering:
            return
        seen.append(statement)
        if statement.startswith(beginning) and not done:
            done = interfering = True
            interfere(connection)
            interfering = False

    event.listen(premises.database.engine, "before_cursor_execute", watch)
    try:
        yield seen
    finally:
        event.remove(premises.database.engine, "before_cursor_execute", watch)
    assert done, f"no statement began with {beginning}"


def run(statement: Executable) -> Interference:
    return lambda connection: connection.execute(statement)


def generation(premises: Premises, network: Network) -> int:
    statement = select(network_guards.c.generation).where(network_guards.c.network_id == network.id)
    with premises.database.engine.connect() as connection:
        value: int = connection.execute(statement).scalar_one()
    return value


def first_two_verbs(statements: list[str]) -> list[str]:
    work = [text for text in statements if not text.startswith(("BEGIN", "PRAGMA"))]
    return [statement.split("(")[0].split(" SET")[0].strip() for statement in work[:2]]


def test_each_change_of_a_networks_set_of_subnets_moves_its_guard(premises: Premises) -> None:
    network = premises.network()
    assert generation(premises, network) == 1
    subnet = premises.subnet(network, "10.0.0.0/24")
    assert generation(premises, network) == 2
    port = premises.port(network)
    premises.backend.ports.delete(port.id)
    assert generation(premises, network) == 2, "ports do not wait for one another"
    premises.backend.subnets.delete(subnet.id)
    assert generation(premises, network) == 3


def test_the_guard_is_moved_before_the_subnets_are_read(premises: Premises) -> None:
    network = premises.network()
    with before(premises, "UPDATE network_guards", lambda _: None) as statements:
        premises.subnet(network, "10.0.0.0/24")
    assert first_two_verbs(statements)[0] == "UPDATE network_guards"
    assert first_two_verbs(statements)[1].startswith("SELECT networks.id")


@pytest.fixture
def network(premises: Premises) -> Network:
    return premises.network()


@pytest.fixture
def subnet(premises: Premises, network: Network) -> Subnet:
    return premises.subnet(network, "10.0.0.0/24")


def test_a_port_that_another_unit_has_changed_is_read_again(
    premises: Premises, network: Network, subnet: Subnet
) -> None:
    port = premises.port(network, "10.0.0.5")
    other = run(update(ports).values(revision=ports.c.revision + 1))
    with before(premises, "UPDATE ports", other) as statements:
        changed = premises.backend.ports.update(
            port.id, PortChange(fixed_ips=(FixedIPRequest(ip_address=ip_address("10.0.0.6")),))
        )
    assert sum(text.startswith("UPDATE ports SET") for text in statements) == 2
    assert addresses(changed) == ["10.0.0.6"]
    assert changed.record.revision == port.record.revision + 1
    assert premises.backend.ports.get(port.id) == changed


def test_a_port_that_another_unit_has_changed_is_not_deleted_as_it_was(
    premises: Premises, network: Network, subnet: Subnet
) -> None:
    port = premises.port(network)
    other = run(update(ports).values(revision=ports.c.revision + 1))
    with before(premises, "DELETE FROM ports", other) as statements:
        premises.backend.ports.delete(port.id)
    assert sum(statement.startswith("DELETE FROM ports") for statement in statements) == 2
    with pytest.raises(PortNotFound):
        premises.backend.ports.get(port.id)
    assert not premises.held()


def test_a_subnet_that_another_unit_has_changed_is_read_again(
    premises: Premises, network: Network, subnet: Subnet
) -> None:
    other = run(update(subnets).values(revision=subnets.c.revision + 1, name="theirs"))
    with before(premises, "UPDATE subnets SET name", other) as statements:
        changed = premises.backend.subnets.update(
            subnet.id, SubnetChange(allocation_pools=pools(("10.0.0.9", "10.0.0.20")))
        )
    assert sum(statement.startswith("UPDATE subnets SET name") for statement in statements) == 2
    assert premises.backend.subnets.get(subnet.id) == changed


@pytest.mark.parametrize(
    ("statement", "interference"),
    [("INSERT INTO ports", delete(networks)), ("INSERT INTO fixed_ips", delete(ports))],
)
def test_a_port_whose_ground_goes_away_is_created_on_what_is_there_then(
    premises: Premises, network: Network, statement: str, interference: Executable
) -> None:
    # What interferes is rolled back with the unit's first run.
    if statement == "INSERT INTO fixed_ips":
        premises.subnet(network, "10.0.0.0/24")
    with before(premises, statement, run(interference)) as statements:
        port = premises.port(network)
    assert sum(text.startswith(statement) for text in statements) == 2
    assert premises.backend.ports.get(port.id) == port
    assert len(premises.held()) == len(port.fixed_ips)


def test_a_subnet_on_a_network_that_goes_away_is_created_on_what_is_there_then(
    premises: Premises,
) -> None:
    network = premises.network()
    with before(premises, "INSERT INTO subnets", run(delete(networks))) as statements:
        subnet = premises.subnet(network, "10.0.0.0/24")
    assert sum(text.startswith("INSERT INTO subnets") for text in statements) == 2
    assert premises.backend.networks.get(network.id).subnet_ids == (subnet.id,)


def test_an_address_taken_while_its_subnet_is_deleted_is_not_lost(
    premises: Premises, network: Network, subnet: Subnet
) -> None:
    port = premises.port(network, "10.0.0.5")
    premises.backend.ports.update(port.id, PortChange(fixed_ips=()))
    row = {"address": to_bytes(ip_address("10.0.0.7")), "port_id": port.id, "position": 0}
    late = run(insert(fixed_ips).values(subnet_id=subnet.id, **row))
    with before(premises, "DELETE FROM subnets", late) as statements:
        premises.backend.subnets.delete(subnet.id)
    assert sum(text.startswith("DELETE FROM subnets") for text in statements) == 2, (
        "the foreign key stopped the first run"
    )


def test_a_subnet_that_another_unit_has_changed_is_not_deleted_as_it_was(
    premises: Premises, network: Network, subnet: Subnet
) -> None:
    other = run(update(subnets).values(revision=subnets.c.revision + 1))
    with before(premises, "DELETE FROM subnets", other) as statements:
        premises.backend.subnets.delete(subnet.id)
    assert sum(text.startswith("DELETE FROM subnets") for text in statements) == 2
    assert not premises.backend.subnets.find([])


def test_a_pool_is_guarded_before_what_is_free_of_it_is_read(
    premises: Premises, network: Network
) -> None:
    pool = premises.pool("10.0.0.0/16", default_quota=512)
    with before(premises, "UPDATE subnetpools SET generation", lambda _: None) as statements:
        premises.subnet_of(pool, network, 24)
    guard = next(n for n, text in enumerate(statements) if text.startswith("UPDATE subnetpools"))
    for table in ("subnetpools", "subnetpool_gaps", "subnetpool_usage"):
        reading = f"FROM {table} "
        places = [n for n, text in enumerate(statements) if reading in text.replace("\n", " ")]
        assert min(places) > guard, table


def test_a_pool_is_guarded_before_what_is_given_back_is_joined(
    premises: Premises, network: Network
) -> None:
    pool = premises.pool("10.0.0.0/16")
    subnet = premises.subnet_of(pool, network, 24)
    with before(premises, "UPDATE subnetpools SET generation", lambda _: None) as statements:
        premises.backend.subnets.delete(subnet.id)
    guard = next(n for n, text in enumerate(statements) if text.startswith("UPDATE subnetpools"))
    assert all("subnetpool_gaps" not in text for text in statements[:guard])
    assert any("subnetpool_gaps" in text for text in statements[guard:])


def test_a_gap_that_is_gone_is_looked_for_again(premises: Premises, network: Network) -> None:
    pool = premises.pool("10.0.0.0/16", "10.2.0.0/16", min_prefixlen=16)
    gone = delete(subnetpool_gaps).where(
        subnetpool_gaps.c.first == to_bytes(ip_address("10.0.0.0"))
    )
    with before(premises, "DELETE FROM subnetpool_gaps", run(gone)) as statements:
        # What interferes is rolled back with the unit's first run.
        subnet = premises.subnet_of(pool, network, 16)
    assert sum(text.startswith("DELETE FROM subnetpool_gaps") for text in statements) == 2
    assert str(subnet.cidr) == "10.0.0.0/16"
    premises.check_pools()
