"""Pages of a list as a part of a statement: keyset pagination.

A page is what comes after a row, the marker, in the order of the list: never
what comes after a number of rows. So a page costs what it holds, wherever it
is, and rows that come and go move no others across the edge of a page.

The order is total and the same on each database: keys, then id, and what is
null before all that is not. Going through the list in reverse turns each
direction around, and the id follows the last key, so that the order by one key
is that of the index on it and the id, be it read forwards or backwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, case, literal, or_, select

from freehold.networking.paging import Page
from freehold.networking.store.conditions import AnyRow
from freehold.networking.store.sharing import View


@dataclass(frozen=True, slots=True)
class Sorting:
    """By what the lists of one kind of resource can be ordered.

    Attributes:
        id: the column of the id.
        columns: of each other attribute its column, or an expression; None for an attribute that
            all resources have alike.
    """

    id: Column[str]
    columns: Mapping[str, ColumnElement[Any] | None]

    def select_page(
        self, connection: Connection, statement: Select[Any], page: Page, view: View | None = None
    ) -> list[AnyRow] | None:
        """Read those rows of a statement that are on a page, in the order of the list.

        Args:
            connection: the unit's connection.
            statement: selects all rows of the list, in any order.
            page: the page.
            view: how the list looks to whoever asks; None for all rows. The statement's rows
                are restricted by it already, but not the marker.

        Returns:
            The rows; None if there is no resource with the marker's id.

        Raises:
            KeyError: a key is none of those that the kind can be ordered by.
        """
        terms = self._terms(page)
        seen = view or View()
        if page.limit is not None and page.marker is not None:
            marker = connection.execute(
                select(*(term.value for term in terms)).where(
                    self.id == page.marker, seen.condition
                ),
                seen.parameters,
            ).first()
            if marker is None:
                return None
            statement = statement.where(_beyond(terms, marker))
        in_order = (term.in_order() for term in terms)
        statement = statement.order_by(*in_order).limit(page.limit)
        rows = list(connection.execute(statement, seen.parameters))
        if page.reverse and page.limit is not None:
            rows.reverse()
        return rows

    def _terms(self, page: Page) -> list["_Term"]:
        """Return what rows are compared by, first to last; no two rows agree in all of it."""
        terms: dict[str, _Term] = {}
        ascending = True
        for key in page.sort:
            if "id" in terms:
                break
            column = self.id if key.attribute == "id" else self.columns[key.attribute]
            if column is not None and key.attribute not in terms:
                ascending = key.ascending
                terms[key.attribute] = _Term(column, ascending != page.reverse)
        terms.setdefault("id", _Term(self.id, ascending != page.reverse))
        return [part for term in terms.values() for part in term.parts()]


@dataclass(frozen=True, slots=True)
class _Term:
    """One expression that rows are compared by, and in which direction."""

    value: ColumnElement[Any]
    ascending: bool

    def parts(self) -> tuple["_Term", ...]:
        """Return the terms that stand for this one where it may be null."""
        if isinstance(self.value, Column) and self.value.nullable:
            there = case((self.value.is_(None), 0), else_=1)
            return _Term(there, self.ascending), self
        return (self,)

    def in_order(self) -> ColumnElement[Any]:
        return self.value.asc() if self.ascending else self.value.desc()

    def beyond(self, marker: object) -> ColumnElement[bool]:
        there = self._literal(marker)
        return self.value > there if self.ascending else self.value < there

    def from_on(self, marker: object) -> ColumnElement[bool]:
        there = self._literal(marker)
        return self.value >= there if self.ascending else self.value <= there

    def _literal(self, marker: object) -> ColumnElement[Any]:
        # SQLAlchemy compares nothing with a bare True.
        return literal(marker, self.value.type)


def _beyond(terms: Sequence[_Term], marker: Sequence[object]) -> ColumnElement[bool]:
    """Return the condition that a row comes after the marker.

    A null of the marker's is left out: rows that agree with it in the term
    before, which says whether there is a value, agree with it in this one.
    """
    compared = [
        (term, value) for term, value in zip(terms, marker, strict=True) if value is not None
    ]
    *before, (term, value) = compared
    condition = term.beyond(value)
    for term, value in reversed(before):
        condition = and_(
            # Implied by the rest, but an index is entered by it.
            term.from_on(value),
            or_(term.beyond(value), and_(term.value == value, condition)),
        )
    return condition
