"""Rows of requests that were sent with an idempotency key."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from freehold.db.tables_idempotency import idempotency_keys as keys
from freehold.ledger.tables import stored_time


class Keyed(NamedTuple):
    """A request, as it is stored.

    Attributes:
        id: the digest of whose key it is, for what, and of the key.
        fingerprint: that of the request.
        attempt: the id of who works on it, or did.
        process: the process that does.
        created_at: when the key was first used.
        begun_at: when this attempt was begun.
        status: the HTTP status of the answer; None until there is one.
        answer: the answer.
    """

    id: str
    fingerprint: str
    attempt: str
    process: str
    created_at: datetime
    begun_at: datetime
    status: int | None
    answer: str | None


def get(connection: Connection, key_id: str) -> Keyed | None:
    """Read a request, if there is one under this key."""
    row = connection.execute(select(keys).where(keys.c.id == key_id)).first()
    if row is None:
        return None
    return Keyed(
        row.id,
        row.fingerprint,
        row.attempt,
        row.process,
        row.created_at.replace(tzinfo=UTC),
        row.begun_at.replace(tzinfo=UTC),
        row.status,
        row.answer,
    )


def add(connection: Connection, keyed: Keyed) -> None:
    """Store a request.

    Raises:
        DBDuplicateEntry: there is one under this key.
    """
    times = {
        "created_at": stored_time(keyed.created_at),
        "begun_at": stored_time(keyed.begun_at),
    }
    connection.execute(insert(keys).values({**keyed._asdict(), **times}))


def take_over(
    connection: Connection, keyed: Keyed, attempt: str, process: str, now: datetime
) -> bool:
    """Begin another attempt at a request as it was read; tell whether it was still so."""
    taken = connection.execute(
        update(keys)
        .where(keys.c.id == keyed.id, keys.c.attempt == keyed.attempt, keys.c.status.is_(None))
        .values(attempt=attempt, process=process, begun_at=stored_time(now))
    )
    return bool(taken.rowcount)


def settle(connection: Connection, key_id: str, attempt: str, status: int, answer: str) -> bool:
    """Store the answer to a request; tell whether the attempt was still the one that counts."""
    settled = connection.execute(
        update(keys)
        .where(keys.c.id == key_id, keys.c.attempt == attempt, keys.c.status.is_(None))
        .values(status=status, answer=answer)
    )
    return bool(settled.rowcount)


def remove(connection: Connection, keyed: Keyed) -> None:
    """Delete a request as it was read."""
    connection.execute(delete(keys).where(keys.c.id == keyed.id, keys.c.attempt == keyed.attempt))


def abandon(connection: Connection, key_id: str, attempt: str) -> None:
    """Delete a request to which this attempt has found no answer."""
    connection.execute(
        delete(keys).where(keys.c.id == key_id, keys.c.attempt == attempt, keys.c.status.is_(None))
    )


def remove_older(connection: Connection, before: datetime, most: int) -> int:
    """Delete requests whose keys were first used before a time; return how many.

    Args:
        connection: the unit's connection.
        before: the time.
        most: how many at the most.
    """
    old = connection.scalars(
        select(keys.c.id)
        .where(keys.c.created_at < stored_time(before))
        .order_by(keys.c.created_at)
        .limit(most)
    ).all()
    if old:
        connection.execute(delete(keys).where(keys.c.id.in_(old)))
    return len(old)
