"""What every driver does alike: handing out and taking back the addresses of a subnet."""

from ipaddress import ip_address, ip_network

import pytest

from freehold.addresses.ranges import AddressRange
from freehold.errors import (
    InvalidInput,
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    Reason,
    SubnetNotFound,
)
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    AutomaticAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from tests.drivers.harness import Harness, create, ips, ranges, request

ANY = AnyAddressRequest(holder="h")
NEXT = PreferNextAddressRequest(holder="h")
MAC = "fa:16:3e:12:34:56"


# Exhaustion

SIZES = [
    (("10.0.0.0/26",), "10.0.0.1", 61),
    (("10.0.0.0/30",), "10.0.0.1", 1),
    (("10.0.0.0/31",), None, 2),
    (("10.0.0.0/32",), None, 1),
    (("10.0.0.0/24", "10.0.0.10-10.0.0.14", "10.0.0.100-10.0.0.100"), "10.0.0.1", 6),
    (("10.0.0.0/24", *(f"10.0.0.{n}-10.0.0.{n}" for n in range(20, 120, 2))), None, 50),
    (("2001:db8::/120",), "2001:db8::", 255),
    (("2001:db8::/127",), None, 1),
    (("2001:db8::/128",), "2001:db8::", 1),
    (("2001:db8::/64", "2001:db8::1:0-2001:db8::1:2", "2001:db8::f:0-2001:db8::f:0"), None, 4),
]


@pytest.mark.parametrize(("cidr_and_pools", "gateway", "size"), SIZES)
@pytest.mark.parametrize("kind", [ANY, NEXT])
def test_each_address_of_the_pools_is_handed_out_once_and_then_it_is_full(
    harness: Harness,
    cidr_and_pools: tuple[str, ...],
    gateway: str | None,
    size: int,
    kind: AddressRequest,
) -> None:
    with harness.unit() as pool:
        create(pool, *cidr_and_pools, gateway=gateway)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        pools = subnet.get_details().allocation_pools
        assert pools is not None
        got = [subnet.allocate(kind) for _ in range(size)]
        assert sorted(map(int, got)) == [int(address) for one in pools for address in one]
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(kind)
    [refusal] = caught.value.refusals
    assert refusal.reason == Reason.POOL_EXHAUSTED
    assert refusal.subnet_id == "s1"
    assert refusal.cidr == cidr_and_pools[0]
    assert refusal.figures == {"total": size, "held": size}


