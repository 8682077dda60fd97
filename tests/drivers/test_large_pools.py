"""Large and many pools: what is free is found exactly, evenly, and by few statements."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from random import Random

import pytest
from sqlalchemy import Engine, insert

from freehold.addresses.encoding import number_to_bytes
from freehold.addresses.hints import LOWEST_FOR
from freehold.addresses.ranges import IPAddress
from freehold.errors import IpAddressGenerationFailure, Reason
from freehold.ipam.driver import Surroundings
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.ledger.tables import allocations
from tests.drivers.clock import NOON, Clock
from tests.drivers.harness import SqlHarness, create, request
from tests.engines import abandoned, ledger_engine, statements, writing

ANY = AnyAddressRequest()
NEXT = PreferNextAddressRequest()
BASE = int(ip_address("10.0.0.0"))
SIX = int(ip_address("2001:db8::"))


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = ledger_engine()
    yield engine
    engine.dispose()


def hold(engine: Engine, numbers: Iterable[int], version: int = 4) -> None:
    """Have somebody hold these addresses, without a driver's knowing."""
    rows = [
        {"subnet_id": "s1", "address": number_to_bytes(version, number), "allocated_at": NOON}
        for number in numbers
    ]
    with writing(engine) as connection:
        connection.execute(insert(allocations), rows)


def drain(harness: SqlHarness, kind: AddressRequest = ANY) -> tuple[list[IPAddress], object]:
    """Take addresses, each in a unit of work of its own, until one is refused; and how it was."""
    got: list[IPAddress] = []
    while True:
        try:
            with harness.unit() as pool:
                got.append(pool.get_subnet("s1").allocate(kind))
        except IpAddressGenerationFailure as error:
            [refusal] = error.refusals
            assert refusal.reason is Reason.POOL_EXHAUSTED
            return got, refusal.figures


def pools_of(*bounds: tuple[int, int]) -> tuple[str, ...]:
    """Return pools from what their ends lie above 10.0.0.0."""
    return tuple(f"{ip_address(BASE + low)}-{ip_address(BASE + high)}" for low, high in bounds)


# Exactness

SLASH_16 = [(1, 65534)]
SEVERAL = [(10, 10), (20, 340), (1000, 1000), (1001, 9000), (20_000, 20_003), (30_000, 65_000)]
HUNDREDS = [(200 * place, 200 * place + 99) for place in range(1, 301)]
SINGLES = [(2 * place, 2 * place) for place in range(1, 1501)]


def last_at_random(inside: list[int]) -> list[int]:
    return Random(8).sample(inside, 9)


def last_in_a_run(inside: list[int]) -> list[int]:
    return inside[5000 % len(inside) :][:9]


def last_at_the_ends(inside: list[int]) -> list[int]:
    return [*inside[:4], *inside[-4:]]


def last_one(inside: list[int]) -> list[int]:
    return [inside[len(inside) // 3]]


Layout = Callable[[list[int]], list[int]]


@pytest.mark.parametrize("kind", [ANY, NEXT])
@pytest.mark.parametrize(
    ("bounds", "layout"),
    [
        (SLASH_16, last_at_random),
        (SLASH_16, last_in_a_run),
        (SEVERAL, last_at_the_ends),
        (HUNDREDS, last_at_random),
        (HUNDREDS, last_one),
        (SINGLES, last_at_random),
    ],
)
def test_the_last_addresses_are_handed_out_and_no_others(
    engine: Engine, kind: AddressRequest, bounds: list[tuple[int, int]], layout: Layout
) -> None:
    harness = SqlHarness(engine, Random(4))
    with harness.unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of(*bounds))
    inside = [BASE + number for low, high in bounds for number in range(low, high + 1)]
    left = sorted(layout(inside))
    hold(engine, set(inside) - set(left))
    got, figures = drain(harness, kind)
    assert sorted(map(int, got)) == left
    assert kind is ANY or got == sorted(got)
    assert figures == {"total": len(inside), "held": len(inside)}
    with harness.unit() as pool:
        pool.get_subnet("s1").deallocate(got[0])
    assert drain(harness, kind)[0] == [got[0]]


@pytest.mark.parametrize("count", [1, 9, 10])
def test_a_bulk_request_gets_the_last_addresses_of_many_pools_or_none(
    engine: Engine, count: int
) -> None:
    harness = SqlHarness(engine, Random(4))
    with harness.unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of(*HUNDREDS))
    inside = [BASE + number for low, high in HUNDREDS for number in range(low, high + 1)]
    left = last_at_random(inside)
    hold(engine, set(inside) - set(left))
    with harness.unit() as pool:
        if count > len(left):
            with pytest.raises(IpAddressGenerationFailure) as caught:
                pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(count))
            assert caught.value.refusals[0].figures == {
                "total": len(inside),
                "held": len(inside) - len(left),
                "requested": count,
            }
        else:
            got = pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(count))
            assert len(set(got)) == count
            assert set(map(int, got)) <= set(left)


