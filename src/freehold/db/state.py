"""What state a database is in, for whoever watches it: one look, of a few statements."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text

_SYNCED, _DONOR = "4", "2"
"""``wsrep_local_state``. Source: Galera's documentation of its status variables."""


@dataclass(frozen=True, slots=True)
class Galera:
    """The node of a Galera cluster that was asked.

    Attributes:
        state: ``wsrep_local_state_comment``, such as ``Synced``.
        size: how many nodes its part of the cluster has.
        is_ready: whether it takes statements.
        is_synced: whether it has what the cluster has. One that hands its data to
            another counts as well, since it goes on serving.
    """

    state: str
    size: int
    is_ready: bool
    is_synced: bool


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a look at a database has shown.

    Attributes:
        ping_seconds: how long it took to answer the smallest question.
        revision: at which revision its schema is; None for none.
        galera: the node that was asked; None if it is in no cluster.
    """

    ping_seconds: float
    revision: str | None
    galera: Galera | None


def look(connection: Connection) -> DatabaseState:
    """Look at a database."""
    connection.execute(select(1))  # what begins the transaction is not to be measured
    begun = time.perf_counter()
    connection.execute(select(1))
    seconds = time.perf_counter() - begun
    revision = MigrationContext.configure(connection).get_current_revision()
    return DatabaseState(seconds, revision, _galera(connection))


def _galera(connection: Connection) -> Galera | None:
    if connection.dialect.name != "mysql":
        return None
    variables = _named(connection, "SHOW GLOBAL VARIABLES LIKE 'wsrep\\_on'")
    if variables.get("wsrep_on") != "ON":
        return None
    found = _named(connection, "SHOW GLOBAL STATUS LIKE 'wsrep\\_%'")
    is_primary = found.get("wsrep_cluster_status") == "Primary"
    return Galera(
        state=found.get("wsrep_local_state_comment", ""),
        size=int(found.get("wsrep_cluster_size", "0")),
        is_ready=found.get("wsrep_ready") == "ON",
        is_synced=is_primary and found.get("wsrep_local_state") in (_SYNCED, _DONOR),
    )


def _named(connection: Connection, statement: str) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in connection.execute(text(statement))}
