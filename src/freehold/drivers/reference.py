"""Freehold's reference driver: the entry point ``reference``.

It keeps its ledger in the tables of `freehold.ledger.tables`, in the
transaction of the unit of work, so there is nothing to undo but by rollback.
What it keeps beyond that, hints, is in the memory of the process. A hint never
decides who holds an address, but may decide which one comes next; so those that
a transaction has made untrue by its rollback are taken back.
"""

from functools import partial

from sqlalchemy import Connection

from freehold.drivers.pool import LedgerPool, Memory
from freehold.ipam.driver import Driver, Pool, Surroundings
from freehold.ledger.rollbacks import at_rollback
from freehold.ledger.sql import SqlLedger


class ReferenceDriver(Driver):
    """One for all threads of a process."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._memory = Memory()

    def open(self, connection: Connection) -> Pool:
        """Open the pool for one unit of work.

        Args:
            connection: its transaction begun.
        """
        ledger = SqlLedger(
            connection, self._surroundings.now, keep_history=self._surroundings.keep_history
        )
        rollbacks = partial(at_rollback, connection)
        return LedgerPool(ledger, self._memory, self._surroundings, rollbacks)
