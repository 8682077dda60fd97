"""Indexes that are made and dropped in a way that a Galera cluster gets over.

What MariaDB tells a cluster about ``CREATE INDEX`` and ``DROP INDEX`` does not
name the tables that the index's table refers to by a foreign key. A node that applies
several transactions at once (``wsrep_slave_threads`` above 1) lets one that writes
such a table run beside the statement, and the two wait for each other for ever: its
log says "MDL BF-BF conflict", and soon no node commits anything. ``ALTER TABLE``
names them all, and makes and drops the same index.

So on MariaDB and MySQL an index that `altering` marks is made and dropped by
``ALTER TABLE``. Other people's indexes in the same process stay as they are.
"""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, DropIndex
from sqlalchemy.sql.compiler import DDLCompiler

_MARK = "freehold.altering"


def altering(index: Index) -> Index:
    """Mark an index of plain columns as one that ``ALTER TABLE`` makes and drops, and return it."""
    index.info[_MARK] = True
    return index


@compiles(CreateIndex, "mysql", "mariadb")
def _create(create: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:
    index = create.element
    if _MARK not in index.info or index.table is None:
        usual: Any = compiler.visit_create_index
        return str(usual(create, **options))
    table = compiler.preparer.format_table(index.table)
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    columns = ", ".join(compiler.preparer.format_column(column) for column in index.columns)
    return f"ALTER TABLE {table} ADD {kind} {compiler.preparer.format_index(index)} ({columns})"


@compiles(DropIndex, "mysql", "mariadb")
def _drop(drop: DropIndex, compiler: DDLCompiler, **options: Any) -> str:
    index = drop.element
    if _MARK not in index.info or index.table is None:
        usual: Any = compiler.visit_drop_index
        return str(usual(drop, **options))
    table = compiler.preparer.format_table(index.table)
    return f"ALTER TABLE {table} DROP INDEX {compiler.preparer.format_index(index)}"
