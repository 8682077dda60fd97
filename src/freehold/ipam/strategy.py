"""In which order a subnet hands out its free addresses.

Invariant: with `Strategy.LEAST_RECENTLY_RELEASED` nobody is handed an address
before the cool-down has passed since its release, unless it is asked for by
value and whoever asks may have it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

COOL_DOWN = timedelta(hours=1)
"""How long a released address rests by default."""

LONGEST_COOL_DOWN = timedelta(days=30)


class Strategy(StrEnum):
    """How one of the free addresses is chosen when any will do."""

    RANDOM = "random"
    """Each as likely as any other, so that nobody can foresee the next one."""

    NEXT = "next"
    """The lowest one."""

    LEAST_RECENTLY_RELEASED = "least-recently-released"
    """One that was never held, at random; when there is none, one of the few that
    were released the longest ago, and not within the cool-down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """How a subnet chooses addresses, and when it hands out released ones again.

    Attributes:
        strategy: how to choose.
        cool_down: how long a released address rests; counts for
            `Strategy.LEAST_RECENTLY_RELEASED` only.

    Raises:
        ValueError: the cool-down is negative, or longer than `LONGEST_COOL_DOWN`.
    """

    strategy: Strategy = Strategy.RANDOM
    cool_down: timedelta = COOL_DOWN

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.cool_down <= LONGEST_COOL_DOWN:
            raise ValueError(f"a cool-down is from 0 to {LONGEST_COOL_DOWN.days} days")

    @property
    def keeps_released(self) -> bool:
        """Whether a released address has to be remembered."""
        return self.strategy is Strategy.LEAST_RECENTLY_RELEASED
