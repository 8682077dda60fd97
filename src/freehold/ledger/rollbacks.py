"""What is to be done when a connection's transaction is rolled back.

A process remembers things beside the database that a transaction has made true,
and a rollback makes them untrue again. Whoever remembers says here how to forget.
The listeners are on the connection, which is one checkout of an engine's, and go with
it; they cost no statement, and are not there before somebody asks for them.

Not everything is told: a COMMIT that fails is no rollback, nor is a two-phase one.
So this is for what may be wrong for a while, and for nothing else.
"""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event

Undo = Callable[[], None]

_undos: WeakKeyDictionary[Connection, list[Undo]] = WeakKeyDictionary()


def at_rollback(connection: Connection, undo: Undo) -> None:
    """Have something done when the transaction is rolled back, be it to a savepoint only.

    Args:
        connection: whose transaction it is.
        undo: called once at most, just before the rollback; raises nothing.
    """
    undos = _undos.get(connection)
    if undos is None:
        undos = _undos[connection] = _listen(connection)
    undos.append(undo)


def _listen(connection: Connection) -> list[Undo]:
    undos: list[Undo] = []

    def undo_all(*_: object) -> None:
        while undos:
            undos.pop()()

    def forget_all(_: object) -> None:
        # The transaction before this one was committed.
        undos.clear()

    event.listen(connection, "rollback", undo_all)
    event.listen(connection, "rollback_savepoint", undo_all)
    event.listen(connection, "begin", forget_all)
    return undos
