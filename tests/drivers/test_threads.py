"""Several threads, each with its own transactions, on one ledger."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from freehold.addresses.ranges import IPAddress
from freehold.errors import IpAddressGenerationFailure
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
def test_each_address_of_a_slash_26_goes_to_one_thread(
    threaded: Harness, kind: AddressRequest
) -> None:
    with threaded.unit() as pool:
        create(pool, "10.0.0.0/26", gateway="10.0.0.1")
    figures: list[object] = []

    def take_until_refused() -> list[IPAddress]:
        got: list[IPAddress] = []
        while True:
            try:
                with threaded.unit() as pool:
                    got.append(pool.get_allocator(["s1"]).allocate(kind).address)
            except IpAddressGenerationFailure as error:
                figures.extend(one.figures for one in error.refusals)
                return got

    got = [address for part in in_threads(take_until_refused) for address in part]
    assert len(got) == len(set(got)) == 61
    assert figures == [{"total": 61, "held": 61}] * THREADS


def test_bulk_requests_of_threads_never_share_an_address(threaded: Harness) -> None:
    with threaded.unit() as pool:
        create(pool, "10.0.0.0/24", gateway="10.0.0.1")

    def take() -> list[IPAddress]:
        got: list[IPAddress] = []
        for _ in range(6):
            with threaded.unit() as pool:
                got += pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(5))
        return got

    parts = in_threads(take)
    assert [len(part) for part in parts] == [30] * THREADS
    assert len({address for part in parts for address in part}) == 30 * THREADS


def test_threads_that_take_and_give_back_leave_nothing_held(threaded: Harness) -> None:
    with threaded.unit() as pool:
        create(pool, "10.0.0.0/28")

    def take_and_give_back() -> list[IPAddress]:
        seen: list[IPAddress] = []
        for _ in range(15):
            with threaded.unit() as pool:
                address = pool.get_subnet("s1").allocate(AnyAddressRequest())
            with threaded.unit() as pool:
                pool.get_subnet("s1").deallocate(address)
            seen.append(address)
        return seen

    assert [len(part) for part in in_threads(take_and_give_back)] == [15] * THREADS
    with threaded.unit() as pool:
        assert len(pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(14))) == 14
