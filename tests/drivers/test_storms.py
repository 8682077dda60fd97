"""Many threads on one subnet that changes, goes, or is full."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from threading import Barrier, Event, Lock
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import (
    IpAddressAllocationNotFound,
    IpAddressGenerationFailure,
    SubnetNotFound,
)
from freehold.ipam.driver import Pool, utc_now
from freehold.ipam.requests import AnyAddressRequest, BulkAddressRequest, PreferNextAddressRequest
from freehold.ipam.strategy import Reuse, Strategy
from freehold.ledger.protocol import Allocation, Ledger
from freehold.ledger.sql import SqlLedger
from tests.conftest import OpenLedger
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness, create, ranges, request
from tests.engines import statements, writing

THREADS = 8
ANY = AnyAddressRequest(holder="h")
NEXT = PreferNextAddressRequest(holder="h")
AT_ONCE = Reuse(strategy=Strategy.LEAST_RECENTLY_RELEASED, cool_down=timedelta(0))

T = TypeVar("T")


def in_threads(*work: Callable[[], T]) -> list[T]:
    """Do all of it at the same time."""
    together = Barrier(len(work))

    def begin(one: Callable[[], T]) -> T:
        together.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as executor:
        running = [executor.submit(begin, one) for one in work]
        return [one.result() for one in running]


def allocate(pool: Pool, kind: AnyAddressRequest | PreferNextAddressRequest = ANY) -> IPAddress:
    return pool.get_subnet("s1").allocate(kind)


def give_back(address: IPAddress, pool: Pool) -> None:
    pool.get_subnet("s1").deallocate(address)


@contextmanager
def ledger_of(harness: Harness) -> Iterator[Ledger]:
    if isinstance(harness, MemoryHarness):
        yield harness.ledger
    else:
        assert isinstance(harness, SqlHarness)
        with writing(harness.engine) as connection:
            yield SqlLedger(connection, utc_now)


def tenures(harness: Harness, within: AddressRange) -> list[Allocation]:
    """Return who held and who holds each address of a range, and when."""
    with ledger_of(harness) as ledger:
        return [tenure for address in within for tenure in ledger.history(address)]


# Taking and giving back


def test_what_rests_is_taken_and_given_back_by_threads_without_loss(threaded: Harness) -> None:
    threaded.run(lambda pool: create(pool, "10.0.0.0/28", reuse=AT_ONCE))
    guard = Lock()
    mine: set[IPAddress] = set()

    def take_and_give_back(process: Harness) -> Counter[IPAddress]:
        seen: Counter[IPAddress] = Counter()
        for _ in range(15):
            address = process.run(allocate)
            with guard:
                assert address not in mine
                mine.add(address)
            seen[address] += 1
            with guard:
                mine.remove(address)
            process.run(partial(give_back, address))
        return seen

    processes = [threaded, threaded.another_process()] * (THREADS // 2)
    parts = in_threads(*(partial(take_and_give_back, process) for process in processes))
    seen = sum(parts, Counter[IPAddress]())
    assert seen.total() == 15 * THREADS
    found = tenures(threaded, ranges("10.0.0.1-10.0.0.14")[0])
    assert Counter(tenure.address for tenure in found) == seen
    assert all(tenure.until is not None for tenure in found)
    everything = BulkAddressRequest(14)
    assert (
        len(set(threaded.run(lambda pool: pool.get_subnet("s1").bulk_allocate(everything)))) == 14
    )


def test_of_several_releases_of_an_address_one_succeeds(threaded: Harness) -> None:
    rounds = 6
    for reuse in (AT_ONCE, Reuse()):
        subnet_id = f"s1{reuse.strategy[0]}"

        def take(pool: Pool, name: str = subnet_id, how: Reuse = reuse) -> list[IPAddress]:
            subnet = create(pool, "10.0.0.0/28", reuse=how, subnet_id=name)
            return subnet.bulk_allocate(BulkAddressRequest(rounds))

        held = threaded.run(take)

        def release(address: IPAddress, name: str = subnet_id) -> bool:
            try:
                threaded.run(lambda pool: pool.get_subnet(name).deallocate(address))
            except IpAddressAllocationNotFound:
                return False
            return True

        for address in held:
            assert sum(in_threads(*[partial(release, address)] * 4)) == 1
        with ledger_of(threaded) as ledger:
            for address in held:
                [former] = ledger.history(address, subnet_id=subnet_id)
                assert former.until is not None


# A subnet that changes


@pytest.mark.parametrize("reuse", [AT_ONCE, Reuse()])
def test_what_is_claimed_was_in_the_pools_before_or_after(threaded: Harness, reuse: Reuse) -> None:
    states = [f"10.0.{place}.10-10.0.{place}.29" for place in range(4)]
    threaded.run(lambda pool: create(pool, "10.0.0.0/16", states[0], reuse=reuse))
    done = begun = 0

    def change() -> list[tuple[int, IPAddress, int]]:
        nonlocal done, begun
        another = threaded.another_process()
        for place in range(1, len(states)):
            begun = place
            wider = request("10.0.0.0/16", states[place], reuse=reuse)
            another.run(lambda pool, wider=wider: pool.update_subnet(wider))  # type: ignore[misc]  # a default
            done = place
        return []

    def take() -> list[tuple[int, IPAddress, int]]:
        seen = []
        while done < len(states) - 1:
            before = done
            try:
                address = threaded.run(allocate)
            except IpAddressGenerationFailure:
                continue
            seen.append((before, address, begun))
            threaded.run(partial(give_back, address))
        return seen

    parts = in_threads(change, *[take] * 3)
    seen = [one for part in parts for one in part]
    assert seen
    for before, address, after in seen:
        assert any(address in ranges(state)[0] for state in states[before : after + 1])
    assert threaded.run(partial(allocate, kind=NEXT)) in ranges(states[-1])[0]


@pytest.mark.parametrize("reuse", [AT_ONCE, Reuse()])
def test_all_that_was_held_in_a_subnet_removed_meanwhile_is_told_once(
    threaded: Harness, reuse: Reuse
) -> None:
    threaded.run(lambda pool: create(pool, "10.0.0.0/27", reuse=reuse))
    busy = Barrier(THREADS)

    def remove() -> int:
        busy.wait()
        threaded.another_process().run(lambda pool: pool.remove_subnet("s1"))
        return 0

    def take_and_give_back() -> int:
        count = 0
        # On a cluster the removal may have to wait for the last of them: see docs/decisions/0009.
        with suppress(SubnetNotFound):
            while count < 300:
                address = threaded.run(allocate)
                count += 1
                if count == 2:
                    busy.wait()
                threaded.run(partial(give_back, address))
        return count

    counts = in_threads(remove, *[take_and_give_back] * (THREADS - 1))
    found = tenures(threaded, ranges("10.0.0.1-10.0.0.30")[0])
    # On MariaDB who claims an address from its rest does not wait for a removal of the subnet;
    # what each thread claimed last may then go with the subnet untold (docs/decisions/0009).
    untold = THREADS if reuse is AT_ONCE and is_mariadb(threaded) else 0
    assert sum(counts) - untold <= len(found) <= sum(counts)
    assert all(tenure.until is not None for tenure in found)
    with ledger_of(threaded) as ledger:
        assert ledger.taken("s1", ranges("10.0.0.1-10.0.0.30")[0]) == []


def is_mariadb(harness: Harness) -> bool:
    return isinstance(harness, SqlHarness) and harness.engine.dialect.name == "mysql"


WAITING = {
    "postgresql": text("SELECT count(*) FROM pg_locks WHERE NOT granted"),
    "mysql": text(
        "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    ),
}


def wait_until_somebody_waits(engine: Engine) -> None:
    """Return when a transaction of the server waits for another one's lock."""
    with engine.connect() as connection:
        while not connection.execute(WAITING[engine.dialect.name]).scalar_one():
            connection.rollback()
            # MariaDB tells the same again to who looks sooner.
            Event().wait(0.15)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("reuse", [AT_ONCE, Reuse()])
