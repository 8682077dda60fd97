from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
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

from freehold.addresses.hints import LOWEST_FOR, HintBook, Hints, Part, Rest
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


# Parts


def part(first: int, size: int, free: int) -> Part:
    return Part(AddressRange(4, first, first + size - 1), free)


def parts_of(hints: Hints, random: Random) -> list[Part]:
    return list(iter(lambda: hints.take_part(random), None))


def test_each_part_is_taken_once() -> None:
    known = [part(1000 * place, 256, place + 1) for place in range(40)]
    hints, random = Hints(), Random(3)
    hints.remember_parts(known[:25], random)
    hints.remember_parts(known[25:], random)
    taken = parts_of(hints, random)
    assert sorted(taken, key=lambda one: one.free) == known
    assert hints.take_part(random) is None


def test_a_part_is_the_likelier_the_more_of_it_is_free() -> None:
    known = [part(0, 256, 1), part(1000, 256, 9), part(2000, 256, 90), part(2**24, 2**20, 300)]
    random = Random(5)
    rounds = 4000
    counts: Counter[int] = Counter()
    for _ in range(rounds):
        hints = Hints()
        hints.remember_parts(known, random)
        taken = hints.take_part(random)
        assert taken is not None
        counts[taken.free] += 1
    expected = {one.free: rounds * one.free / 400 for one in known}
    distance = sum((counts[free] - number) ** 2 / number for free, number in expected.items())
    assert distance < 21.1  # 3 degrees of freedom: p < 0.0001


def test_parts_of_ipv6_are_weighed_without_rounding() -> None:
    random = Random(6)
    tiny = Part(AddressRange(6, 1, 1), 1)
    huge = Part(AddressRange(6, 1 << 64, (1 << 65) - 1), 2**64 - 7)
    hints = Hints()
    hints.remember_parts([tiny, huge], random)
    assert parts_of(hints, random) == [huge, tiny]


def test_beyond_the_capacity_a_random_choice_of_parts_is_kept() -> None:
    known = [part(1000 * place, 256, 7) for place in range(100)]
    kept = []
    for seed in range(50):
        hints = Hints(capacity=10)
        hints.remember_parts(known, Random(seed))
        kept.append(frozenset(parts_of(hints, Random(seed))))
    assert all(len(one) == 10 for one in kept)
    assert len(set(kept)) == 50
    assert len(frozenset().union(*kept)) > 90


def test_parts_that_were_counted_again_take_the_place_of_all_others() -> None:
    hints, random = Hints(capacity=3), Random(1)
    hints.remember_parts([part(0, 256, 200), part(1000, 256, 200)], random)
    hints.remember_parts([part(0, 2000, 1)], random, instead=True)
    assert parts_of(hints, random) == [part(0, 2000, 1)]
    hints.remember_parts([part(1000 * place, 256, 1) for place in range(9)], random, instead=True)
    assert len(parts_of(hints, random)) == 3


@pytest.mark.parametrize(("free", "whole"), [(255, False), (256, True)])
def test_a_part_knows_whether_all_of_it_is_free(free: int, whole: bool) -> None:
    assert part(0, 256, free).is_free == whole


def test_threads_never_take_the_same_part() -> None:
    hints = Hints(capacity=2000)
    hints.remember_parts([part(300 * place, 256, place + 1) for place in range(2000)], Random(1))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda seed: parts_of(hints, Random(seed)), range(8)))
    assert sorted(one.free for some in taken for one in some) == list(range(1, 2001))


# Released addresses


def rests(*numbers: int) -> list[Rest]:
    return [Rest(number, NOON) for number in numbers]


def released_of(hints: Hints, random: Random, oldest: int) -> list[int]:
    taken = iter(lambda: hints.take_released(random, oldest), None)
    return [one.number for one in taken]


def test_released_addresses_are_taken_once_and_any_of_the_oldest_may_be_the_first() -> None:
    firsts = set()
    for seed in range(200):
        hints = Hints()
        hints.remember_released(rests(*range(10, 20)))
        taken = released_of(hints, Random(seed), 3)
        assert sorted(taken) == list(range(10, 20))
        assert all(sorted(taken[place:]).index(one) < 3 for place, one in enumerate(taken))
        firsts.add(taken[0])
    assert firsts == {10, 11, 12}


def test_out_of_the_one_oldest_the_order_is_that_of_the_releases() -> None:
    hints = Hints()
    hints.remember_released(rests(5, 3, 4))
    assert released_of(hints, Random(1), 1) == [5, 3, 4]


