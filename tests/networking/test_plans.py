"""How databases carry out the statements of lists: from an index, and no further than the page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text, update

from freehold.addresses.encoding import to_bytes
from freehold.db.tables import fixed_ips, port_tags, ports
from freehold.networking.paging import Page, SortKey
from freehold.networking.sharing_values import (
    VISIBLE,
    Action,
    ObjectType,
    RbacPolicyDraft,
    Sight,
)
from freehold.networking.values import Filter, Network, NetworkDraft
from tests.backends import Premises

PORTS = 5_000
LIMIT = 20
MIDDLE = "port-02500"

BY_NAME = (SortKey("name"),)
NOW = datetime(2026, 1, 1)  # noqa: DTZ001  # the tables' times are UTC without an offset

PAGES = {
    "first": ([], Page(limit=LIMIT)),
    "in the middle": ([], Page(limit=LIMIT, marker=MIDDLE)),
    "in reverse": ([], Page(limit=LIMIT, marker=MIDDLE, reverse=True)),
    "by name": ([], Page(limit=LIMIT, marker=MIDDLE, sort=BY_NAME)),
    "by name, downwards": (
        [],
        Page(limit=LIMIT, marker=MIDDLE, sort=(SortKey("name", ascending=False),)),
    ),
    "of a project": ([Filter("project_id", ("p",))], Page(limit=LIMIT, marker=MIDDLE)),
    "of a device owner": ([Filter("device_owner", ("o",))], Page(limit=LIMIT, marker=MIDDLE)),
}

FOUND = {
    "device": [Filter("device_id", ("d2500",))],
    "host": [Filter("host_id", ("h2500",))],
    "MAC address": [Filter("mac_address", ("02:00:00:00:09:c4",))],
    "IP address": [Filter("fixed_ips.ip_address", (ip_address("10.0.9.196"),))],
    "tag": [Filter("tags", ("t2500",))],
    "one of two tags": [Filter("tags-any", ("t2500", "nosuch"))],
    "time of change": [Filter("changed_since", (datetime(2026, 6, 1).astimezone(),))],
}


@pytest.fixture
def many(premises: Premises) -> Premises:
    """Premises with so many ports; a server's statistics know of them, SQLite has none."""
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/16")
    numbers = range(PORTS)
    first = int(ip_address("10.0.0.0"))
    with premises.database.engine.begin() as connection:
        connection.execute(
            insert(ports),
            [
                {
                    "id": f"port-{number:05}",
                    "network_id": network.id,
                    "project_id": "p",
                    "name": f"name-{number // 10}",
                    "description": "",
                    "admin_state_up": True,
                    "mac_address": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
                    "device_id": f"d{number}",
                    "device_owner": "o",
                    "host_id": f"h{number}",
                    "status": "DOWN",
                    "created_at": NOW,
                    "updated_at": NOW,
                }
                for number in numbers
            ],
        )
        connection.execute(
            insert(fixed_ips),
            [
                {
                    "subnet_id": subnet.id,
                    "address": to_bytes(ip_address(first + number)),
                    "ip_address": str(ip_address(first + number)),
                    "port_id": f"port-{number:05}",
                    "position": 0,
                }
                for number in numbers
            ],
        )
        connection.execute(
            insert(port_tags),
            [{"resource_id": f"port-{number:05}", "tag": f"t{number}"} for number in numbers],
        )
    if premises.database.engine.dialect.name != "sqlite":
        with premises.database.engine.connect() as connection:
            refresh_statistics(connection)
    return premises


def refresh_statistics(connection: Connection) -> None:
    plain = connection.execution_options(isolation_level="AUTOCOMMIT")
    for table in ("ports", "fixed_ips", "port_tags", "networks", "rbac_policies"):
        verb = "ANALYZE TABLE" if connection.dialect.name == "mysql" else "ANALYZE"
        plain.execute(text(f"{verb} {table}")).close()


