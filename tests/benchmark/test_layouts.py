from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.layouts import Books, Order, filled
from freehold.addresses.ranges import AddressRange

POOL = AddressRange(4, 100, 131)
NUMBERS = st.lists(st.integers(POOL.first, POOL.last))


@given(st.lists(st.tuples(st.booleans(), st.integers(POOL.first, POOL.last))))
def test_books_say_what_a_set_would(steps: list[tuple[bool, int]]) -> None:
    books, held = Books(POOL, Random(0)), set[int]()
    for holds, number in steps:
        if holds:
            books.add([number])
            held.add(number)
        elif number in held:
            books.remove([number])
            held.remove(number)
    assert set(books) == held
    assert len(books) == len(held)
    assert set(books.every_free()) == set(range(POOL.first, POOL.last + 1)) - held


@given(NUMBERS, st.data())
def test_what_books_choose_is_held_or_free_as_asked(held: list[int], data: st.DataObject) -> None:
    books = Books(POOL, Random(0))
    books.add(held)
    some_held = books.some_held(data.draw(st.integers(0, len(books))))
    some_free = books.some_free(data.draw(st.integers(0, POOL.size - len(books))))
    assert set(some_held) <= set(held)
    assert set(some_free).isdisjoint(held)
    assert len(set(some_free)) == len(some_free)


@pytest.mark.parametrize(("share", "batch"), [(0.0, 64), (0.9, 64), (0.999, 16), (1.0, 1)])
def test_fewer_operations_are_made_in_a_row_where_little_is_free(share: float, batch: int) -> None:
    assert filled("10.0.0.0/16", share, Order.RANDOM).batch == batch
