"""Ids that are made before the row is: a unit that runs again can look for its own."""

from random import Random
from uuid import UUID


def new_id(random: Random) -> str:
    """Return a random UUID (RFC 9562, version 4) as text."""
    return str(UUID(int=random.getrandbits(128), version=4))