@pytest.mark.parametrize("kind", [ANY, NEXT])
def test_addresses_beside_the_pools_are_neither_counted_nor_handed_out(
    engine: Engine, kind: AddressRequest
) -> None:
    harness = SqlHarness(engine, Random(4))
    with harness.unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of(*SINGLES[:900]))
    left = {BASE + 2, BASE + 1000, BASE + 1800}
    hold(engine, set(range(BASE + 1, BASE + 1802)) - left)
    hold(engine, range(BASE + 2000, BASE + 3000))
    got, figures = drain(harness, kind)
    assert set(map(int, got)) == left
    assert figures == {"total": 900, "held": 900}


def test_what_another_process_filled_meanwhile_is_no_contention(engine: Engine) -> None:
    """Stale knowledge of many parts must not be what the last free address is missed for."""
    here = SqlHarness(engine, Random(4))
    with here.unit() as pool:
        create(pool, "10.0.0.0/16")
    # Each stretch of 256 has a few free addresses, so that many parts become known.
    hold(engine, (BASE + number for number in range(1, 65_535) if number % 64))
    got = []
    for _ in range(700):
        with here.unit() as pool:
            got.append(int(pool.get_subnet("s1").allocate(ANY)))
    free = sorted({BASE + number for number in range(64, 65_535, 64)} - set(got))
    hold(engine, [number for number in free if number != free[100]])
    assert [int(one) for one in drain(here)[0]] == [free[100]]


# Cost


def cost(harness: SqlHarness, kind: AddressRequest, times: int) -> list[int]:
    """Return how many statements each of so many requests takes."""
    costs = []
    for _ in range(times):
        with harness.unit() as pool, statements(harness.engine) as seen:
            pool.get_subnet("s1").allocate(kind)
        costs.append(len(seen))
    return costs


def test_few_held_in_a_slash_8_cost_nothing_more_than_the_claim(engine: Engine) -> None:
    harness = SqlHarness(engine, Random(2))
    with harness.unit() as pool:
        create(pool, "10.0.0.0/8")
    hold(engine, (BASE + 4096 * place for place in range(1, 2000)))
    assert set(cost(harness, ANY, 100)) == {1}


@pytest.mark.parametrize("bounds", [SLASH_16, SEVERAL, HUNDREDS])
def test_the_last_thousandth_costs_few_statements_an_address(
    engine: Engine, bounds: list[tuple[int, int]]
) -> None:
    harness = SqlHarness(engine, Random(2))
    with harness.unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of(*bounds))
    inside = [BASE + number for low, high in bounds for number in range(low, high + 1)]
    left = len(inside) // 1000
    hold(engine, set(inside) - set(Random(9).sample(inside, left)))
    costs = cost(harness, ANY, left)
    assert sum(costs) <= 9 * left
    assert max(costs) <= 60


def test_the_last_one_of_a_slash_64_is_found_however_many_are_held(engine: Engine) -> None:
    harness = SqlHarness(engine, Random(2))
    with harness.unit() as pool:
        create(
            pool,
            "2001:db8::/64",
            "2001:db8::1-2001:db8::5000",
            "2001:db8::ffff:0:0-2001:db8::ffff:0:1",
        )
    low = {SIX + number for number in range(1, 0x5001)}
    high = int(ip_address("2001:db8::ffff:0:0"))
    hold(engine, {*low, high}, version=6)
    assert sum(cost(harness, ANY, 1)) <= 8
    assert drain(harness)[0] == []


# Evenness

CROWDED = [number for number in range(64) if number % 16] + [101, *range(220, 290)]


def test_in_small_pools_each_free_address_is_as_likely(engine: Engine) -> None:
    bounds = [(0, 63), (100, 104), (200, 299)]
    free = [n for low, high in bounds for n in range(low, high + 1) if n not in CROWDED]
    random = Random(7)
    with SqlHarness(engine).unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of(*bounds[1:], (1, 63)))
    hold(engine, (BASE + number for number in CROWDED))
    free.remove(0)
    assert chi_square(engine, random, [BASE + number for number in free], 60) < 79
    # 36 degrees of freedom: p < 0.0001


def test_in_large_pools_the_last_free_addresses_are_as_likely(engine: Engine) -> None:
    bounds = [(1, 9999), (20_000, 24_999), (40_000, 40_010)]
    inside = [BASE + number for low, high in bounds for number in range(low, high + 1)]
    # Alone, in a run, and in the last stretch of a pool.
    free = [inside[place] for place in (4000, 4001, 4002, 4003, 6000, 11_000, 13_000, -1)]
    with SqlHarness(engine).unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of(*bounds))
    hold(engine, set(inside) - set(free))
    # 7 degrees of freedom: p < 0.0001.
    assert chi_square(engine, Random(11), free, 60) < 29.9


