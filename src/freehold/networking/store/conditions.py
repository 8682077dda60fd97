"""Filters of a list as conditions of a statement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Row, and_, or_, true

from freehold.networking.values import Filter

T = TypeVar("T")

AnyRow = Row[*tuple[Any, ...]]

Condition = Callable[[tuple[object, ...]], ColumnElement[bool]]

ROWS_PER_STATEMENT = 500
"""How many ids one statement names; well below any database's limit on parameters."""


def one_of(column: Column[T]) -> Condition:
    """Return the condition that a column has one of some values, None included."""

    def condition(values: tuple[object, ...]) -> ColumnElement[bool]:
        some = column.in_([value for value in values if value is not None])
        return or_(some, column.is_(None)) if None in values else some

    return condition


def where(filters: Sequence[Filter], known: Mapping[str, Condition]) -> ColumnElement[bool]:
    """Return what a row must fulfil to pass all the filters.

    Raises:
        KeyError: a filter names an attribute that the resource is not filtered by.
    """
    return and_(true(), *(known[wanted.attribute](wanted.values) for wanted in filters))


def in_batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the values in portions that fit into one statement each."""
    for start in range(0, len(values), ROWS_PER_STATEMENT):
        yield values[start : start + ROWS_PER_STATEMENT]
