"""What is asked of everybody who is measured.

Each call is one transaction, committed when it returns. Numbers are the values
of addresses of the subnet that was taken up last.

Some look for a free address, and some are told one: those who are told show
what the writing costs by itself.
"""

from collections.abc import Sequence
from typing import Protocol

from freehold.addresses.ranges import IPNetwork


class Contender(Protocol):
    """One way to keep a register.

    Attributes:
        name: the heading of its column.
        looks: whether it finds free addresses by itself, and so can find none.
        refusals: the errors by which it says that there is none, or that one is held.
        tables: which tables it keeps its rows in.
        patience: how long one figure of it may take to measure, in seconds.
    """

    name: str
    looks: bool
    refusals: tuple[type[Exception], ...]
    tables: tuple[str, ...]
    patience: float

    def take_up(self, cidr: IPNetwork) -> None:
        """Go on with a new subnet of which nothing is held."""

    def restart(self) -> None:
        """Forget what was learned of the subnet, as a new process would."""

    def hold(self, numbers: Sequence[int]) -> None:
        """Hold addresses, behind the back of the one that is measured."""

    def free(self, numbers: Sequence[int]) -> None:
        """Free addresses, behind the back of the one that is measured."""

    def allocate(self, free: int) -> int:
        """Hand out any address; ``free`` is one, for those who do not look."""

    def take_next(self, free: int) -> int:
        """Hand out the lowest free address."""

    def take(self, number: int) -> None:
        """Hand out this address."""

    def release(self, number: int) -> None:
        """Take this address back."""

    def bulk(self, free: Sequence[int]) -> Sequence[int]:
        """Hand out as many addresses as these; all or none."""
