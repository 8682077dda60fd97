"""When one thread's count of all pools answers another thread."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from freehold.addresses.hints import Hints
from freehold.addresses.ranges import AddressRange
from freehold.drivers.searching import count_pools
from freehold.drivers.site import Site
from freehold.ipam.strategy import Reuse
from freehold.ledger.memory import MemoryLedger
from freehold.ledger.protocol import claims
from tests.ledger.keepers import subnet

S1 = subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.5"))


class Counting(MemoryLedger):
    counts = 0

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        self.counts += 1
        return super().count_taken(subnet_id, ranges)


class Turn:
    """The turn to count comes after another thread has had it, and found nothing free.

    Attributes:
        began_after: whether the other one began when this one had asked.
    """

    def __init__(self, hints: Hints, began_after: bool) -> None:
        self.hints, self.began_after = hints, began_after

    def acquire(self, timeout: float) -> bool:
        assert timeout > 0
        if self.began_after:
            self.hints.searches += 1
        self.hints.full_since = self.hints.searches
        return True

    def release(self) -> None:
        pass


def site(ledger: MemoryLedger, *released: int, began_after: bool = True) -> Site:
    hints = Hints()
    hints.searches = 3
    hints.searching = Turn(hints, began_after)  # type: ignore[assignment]  # all that is asked of a lock
    return Site(
        ledger=ledger,
        subnet=S1,
        reuse=Reuse(),
        hints=hints,
        random=Random(1),
        now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
        claimed=set(),
        released=set(released),
    )


@pytest.fixture
def ledger() -> Counting:
    """Nothing is held."""
    ledger = Counting()
    ledger.create_subnet(S1)
    return ledger


def test_a_count_that_began_after_the_question_is_the_answer(ledger: Counting) -> None:
    assert not count_pools(site(ledger))
    assert ledger.counts == 0


def test_a_count_that_began_before_the_question_is_not(ledger: Counting) -> None:
    assert count_pools(site(ledger, began_after=False))
    assert ledger.counts == 1


def test_who_has_released_something_that_others_cannot_see_yet_counts_himself(
    ledger: Counting,
) -> None:
    assert count_pools(site(ledger, S1.pools[0].first))
    assert ledger.counts == 1


def test_a_count_that_finds_nothing_is_remembered_as_begun_when_it_began(ledger: Counting) -> None:
    ledger.claim_many(S1, claims(list(S1.pools[0]), None))
    full = site(ledger, began_after=False)
    assert not count_pools(full)
    assert full.hints.full_since == full.hints.searches == 4