def test_released_addresses_replace_those_known_and_the_first_ones_are_kept() -> None:
    hints = Hints(capacity=4)
    hints.remember_released(rests(1, 2, 3))
    hints.remember_released(iter(rests(9, 8, 7, 6, 5)))
    assert sorted(released_of(hints, Random(1), 2)) == [6, 7, 8, 9]
    hints.remember_released(rests(1))
    hints.remember_released([])
    assert hints.take_released(Random(1), 1) is None


# The lowest free address

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def seen(first: int = 50, last: int = 60) -> Hints:
    hints = Hints()
    hints.saw_lowest(first, last, NOON)
    return hints


def test_the_lowest_run_is_believed_for_a_while_and_not_before_it_was_seen() -> None:
    assert Hints().lowest(NOON) is None
    hints = seen()
    assert hints.lowest(NOON) == (50, 60)
    assert hints.lowest(NOON + LOWEST_FOR - timedelta(microseconds=1)) == (50, 60)
    assert hints.lowest(NOON + LOWEST_FOR) is None
    # A clock that was set back tells nothing of how long ago it was.
    assert hints.lowest(after(-1)) is None


def test_a_claim_shortens_the_lowest_run_only_if_it_is_its_first_address() -> None:
    hints = seen(50, 51)
    for number in (49, 51, 52):
        hints.raise_lowest(number)
        assert hints.lowest(NOON) == (50, 51)
    hints.raise_lowest(50)
    assert hints.lowest(after(1)) == (51, 51)
    hints.raise_lowest(51)
    # It ends before it begins.
    assert hints.lowest(after(1)) == (52, 51)


def test_a_release_is_the_lowest_run_only_if_it_is_below() -> None:
    hints = seen()
    for number in (50, 55, 70):
        hints.lower_lowest(number)
        assert hints.lowest(NOON) == (50, 60)
    hints.lower_lowest(0)
    assert hints.lowest(NOON) == (0, 0)


def test_a_higher_run_takes_the_place_of_a_lower_one_and_not_the_other_way_around() -> None:
    hints = seen()
    hints.saw_higher(40, 45)
    assert hints.lowest(NOON) == (50, 60)
    hints.saw_higher(80, 90)
    assert hints.lowest(NOON) == (80, 90)


def test_a_run_that_is_doubted_tells_only_where_to_search() -> None:
    hints = seen()
    hints.doubt_lowest()
    assert hints.lowest(NOON) == (50, 49)


def test_nothing_that_is_not_remembered_is_raised_or_lowered() -> None:
    hints = Hints()
    hints.raise_lowest(7)
    hints.lower_lowest(7)
    hints.saw_higher(7, 9)
    hints.doubt_lowest()
    assert hints.lowest(NOON) is None


def test_only_another_look_makes_the_lowest_run_believed_for_longer() -> None:
    hints = seen()
    hints.raise_lowest(50)
    hints.lower_lowest(40)
    hints.saw_higher(70, 70)
    assert hints.lowest(NOON + LOWEST_FOR) is None
    hints.saw_lowest(71, 72, after(5))
    assert hints.lowest(NOON + LOWEST_FOR) == (71, 72)


# Forgetting


def filled() -> Hints:
    hints = Hints()
    hints.remember([AddressRange(4, 1, 3)], Random(1))
    hints.remember_parts([part(0, 9, 1)], Random(1))
    hints.remember_released(rests(5))
    hints.saw_lowest(1, 2, NOON)
    hints.crowded = hints.worn = True
    return hints


def test_all_is_forgotten_at_once() -> None:
    hints = filled()
    hints.clear()
    assert len(hints) == 0
    assert hints.take(Random(1)) is None
    assert hints.take_part(Random(1)) is None
    assert hints.take_released(Random(1), 1) is None
    assert hints.lowest(NOON) is None
    assert not hints.crowded
    assert not hints.worn


def test_the_runs_alone_can_be_forgotten() -> None:
    hints = filled()
    hints.forget_runs()
    assert hints.take(Random(1)) is None
    assert hints.take_part(Random(1)) == part(0, 9, 1)
    assert hints.take_released(Random(1), 1) == Rest(5, NOON)
    assert hints.lowest(NOON) == (1, 2)
    assert hints.crowded
    assert hints.worn


def test_what_rests_alone_can_be_forgotten() -> None:
    hints = filled()
    hints.forget_released()
    assert hints.take_released(Random(1), 1) is None
    assert hints.lowest(NOON) == (1, 2)
    assert hints.worn
    hints.doubt_worn()
    assert not hints.worn


# The book


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


def test_a_subnet_that_changed_begins_with_empty_hints() -> None:
    book = HintBook()
    former = book.of("subnet", stamp=1)
    former.add(1)
    assert book.of("subnet", stamp=1) is former
    assert len(book.of("subnet", stamp=2)) == 0
    assert len(book) == 1


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