@contextmanager
def executed(premises: Premises) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that read ports, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, sql: str, values: Any, *_rest: object) -> None:
        if "FROM ports" in sql and "LIMIT" in sql:
            seen.append((sql, values))

    event.listen(premises.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(premises.database.engine, "before_cursor_execute", note)


def rows_touched(premises: Premises, sql: str, values: Any) -> int:
    """Return how many rows a database says that it touches to carry out a statement."""
    with premises.database.engine.connect() as connection:
        match connection.dialect.name:
            case "postgresql":
                explained = connection.exec_driver_sql(
                    f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values
                ).scalar_one()
                return touched_in_plan(explained[0]["Plan"])
            case "mysql":
                rows = connection.exec_driver_sql(f"ANALYZE FORMAT=JSON {sql}", values)
                return touched_in_tables(json.loads(rows.scalar_one()))
            case _:
                # Of an index in its order no more is read than the page needs.
                in_order = "SCAN ports USING INDEX"
                whole = [one for one in scans(premises, sql, values) if in_order not in one]
                return PORTS if whole else LIMIT


def scans(premises: Premises, sql: str, values: Any) -> list[str]:
    """Return which steps of SQLite's read all of something, or order it."""
    with premises.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        return [row.detail for row in plan if "SCAN" in row.detail or "ORDER BY" in row.detail]


def touched_in_plan(node: dict[str, Any]) -> int:
    filtered = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
    own = node["Actual Rows"] * node["Actual Loops"] + filtered
    return max([int(own), *(touched_in_plan(child) for child in node.get("Plans", []))])


def touched_in_tables(document: Any) -> int:
    if isinstance(document, list):
        return max([0, *map(touched_in_tables, document)])
    if not isinstance(document, dict):
        return 0
    own = (document.get("r_rows") or 0) * (document.get("r_loops") or 1)
    return max([int(own), *map(touched_in_tables, document.values())])


def test_a_page_of_a_long_list_is_read_from_an_index_and_no_further(many: Premises) -> None:
    for what, (filters, page) in PAGES.items():
        with executed(many) as statements:
            found = many.backend.ports.find(filters, page)
        assert len(found) == LIMIT
        [(sql, values)] = statements
        assert rows_touched(many, sql, values) <= 2 * LIMIT, what


def test_what_is_rare_is_found_without_reading_the_rest(many: Premises) -> None:
    on_sqlite = many.database.engine.dialect.name == "sqlite"
    for what, filters in FOUND.items():
        with executed(many) as statements:
            found = many.backend.ports.find(filters, Page(limit=LIMIT))
        assert len(found) == (what != "time of change")
        [(sql, values)] = statements
        # SQLite goes by the order instead, and stops where the page is full.
        if not on_sqlite:
            assert rows_touched(many, sql, values) <= 2 * LIMIT, what
        elif what != "time of change":
            assert scans(many, sql, values) == [], what


def spread(many: Premises, count: int) -> Network:
    """Spread the ports over so many further networks of their project, and return one of these."""
    networks = many.backend.networks.create([NetworkDraft(project_id="p")] * count)
    with many.database.engine.begin() as connection:
        for number, network in enumerate(networks):
            first, last = (f"port-{PORTS * one // count:05}" for one in (number, number + 1))
            connection.execute(
                update(ports)
                .where(ports.c.id >= first, ports.c.id < last)
                .values(network_id=network.id)
            )
    return networks[0]


def test_what_a_project_may_see_is_found_without_reading_what_others_have(many: Premises) -> None:
    # So that few are on each: else it is quicker to read all of so short a table.
    others = spread(many, 250)
    own = many.network(project_id="q")
    shared = many.network()
    drafts = [
        RbacPolicyDraft(
            project_id="p",
            object_type=ObjectType.NETWORK,
            object_id=shared.id,
            action=Action.SHARED,
            target_project="q",
        )
    ]
    many.backend.rbac_policies.create(drafts)
    for network, owner in ((others, "q"), (own, "r"), (shared, "r")):
        for _ in range(5):
            many.port(network, project_id=owner, fixed_ips=())
    if many.database.engine.dialect.name != "sqlite":
        with many.database.engine.connect() as connection:
            refresh_statistics(connection)
    sight = Sight(project_id="q", own=True, on_own_networks=True, shared=True, external=True)
    for page in (Page(limit=LIMIT), Page(limit=LIMIT, sort=BY_NAME)):
        with executed(many) as statements:
            found = many.backend.ports.find([Filter(VISIBLE, (sight,))], page)
        assert len(found) == 15
        [(sql, values)] = statements
        if many.database.engine.dialect.name == "sqlite":
            assert [step for step in scans(many, sql, values) if "ports" in step] == []
        else:
            # A server may well read the short table of networks from its beginning to its end.
            assert rows_touched(many, sql, values) <= PORTS // 10
