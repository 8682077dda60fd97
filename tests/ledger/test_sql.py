"""What the SQL keeper promises beyond the contract."""

from datetime import datetime, timedelta, timezone
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, make_url, select
from sqlalchemy.schema import CreateTable

from freehold.addresses.ranges import AddressRange
from freehold.ledger.memory import MemoryLedger
from freehold.ledger.protocol import claims
from freehold.ledger.sql import SqlLedger
from freehold.ledger.tables import allocations, metadata
from tests.engines import file_url, ledger_engine, statements, writing
from tests.ledger.keepers import NOON, SqlKeeper, subnet

if TYPE_CHECKING:
    from collections.abc import Callable

V4 = AddressRange.of_network(ip_network("10.0.0.0/24"))
ONE = ip_address("10.0.0.10")
S1 = subnet()
DATABASES = {
    "mariadb": "mysql+pymysql://",
    "postgresql": "postgresql+psycopg://",
    "sqlite": "sqlite://",
}


@pytest.fixture
def engine() -> Engine:
    return ledger_engine()


def test_only_the_sql_keeper_goes_with_the_transaction(engine: Engine) -> None:
    assert MemoryLedger().transactional is False
    with SqlKeeper(engine).unit() as ledger:
        assert ledger.transactional is True


def test_a_rollback_leaves_nothing(tmp_path: Path) -> None:
    keeper = SqlKeeper(ledger_engine(file_url(tmp_path)))
    with keeper.unit() as ledger:
        ledger.create_subnet(subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9")))
        ledger.claim(S1, ONE, "kept")
    with keeper.abandoned_unit() as ledger:
        ledger.create_subnet(subnet(subnet_id="s2"))
        ledger.replace_subnet(subnet("10.0.0.0/24", ("10.0.0.5", "10.0.0.6")))
        ledger.claim_many(S1, claims([ip_address("10.0.0.11"), ip_address("10.0.0.12")], "lost"))
        ledger.release(S1, ONE)
        ledger.remove_subnet("s1")
    with keeper.unit() as ledger:
        expected = [subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9"))]
        assert ledger.get_subnets(["s1", "s2"]) == expected
        assert ledger.taken("s1", V4) == [int(ONE)]
    keeper.engine.dispose()


def test_another_connection_finds_what_was_committed(tmp_path: Path) -> None:
    with SqlKeeper(ledger_engine(file_url(tmp_path))).unit() as ledger:
        ledger.create_subnet(subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9")))
        ledger.claim(S1, ONE, "h")
    with SqlKeeper(ledger_engine(file_url(tmp_path))).unit() as ledger:
        allocation = ledger.find("s1", ONE)
        assert allocation is not None
        assert (allocation.holder, allocation.since) == ("h", NOON)


def test_each_operation_takes_few_statements(engine: Engine) -> None:
    many = [ip_address(V4.first + offset) for offset in range(200)]
    with SqlKeeper(engine).unit() as ledger:
        ledger.create_subnet(subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9")))
        ledger.create_subnet(subnet(subnet_id="s2"))
        cost: dict[str, int] = {}
        operations: dict[str, Callable[[], object]] = {
            "get_subnets": lambda: ledger.get_subnets(["s1", "s2"]),
            "claim": lambda: ledger.claim(S1, ONE, None),
            "claim, lost": lambda: ledger.claim(S1, ONE, None),
            "claim_many": lambda: ledger.claim_many(S1, claims(many, None)),
            "taken": lambda: ledger.taken("s1", V4),
            "count_taken": lambda: ledger.count_taken("s1", [V4] * 16),
            "find": lambda: ledger.find("s1", ONE),
            "release": lambda: ledger.release(S1, ONE),
            "release, to rest": lambda: ledger.release(S1, many[0], keep=True),
            "reclaim": lambda: ledger.reclaim_many(S1, claims(many[:1], None), NOON),
            "resting": lambda: ledger.resting(S1, 10),
            "put_back": lambda: ledger.put_back("s1", many, None),
            "history": lambda: ledger.history(ONE),
            "remove_subnet": lambda: ledger.remove_subnet("s1"),
        }
        for name, work in operations.items():
            with statements(engine) as seen:
                work()
            cost[name] = len(seen)
    more = {name: count for name, count in cost.items() if count != 1}
    assert more == {
        # The subnet is looked up as well, to tell whether it was the address that was taken.
        "claim, lost": 2,
        "claim_many": 2,
        # What is remembered of a release is a statement of its own, but on PostgreSQL.
        "release": 2,
        "release, to rest": 2,
        "history": 2,
        "remove_subnet": 3,
    }


def test_times_are_stored_in_utc_whatever_the_clock_shows(engine: Engine) -> None:
    cet = NOON.astimezone(timezone(timedelta(hours=1)))
    with writing(engine) as connection:
        ledger = SqlLedger(connection, lambda: cet)
        ledger.create_subnet(subnet())
        ledger.claim(S1, ONE, None)
        stored = connection.execute(select(allocations.c.allocated_at)).scalar_one()
        found = ledger.find("s1", ONE)
    assert stored == datetime(2026, 3, 1, 12, 0, 0, 123456)  # noqa: DTZ001  # stored without offset
    assert found is not None
    assert found.since == NOON


def test_addresses_are_sixteen_bytes_in_numeric_order(engine: Engine) -> None:
    with writing(engine) as connection:
        ledger = SqlLedger(connection, lambda: NOON)
        ledger.create_subnet(subnet())
        ledger.claim_many(S1, claims([ip_address("10.0.0.200"), ip_address("10.0.0.9")], None))
        rows = connection.execute(
            select(allocations.c.address).order_by(allocations.c.address)
        ).scalars()
        assert [row.hex() for row in rows] == [
            "00000000000000000000ffff0a000009",
            "00000000000000000000ffff0a0000c8",
        ]


def test_the_tables_fit_each_database() -> None:
    tables = metadata.sorted_tables
    made = {
        name: str(CreateTable(allocations).compile(dialect=make_url(url).get_dialect()()))
        for name, url in DATABASES.items()
    }
    assert "address BINARY(16) NOT NULL" in made["mariadb"]
    assert "allocated_at DATETIME(6) NOT NULL" in made["mariadb"]
    assert "address BYTEA NOT NULL" in made["postgresql"]
    assert "WITHOUT ROWID" in made["sqlite"]
    assert all(constraint.name for table in tables for constraint in table.constraints)
