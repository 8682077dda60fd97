"""A choice among several servers that is not quite random."""

from collections.abc import Sequence
from random import Random
from typing import Any


class Preferring(Random):
    """Randomness for a database of several servers that tries one of them first.

    Args:
        preferred: the position of that server.
        seed: of the other choices.
    """

    preferred = 0

    def __new__(cls, preferred: int = 0, seed: str = "") -> "Preferring":
        """Make one; what Random itself makes takes one argument at most."""
        return super().__new__(cls)

    def __init__(self, preferred: int = 0, seed: str = "") -> None:
        super().__init__(seed)
        self.preferred = preferred

    def sample(self, population: Sequence[Any], k: int, **values: Any) -> list[Any]:
        """Return the preferred one, then the others at random."""
        first = population[self.preferred % len(population)]
        others = [one for one in population if one is not first]
        return [first, *super().sample(others, k - 1, **values)]
