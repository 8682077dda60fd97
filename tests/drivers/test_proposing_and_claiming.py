"""How addresses are chosen: at random, cheaply, and in spite of others."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from random import Random

import pytest
from sqlalchemy import Engine

from freehold.addresses.ranges import IPAddress
from freehold.errors import AllocationContention, IpAddressGenerationFailure
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.ledger.memory import MemoryLedger
from freehold.ledger.protocol import Claim, LedgerSubnet, claims
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness, create, ips
from tests.engines import abandoned, ledger_engine, statements

ANY = AnyAddressRequest(holder="h")
NEXT = PreferNextAddressRequest(holder="h")


# Randomness


def test_two_runs_hand_out_other_addresses(harness: Harness) -> None:
    with harness.unit() as pool:
        one, other = (
            [create(pool, "10.0.0.0/16", subnet_id=name).allocate(ANY) for name in names]
            for names in (("a", "b", "c", "d"), ("e", "f", "g", "h"))
        )
    assert one != other


@pytest.mark.parametrize("seed", range(5))
def test_addresses_are_spread_over_the_whole_pool(seed: int) -> None:
    with MemoryHarness(random=Random(seed)).unit() as pool:
        subnet = create(pool, "10.0.0.0/24")
        quarters = [(int(subnet.allocate(ANY)) & 255) // 64 for _ in range(60)]
        at_once = [int(one) & 255 for one in subnet.bulk_allocate(BulkAddressRequest(60))]
    assert all(quarters.count(quarter) >= 5 for quarter in range(4))
    assert all(sum(last // 64 == quarter for last in at_once) >= 5 for quarter in range(4))


def test_an_address_just_given_back_is_not_the_next_one_of_a_rather_empty_subnet(
    harness: Harness,
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/8")
        for _ in range(20):
            address = subnet.allocate(ANY)
            subnet.deallocate(address)
            assert subnet.allocate(ANY) != address


# Others


class Rival(MemoryLedger):
    """Somebody else takes each address just before it is claimed, some times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        self._take(subnet, [address])
        return super().claim(subnet, address, holder)

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        if {claim.holder for claim in wanted} != {"rival"}:
            self._take(subnet, [claim.address for claim in wanted])
        return super().claim_many(subnet, wanted)

    def _take(self, subnet: LedgerSubnet, addresses: Sequence[IPAddress]) -> None:
        if self.times:
            self.times -= 1
            super().claim_many(subnet, claims(addresses, "rival"))


class Unlucky(MemoryLedger):
    """Each address is held at the moment of the claim, and free again at once."""

    claims = 0

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        self.claims += 1
        return False

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        self.claims += 1
        return []


@pytest.mark.parametrize("kind", [ANY, NEXT])
@pytest.mark.parametrize("cidr", ["10.0.0.0/26", "10.0.0.0/19", "2001:db8::/64"])
def test_a_lost_claim_proposes_again(kind: AddressRequest, cidr: str) -> None:
    ledger = Rival(times=20)
    with MemoryHarness(ledger).unit() as pool:
        address = create(pool, cidr).allocate(kind)
    allocation = ledger.find("s1", address)
    assert allocation is not None
    assert allocation.holder == "h"
    assert ledger.times == 0


@pytest.mark.parametrize("kind", [ANY, NEXT])
def test_who_loses_all_addresses_is_told_that_they_are_held(kind: AddressRequest) -> None:
    with MemoryHarness(Rival(times=1000)).unit() as pool:
        subnet = create(pool, "10.0.0.0/28")
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(kind)
    assert caught.value.refusals[0].figures == {"total": 14, "held": 14}


@pytest.mark.parametrize("cidr", ["10.0.0.0/26", "10.0.0.0/19"])
def test_a_bulk_request_makes_up_for_what_others_took(cidr: str) -> None:
    with MemoryHarness(Rival(times=3)).unit() as pool:
        assert len(set(create(pool, cidr).bulk_allocate(BulkAddressRequest(10)))) == 10


