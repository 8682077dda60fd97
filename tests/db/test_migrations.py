"""The migrations on each database: up, down, with data, and to what the tables say."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from multiprocessing import get_context
from threading import Semaphore

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, insert, inspect, select, text

from freehold.addresses.encoding import to_bytes
from freehold.db import retry, schema, tables
from freehold.db.database import Database
from freehold.errors import DatabaseNotUpgraded, DatabaseUnavailable
from freehold.ipam.strategy import Strategy
from freehold.ledger.tables import allocations, ledger_subnets, past_allocations, stored_time
from freehold.networking.paging import Page, SortKey
from freehold.networking.quota_values import Counted
from freehold.networking.sharing_values import Action, ObjectType, RbacPolicyDraft
from freehold.networking.values import Filter, PortChange
from tests.backends import NOON, Premises, addresses, port_draft
from tests.conftest import OpenDatabase
from tests.networking.routed import add_segment

ALL = {table.name for metadata in schema.METADATA for table in metadata.sorted_tables}
KINDS = ["sqlite", "postgresql", "mariadb", "galera"]
HOUR = timedelta(hours=1)
NAMES = ["Büro", "büro", "BÜRO", "🦫 dam", "\U0001f1e8\U0001f1ed", "trailing ", "trailing", ""]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, open_database: OpenDatabase) -> str:
    return open_database(request.param)[0]


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.dispose()


def names(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_they_go_up_and_down_and_up_again(database: Database) -> None:
    assert schema.current(database) is None
    with pytest.raises(DatabaseNotUpgraded):
        schema.require_current(database)
    schema.upgrade(database)
    schema.require_current(database)
    assert names(database) == ALL | {"alembic_version"}
    schema.downgrade(database, "base")
    assert names(database) == {"alembic_version"}
    schema.upgrade(database)
    schema.require_current(database)


def test_they_go_down_with_data_in_every_table(url: str) -> None:
    premises = Premises(url)
    network = premises.network(name="🦫", shared=True)
    subnet = premises.subnet(network, "10.0.0.0/24")
    premises.port(network, tags=("t",))
    premises.backend.ports.delete(premises.port(network).id)
    pool = premises.pool("192.0.2.0/24", address_scope_id=premises.scope().id)
    premises.subnet_of(pool, premises.network(), 26)
    premises.backend.network_tags.add(network.id, {"t"})
    premises.backend.subnet_tags.add(subnet.id, {"t"})
    premises.backend.subnet_pool_tags.add(pool.id, {"t"})
    premises.backend.segment_tags.add(add_segment(premises, network, hosts=("h",)).id, {"t"})
    premises.backend.quotas.change("p", {Counted.PORT: 10})
    premises.backend.idempotency_keys.begin("k" * 64, "f" * 64)
    assert all(premises.dump().values())
    schema.downgrade(premises.database, "base")
    assert names(premises.database) == {"alembic_version"}
    schema.upgrade(premises.database)
    assert not any(premises.dump().values())
    premises.database.dispose()


def test_what_was_there_before_0003_has_times_revisions_and_addresses_as_texts(url: str) -> None:
    premises = Premises(url)
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    premises.subnet(network, "2001:db8::/64", "dhcpv6-stateful")
    ports = [premises.port(network) for _ in range(2)]
    changed = premises.backend.ports.update(ports[0].id, PortChange(name="x"))
    before = premises.dump()["fixed_ips"]
    schema.downgrade(premises.database, "0001")
    schema.upgrade(premises.database)
    assert premises.dump()["fixed_ips"] == before
    for port in (changed, ports[1]):
        found = premises.backend.ports.get(port.id)
        record = port.record
        assert found == replace(
            port,
            record=replace(record, updated_at=record.created_at, revision=record.revision + 1),
        )
    [found_network] = premises.backend.networks.find([Filter("revision_number", (4,))])
    assert found_network.record.updated_at == network.record.created_at
    premises.database.dispose()


def test_they_make_what_the_tables_say(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, list(schema.METADATA)) == []  # type: ignore[arg-type]  # takes several


def test_the_second_goes_down_and_up_with_what_is_held(url: str) -> None:
    premises = Premises(url)
    network = premises.network()
    rested = Strategy.LEAST_RECENTLY_RELEASED
    premises.subnet(network, "10.0.0.0/24", allocation_strategy=rested, cool_down=HOUR)
    stays = premises.port(network, "10.0.0.5")
    goes = premises.port(network, "10.0.0.6")
    premises.backend.ports.delete(goes.id)
    schema.downgrade(premises.database, "0001")
    later = {"past_allocations", "rbac_policies", "idempotency_keys", "quotas", "quota_counters"}
    later |= {one for one in ALL if one.endswith("_tags")}
    later |= {one for one in ALL if one.startswith(("subnetpool", "segment"))}
    assert names(premises.database) == (ALL | {"alembic_version"}) - later - {"address_scopes"}
    schema.upgrade(premises.database)
    with premises.database.engine.connect() as connection:
        [left] = connection.execute(select(allocations)).all()
        [subnet] = connection.execute(select(ledger_subnets)).all()
        assert connection.execute(select(past_allocations)).all() == []
    assert (bytes(left.address), left.holder) == (to_bytes(ip_address("10.0.0.5")), stays.id)
    assert (left.released_at, subnet.strategy, subnet.stamp) == (None, None, 0)
    # What the process knows of the subnet is another state than the one of now.
    assert addresses(premises.port(network, "10.0.0.6")) == ["10.0.0.6"]
    premises.backend.ports.delete(stays.id)
    premises.database.dispose()


def test_the_sixth_gives_each_network_the_segment_that_a_new_one_has(url: str) -> None:
    premises = Premises(url)
    vlan = {"network_type": "vlan", "physical_network": "rack", "segmentation_id": 7}
    made = [premises.network(), premises.network(**vlan)]
    subnet = premises.subnet(made[0], "10.0.0.0/24")
    port = premises.port(made[0])
    in_order = Page(sort=(SortKey("network_id"),))
    before = premises.backend.segments.find([], in_order)
    schema.downgrade(premises.database, "0005")
    schema.upgrade(premises.database)
    after = premises.backend.segments.find([], in_order)
    assert [replace(one, id="") for one in after] == [replace(one, id="") for one in before]
    assert len({one.id for one in (*before, *after)}) == 2 * len(made)
    assert [premises.backend.networks.get(one.id).routed for one in made] == [False, False]
    assert premises.backend.subnets.get(subnet.id).service_types == ()
    assert premises.backend.ports.get(port.id) == port
    premises.database.dispose()


def test_what_was_shared_or_external_before_0007_is_so_by_policies(url: str) -> None:
    premises = Premises(url)
    policies = premises.backend.rbac_policies
    shared, external = premises.network(shared=True), premises.network(external=True)
    private = premises.network()
    pool = premises.pool("10.0.0.0/8", shared=True)
    scope = premises.scope(shared=True)
    draft = RbacPolicyDraft(
        project_id="p",
        object_type=ObjectType.NETWORK,
        object_id=private.id,
        action=Action.SHARED,
        target_project="q",
    )
    [lost] = policies.create([draft])

    def said() -> set[tuple[str, ...]]:
        return {
            (one.project_id, one.object_type, one.object_id, one.action, one.target_project)
            for one in policies.find([])
            if one.id != lost.id
        }

    before = said()
    assert {one[2] for one in before} == {shared.id, external.id, pool.id, scope.id}
    schema.downgrade(premises.database, "0006")
    with premises.database.engine.connect() as connection:
        rows = connection.execute(text("SELECT id FROM networks WHERE shared")).all()
        assert [row.id for row in rows] == [shared.id]
        rows = connection.execute(text("SELECT id FROM networks WHERE external")).all()
        assert [row.id for row in rows] == [external.id]
    schema.upgrade(premises.database)
    assert said() == before
    assert len(policies.find([])) == len(before)
    assert premises.backend.networks.get(shared.id) == shared
    assert premises.backend.subnet_pools.get(pool.id) == pool
    assert premises.backend.address_scopes.get(scope.id) == scope
    premises.database.dispose()


def bring_up(url: str) -> str | None:
    database = Database(url)
    schema.upgrade(database)
    found = schema.current(database)
    database.dispose()
    return found


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_those_who_bring_it_up_at_once_do_so_one_after_the_other(
    url: str, database: Database, kind: str
) -> None:
    executor = (
        ThreadPoolExecutor(3)
        if kind == "threads"
        else ProcessPoolExecutor(3, mp_context=get_context("spawn"))
    )
    with executor:
        assert list(executor.map(bring_up, [url] * 3)) == [schema.needed()] * 3
    assert names(database) == ALL | {"alembic_version"}


@pytest.mark.parametrize("kind", ["mariadb", "galera"])
def test_the_lock_is_released_when_all_is_committed(open_database: OpenDatabase, kind: str) -> None:
    url = open_database(kind)[0]
    database, observer = Database(url), Database(url)
    seen = []

    def look(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "release_lock" in statement.lower():
            seen.append(schema.current(observer))

    event.listen(database.engine, "before_cursor_execute", look)
    schema.upgrade(database)
    schema.downgrade(database, "0001")
    assert seen == [schema.needed(), "0001"]
    for one in (database, observer):
        one.dispose()


LOCKS = {
    "postgresql": "SELECT pg_advisory_lock(%(number)s)",
    "mysql": "SELECT GET_LOCK(CONCAT('freehold-', DATABASE()), 0)",
}
UNLOCKS = {
    "postgresql": "SELECT pg_advisory_unlock(%(number)s)",
    "mysql": "SELECT RELEASE_LOCK(CONCAT('freehold-', DATABASE()))",
}


def test_who_waits_for_others_to_migrate_may_wait_longer_than_a_unit_is_tried(
    url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = database.engine.dialect.name
    if dialect not in LOCKS:
        pytest.skip("SQLite has one writer, and migrates at once")
    monkeypatch.setattr(schema, "_LOCK_SECONDS", 0)
    monkeypatch.setitem(retry.run.__kwdefaults__ or {}, "deadline_seconds", 0.0)
    looks = Semaphore(0)

    def watch(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "lock(" in statement.lower():
            looks.release()

    number = {"number": schema._LOCK_NUMBER}  # the other is a Freehold, too
    waiting = Database(url)
    event.listen(waiting.engine, "before_cursor_execute", watch)
    with database.engine.connect() as other, ThreadPoolExecutor(1) as executor:
        other.exec_driver_sql(LOCKS[dialect], number).scalar_one()
        done = executor.submit(schema.upgrade, waiting)
        for _ in range(3):
            assert looks.acquire(timeout=60)
        assert not done.done()
        other.exec_driver_sql(UNLOCKS[dialect], number).scalar_one()
        done.result()
    schema.require_current(database)
    waiting.dispose()


def test_the_migrations_of_others_are_not_waited_for_forever(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = database.engine.dialect.name
    if dialect not in LOCKS:
        pytest.skip("SQLite has one writer, and migrates at once")
    monkeypatch.setattr(schema, "_LOCK_SECONDS", 0)
    monkeypatch.setattr(schema, "WAIT_SECONDS", 0.0)
    waiting = Database(url)
    with database.engine.connect() as other:
        number = {"number": schema._LOCK_NUMBER}  # the other is a Freehold, too
        other.exec_driver_sql(LOCKS[dialect], number).scalar_one()
        with pytest.raises(DatabaseUnavailable):
            schema.upgrade(waiting)
    waiting.dispose()


def test_texts_keep_each_character_and_differ_by_it(url: str) -> None:
    premises = Premises(url)
    made = {name: premises.network(name=name, project_id=name or "p") for name in NAMES}
    for name, network in made.items():
        assert premises.backend.networks.get(network.id) == network
        port = premises.backend.ports.create([port_draft(network, name=name, device_id=name)])[0]
        assert premises.backend.ports.get(port.id) == port
    with premises.database.engine.connect() as connection:
        for name in NAMES:
            query = select(tables.networks.c.id).where(tables.networks.c.name == name)
            found = list(connection.scalars(query))
            # MariaDB's comparison takes spaces at the end for nothing.
            assert made[name].id in found
            assert all(
                made[other].id not in found for other in NAMES if other.strip() != name.strip()
            )
    premises.database.dispose()


def test_addresses_keep_all_of_their_bytes(database: Database) -> None:
    schema.upgrade(database)
    odd = [ip_address(one) for one in ("::", "2001:db8::", "2001:db8::2000", "2001:db8::20")]
    with database.engine.begin() as connection:
        connection.execute(
            insert(ledger_subnets),
            {"id": "S", "project_id": "🦫", "ip_version": 6, "cidr": "::/0"},
        )
        rows = [
            {"subnet_id": "S", "address": to_bytes(one), "allocated_at": stored_time(NOON)}
            for one in odd
        ]
        connection.execute(insert(allocations), rows)
        column = allocations.c.address
        stored = connection.scalars(select(column).order_by(column))
        assert [bytes(one) for one in stored] == sorted(to_bytes(one) for one in odd)
        assert (
            connection.scalars(select(allocations).where(allocations.c.subnet_id == "s")).all()
            == []
        )
        assert connection.scalars(text("SELECT project_id FROM ledger_subnets")).all() == ["🦫"]
