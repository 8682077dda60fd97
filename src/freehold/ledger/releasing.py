"""How an address is taken from its holder, and what of that is remembered.

A release removes the row of the address, or has it rest there; before that,
who held it from when to when is copied to ``past_allocations``, so that the two
cannot tell different things. Both name the subnet's stamp: whether an address
rests is for the subnet to say, as it is and not as it was read earlier.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    Connection,
    Delete,
    Executable,
    Update,
    bindparam,
    delete,
    insert,
    null,
    select,
    update,
)

from freehold.ledger.tables import allocations, ledger_subnets, past_allocations, stored_time

COPIED = ["subnet_id", "address", "holder", "allocated_at"]
_PAST = [*COPIED, "released_at"]

_now = bindparam("now", type_=allocations.c.released_at.type)
_stamp = (
    select(ledger_subnets.c.stamp)
    .where(ledger_subnets.c.id == bindparam("in_subnet"))
    .scalar_subquery()
)
_of_subnet = (
    allocations.c.subnet_id == bindparam("in_subnet"),
    allocations.c.released_at.is_(None),
)
_held = (*_of_subnet, allocations.c.address == bindparam("this"))
_current = _stamp == bindparam("stamp")

_REMOVE = delete(allocations).where(*_held)
_REST = update(allocations).where(*_held).values(released_at=_now)
_REST_UNNAMED = _REST.values(holder=null())
_copied = select(*(allocations.c[name] for name in COPIED), _now)
_REMEMBER = (
    insert(past_allocations)
    .from_select(_PAST, _copied.where(*_held, _current).with_for_update())
    # SQLAlchemy keeps the row count of an INSERT only if told to.
    .execution_options(preserve_rowcount=True)
)
# Locking, since what somebody else releases in that moment would be remembered twice.
_REMEMBER_ALL = insert(past_allocations).from_select(
    _PAST, _copied.where(*_of_subnet).with_for_update()
)
# There a row that is being claimed from its rest would be passed over, and not waited for.
_gone = (
    delete(allocations)
    .where(allocations.c.subnet_id == bindparam("in_subnet"))
    .returning(*(allocations.c[name] for name in _PAST))
    .cte("gone")
)
_REMEMBER_ALL_IN_POSTGRESQL = insert(past_allocations).from_select(
    _PAST, select(*(_gone.c[name] for name in COPIED), _now).where(_gone.c.released_at.is_(None))
)


class Releasing(Protocol):
    """A way of releasing an address."""

    def __call__(
        self, connection: Connection, parameters: Mapping[str, Any], keep: bool, remember: bool
    ) -> bool:
        """Release an address.

        Args:
            connection: in a transaction.
            parameters: ``in_subnet``, ``stamp``, ``this`` (the address) and ``now``.
            keep: whether it rests from now on.
            remember: whether its holder is remembered.

        Returns:
            False if nobody held it, or the subnet does not have the stamp.
        """
        ...


def _in_steps(
    connection: Connection, parameters: Mapping[str, Any], keep: bool, remember: bool
) -> bool:
    """Copy the row, which locks it, and then remove it."""
    if not remember:
        return connection.execute(_AT_ONCE[keep, False], parameters).rowcount == 1
    if connection.execute(_REMEMBER, parameters).rowcount == 0:
        return False
    connection.execute(_REST if keep else _REMOVE, parameters)
    return True


def _at_once(
    connection: Connection, parameters: Mapping[str, Any], keep: bool, remember: bool
) -> bool:
    """Do both in one statement, as PostgreSQL can."""
    return connection.execute(_AT_ONCE[keep, remember], parameters).rowcount == 1


def _with_copy(change: Delete | Update) -> Executable:
    gone = change.where(_current).returning(*(allocations.c[name] for name in COPIED)).cte("gone")
    copy = insert(past_allocations).from_select(_PAST, select(*gone.c, _now))
    return copy.execution_options(preserve_rowcount=True)


_AT_ONCE = {
    (False, False): _REMOVE.where(_current),
    (True, False): _REST_UNNAMED.where(_current),
    (False, True): _with_copy(_REMOVE),
    (True, True): _with_copy(_REST),
}
"""By whether the address rests, and whether its holder is remembered."""


def releasing_for(dialect: str) -> Releasing:
    """Return the way of releasing for a dialect of SQLAlchemy's."""
    return _at_once if dialect == "postgresql" else _in_steps


def remember_all(connection: Connection, subnet_id: str, now: datetime) -> None:
    """Copy whatever is held in a subnet, as released now.

    All that is taken there has to be removed after it, in the same transaction.
    """
    at_once = connection.dialect.name == "postgresql"
    connection.execute(
        _REMEMBER_ALL_IN_POSTGRESQL if at_once else _REMEMBER_ALL,
        {"in_subnet": subnet_id, "now": stored_time(now)},
    )
