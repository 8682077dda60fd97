"""Pages put together are the list, whatever comes and goes meanwhile, on each database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    case,
    delete,
    insert,
    select,
)

from freehold.ledger.tables import exact_text
from freehold.networking.paging import Page, SortKey
from freehold.networking.store.pages import Sorting
from tests.backends import Premises

things = Table(
    "things",
    MetaData(),
    Column("id", String(8), primary_key=True),
    Column("size", Integer, nullable=True),
    Column("name", exact_text(8), nullable=False),
    Column("label", exact_text(8), nullable=True),
    Column("up", Boolean, nullable=False),
)
SORTING = Sorting(
    things.c.id,
    {
        "size": things.c.size,
        "name": things.c.name,
        "label": things.c.label,
        "up": things.c.up,
        "labelled": case((things.c.label.is_(None), 0), else_=1),
        "same": None,
    },
)


@dataclass(frozen=True)
class Thing:
    id: str
    size: int | None
    name: str
    label: str | None
    up: bool = False

    @property
    def labelled(self) -> bool:
        return self.label is not None


# Small ranges, so that there are ties.
found_things = st.lists(
    st.builds(
        Thing,
        id=st.text("abcdef0123456789", min_size=1, max_size=8),
        size=st.none() | st.integers(0, 2),
        name=st.sampled_from(["", "a", "b", "ab"]),
        label=st.none() | st.sampled_from(["", "x", "y"]),
        up=st.booleans(),
    ),
    unique_by=lambda thing: thing.id,
    max_size=12,
)
orders = st.lists(
    st.builds(
        SortKey,
        st.sampled_from(["size", "name", "label", "up", "labelled", "same", "id"]),
        st.booleans(),
    ),
    max_size=4,
).map(tuple)
quickly = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def table(premises: Premises) -> Iterator[Premises]:
    things.metadata.create_all(premises.database.engine)
    yield premises
    things.metadata.drop_all(premises.database.engine)


@contextmanager
def holding(premises: Premises, present: Sequence[Thing]) -> Iterator[Connection]:
    """Store things for as long as the block runs."""
    with premises.database.engine.begin() as connection:
        connection.execute(delete(things))
        store(connection, present)
        yield connection


def store(connection: Connection, added: Sequence[Thing]) -> None:
    if added:
        connection.execute(
            insert(things),
            [asdict(one) for one in added],
        )


def ids_on(connection: Connection, page: Page) -> list[str]:
    rows = SORTING.select_page(connection, select(things), page)
    assert rows is not None
    return [row.id for row in rows]


def in_order(present: Sequence[Thing], sort: Sequence[SortKey]) -> list[str]:
    """Return the ids in the order that is meant: Python's sort is stable, the last key first."""
    counting = distinct(sort)
    up = counting[-1].ascending if counting else True
    ordered = sorted(present, key=lambda thing: thing.id, reverse=not up)
    for key in reversed(counting):
        ordered = stably(ordered, key)
    return [thing.id for thing in ordered]


def stably(ordered: Sequence[Thing], key: SortKey) -> list[Thing]:
    def rank(thing: Thing) -> tuple[bool, Any]:
        value = getattr(thing, key.attribute)
        return (value is not None, value if value is not None else 0)

    # With reverse=True, too, equals stay as they are.
    return sorted(ordered, key=rank, reverse=not key.ascending)


def distinct(sort: Sequence[SortKey]) -> list[SortKey]:
    """Return the keys that count: the first of each attribute, and none after the id."""
    counting: dict[str, SortKey] = {}
    for key in sort:
        if key.attribute != "same" and "id" not in counting:
            counting.setdefault(key.attribute, key)
    return list(counting.values())


def pages(
    connection: Connection, sort: tuple[SortKey, ...], limit: int, reverse: bool
) -> Iterator[list[str]]:
    """Yield the pages one after the other, each read when it is asked for."""
    marker = None
    while True:
        page = ids_on(connection, Page(sort=sort, limit=limit, marker=marker, reverse=reverse))
        yield page
        if len(page) < limit:
            return
        marker = page[0 if reverse else -1]


@quickly
@given(present=found_things, sort=orders)
def test_the_whole_list_is_in_order_and_in_reverse_the_other_way_round(
    table: Premises, present: list[Thing], sort: tuple[SortKey, ...]
) -> None:
    with holding(table, present) as connection:
        assert ids_on(connection, Page(sort=sort)) == in_order(present, sort)
        assert ids_on(connection, Page(sort=sort, reverse=True)) == in_order(present, sort)[::-1]


@quickly
@given(present=found_things, sort=orders, limit=st.integers(1, 5), reverse=st.booleans())
def test_pages_put_together_are_the_list(
    table: Premises, present: list[Thing], sort: tuple[SortKey, ...], limit: int, reverse: bool
) -> None:
    with holding(table, present) as connection:
        read = list(pages(connection, sort, limit, reverse))
        joined = [one for page in (reversed(read) if reverse else read) for one in page]
        assert joined == in_order(present, sort)
        assert all(len(page) == limit for page in read[:-1])


@quickly
@given(
    present=found_things,
    late=found_things,
    sort=orders,
    limit=st.integers(1, 4),
    reverse=st.booleans(),
    data=st.data(),
)
def test_what_stays_is_seen_once_while_others_come_and_go(
    table: Premises,
    present: list[Thing],
    late: list[Thing],
    sort: tuple[SortKey, ...],
    limit: int,
    reverse: bool,
    data: st.DataObject,
) -> None:
    known = {thing.id for thing in present}
    coming = [thing for thing in late if thing.id not in known]
    gone: set[str] = set()
    with holding(table, present) as connection:
        seen: list[str] = []
        for page in pages(connection, sort, limit, reverse):
            seen[0 if reverse else len(seen) : 0 if reverse else len(seen)] = page
            # The row at which the next page begins stays: without it there is no such page.
            marker = page[0 if reverse else -1] if page else None
            going = data.draw(st.sets(st.sampled_from(sorted(known)) if known else st.nothing()))
            going -= {marker}
            gone |= going
            connection.execute(delete(things).where(things.c.id.in_(going)))
            some, coming = coming[:2], coming[2:]
            store(connection, some)
        assert len(seen) == len(set(seen))
        stayed = [thing for thing in present if thing.id not in gone]
        assert [one for one in seen if one in {thing.id for thing in stayed}] == in_order(
            stayed, sort
        )


def test_texts_are_paged_as_the_database_orders_them(table: Premises) -> None:
    names = ["", "a", "A", "b", "B", "a ", "ä", "z", "_", "%", "\U0001f9ab", "\uffff", "aa", "a-a"]
    present = [Thing(f"{number:02}", None, name, name) for number, name in enumerate(names)]
    with holding(table, present) as connection:
        for key in ("name", "label"):
            for ascending in (True, False):
                sort = (SortKey(key, ascending),)
                whole = ids_on(connection, Page(sort=sort))
                for limit in (1, 3):
                    read = list(pages(connection, sort, limit, reverse=False))
                    assert [one for page in read for one in page] == whole
                    back = list(pages(connection, sort, limit, reverse=True))
                    assert [one for page in reversed(back) for one in page] == whole


def test_there_is_no_page_after_what_is_not_there(table: Premises) -> None:
    with holding(table, [Thing("a", 1, "", "")]) as connection:
        page = Page(limit=1, marker="b")
        assert SORTING.select_page(connection, select(things), page) is None
        assert ids_on(connection, Page(marker="b")) == ["a"]
        with pytest.raises(KeyError):
            ids_on(connection, Page(sort=(SortKey("colour"),)))
