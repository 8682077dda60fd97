"""What every driver does alike: an address for each of several requests, each with its holder."""

from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest
from sqlalchemy import Engine

from freehold.addresses.ranges import IPAddress
from freehold.errors import (
    InvalidInput,
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureAllSubnets,
    Reason,
    SubnetNotFound,
)
from freehold.ipam.driver import AllocatedAddress, Pool, Surroundings
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    AutomaticAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.ipam.strategy import Reuse, Strategy
from tests.drivers.clock import Clock
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness, create, ips, request
from tests.engines import ledger_engine, statements

MAC = "fa:16:3e:12:34:56"


def anyone(*holders: str) -> list[AddressRequest]:
    return [AnyAddressRequest(holder=holder) for holder in holders]


def lowest(*holders: str) -> list[AddressRequest]:
    return [PreferNextAddressRequest(holder=holder) for holder in holders]


def this(text: str, holder: str | None = None) -> SpecificAddressRequest:
    return SpecificAddressRequest(ip_address(text), holder=holder)


def holder(pool: Pool, address: IPAddress) -> str | None:
    return pool.history(address, limit=1)[0].holder


def test_each_request_is_served_for_its_holder(harness: Harness) -> None:
    wanted = [*anyone("a", "b", "a"), this("10.0.0.9", "c"), *lowest("d", "e"), *anyone("f")]
    with harness.unit() as pool:
        create(pool, "10.0.0.0/26", gateway="10.0.0.1")
    with harness.unit() as pool:
        served = dict(pool.get_subnet("s1").allocate_each(wanted))
    assert sorted(served) == list(range(7))
    assert len(set(served.values())) == 7
    assert served[3] == ip_address("10.0.0.9")
    assert int(served[4]) < int(served[5])
    with harness.unit() as pool:
        holders = [holder(pool, served[place]) for place in range(7)]
    assert holders == [one.holder for one in wanted]


def test_automatic_addresses_are_served_with_the_others(harness: Harness) -> None:
    automatic = AutomaticAddressRequest(ip_network("2001:db8::/64"), MAC, holder="a")
    with harness.unit() as pool:
        subnet = create(pool, "2001:db8::/64")
        served = dict(subnet.allocate_each([this("2001:db8::5", "b"), automatic]))
        assert served == {0: ip_address("2001:db8::5"), 1: automatic.address}
        assert holder(pool, automatic.address) == "a"
        [(_, free)] = subnet.allocate_each([AnyAddressRequest()])
        assert free not in served.values()


