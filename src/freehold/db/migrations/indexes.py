"""How a migration makes and drops an index: in a way that a Galera cluster gets over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, DropIndex
from sqlalchemy.sql.elements import TextClause

from freehold.ledger.indexes import altering


def create_index(
    name: str, table: str, columns: Sequence[str], *, only_where: TextClause | None = None
) -> None:
    """Make an index.

    Args:
        name: of the index.
        table: which it is on.
        columns: what it orders the rows by.
        only_where: which rows are in it, on SQLite and PostgreSQL; None for all.
    """
    op.execute(CreateIndex(_index(name, table, columns, only_where)))


def drop_index(name: str, table: str) -> None:
    """Drop an index."""
    op.execute(DropIndex(_index(name, table, ["id"], None)))


def _index(
    name: str, table: str, columns: Sequence[str], only_where: TextClause | None
) -> sa.Index:
    described = sa.Table(table, sa.MetaData(), *(sa.Column(column) for column in columns))
    made = sa.Index(name, *described.columns, sqlite_where=only_where, postgresql_where=only_where)
    return altering(made)
