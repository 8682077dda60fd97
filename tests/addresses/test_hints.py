from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from freehold.addresses.hints import HintBook, Hints
from freehold.addresses.ranges import AddressRange
from tests.addresses.strategies import disjoint_ranges, members, randoms


def drain(hints: Hints, random: Random) -> list[int]:
    taken = []
    while (number := hints.take(random)) is not None:
        taken.append(number)
    return taken


@given(ranges=disjoint_ranges(), random=randoms)
@settings(deadline=None, max_examples=50)
def test_each_remembered_address_is_taken_exactly_once(
    ranges: tuple[AddressRange, ...], random: Random
) -> None:
    hints = Hints(capacity=1000)
    hints.remember(ranges, random)
    assert sorted(drain(hints, random)) == sorted(members(ranges))
    assert hints.take(random) is None
    assert len(hints) == 0


def test_any_address_of_any_run_can_be_the_first() -> None:
    ranges = [AddressRange(4, 1, 3), AddressRange(4, 8, 8), AddressRange(4, 20, 29)]
    first = set()
    for seed in range(400):
        hints = Hints()
        hints.remember(ranges, Random(1))
        first.add(hints.take(Random(seed)))
    assert first == {1, 2, 3, 8, *range(20, 30)}


def count_of_runs(numbers: set[int]) -> int:
    return sum(number - 1 not in numbers for number in numbers)


class HintsBesideASet(RuleBasedStateMachine):
    """Hints beside the set of what was put in and not taken out.

    They have the same addresses until there were more runs than fit; from then
    on they have some of them.
    """

    @initialize(capacity=st.sampled_from([1, 2, 4, 100]), seed=st.integers(0, 2**16))
    def start(self, capacity: int, seed: int) -> None:
        self.random = Random(seed)
        self.capacity = capacity
        self.hints = Hints(capacity)
        self.known: set[int] = set()
        self.complete = True

    @rule(first=st.integers(0, 60), length=st.integers(1, 15), second=st.integers(0, 60))
    def remember(self, first: int, length: int, second: int) -> None:
        ranges = [AddressRange(4, start, start + length - 1) for start in (first, second)]
        self.hints.remember(ranges, self.random)
        self.known |= {*range(first, first + length), *range(second, second + length)}

    @rule(number=st.integers(0, 75))
    def add(self, number: int) -> None:
        self.hints.add(number)
        self.known.add(number)

    @rule()
    def take(self) -> None:
        runs = len(self.hints)
        number = self.hints.take(self.random)
        if number is None:
            assert runs == 0
        else:
            assert number in self.known
            self.known.remove(number)

    @rule()
    def clear(self) -> None:
        self.hints.clear()
        self.known.clear()
        self.complete = True

    @invariant()
    def has_the_runs_that_fit(self) -> None:
        runs = count_of_runs(self.known)
        self.complete = self.complete and runs <= self.capacity
        if self.complete:
            assert len(self.hints) == runs
        assert len(self.hints) <= self.capacity


def test_only_what_was_put_in_comes_out_and_only_once() -> None:
    run_state_machine_as_test(
        HintsBesideASet,
        settings=settings(max_examples=60, stateful_step_count=30, deadline=None),
    )


def test_beyond_the_capacity_a_random_choice_of_runs_is_kept() -> None:
    runs = [AddressRange(4, 10 * place, 10 * place) for place in range(100)]
    kept = []
    for seed in range(50):
        hints = Hints(capacity=10)
        hints.remember(runs, Random(seed))
        assert len(hints) == 10
        kept.append(frozenset(drain(hints, Random(seed))))
    assert all(len(one) == 10 for one in kept)
    assert len(set(kept)) == 50
    assert len(frozenset().union(*kept)) > 90


def test_remembering_again_does_not_double_an_address() -> None:
    hints, random = Hints(), Random(2)
    hints.remember([AddressRange(6, 1, 9)], random)
    hints.remember([AddressRange(6, 5, 12), AddressRange(6, 20, 20)], random)
    hints.add(5)
    assert sorted(drain(hints, random)) == [*range(1, 13), 20]


def test_an_added_address_is_joined_with_its_neighbours() -> None:
    hints, random = Hints(capacity=2), Random(0)
    for number in (5, 7, 6, 100):
        hints.add(number)
    assert len(hints) == 2
    hints.add(50)
    assert len(hints) == 2
    assert sorted(drain(hints, random)) == [5, 6, 7, 100]


def test_a_run_of_ipv6_is_split_without_being_listed() -> None:
    hints, random = Hints(capacity=8), Random(4)
    hints.remember([AddressRange(6, 0, 2**64 - 1)], random)
    taken = [hints.take(random) for _ in range(1000)]
    assert len(set(taken)) == 1000
    assert None not in taken
    assert len(hints) == 8


def test_threads_never_take_the_same_address() -> None:
    hints = Hints(capacity=5000)
    hints.remember([AddressRange(4, 0, 3999)], Random(1))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda seed: drain(hints, Random(seed)), range(8)))
    assert sorted(number for part in taken for number in part) == list(range(4000))


def test_the_book_keeps_the_subnets_used_last() -> None:
    book = HintBook(subnets=2, capacity=3)
    first = book.of("first")
    first.add(1)
    book.of("second")
    assert book.of("first") is first
    book.of("third")
    assert len(book) == 2
    assert book.of("first") is first
    assert len(book.of("second")) == 0
    assert book.of("third") is not first


def test_the_book_passes_its_capacity_on() -> None:
    hints = HintBook(capacity=3).of("subnet")
    for number in range(0, 20, 2):
        hints.add(number)
    assert len(hints) == 3


def test_forgetting_a_subnet_empties_the_hints_that_others_have_at_hand() -> None:
    book = HintBook()
    at_hand = book.of("subnet")
    at_hand.add(1)
    book.forget("subnet")
    book.forget("never seen")
    assert len(at_hand) == 0
    assert book.of("subnet") is not at_hand


def test_threads_get_the_same_hints_of_a_subnet() -> None:
    book = HintBook()
    with ThreadPoolExecutor(8) as pool:
        hints = list(pool.map(lambda _: book.of("subnet"), range(64)))
    assert len({id(one) for one in hints}) == 1


def test_stores_without_room_are_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Hints(capacity=0)
    with pytest.raises(ValueError, match="room"):
        HintBook(subnets=0)