def test_a_full_subnet_says_so_in_words(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", gateway="10.0.0.1")
        subnet.bulk_allocate(BulkAddressRequest(61))
        with pytest.raises(IpAddressGenerationFailure) as own:
            subnet.allocate(ANY)
    assert own.value.detail == (
        "Subnet s1 (10.0.0.0/26): 0 of 61 addresses of its allocation pools are held, and the "
        "other 61 are not enough for this request."
    )
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(ANY)
    assert caught.value.message == "No more IP addresses available for subnet s1."
    assert caught.value.detail == (
        "Subnet s1 (10.0.0.0/26): all 61 of 61 addresses of its allocation pools are held."
    )


@pytest.mark.parametrize("kind", [ANY, NEXT])
def test_the_last_free_addresses_of_large_pools_are_found(
    harness: Harness, kind: AddressRequest
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/20", "10.0.0.1-10.0.7.0", "10.0.9.0-10.0.15.254")
        total = 7 * 256 + 7 * 256 - 1
        taken = subnet.bulk_allocate(BulkAddressRequest(total))
        assert len(set(taken)) == total
        free = {taken[0], taken[total // 2], taken[-1]}
    with harness.another_process().unit() as pool:
        subnet = pool.get_subnet("s1")
        for address in free:
            subnet.deallocate(address)
        assert {subnet.allocate(kind) for _ in free} == free
        with pytest.raises(IpAddressGenerationFailure) as own:
            subnet.allocate(kind)
    assert own.value.refusals[0].figures == {
        "total": total,
        "held": total - 3,
        "taken_by_this_request": 3,
    }
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        with pytest.raises(IpAddressGenerationFailure) as caught:
            subnet.allocate(kind)
    assert caught.value.refusals[0].figures == {"total": total, "held": total}


def test_held_addresses_outside_of_the_pools_do_not_count(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/24", "10.0.0.10-10.0.0.11", "10.0.0.40-10.0.0.40")
        for last in (9, 12, 20, 39, 41):
            subnet.allocate(SpecificAddressRequest(ip_address(f"10.0.0.{last}")))
        got = {subnet.allocate(ANY) for _ in range(3)}
        assert got == set(ips("10.0.0.10", "10.0.0.11", "10.0.0.40"))
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(ANY)


def test_small_pools_among_thousands_of_held_addresses_are_exact(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool, "10.0.0.0/16", "10.0.64.0-10.0.127.255")
        pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(3000))
        islands = ("10.0.0.5-10.0.0.6", "10.0.200.0-10.0.200.0")
        subnet = pool.update_subnet(request("10.0.0.0/16", *islands))
        got = {subnet.allocate(ANY) for _ in range(3)}
        assert got == set(ips("10.0.0.5", "10.0.0.6", "10.0.200.0"))
        with pytest.raises(IpAddressGenerationFailure):
            subnet.allocate(ANY)


@pytest.mark.parametrize("kind", [ANY, NEXT])
def test_a_subnet_without_pools_hands_out_nothing_and_says_why(
    harness: Harness, kind: AddressRequest
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "2001:db8::/127", gateway="2001:db8::1")
        assert subnet.get_details().allocation_pools == ()
        for attempt in (
            lambda: subnet.allocate(kind),
            lambda: subnet.bulk_allocate(BulkAddressRequest(1)),
        ):
            with pytest.raises(IpAddressGenerationFailure) as caught:
                attempt()
            assert [one.reason for one in caught.value.refusals] == [Reason.NO_POOL]


# Any, next


def test_any_address_of_a_v6_subnet_lies_in_its_pool(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "2001:db8::/64", gateway="2001:db8::")
        got = [subnet.allocate(ANY) for _ in range(50)]
    assert len(set(got)) == 50
    assert all(address in ip_network("2001:db8::/64") for address in got)
    assert ip_address("2001:db8::") not in got


def test_next_takes_the_lowest_free_address_in_the_order_of_the_pools(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/24", "10.0.0.30-10.0.0.31", "10.0.0.10-10.0.0.12")
        subnet.allocate(SpecificAddressRequest(ip_address("10.0.0.11")))
        got = [subnet.allocate(NEXT) for _ in range(3)]
        assert got == ips("10.0.0.10", "10.0.0.12", "10.0.0.30")
        subnet.deallocate(ip_address("10.0.0.12"))
        assert subnet.allocate(NEXT) == ip_address("10.0.0.12")


def test_next_gets_past_a_long_run_of_held_addresses(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/16")
        below = [AddressRange.parse("10.0.0.1", "10.0.19.255")]
        pool.update_subnet(request("10.0.0.0/16", "10.0.0.1-10.0.19.255"))
        pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(below[0].size))
        subnet = pool.update_subnet(request("10.0.0.0/16", "10.0.0.1-10.0.255.254"))
        assert subnet.allocate(NEXT) == ip_address("10.0.20.0")


# A given address


def test_an_address_asked_for_is_handed_out_once(harness: Harness) -> None:
    wanted = ip_address("10.0.0.5")
    with harness.unit() as pool:
        subnet = create(pool)
        assert subnet.allocate(SpecificAddressRequest(wanted)) == wanted
    with harness.unit() as pool, pytest.raises(IpAddressAlreadyAllocated) as caught:
        pool.get_subnet("s1").allocate(SpecificAddressRequest(wanted))
    [refusal] = caught.value.refusals
    assert (refusal.reason, refusal.figures) == (Reason.ADDRESS_HELD, {"ip_address": "10.0.0.5"})
    assert refusal.text == "Subnet s1 (10.0.0.0/26): 10.0.0.5 is held."


def test_an_address_outside_of_the_pools_can_be_asked_for(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", "10.0.0.10-10.0.0.11", gateway="10.0.0.1")
        for wanted in ips("10.0.0.1", "10.0.0.62"):
            assert subnet.allocate(SpecificAddressRequest(wanted)) == wanted


@pytest.mark.parametrize(
    ("cidr", "wanted", "reason"),
    [
        ("10.0.0.0/26", "10.0.0.64", Reason.ADDRESS_OUTSIDE_SUBNET),
        ("10.0.0.0/26", "9.255.255.255", Reason.ADDRESS_OUTSIDE_SUBNET),
        ("10.0.0.0/26", "10.0.0.0", Reason.ADDRESS_RESERVED),
        ("10.0.0.0/26", "10.0.0.63", Reason.ADDRESS_RESERVED),
        ("10.0.0.0/26", "::ffff:10.0.0.5", Reason.OTHER_IP_VERSION),
        ("2001:db8::/64", "2001:db8:0:1::", Reason.ADDRESS_OUTSIDE_SUBNET),
        ("2001:db8::/64", "10.0.0.5", Reason.OTHER_IP_VERSION),
    ],
)
def test_an_address_that_is_not_the_subnets_is_refused_with_the_reason(
    harness: Harness, cidr: str, wanted: str, reason: Reason
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, cidr)
        with pytest.raises(InvalidIpForSubnet) as caught:
            subnet.allocate(SpecificAddressRequest(ip_address(wanted)))
    [refusal] = caught.value.refusals
    assert (refusal.reason, refusal.subnet_id, refusal.cidr) == (reason, "s1", cidr)
    assert refusal.figures == {"ip_address": str(ip_address(wanted))}
    assert refusal.text.startswith(f"Subnet s1 ({cidr}) ")


@pytest.mark.parametrize(
    ("cidr", "wanted"),
    [
        ("2001:db8::/64", "2001:db8::"),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff"),
        ("10.0.0.0/31", "10.0.0.0"),
        ("10.0.0.0/31", "10.0.0.1"),
        ("10.0.0.0/32", "10.0.0.0"),
    ],
)
def test_an_address_at_the_edge_is_handed_out_where_nothing_reserves_it(
    harness: Harness, cidr: str, wanted: str
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, cidr)
        address = ip_address(wanted)
        assert subnet.allocate(SpecificAddressRequest(address)) == address


def test_an_automatic_address_is_the_eui64_one(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "2001:db8::/64")
        wish = AutomaticAddressRequest(ip_network("2001:db8::/64"), MAC)
        assert subnet.allocate(wish) == ip_address("2001:db8::f816:3eff:fe12:3456")
        with pytest.raises(IpAddressAlreadyAllocated):
            subnet.allocate(wish)


def test_an_automatic_address_of_another_prefix_is_refused(harness: Harness) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "2001:db8::/64")
        with pytest.raises(InvalidIpForSubnet):
            subnet.allocate(AutomaticAddressRequest(ip_network("2001:db8:1::/64"), MAC))
        with pytest.raises(InvalidInput):
            subnet.allocate(AutomaticAddressRequest(ip_network("2001:db8::/80"), MAC))


@pytest.mark.parametrize("kind", [AddressRequest(), BulkAddressRequest(2)])
def test_a_request_that_is_not_for_one_address_is_refused(
    harness: Harness, kind: AddressRequest
) -> None:
    with harness.unit() as pool:
        subnet = create(pool)
        with pytest.raises(InvalidInput, match=type(kind).__name__):
            subnet.allocate(kind)


# Several at once


@pytest.mark.parametrize("count", [1, 7, 61])
def test_so_many_addresses_as_were_asked_for_are_handed_out(harness: Harness, count: int) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", gateway="10.0.0.1")
        got = subnet.bulk_allocate(BulkAddressRequest(count))
        assert len(set(got)) == len(got) == count
        for address in got:
            subnet.deallocate(address)


@pytest.mark.parametrize("held", [0, 2000, 3500])
def test_several_addresses_of_large_pools_avoid_those_that_are_held(
    harness: Harness, held: int
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/20")
        before = subnet.bulk_allocate(BulkAddressRequest(held)) if held else []
        got = subnet.bulk_allocate(BulkAddressRequest(500))
        assert len(set(got)) == 500
        assert not set(got) & set(before)


def test_several_addresses_of_a_v6_subnet(harness: Harness) -> None:
    with harness.unit() as pool:
        got = create(pool, "2001:db8::/64").bulk_allocate(BulkAddressRequest(300))
    assert len(set(got)) == 300
    assert all(address in ip_network("2001:db8::/64") for address in got)


@pytest.mark.parametrize(
    ("cidr", "total", "held"), [("10.0.0.0/26", 62, 60), ("10.0.0.0/20", 4094, 4000)]
)
def test_more_than_are_free_are_refused_and_none_is_kept(
    harness: Harness, cidr: str, total: int, held: int
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, cidr)
        subnet.bulk_allocate(BulkAddressRequest(held))
        for count in (total - held + 1, total + 5):
            with pytest.raises(IpAddressGenerationFailure) as caught:
                subnet.bulk_allocate(BulkAddressRequest(count))
            [refusal] = caught.value.refusals
            assert refusal.reason == Reason.POOL_EXHAUSTED
            assert refusal.figures == {"total": total, "held": held, "requested": count}
    with harness.unit() as pool:
        rest = pool.get_subnet("s1").bulk_allocate(BulkAddressRequest(total - held))
    assert len(set(rest)) == total - held


# Taking back


def test_an_address_taken_back_can_be_handed_out_again(harness: Harness) -> None:
    wanted = SpecificAddressRequest(ip_address("10.0.0.5"))
    with harness.unit() as pool:
        subnet = create(pool)
        subnet.allocate(wanted)
    with harness.unit() as pool:
        subnet = pool.get_subnet("s1")
        subnet.deallocate(wanted.address)
        with pytest.raises(IpAddressAllocationNotFound):
            subnet.deallocate(wanted.address)
        assert subnet.allocate(wanted) == wanted.address


@pytest.mark.parametrize("stranger", ["10.0.0.6", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.5"])
def test_an_address_that_nobody_holds_is_not_taken_back(harness: Harness, stranger: str) -> None:
    with harness.unit() as pool:
        subnet = create(pool)
        subnet.allocate(SpecificAddressRequest(ip_address("10.0.0.5")))
        with pytest.raises(IpAddressAllocationNotFound):
            subnet.deallocate(ip_address(stranger))
        with pytest.raises(IpAddressAlreadyAllocated):
            subnet.allocate(SpecificAddressRequest(ip_address("10.0.0.5")))


def test_an_address_outside_of_the_pools_is_not_handed_out_after_it_was_taken_back(
    harness: Harness,
) -> None:
    with harness.unit() as pool:
        subnet = create(pool, "10.0.0.0/26", "10.0.0.10-10.0.0.19")
        outside = SpecificAddressRequest(ip_address("10.0.0.20"))
        subnet.allocate(outside)
        got = [subnet.allocate(ANY) for _ in range(5)]
        subnet.deallocate(outside.address)
        got += [subnet.allocate(ANY) for _ in range(5)]
        assert outside.address not in got
        assert all(address in ranges("10.0.0.10-10.0.0.19")[0] for address in got)


# A subnet that goes away


@pytest.mark.parametrize(
    "kind",
    [
        ANY,
        NEXT,
        SpecificAddressRequest(ip_address("2001:db8::5")),
        AutomaticAddressRequest(ip_network("2001:db8::/64"), MAC),
    ],
)
def test_a_subnet_removed_in_the_meantime_is_not_found(
    harness: Harness, kind: AddressRequest
) -> None:
    with harness.unit() as pool:
        create(pool, "2001:db8::/64")
    with harness.opener() as open_pool:
        subnet = open_pool().get_subnet("s1")
        held = subnet.allocate(ANY)
        open_pool().remove_subnet("s1")
        with pytest.raises(SubnetNotFound):
            subnet.allocate(kind)
        with pytest.raises(SubnetNotFound):
            subnet.bulk_allocate(BulkAddressRequest(3))
        with pytest.raises(SubnetNotFound):
            subnet.deallocate(held)
