"""How claims are undone in the unit of work that made them.

It is no release: nobody held the addresses, as far as anybody else can tell, so
that no holder is remembered, and what rested before rests as long as it would have.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, null, update

from freehold.addresses.encoding import to_bytes
from freehold.addresses.ranges import IPAddress
from freehold.ledger.claiming import MANY, portions
from freehold.ledger.tables import allocations, stored_time

_these = (
    allocations.c.subnet_id == bindparam("in_subnet"),
    allocations.c.address.in_(bindparam("addresses", expanding=True)),
    allocations.c.released_at.is_(None),
)
_PUT_BACK = delete(allocations).where(*_these)
_PUT_BACK_TO_REST = (
    update(allocations)
    .where(*_these)
    .values(holder=null(), released_at=bindparam("at", type_=allocations.c.released_at.type))
)


def put_back(
    connection: Connection,
    subnet_id: str,
    addresses: Sequence[IPAddress],
    released_at: datetime | None,
) -> None:
    """Undo claims; those whose address nobody holds are passed over.

    Args:
        connection: the unit's connection.
        subnet_id: the subnet.
        addresses: what was claimed.
        released_at: since when they rest again; None for not at all.
    """
    for portion in portions(addresses, MANY):
        parameters: dict[str, object] = {
            "in_subnet": subnet_id,
            "addresses": [to_bytes(address) for address in portion],
        }
        if released_at is None:
            connection.execute(_PUT_BACK, parameters)
        else:
            moment = {"at": stored_time(released_at)}
            connection.execute(_PUT_BACK_TO_REST, {**parameters, **moment})
