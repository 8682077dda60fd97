"""Putting many rows into a table by no service."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import Engine, Table, insert

from bench.rows import PORTION
from freehold.db.engine import WRITES


def put(engine: Engine, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows, some thousand in one transaction."""
    pending = iter(rows)
    while portion := list(islice(pending, PORTION)):
        with engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                connection.execute(insert(table), portion)