def test_as_many_are_served_as_there_are_and_the_next_one_is_refused(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/29", gateway="10.0.0.1")
        subnet.bulk_allocate(BulkAddressRequest(2))
    got: list[tuple[int, IPAddress]] = []
    with harness.unit() as pool:
        with pytest.raises(IpAddressGenerationFailure) as caught:
            got.extend(pool.get_subnet("s1").allocate_each(anyone(*"abcd")))
        assert [place for place, _ in got] == [0, 1, 2]
        assert [holder(pool, address) for _, address in got] == list("abc")
    [refusal] = caught.value.refusals
    assert refusal.figures == {"total": 5, "held": 2, "taken_by_this_request": 3}


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (this("10.0.0.9"), IpAddressAlreadyAllocated),
        (this("10.0.0.3"), IpAddressAlreadyAllocated),
        (this("10.0.0.0"), InvalidIpForSubnet),
        (this("2001:db8::1"), InvalidIpForSubnet),
        (AddressRequest(), InvalidInput),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_for_its_own_reason(
    harness: Harness, refused: AddressRequest, error: type[Exception]
) -> None:
    with harness.unit() as pool:
        create(pool, "10.0.0.0/26").allocate(this("10.0.0.9"))
    with harness.unit() as pool:
        wanted = [*anyone("a"), this("10.0.0.3", "b"), refused, *lowest("c")]
        served: dict[int, IPAddress] = {}
        with pytest.raises(error):
            served.update(pool.get_subnet("s1").allocate_each(wanted))
        assert set(served) == {0, 1, 3}
        # Nothing else is held that nobody was told of.
        held = [one for one in range(64) if pool.history(ip_address((10 << 24) + one))]
        assert len(held) == 4


def test_addresses_that_have_rested_are_served_to_holders_of_their_own() -> None:
    clock = Clock()
    resting = Reuse(strategy=Strategy.LEAST_RECENTLY_RELEASED, cool_down=timedelta(hours=1))
    around = Surroundings(now=clock)
    for harness in (
        MemoryHarness(surroundings=around),
        SqlHarness(ledger_engine(), surroundings=around),
    ):
        with harness.unit() as pool:
            subnet = create(pool, "10.0.0.0/29", reuse=resting)
            some = [subnet.allocate(one) for one in anyone(*"abcdef")]
            for address in some[:4]:
                subnet.deallocate(address)
            clock.move(hours=2)
            served = dict(subnet.allocate_each(anyone(*"vwxy")))
            assert set(served.values()) == set(some[:4])
            assert [holder(pool, served[place]) for place in range(4)] == list("vwxy")
            subnet.deallocate(some[0])
            by_name = SpecificAddressRequest(some[0], even_if_cooling=True, holder="z")
            assert list(subnet.allocate_each([by_name])) == [(0, some[0])]


# Several subnets


def test_a_group_uses_up_its_subnets_in_turn(harness: Harness) -> None:
    with harness.unit() as pool:
        for subnet_id, cidr in (
            ("s1", "10.0.0.0/30"),
            ("s2", "10.0.1.0/29"),
            ("s3", "10.0.2.0/24"),
        ):
            create(pool, cidr, gateway=None, subnet_id=subnet_id)
    with harness.unit() as pool:
        group = pool.get_allocator(["s1", "gone", "s2", "s3"])
        served = dict(group.allocate_each(anyone(*(str(number) for number in range(20)))))
        assert sorted(served) == list(range(20))
        used = [served[place].subnet_id for place in range(20)]
        assert used == ["s1"] * 2 + ["s2"] * 6 + ["s3"] * 12
        assert [holder(pool, served[place].address) for place in range(20)] == [
            str(number) for number in range(20)
        ]


def test_a_group_that_is_used_up_tells_the_reasons_of_all_its_subnets(harness: Harness) -> None:
    with harness.unit() as pool:
        for subnet_id, cidr in (("s1", "10.0.0.0/30"), ("s2", "10.0.1.0/29")):
            create(pool, cidr, subnet_id=subnet_id)
        group = pool.get_allocator(["s1", "gone", "s2"])
        served: list[tuple[int, AllocatedAddress]] = []
        with pytest.raises(IpAddressGenerationFailureAllSubnets) as caught:
            served.extend(group.allocate_each(anyone(*"abcdefghi")))
        assert len(served) == 8
        assert [refusal.reason for refusal in caught.value.refusals] == [
            Reason.POOL_EXHAUSTED,
            Reason.SUBNET_GONE,
            Reason.POOL_EXHAUSTED,
        ]
        assert list(group.allocate_each([])) == []


def test_addresses_asked_for_by_name_are_looked_for_in_each_subnet_of_a_group(
    harness: Harness,
) -> None:
    with harness.unit() as pool:
        for subnet_id, cidr in (("s1", "10.0.0.0/30"), ("s2", "10.0.1.0/29")):
            create(pool, cidr, subnet_id=subnet_id)
        group = pool.get_allocator(["s1", "s2"])
        served = dict(group.allocate_each([this("10.0.1.3"), this("10.0.0.1"), *anyone("a")]))
        assert [served[place].subnet_id for place in (0, 1)] == ["s2", "s1"]
        with pytest.raises(InvalidIpForSubnet):
            list(group.allocate_each([this("10.0.9.3")]))
        with pytest.raises(InvalidIpForSubnet):
            list(pool.get_allocator([]).allocate_each([this("10.0.9.3")]))


def test_a_subnet_removed_in_the_meantime_is_not_found(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool)
    with harness.opener() as open_pool:
        subnet = open_pool().get_subnet("s1")
        subnet.allocate(AnyAddressRequest())
        open_pool().remove_subnet("s1")
        for wanted in (anyone("a", "b"), lowest("a"), [this("10.0.0.5")]):
            with pytest.raises(SubnetNotFound):
                list(subnet.allocate_each(wanted))


# Several subnets are taken up


def test_several_subnets_are_taken_up_in_their_order(harness: Harness) -> None:
    wanted = [
        request("10.0.0.0/29", "10.0.0.3-10.0.0.4", subnet_id="s1"),
        request("2001:db8::/64", gateway="2001:db8::1", subnet_id="s2"),
    ]
    with harness.unit() as pool:
        made = list(pool.allocate_subnets(wanted))
        assert [subnet.get_details().subnet_id for subnet in made] == ["s1", "s2"]
    with harness.unit() as pool:
        assert pool.get_subnet("s1").get_details() == wanted[0]
        got = {pool.get_subnet("s1").allocate(AnyAddressRequest()) for _ in range(2)}
    assert got == set(ips("10.0.0.3", "10.0.0.4"))


# Cost


@pytest.fixture
def engine() -> Engine:
    return ledger_engine()


@pytest.mark.parametrize("count", [10, 1000])
def test_many_requests_take_as_few_statements_as_some(engine: Engine, count: int) -> None:
    harness = SqlHarness(engine)
    with harness.unit() as pool:
        create(pool, "10.0.0.0/8")
    names = [str(number) for number in range(count)]
    wanted = [*anyone(*names), *(this(f"10.1.{n // 250}.{n % 250}") for n in range(count))]
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        with statements(engine) as seen:
            assert len(dict(subnet.allocate_each(wanted))) == 2 * count
    # For each of the kinds the subnet is locked and the rows are inserted; some rows are read.
    assert len(seen) == 5
