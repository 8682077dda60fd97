"""Several threads, each with its own transactions, on one ledger."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from freehold.addresses.ranges import IPAddress
from freehold.errors import IpAddressGenerationFailure
from freehold.ipam.driver import Pool
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
)
from tests.drivers.harness import Harness, create

THREADS = 8


def in_threads(work: Callable[[], list[IPAddress]]) -> list[list[IPAddress]]:
    """Return what each of the threads got; they begin together."""
    together = Barrier(THREADS)

    def begin() -> list[IPAddress]:
        together.wait()
        return work()

    with ThreadPoolExecutor(THREADS) as executor:
        running = [executor.submit(begin) for _ in range(THREADS)]
        return [one.result() for one in running]


@pytest.mark.parametrize("kind", [AnyAddressRequest(), PreferNextAddressRequest()])
@pytest.mark.parametrize(("cidr", "room"), [("10.0.0.0/26", 61), ("10.0.0.0/24", 253)])
def test_each_address_of_a_subnet_goes_to_one_thread_and_then_it_is_full(
    threaded: Harness, kind: AddressRequest, cidr: str, room: int
) -> None:
    threaded.run(lambda pool: create(pool, cidr, gateway="10.0.0.1"))
    figures: list[object] = []

    def take_until_refused() -> list[IPAddress]:
        got: list[IPAddress] = []
        while True:
            try:
                got.append(
                    threaded.run(lambda pool: pool.get_allocator(["s1"]).allocate(kind).address)
                )
            except IpAddressGenerationFailure as error:
                figures.extend(one.figures for one in error.refusals)
                return got

    got = [address for part in in_threads(take_until_refused) for address in part]
    assert len(got) == len(set(got)) == room
    assert figures == [{"total": room, "held": room}] * THREADS


def test_bulk_requests_of_threads_never_share_an_address(threaded: Harness) -> None:
    threaded.run(lambda pool: create(pool, "10.0.0.0/24", gateway="10.0.0.1"))
    five = BulkAddressRequest(5)

    def take() -> list[IPAddress]:
        got: list[IPAddress] = []
        for _ in range(6):
            got += threaded.run(lambda pool: pool.get_subnet("s1").bulk_allocate(five))
        return got

    parts = in_threads(take)
    assert [len(part) for part in parts] == [30] * THREADS
    assert len({address for part in parts for address in part}) == 30 * THREADS


def test_threads_that_take_and_give_back_leave_nothing_held(threaded: Harness) -> None:
    threaded.run(lambda pool: create(pool, "10.0.0.0/28"))

    def take_and_give_back() -> list[IPAddress]:
        seen: list[IPAddress] = []
        for _ in range(15):
            address = threaded.run(lambda pool: pool.get_subnet("s1").allocate(AnyAddressRequest()))
            threaded.run(partial(give_back, address))
            seen.append(address)
        return seen

    assert [len(part) for part in in_threads(take_and_give_back)] == [15] * THREADS
    all_of_them = BulkAddressRequest(14)
    left = threaded.run(lambda pool: pool.get_subnet("s1").bulk_allocate(all_of_them))
    assert len(left) == 14


def give_back(address: IPAddress, pool: Pool) -> None:
    pool.get_subnet("s1").deallocate(address)