def test_a_release_that_a_removal_waits_for_is_told_once(
    kind: str, reuse: Reuse, open_ledger: OpenLedger
) -> None:
    [engine] = open_ledger(kind)
    harness = SqlHarness(engine)
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/28", reuse=reuse)
        one, other = subnet.bulk_allocate(BulkAddressRequest(2))
    with ThreadPoolExecutor(1) as executor:
        with harness.unit() as pool:
            give_back(one, pool)
            removal = executor.submit(harness.run, lambda pool: pool.remove_subnet("s1"))
            wait_until_somebody_waits(engine)
        removal.result()
    for address in (one, other):
        [former] = tenures(harness, AddressRange(4, int(address), int(address)))
        assert former.until is not None


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("again", [True, False])
def test_a_claim_that_a_removal_waits_for_is_told_as_held(
    kind: str, again: bool, open_ledger: OpenLedger
) -> None:
    [engine] = open_ledger(kind)
    harness = SqlHarness(engine)
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/28", "10.0.0.2-10.0.0.2", reuse=AT_ONCE)
        if again:
            subnet.deallocate(subnet.allocate(ANY))
    with ThreadPoolExecutor(1) as executor:
        with harness.unit() as pool:
            address = allocate(pool)
            removal = executor.submit(harness.run, lambda pool: pool.remove_subnet("s1"))
            wait_until_somebody_waits(engine)
        removal.result()
    found = tenures(harness, AddressRange(4, int(address), int(address)))
    assert len(found) == 1 + again
    assert all(tenure.until is not None for tenure in found)


# A full subnet


@pytest.fixture
def full(threaded: Harness) -> Harness:
    def fill(pool: Pool) -> None:
        subnet = create(pool, "10.0.0.0/20")
        subnet.bulk_allocate(BulkAddressRequest(4094))

    threaded.run(fill)
    return threaded


def test_each_refusal_of_a_storm_is_right_and_they_share_counts(full: Harness) -> None:
    together = Barrier(THREADS)

    def ask() -> list[object]:
        figures: list[object] = []
        for _ in range(15):
            together.wait()
            with pytest.raises(IpAddressGenerationFailure) as caught:
                full.run(allocate)
            figures.append(caught.value.refusals[0].figures)
        return figures

    with ExitStack() as opened:
        seen = opened.enter_context(statements(full.engine)) if isinstance(full, SqlHarness) else []
        parts = in_threads(*[ask] * THREADS)
    assert [one for part in parts for one in part] == [{"total": 4094, "held": 4094}] * 120
    # On SQLite one unit of work comes after the other, so that nothing can be shared.
    if isinstance(full, SqlHarness) and full.engine.dialect.name != "sqlite":
        assert 0 < sum("count(" in one for one in seen) < 90


def test_what_is_released_in_a_storm_is_found_by_who_asks_after_that(full: Harness) -> None:
    address = ip_address("10.0.8.0")
    released = Event()

    def ask(kind: AnyAddressRequest | PreferNextAddressRequest) -> IPAddress | None:
        while True:
            after = released.is_set()
            try:
                return full.run(partial(allocate, kind=kind))
            except IpAddressGenerationFailure:
                if after:
                    return None

    def release() -> None:
        full.run(partial(give_back, address))
        released.set()

    got = in_threads(release, *[partial(ask, kind) for kind in (ANY, ANY, NEXT, ANY)])
    assert [one for one in got if one is not None] == [address]