@pytest.mark.parametrize("kind", [ANY, NEXT])
@pytest.mark.parametrize("cidr", ["10.0.0.0/26", "10.0.0.0/19"])
def test_endless_bad_luck_ends_in_contention(kind: AddressRequest, cidr: str) -> None:
    ledger = Unlucky()
    with MemoryHarness(ledger).unit() as pool:
        subnet = create(pool, cidr)
        with pytest.raises(AllocationContention):
            subnet.allocate(kind)
        assert 16 <= ledger.claims <= 100
        with pytest.raises(AllocationContention):
            subnet.bulk_allocate(BulkAddressRequest(5))


# Rollback and hints


def test_hints_learned_in_a_transaction_rolled_back_cost_no_address() -> None:
    engine = ledger_engine()
    harness = SqlHarness(engine)
    with harness.unit() as pool:
        taken = create(pool, "10.0.0.0/27").bulk_allocate(BulkAddressRequest(15))
    with abandoned(engine) as connection:
        subnet = harness.driver.open(connection).get_subnet("s1")
        for address in taken:
            subnet.deallocate(address)
        for _ in range(25):
            subnet.allocate(ANY)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        assert len({subnet.allocate(ANY) for _ in range(15)}) == 15
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(ANY)
    engine.dispose()


# Statements


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = ledger_engine()
    yield engine
    engine.dispose()


def cost(harness: SqlHarness, kind: AddressRequest) -> int:
    """Return how many statements a group of one subnet takes to serve the request."""
    with harness.unit() as pool, statements(harness.engine) as seen:
        pool.get_allocator(["s1"]).allocate(kind)
    return len(seen)


@pytest.mark.parametrize("held", [0, 10_000])
def test_the_cost_of_any_address_does_not_grow_with_what_is_held(engine: Engine, held: int) -> None:
    harness = SqlHarness(engine, Random(1))
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/16", gateway="10.0.0.1")
        if held:
            subnet.bulk_allocate(BulkAddressRequest(held))
    costs = [cost(harness, ANY) for _ in range(200)]
    # A first blind guess may meet a held address; what is read then serves long.
    assert sorted(costs)[190] == 1
    assert max(costs) <= 4


def test_statements_at_the_edges(engine: Engine) -> None:
    harness = SqlHarness(engine)
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", gateway="10.0.0.1")
    given = SpecificAddressRequest(ip_address("10.0.0.40"))
    assert cost(harness, given) == 1
    assert cost(harness, NEXT) == 2
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        with statements(engine) as seen:
            subnet.deallocate(given.address)
        assert len(seen) == 2
        with statements(engine) as seen:
            subnet.bulk_allocate(BulkAddressRequest(60))
        assert len(seen) == 3
        for most in (5, 3):
            # A blind guess, once; the rows; those that rest; whether the pools are still these.
            with statements(engine) as seen, pytest.raises(IpAddressGenerationFailure):
                subnet.allocate(ANY)
            assert len(seen) <= most


def test_a_group_reads_its_subnets_at_once(engine: Engine) -> None:
    harness = SqlHarness(engine)
    names = ["a", "b", "c", "d"]
    with harness.unit() as pool:
        for place, name in enumerate(names):
            create(pool, f"10.0.{place}.0/30", gateway=f"10.0.{place}.1", subnet_id=name)
    with harness.unit() as pool, statements(engine) as seen:
        wanted = SpecificAddressRequest(ips("10.0.3.2")[0])
        assert pool.get_allocator(names).allocate(wanted).subnet_id == "d"
    # That the others do not contain it is true only if they are what they were.
    assert len(seen) == 2
    newcomer = SqlHarness(engine)
    with newcomer.unit() as pool, statements(engine) as seen:
        pool.get_allocator(names).allocate(ANY)
    assert sum("ledger_pools" in one for one in seen) == 1


def test_a_thousand_addresses_at_once_take_few_statements(engine: Engine) -> None:
    harness = SqlHarness(engine, Random(2))
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/16")
        with statements(engine) as seen:
            subnet.bulk_allocate(BulkAddressRequest(1000))
        assert len(seen) <= 3
        for _ in range(30):
            subnet.bulk_allocate(BulkAddressRequest(1000))
        with statements(engine) as seen:
            subnet.bulk_allocate(BulkAddressRequest(1000))
        assert len(seen) <= 6
