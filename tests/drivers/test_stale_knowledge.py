"""What a process knows of a subnet may be out of date; what it does is not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from freehold.addresses.ranges import IPAddress
from freehold.errors import (
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    Reason,
    SubnetNotFound,
)
from freehold.ipam.driver import Pool, Subnet
from freehold.ipam.requests import (
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.ipam.strategy import Reuse, Strategy
from tests.drivers.harness import Harness, SqlHarness, create, ips, ranges, request
from tests.engines import abandoned

ANY = AnyAddressRequest(holder="h")
NEXT = PreferNextAddressRequest(holder="h")
CIDR = "10.0.0.0/26"
OLD, NEW, WIDER = "10.0.0.2-10.0.0.9", "10.0.0.20-10.0.0.29", "10.0.0.2-10.0.0.12"
RESTING = Reuse(strategy=Strategy.LEAST_RECENTLY_RELEASED, cool_down=timedelta(hours=1))
AT_RANDOM = Reuse(strategy=Strategy.RANDOM)
HELD = ip_address("10.0.0.2")


@pytest.fixture
def here(harness: Harness) -> Harness:
    """A process that knows the subnet well: it asked for all kinds of addresses before."""
    with harness.unit() as pool:
        create(pool, CIDR, OLD)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert subnet.allocate(NEXT) == HELD
        others = [subnet.allocate(ANY), *subnet.bulk_allocate(BulkAddressRequest(2))]
        for address in others:
            subnet.deallocate(address)
    return harness


@pytest.fixture
def there(here: Harness) -> Harness:
    return here.another_process()


@contextmanager
def known_subnet(process: Harness) -> Iterator[Subnet]:
    with process.unit() as pool:
        yield pool.get_subnet("s1")


def full(process: Harness) -> None:
    """Have all addresses of the pools held, and be told so."""
    with known_subnet(process) as subnet:
        subnet.bulk_allocate(BulkAddressRequest(7))
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(ANY)
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(NEXT)


Work = Callable[[Subnet], object]
WORK: dict[str, Work] = {
    "any": lambda subnet: subnet.allocate(ANY),
    "next": lambda subnet: subnet.allocate(NEXT),
    "specific": lambda subnet: subnet.allocate(SpecificAddressRequest(ip_address("10.0.0.9"))),
    "bulk": lambda subnet: subnet.bulk_allocate(BulkAddressRequest(3)),
    "bulk, too many": lambda subnet: subnet.bulk_allocate(BulkAddressRequest(99)),
    "release": lambda subnet: subnet.deallocate(HELD),
    "release, not held": lambda subnet: subnet.deallocate(ip_address("10.0.0.9")),
    "details": lambda subnet: subnet.get_details(),
}


# Pools


def change_pools(process: Harness, *pools: str, reuse: Reuse | None = None) -> None:
    with process.unit() as pool:
        pool.update_subnet(request(CIDR, *pools, reuse=reuse))


@pytest.mark.parametrize("count", [0, 1, 10])
def test_addresses_come_out_of_the_new_pools_only(
    here: Harness, there: Harness, count: int
) -> None:
    change_pools(there, NEW)
    with known_subnet(here) as subnet:
        if count == 0:
            got = [subnet.allocate(NEXT)]
            assert got == ips("10.0.0.20")
        elif count == 1:
            got = [subnet.allocate(ANY)]
        else:
            got = subnet.bulk_allocate(BulkAddressRequest(count))
    assert set(got) <= set(ranges(NEW)[0])


def test_the_new_pools_are_told(here: Harness, there: Harness) -> None:
    change_pools(there, NEW, reuse=RESTING)
    with known_subnet(here) as subnet:
        details = subnet.get_details()
    assert details == request(CIDR, NEW, reuse=RESTING)


def test_what_is_held_outside_of_the_new_pools_is_held_until_released(
    here: Harness, there: Harness
) -> None:
    change_pools(there, NEW)
    wanted = SpecificAddressRequest(HELD)
    with known_subnet(here) as subnet:
        with pytest.raises(IpAddressAlreadyAllocated):
            subnet.allocate(wanted)
        subnet.deallocate(HELD)
        assert subnet.allocate(wanted) == HELD


@pytest.mark.parametrize("kind", [ANY, NEXT, None])
def test_pools_known_to_be_full_are_asked_again_when_they_are_wider(
    here: Harness, there: Harness, kind: AnyAddressRequest | PreferNextAddressRequest | None
) -> None:
    full(here)
    change_pools(there, WIDER)
    with known_subnet(here) as subnet:
        if kind is None:
            got = subnet.bulk_allocate(BulkAddressRequest(3))
        else:
            got = [subnet.allocate(kind) for _ in range(3)]
        assert sorted(got, key=int) == ips("10.0.0.10", "10.0.0.11", "10.0.0.12")
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(ANY)
    assert caught.value.refusals[0].figures["total"] == 11


@pytest.mark.parametrize("work", ["any", "next", "bulk"])
def test_pools_that_are_gone_hand_out_nothing(here: Harness, there: Harness, work: str) -> None:
    with there.unit() as pool:
        pool.update_subnet(replace(request(CIDR), allocation_pools=()))
    with known_subnet(here) as subnet:
        with pytest.raises(IpAddressGenerationFailure) as caught:
            WORK[work](subnet)
        assert subnet.get_details().allocation_pools == ()
    assert caught.value.refusals[0].reason is Reason.NO_POOL


# Strategy


def test_a_release_rests_if_the_subnet_says_so_by_now(here: Harness, there: Harness) -> None:
    change_pools(there, OLD, reuse=RESTING)
    with known_subnet(here) as subnet:
        subnet.deallocate(HELD)
    for process in (here, there):
        with known_subnet(process) as subnet, pytest.raises(IpAddressAlreadyAllocated) as caught:
            subnet.allocate(SpecificAddressRequest(HELD))
        assert caught.value.refusals[0].reason is Reason.ADDRESS_COOLING


@pytest.mark.parametrize("work", ["next", "bulk"])
def test_what_rested_is_free_at_once_when_the_subnet_says_so(
    here: Harness, there: Harness, work: str
) -> None:
    change_pools(there, OLD, reuse=RESTING)
    full(here)
    with known_subnet(here) as subnet:
        for number in range(3):
            subnet.deallocate(HELD + number)
        with pytest.raises(IpAddressGenerationFailure):
            WORK[work](subnet)
    change_pools(there, OLD, reuse=AT_RANDOM)
    with known_subnet(here) as subnet:
        WORK[work](subnet)
        subnet.deallocate(HELD + 5)
        assert subnet.allocate(SpecificAddressRequest(HELD + 5)) == HELD + 5


# Removal


@pytest.mark.parametrize("work", WORK)
def test_a_subnet_that_was_removed_is_not_found(here: Harness, there: Harness, work: str) -> None:
    with there.unit() as pool:
        pool.remove_subnet("s1")
    with here.unit() as pool, pytest.raises(SubnetNotFound):
        WORK[work](pool.get_subnet("s1"))


def test_a_group_tells_of_the_subnet_that_was_removed(here: Harness, there: Harness) -> None:
    with there.unit() as pool:
        pool.remove_subnet("s1")
    with here.unit() as pool, pytest.raises(IpAddressGenerationFailure) as caught:
        pool.get_allocator(["s1"]).allocate(ANY)
    assert [one.reason for one in caught.value.refusals] == [Reason.SUBNET_GONE]


@pytest.fixture(params=["10.0.0.0/26", "192.168.5.0/26", "2001:db8::/64"])
def anew(request: pytest.FixtureRequest, there: Harness) -> str:
    """The subnet was removed, and another one has its id."""
    cidr: str = request.param
    with there.unit() as pool:
        pool.remove_subnet("s1")
        create(pool, cidr)
    return cidr


@pytest.mark.parametrize("work", ["any", "next", "specific", "bulk", "details"])
def test_a_subnet_taken_up_anew_serves_as_the_one_it_is(
    here: Harness, anew: str, work: str
) -> None:
    with known_subnet(here) as subnet:
        if work == "details":
            assert subnet.get_details().cidr == request(anew).cidr
        elif work == "any":
            assert subnet.allocate(ANY) in request(anew).cidr
        elif work == "next":
            assert subnet.allocate(NEXT) == first_of(anew)
        elif work == "bulk":
            assert all(
                one in request(anew).cidr for one in subnet.bulk_allocate(BulkAddressRequest(9))
            )
        else:
            wanted = SpecificAddressRequest(first_of(anew) + 7)
            assert subnet.allocate(wanted) == wanted.address


def test_in_a_subnet_taken_up_anew_nothing_is_held(here: Harness, anew: str) -> None:
    with known_subnet(here) as subnet, pytest.raises(IpAddressAllocationNotFound):
        subnet.deallocate(HELD)


def test_what_the_subnet_taken_up_anew_does_not_contain_is_refused(
    here: Harness, anew: str
) -> None:
    with known_subnet(here) as subnet:
        if HELD in request(anew).cidr:
            assert subnet.allocate(SpecificAddressRequest(HELD)) == HELD
        else:
            with pytest.raises(InvalidIpForSubnet) as caught:
                subnet.allocate(SpecificAddressRequest(HELD))
            assert caught.value.refusals[0].cidr == anew


def test_an_address_taken_in_the_subnet_anew_by_another_process_can_be_released(
    here: Harness, there: Harness, anew: str
) -> None:
    with known_subnet(there) as subnet:
        address = subnet.allocate(ANY)
    with known_subnet(here) as subnet:
        subnet.deallocate(address)
        with pytest.raises(IpAddressAllocationNotFound):
            subnet.deallocate(address)


def first_of(cidr: str) -> IPAddress:
    network = request(cidr).cidr
    return network.network_address + 1


# What was rolled back

Change = Callable[[Pool], object]
CHANGES: dict[str, Change] = {
    "pools": lambda pool: pool.update_subnet(request(CIDR, NEW)),
    "strategy": lambda pool: pool.update_subnet(request(CIDR, OLD, reuse=RESTING)),
    "removed": lambda pool: pool.remove_subnet("s1"),
    "taken up anew": lambda pool: (pool.remove_subnet("s1"), create(pool, "192.168.5.0/26")),
}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_was_rolled_back_leaves_all_as_it_was(
    here: Harness, there: Harness, change: str, used: bool, own: bool
) -> None:
    process = here if own else there
    if not isinstance(process, SqlHarness):
        pytest.skip("a ledger in memory has no transactions")
    with abandoned(process.engine) as connection:
        pool = process.driver.open(connection)
        CHANGES[change](pool)
        if used and change != "removed":
            pool.get_subnet("s1").allocate(ANY)
            pool.get_subnet("s1").allocate(NEXT)
    with known_subnet(here) as subnet:
        assert subnet.allocate(NEXT) == HELD + 1
    with known_subnet(here) as subnet:
        assert set(subnet.bulk_allocate(BulkAddressRequest(6))) == set(ranges(OLD)[0]) - {
            HELD,
            HELD + 1,
        }
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(ANY)
        assert caught.value.refusals[0].figures["total"] == 8
        subnet.deallocate(HELD)
        assert subnet.allocate(SpecificAddressRequest(HELD)) == HELD
        assert subnet.get_details() == request(CIDR, OLD)


@pytest.mark.parametrize("work", WORK)
def test_a_subnet_whose_creation_was_rolled_back_is_not_found(harness: Harness, work: str) -> None:
    if not isinstance(harness, SqlHarness):
        pytest.skip("a ledger in memory has no transactions")
    with abandoned(harness.engine) as connection:
        subnet = create(harness.driver.open(connection), CIDR)
        assert subnet.allocate(NEXT) == first_of(CIDR)
    with harness.unit() as pool, pytest.raises(SubnetNotFound):
        WORK[work](pool.get_subnet("s1"))
    with known_subnet_again(harness) as subnet:
        assert subnet.allocate(NEXT) == first_of(CIDR)


@contextmanager
def known_subnet_again(process: Harness) -> Iterator[Subnet]:
    with process.unit() as pool:
        yield create(pool, CIDR)
