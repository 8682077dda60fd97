"""The reference driver's ways over a ledger in memory: for tests, and for embedding.

Its effects outlive a transaction rolled back, so whoever uses it compensates,
as with a driver that keeps its books in another system.
"""

from sqlalchemy import Connection

from freehold.drivers.pool import LedgerPool, Memory
from freehold.ipam.driver import Driver, Pool, Surroundings
from freehold.ledger.memory import MemoryLedger


class MemoryDriver(Driver):
    """One for all threads of a process.

    Args:
        surroundings: randomness and clock.
        ledger: a ledger to share with others; a new one by default.

    Attributes:
        ledger: what is held.
    """

    def __init__(self, surroundings: Surroundings, ledger: MemoryLedger | None = None) -> None:
        self._surroundings = surroundings
        self._memory = Memory()
        self.ledger = ledger or MemoryLedger(
            surroundings.now, keep_history=surroundings.keep_history
        )

    def open(self, connection: Connection | None = None) -> Pool:
        """Open the pool for one unit of work; the connection is not used."""
        del connection
        return LedgerPool(self.ledger, self._memory, self._surroundings)