def chi_square(engine: Engine, random: Random, free: list[int], each: int) -> float:
    """Return how uneven the first choices are of processes that know nothing."""
    counts: Counter[int] = Counter()
    for _ in range(each * len(free)):
        with abandoned(engine) as connection:
            subnet = SqlHarness(engine, random).driver.open(connection).get_subnet("s1")
            counts[int(subnet.allocate(ANY))] += 1
    assert set(counts) == set(free)
    return sum((counts[number] - each) ** 2 / each for number in free)


# The lowest one


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dense(engine: Engine, clock: Clock) -> SqlHarness:
    """A process that asked once for the next address of a pool whose low half is held."""
    harness = SqlHarness(engine, surroundings=Surroundings(Random(1), clock))
    with harness.unit() as pool:
        create(pool, "10.0.0.0/16", *pools_of((1, 9), (100, 60_000)))
    hold(engine, (BASE + number for number in (*range(1, 10), *range(100, 30_000))))
    assert cost(harness, NEXT, 1)[0] <= 20
    return harness


def next_of(harness: SqlHarness) -> int:
    with harness.unit() as pool:
        return int(pool.get_subnet("s1").allocate(NEXT)) - BASE


def release(harness: SqlHarness, number: int) -> None:
    with harness.unit() as pool:
        pool.get_subnet("s1").deallocate(ip_address(BASE + number))


def test_the_next_address_after_a_long_run_is_found_at_once_the_second_time(
    dense: SqlHarness,
) -> None:
    assert max(cost(dense, NEXT, 20)) <= 2
    assert next_of(dense) == 30_021


def test_a_lower_address_released_by_this_process_is_next_at_once(dense: SqlHarness) -> None:
    for number in (7000, 5):
        release(dense, number)
    assert [next_of(dense) for _ in range(3)] == [5, 7000, 30_001]


def test_a_lower_address_released_by_another_process_is_next_after_a_while(
    dense: SqlHarness, clock: Clock
) -> None:
    release(dense.another_process(), 4)
    assert next_of(dense) == 30_001
    clock.move(seconds=LOWEST_FOR.total_seconds())
    assert next_of(dense) == 4


@pytest.mark.parametrize("first", [NEXT, ANY, SpecificAddressRequest(ip_address(BASE + 30_001))])
def test_what_was_claimed_in_a_transaction_rolled_back_is_next(
    dense: SqlHarness, first: AddressRequest
) -> None:
    with abandoned(dense.engine) as connection:
        subnet = dense.driver.open(connection).get_subnet("s1")
        subnet.allocate(first)
        assert [int(subnet.allocate(NEXT)) - BASE for _ in range(5)][-1] > 30_004
    assert [next_of(dense) for _ in range(2)] == [30_001, 30_002]


def test_what_was_seen_beside_own_claims_that_were_rolled_back_is_seen_anew(
    dense: SqlHarness, clock: Clock
) -> None:
    clock.move(seconds=LOWEST_FOR.total_seconds())
    with abandoned(dense.engine) as connection:
        subnet = dense.driver.open(connection).get_subnet("s1")
        for number in range(30_001, 30_004):
            subnet.allocate(SpecificAddressRequest(ip_address(BASE + number)))
        assert int(subnet.allocate(NEXT)) - BASE == 30_004
    assert [next_of(dense) for _ in range(4)] == [30_001, 30_002, 30_003, 30_004]


def test_what_was_claimed_since_a_savepoint_that_was_rolled_back_to_is_next(
    dense: SqlHarness,
) -> None:
    with writing(dense.engine) as connection:
        subnet = dense.driver.open(connection).get_subnet("s1")
        numbers = [int(subnet.allocate(NEXT)) - BASE]
        with connection.begin_nested() as savepoint:
            assert int(subnet.allocate(NEXT)) - BASE == 30_002
            savepoint.rollback()
        numbers += [int(subnet.allocate(NEXT)) - BASE for _ in range(2)]
    assert numbers == [30_001, 30_002, 30_003]


def test_what_others_took_of_the_next_ones_is_passed_over(dense: SqlHarness) -> None:
    hold(dense.engine, (BASE + number for number in (30_001, 30_002, *range(30_004, 34_000))))
    assert [next_of(dense) for _ in range(2)] == [30_003, 34_000]


def test_the_next_address_of_wider_pools_is_the_lowest_of_them(
    dense: SqlHarness, engine: Engine
) -> None:
    """What was held from the low end on was so in the former pools."""
    hold(engine, (BASE + number for number in range(30_001, 60_001)))
    with dense.another_process().unit() as pool:
        wider = request("10.0.0.0/16", *pools_of((1, 12), (100, 60_000), (60_010, 60_020)))
        pool.update_subnet(wider)
    assert next_of(dense) == 10
