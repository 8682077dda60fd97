"""Released addresses rest, come back in the order of their release, and are counted right."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from random import Random

import pytest

from freehold.addresses.ranges import IPAddress
from freehold.drivers.proposals import OLDEST
from freehold.drivers.resting import AT_ONCE
from freehold.errors import AllocationContention, IpAddressGenerationFailure
from freehold.ipam.driver import Surroundings
from freehold.ipam.requests import (
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.ipam.strategy import Reuse, Strategy
from freehold.ledger.memory import MemoryLedger
from freehold.ledger.protocol import Claim, LedgerSubnet, claims
from tests.drivers.clock import NOON, Clock
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness, create, ips, request
from tests.engines import abandoned, ledger_engine

HOUR = timedelta(hours=1)
RESTING = Reuse(strategy=Strategy.LEAST_RECENTLY_RELEASED, cool_down=HOUR)
AT_RANDOM = Reuse(strategy=Strategy.RANDOM)
ANY = AnyAddressRequest(holder="h")
NEXT = PreferNextAddressRequest(holder="h")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def harness(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Harness]:
    surroundings = Surroundings(Random(1), clock)
    if request.param == "memory":
        yield MemoryHarness(surroundings=surroundings)
    else:
        engine = ledger_engine()
        yield SqlHarness(engine, surroundings=surroundings)
        engine.dispose()


@pytest.mark.parametrize("length", [26, 24])
def test_the_oldest_come_back_first(harness: Harness, clock: Clock, length: int) -> None:
    with harness.unit() as pool:
        subnet = create(pool, f"10.0.0.0/{length}", reuse=RESTING)
        total = 2 ** (32 - length) - 2
        released = subnet.bulk_allocate(BulkAddressRequest(total))
        for address in released:
            subnet.deallocate(address)
            clock.move(seconds=1)
    clock.move(hours=1)
    waiting = list(released)
    for _ in range(total):
        with harness.unit() as pool:
            address = pool.get_subnet("s1").allocate(ANY)
        assert waiting.index(address) < OLDEST
        waiting.remove(address)
    assert waiting == []


def test_what_was_released_again_meanwhile_waits_for_its_turn(
    harness: Harness, clock: Clock
) -> None:
    at_once = Reuse(strategy=Strategy.LEAST_RECENTLY_RELEASED, cool_down=timedelta(0))
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/27", reuse=at_once)
        released = subnet.bulk_allocate(BulkAddressRequest(30))
        for address in released:
            subnet.deallocate(address)
            clock.move(seconds=1)
        # From now on this process knows which are the oldest.
        released.remove(subnet.allocate(ANY))
    with harness.another_process().unit() as pool:
        subnet = pool.get_subnet("s1")
        again = released[:6]
        for address in again:
            subnet.allocate(SpecificAddressRequest(address))
            subnet.deallocate(address)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        next_ones = {subnet.allocate(ANY) for _ in range(len(released) - len(again))}
    assert len(next_ones.intersection(again)) < OLDEST


class Losing(MemoryLedger):
    """What rests is claimed in vain some times, as if others were faster."""

    races = 0

    def begin(self, races: int) -> None:
        """Forget what was wanted, and lose so many races from now on."""
        self.races = races
        self.wanted: list[IPAddress] = []

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        self.wanted += [claim.address for claim in wanted]
        self.races -= 1
        return [] if self.races >= 0 else super().reclaim_many(subnet, wanted, released_by)


def test_what_was_reclaimed_in_a_transaction_rolled_back_keeps_its_turn(clock: Clock) -> None:
    engine = ledger_engine()
    harness = SqlHarness(engine, surroundings=Surroundings(Random(1), clock))
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", reuse=RESTING)
        waiting = subnet.bulk_allocate(BulkAddressRequest(62))
        for address in waiting:
            subnet.deallocate(address)
            clock.move(seconds=1)
    clock.move(hours=1)
    for _ in range(50):
        with abandoned(engine) as connection:
            address = harness.driver.open(connection).get_subnet("s1").allocate(ANY)
        assert waiting.index(address) < OLDEST
    engine.dispose()


def test_what_was_full_in_a_transaction_rolled_back_is_not_worn(clock: Clock) -> None:
    engine = ledger_engine()
    harness = SqlHarness(engine, surroundings=Surroundings(Random(1), clock))
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/28", reuse=RESTING)
        released = subnet.allocate(ANY)
        subnet.deallocate(released)
    clock.move(hours=1)
    with abandoned(engine) as connection:
        subnet = harness.driver.open(connection).get_subnet("s1")
        assert [subnet.allocate(ANY) for _ in range(14)][-1] == released
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert [subnet.allocate(ANY) for _ in range(14)][-1] == released
    engine.dispose()


def test_who_loses_races_chooses_among_more_and_more(clock: Clock) -> None:
    ledger = Losing(clock)
    chosen_among: list[int] = []
    with MemoryHarness(ledger, surroundings=Surroundings(Random(1), clock)).unit() as pool:
        subnet = create(pool, "10.0.0.0/25", reuse=RESTING)
        waiting = subnet.bulk_allocate(BulkAddressRequest(126))
        for address in waiting:
            subnet.deallocate(address)
            clock.move(seconds=1)
        clock.move(hours=1)
        ledger.begin(races=0)
        waiting.remove(subnet.allocate(ANY))
        for _ in range(60):
            ledger.begin(races=4)
            address = subnet.allocate(ANY)
            # The first one is of those known before, and the others are read after it was lost.
            places = [waiting.index(one) for one in ledger.wanted]
            chosen_among = list(map(max, places, chosen_among or places))
            waiting.remove(address)
    known, *read = chosen_among
    assert known < AT_ONCE
    for lost, place in enumerate(read):
        # Those that were lost are not asked for again.
        assert place < (OLDEST << lost) + lost
    assert read[-1] >= OLDEST << 2


def test_processes_that_ask_at_once_do_not_all_want_the_oldest(clock: Clock) -> None:
    ledger = MemoryLedger(clock)
    first = MemoryHarness(ledger, surroundings=Surroundings(Random(1), clock))
    with first.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", reuse=RESTING)
        for address in subnet.bulk_allocate(BulkAddressRequest(62)):
            subnet.deallocate(address)
    clock.move(hours=1)
    wanted = set()
    for seed in range(10):
        there = first.another_process(Surroundings(Random(seed), clock))
        with there.unit() as pool:
            subnet = pool.get_subnet("s1")
            address = subnet.allocate(ANY)
            wanted.add(address)
            ledger.put_back("s1", [address], NOON)
    assert len(wanted) == OLDEST


@pytest.mark.parametrize("kind", [ANY, NEXT])
def test_a_process_without_recent_knowledge_finds_what_another_strategy_frees(
    harness: Harness, kind: AnyAddressRequest | PreferNextAddressRequest
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/29", reuse=RESTING)
        for address in subnet.bulk_allocate(BulkAddressRequest(6)):
            subnet.deallocate(address)
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(kind)
    with harness.another_process().unit() as pool:
        pool.update_subnet(request("10.0.0.0/29", reuse=AT_RANDOM))
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert len({subnet.allocate(kind) for _ in range(6)}) == 6


def test_another_default_of_the_driver_frees_what_rests(harness: Harness, clock: Clock) -> None:
    resting = harness.another_process(Surroundings(Random(2), clock, RESTING))
    with resting.unit() as pool:
        subnet = create(pool, "10.0.0.0/29")
        for address in subnet.bulk_allocate(BulkAddressRequest(6)):
            subnet.deallocate(address)
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(ANY)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        one = subnet.allocate(SpecificAddressRequest(ip_address("10.0.0.3")))
        others = subnet.bulk_allocate(BulkAddressRequest(3))
        assert len({one, *others, subnet.allocate(ANY), subnet.allocate(NEXT)}) == 6


def test_a_bulk_refusal_tells_when_the_next_address_comes_that_is_not_free_yet(
    harness: Harness, clock: Clock
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/29", reuse=RESTING)
        first, second, *_ = subnet.bulk_allocate(BulkAddressRequest(6))
        subnet.deallocate(first)
        clock.move(minutes=40)
        subnet.deallocate(second)
        clock.move(minutes=30)
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.bulk_allocate(BulkAddressRequest(2))
    assert caught.value.refusals[0].figures == {
        "total": 6,
        "held": 4,
        "requested": 2,
        "cooling": 1,
        "next_free_at": "2026-03-01T13:40:01Z",
    }


@pytest.mark.parametrize("count", [7, 2**80])
def test_a_bulk_refusal_of_more_than_the_pools_have_tells_the_same(
    harness: Harness, clock: Clock, count: int
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/29", reuse=RESTING)
        rested, cooling, *_ = subnet.bulk_allocate(BulkAddressRequest(5))
        subnet.deallocate(rested)
        clock.move(minutes=40)
        subnet.deallocate(cooling)
        clock.move(minutes=30)
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.bulk_allocate(BulkAddressRequest(count))
    assert caught.value.refusals[0].figures == {
        "total": 6,
        "held": 3,
        "requested": count,
        "cooling": 1,
        "next_free_at": "2026-03-01T13:40:01Z",
    }


class Greedy(MemoryLedger):
    """Somebody else takes what is free and what has rested, just after the first reclaim."""

    greedy = False

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        got = super().reclaim_many(subnet, wanted, released_by)
        if self.greedy:
            self.greedy = False
            everything = claims([one for pool in subnet.pools for one in pool], "rival")
            super().claim_many(subnet, everything)
            super().reclaim_many(subnet, everything, released_by)
        return got


def test_a_bulk_request_that_is_refused_at_last_puts_all_back(clock: Clock) -> None:
    ledger = Greedy(clock)
    with MemoryHarness(ledger, surroundings=Surroundings(Random(1), clock)).unit() as pool:
        subnet = create(pool, "10.0.0.0/28", reuse=RESTING)
        some = sorted(subnet.bulk_allocate(BulkAddressRequest(10)), key=int)
        for address in some[:4]:
            subnet.deallocate(address)
        clock.move(hours=1)
        ledger.greedy = True
        # Four were never held, four have rested: the rival takes the former meanwhile.
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.bulk_allocate(BulkAddressRequest(7, holder="h"))
        assert caught.value.refusals[0].figures == {"total": 14, "held": 11, "requested": 7}
        assert all(ledger.released_at("s1", one) is not None for one in some[:3])
        # They have rested long enough still.
        assert set(subnet.bulk_allocate(BulkAddressRequest(3))) == set(some[:3])
        assert {one.holder for one in ledger.history(some[0])} == {None}


class Grabbing(MemoryLedger):
    """Each address that rests is held at the moment of the claim, and rests again at once."""

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        return []


def test_who_always_loses_what_has_rested_is_told_of_contention(clock: Clock) -> None:
    ledger = Grabbing(clock)
    with MemoryHarness(ledger, surroundings=Surroundings(Random(1), clock)).unit() as pool:
        subnet = create(pool, "10.0.0.0/28", reuse=RESTING)
        some = subnet.bulk_allocate(BulkAddressRequest(14))
        for address in some:
            subnet.deallocate(address)
        clock.move(hours=1)
        for kind in (ANY, NEXT):
            with pytest.raises(AllocationContention):
                subnet.allocate(kind)
        with pytest.raises(AllocationContention):
            subnet.bulk_allocate(BulkAddressRequest(5))
        assert (
            ledger.count_resting(
                "s1", request("10.0.0.0/28", "10.0.0.1-10.0.0.14").allocation_pools or ()
            )
            == 14
        )


def test_what_was_reclaimed_in_a_transaction_rolled_back_rests_on(clock: Clock) -> None:
    engine = ledger_engine()
    harness = SqlHarness(engine, surroundings=Surroundings(Random(1), clock))
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/29", reuse=RESTING)
        for address in subnet.bulk_allocate(BulkAddressRequest(6)):
            subnet.deallocate(address)
            clock.move(minutes=1)
    clock.move(minutes=55)
    with abandoned(engine) as connection:
        harness.driver.open(connection).get_subnet("s1").allocate(ANY)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert subnet.allocate(ANY) != subnet.allocate(ANY)
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(ANY)
    assert caught.value.refusals[0].figures == {
        "total": 6,
        "held": 0,
        "cooling": 4,
        "taken_by_this_request": 2,
        "next_free_at": "2026-03-01T13:02:01Z",
    }
    engine.dispose()


def test_addresses_outside_of_the_pools_do_not_rest(harness: Harness) -> None:
    [address] = ips("10.0.0.60")
    wanted = SpecificAddressRequest(address)
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", "10.0.0.2-10.0.0.9", reuse=RESTING)
        for _ in range(2):
            assert subnet.allocate(wanted) == address
            subnet.deallocate(address)


def test_a_subnet_taken_up_anew_in_one_unit_counts_from_nothing(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/29")
        subnet.bulk_allocate(BulkAddressRequest(6))
        pool.remove_subnet("s1")
        subnet = create(pool, "10.0.0.0/29", "10.0.0.1-10.0.0.1")
        subnet.allocate(ANY)
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(ANY)
    assert caught.value.refusals[0].figures == {"total": 1, "held": 0, "taken_by_this_request": 1}
