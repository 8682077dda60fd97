"""Reaching Neutron's database from outside of Neutron, as the audit does.

It is reached as Freehold's own is: no server is waited for without a limit, and a
transaction that the database ended, such as by a deadlock, is run again as a whole.
Nothing of the database is changed by that: a file of SQLite is opened as it is.
"""

from collections.abc import Callable
from random import SystemRandom
from typing import TypeVar

from oslo_db.exception import DBError
from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from freehold.db import retry
from freehold.db.engine import is_sqlite, make_engine
from freehold.errors import DatabaseUnavailable

ANSWER_SECONDS = 60
"""How long a server may take to answer: one statement reads the addresses of many subnets."""

Failures = (DatabaseUnavailable, DBError, SQLAlchemyError)
"""What a database that fails is told by."""

T = TypeVar("T")

_BOUNDED = {"postgresql": ("psycopg",), "mysql": ("pymysql", "mysqldb")}
"""The drivers whose waiting has a limit; the first one of each stands in for others."""


def open_engine(url: str) -> Engine:
    """Make an engine on Neutron's database.

    Args:
        url: as in Neutron's configuration.

    Raises:
        ArgumentError, TypeError, ValueError: it is no such URL.
        ModuleNotFoundError: the database's driver is not installed.
    """
    target = make_url(url)
    if is_sqlite(target):
        return create_engine(target)
    return make_engine(_bounded(target), answer_seconds=ANSWER_SECONDS)


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do some work in a transaction of its own; again, where its failure says that this may help.

    The work must bear to be done twice: whether a transaction was committed whose
    COMMIT got no answer is not looked up.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing.
    """

    def attempt() -> T:
        with engine.begin() as connection:
            return work(connection)

    return retry.run(attempt, SystemRandom())


def told_by(error: BaseException) -> BaseException:
    """Return the error of the database's driver that a failure comes from."""
    if isinstance(error, DatabaseUnavailable) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, DBError) and error.inner_exception is not None:
        error = error.inner_exception
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    return error


def _bounded(url: URL) -> URL:
    """Return a URL with a driver that `freehold.db` can set times for."""
    name, _, driver = url.drivername.partition("+")
    known = _BOUNDED.get("mysql" if name == "mariadb" else name)
    if not driver or known is None or driver in known:
        return url
    return url.set(drivername=f"{name}+{known[0]}")
