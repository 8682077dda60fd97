"""What a piece of work has cost, and what it has done: counted where it happens.

How many statements a request took, how often its units of work ran again and how
often somebody else was faster is known deep below; who wants to know it, for a line of the
log or a metric, is far above. So whoever answers a request opens an `Account` for all that
its thread does meanwhile, and what happens is entered there. Nothing is counted where
nobody opened one, such as in the library.

It lies below all layers and imports none. An entry costs the look-up of a context
variable, a tenth of a microsecond, which is why nothing is locked, formatted or
called back here.

Invariant: addresses are counted that a unit of work handed out or took back for good,
and not those of a run that was undone (`effects`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Account:
    """The counts of one piece of work. It is its thread's own, and grows.

    Attributes:
        statements: SQL statements that were sent to the database, those that begin a
            transaction among them, and COMMIT and ROLLBACK not.
        runs_again: units of work that were run once more, whole, since the database or
            somebody's change asked for it: retries.
        lost_races: addresses that were proposed as free and turned out to be held when they
            were claimed, and subnets that had changed since they were read.
        allocated: addresses handed out.
        released: addresses taken back.
    """

    statements: int = 0
    runs_again: int = 0
    lost_races: int = 0
    allocated: int = 0
    released: int = 0


_current: ContextVar[Account | None] = ContextVar("account", default=None)


def open_account() -> Account:
    """Count from here on in an account of its own what this thread does.

    It stays open until the next one is opened: a thread of the server answers one
    request after the other, and between two of them it does nothing that counts.
    """
    account = Account()
    _current.set(account)
    return account


def statement() -> None:
    """Enter a statement."""
    account = _current.get()
    if account is not None:
        account.statements += 1


def run_again() -> None:
    """Enter a unit of work that is run once more."""
    account = _current.get()
    if account is not None:
        account.runs_again += 1


def lost_races(number: int = 1) -> None:
    """Enter claims that somebody else was faster with."""
    account = _current.get()
    if account is not None:
        account.lost_races += number


def allocated(number: int = 1) -> None:
    """Enter addresses that were handed out."""
    account = _current.get()
    if account is not None:
        account.allocated += number


def released(number: int = 1) -> None:
    """Enter addresses that were taken back."""
    account = _current.get()
    if account is not None:
        account.released += number


@contextmanager
def effects() -> Iterator[None]:
    """Do something that has no effect if it fails: then no addresses of it are counted."""
    account = _current.get()
    if account is None:
        yield
        return
    before = account.allocated, account.released
    try:
        yield
    except BaseException:
        account.allocated, account.released = before
        raise
