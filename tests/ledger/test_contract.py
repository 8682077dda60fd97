"""What every keeper of the ledger does alike, failures included."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from sqlalchemy import Engine

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ledger.claiming import Catching
from freehold.ledger.protocol import Allocation
from tests.conftest import OpenLedger
from tests.engines import file_url, ledger_engine, plain_ledger_engine
from tests.ledger.keepers import NOON, Keeper, MemoryKeeper, SqlKeeper, subnet

V4 = AddressRange.of_network(ip_network("10.0.0.0/24"))
V6 = AddressRange.of_network(ip_network("2001:db8::/64"))
ONE = ip_address("10.0.0.10")


SERVERS = ["postgresql", "mariadb", "galera"]
KINDS = [
    "memory",
    "sqlite-memory",
    "sqlite-file",
    "duplicates-caught",
    "plain",
    "plain, references enforced",
    "plain, references enforced, duplicates-caught",
]


def sqlite_engine(kind: str, folder: Path) -> Engine:
    """Return an engine with the ledger's tables: Freehold's own, or anybody's."""
    if kind.startswith("plain"):
        return plain_ledger_engine(folder, enforcing="references" in kind)
    return ledger_engine(file_url(folder)) if kind == "sqlite-file" else ledger_engine()


@pytest.fixture(params=[*KINDS, *SERVERS])
def keeper(
    request: pytest.FixtureRequest, open_ledger: OpenLedger, tmp_path: Path
) -> Iterator[Keeper]:
    if request.param == "memory":
        yield MemoryKeeper()
    elif request.param in SERVERS:
        yield SqlKeeper(*open_ledger(request.param))
    else:
        engine = sqlite_engine(request.param, tmp_path)
        yield SqlKeeper(engine, how=Catching() if "caught" in request.param else None)
        engine.dispose()


@pytest.fixture
def with_subnet(keeper: Keeper) -> Keeper:
    with keeper.unit() as ledger:
        ledger.create_subnet(subnet())
        ledger.create_subnet(subnet("2001:db8::/64", subnet_id="s6"))
    return keeper


def addresses(*texts: str) -> list[IPAddress]:
    return [ip_address(text) for text in texts]


# Subnets


def test_subnets_come_back_in_the_order_asked_for_with_pools_ascending(keeper: Keeper) -> None:
    bare = replace(subnet("10.9.0.0/24", subnet_id="a"), gateway_ip=None)
    pools = (("2001:db8::20", "2001:db8::2f"), ("2001:db8::2", "2001:db8::9"))
    six = subnet("2001:db8::/64", *pools, subnet_id="b")
    four = subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.2"), subnet_id="c")
    for one in (four, six, bare):
        with keeper.unit() as ledger:
            ledger.create_subnet(one)
    with keeper.unit() as ledger:
        found = ledger.get_subnets(["c", "a", "b"])
    assert found == [four, bare, replace(six, pools=six.pools[::-1])]


def test_subnets_that_do_not_exist_are_left_out(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        assert [one.subnet_id for one in ledger.get_subnets(["x", "s6", "y", "s1"])] == ["s6", "s1"]
        assert ledger.get_subnets(["x"]) == []
        assert ledger.get_subnets([]) == []


def test_a_subnet_created_twice_is_refused_and_stays_as_it_was(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger, pytest.raises(SubnetAlreadyExists):
        ledger.create_subnet(subnet("192.0.2.0/24"))
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["s1"]) == [subnet()]


def test_replacing_a_subnet_changes_gateway_and_pools_only(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.replace_subnet(subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9")))
        ledger.claim("s1", ONE, "h")
    changed = replace(
        subnet("10.0.0.0/24", ("10.0.0.128", "10.0.0.130"), ("10.0.0.20", "10.0.0.30")),
        gateway_ip=None,
    )
    with with_subnet.unit() as ledger:
        ledger.replace_subnet(changed)
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["s1"]) == [replace(changed, pools=changed.pools[::-1])]
        assert ledger.held("s1", V4) == [int(ONE)]


def test_an_unknown_subnet_is_neither_replaced_nor_removed(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        with pytest.raises(SubnetNotFound):
            ledger.replace_subnet(subnet(subnet_id="x"))
        with pytest.raises(SubnetNotFound):
            ledger.remove_subnet("x")
        assert ledger.get_subnets(["x", "s1"]) == [subnet()]


def test_removing_a_subnet_frees_what_was_held_in_it_and_nothing_else(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.replace_subnet(subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9")))
        ledger.create_subnet(subnet(subnet_id="s2"))
        for subnet_id in ("s1", "s2"):
            assert ledger.claim(subnet_id, ONE, "h")
    with with_subnet.unit() as ledger:
        ledger.remove_subnet("s1")
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["s1"]) == []
        assert ledger.count("s1", V4) == 0
        assert ledger.count("s2", V4) == 1
        ledger.create_subnet(subnet())
        assert ledger.get_subnets(["s1"]) == [subnet()]
        assert ledger.claim("s1", ONE, "h")


# Claims


def test_an_address_is_claimed_once(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        assert ledger.claim("s1", ONE, "first")
        assert not ledger.claim("s1", ONE, "second")
    with with_subnet.unit() as ledger:
        assert not ledger.claim("s1", ONE, "third")
        assert ledger.count("s1", V4) == 1


def test_a_lost_claim_leaves_the_unit_of_work_usable(with_subnet: Keeper) -> None:
    other = ip_address("10.0.0.11")
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ONE, "first")
    with with_subnet.unit() as ledger:
        assert not ledger.claim("s1", ONE, "second")
        assert ledger.claim("s1", other, "second")
    with with_subnet.unit() as ledger:
        assert ledger.held("s1", V4) == [int(ONE), int(other)]


def test_holder_and_time_of_the_first_claim_are_kept(with_subnet: Keeper) -> None:
    nobody = ip_address("2001:db8::7")
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ONE, "first")
        ledger.claim("s1", ONE, "second")
        ledger.claim_many("s6", [nobody], None)
    with with_subnet.unit() as ledger:
        assert ledger.find("s1", ONE) == Allocation(
            subnet_id="s1", address=ONE, holder="first", since=NOON
        )
        assert ledger.find("s6", nobody) == Allocation(
            subnet_id="s6", address=nobody, holder=None, since=NOON
        )
        assert ledger.find("s1", ip_address("10.0.0.11")) is None
        assert ledger.find("x", ONE) is None


def test_the_same_address_is_another_one_in_another_subnet(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.create_subnet(subnet(subnet_id="s2"))
        assert ledger.claim("s1", ONE, None)
        assert ledger.claim("s2", ONE, None)


def test_a_claim_in_a_subnet_that_is_unknown_or_gone_is_told_so(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ONE, "h")
        ledger.remove_subnet("s1")
    for gone in ("s1", "x"):
        with with_subnet.unit() as ledger:
            with pytest.raises(SubnetNotFound):
                ledger.claim(gone, ONE, None)
            with pytest.raises(SubnetNotFound):
                ledger.claim_many(gone, addresses("10.0.0.2", "10.0.0.3"), None)
            assert ledger.held(gone, V4) == []


def test_claiming_many_returns_those_that_were_free_in_the_order_given(
    with_subnet: Keeper,
) -> None:
    wanted = addresses("10.0.0.9", "10.0.0.3", "10.0.0.200", "10.0.0.4")
    with with_subnet.unit() as ledger:
        ledger.claim("s1", wanted[1], "other")
    with with_subnet.unit() as ledger:
        assert ledger.claim_many("s1", wanted, "me") == [wanted[0], wanted[2], wanted[3]]
        assert ledger.claim_many("s1", wanted, "me") == []
        assert ledger.claim_many("s1", [], "me") == []
    with with_subnet.unit() as ledger:
        assert ledger.held("s1", V4) == sorted(int(address) for address in wanted)
        holders = [ledger.find("s1", address) for address in wanted]
    assert [one.holder for one in holders if one] == ["me", "other", "me", "me"]


def test_more_are_claimed_and_released_than_one_statement_holds(with_subnet: Keeper) -> None:
    wanted = [ip_address(V6.first + 3 * step) for step in range(2500)]
    with with_subnet.unit() as ledger:
        ledger.claim("s6", wanted[1200], None)
        assert ledger.claim_many("s6", wanted, "h") == wanted[:1200] + wanted[1201:]
        assert ledger.count("s6", V6) == 2500
        ledger.release_many("s6", wanted[1:])
        assert ledger.held("s6", V6) == [V6.first]


# Releases


def test_a_released_address_can_be_claimed_again(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ONE, "first")
        ledger.release("s1", ONE)
        assert ledger.find("s1", ONE) is None
        assert ledger.claim("s1", ONE, "second")


@pytest.mark.parametrize("subnet_id", ["s1", "s6", "x"])
def test_releasing_what_is_not_held_is_refused(with_subnet: Keeper, subnet_id: str) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ip_address("10.0.0.11"), None)
        with pytest.raises(IpAddressAllocationNotFound, match=r"10\.0\.0\.10"):
            ledger.release(subnet_id, ONE)
        assert ledger.count("s1", V4) == 1


def test_releasing_twice_is_refused_the_second_time(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ONE, None)
        ledger.release("s1", ONE)
        with pytest.raises(IpAddressAllocationNotFound):
            ledger.release("s1", ONE)


def test_releasing_many_passes_over_what_is_not_held(with_subnet: Keeper) -> None:
    some = addresses("10.0.0.2", "10.0.0.3", "10.0.0.4")
    with with_subnet.unit() as ledger:
        ledger.claim_many("s1", some, None)
        ledger.release_many("s1", addresses("10.0.0.3", "10.0.0.99"))
        ledger.release_many("x", some)
        ledger.release_many("s1", [])
        assert ledger.held("s1", V4) == [int(some[0]), int(some[2])]


# Reading


@pytest.mark.parametrize(
    ("subnet_id", "whole", "offsets"),
    [
        ("s1", V4, [0, 1, 9, 10, 99, 100, 127, 128, 255]),
        ("s6", V6, [0, 1, 255, 256, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1]),
    ],
)
def test_held_addresses_come_in_numeric_order(
    with_subnet: Keeper, subnet_id: str, whole: AddressRange, offsets: list[int]
) -> None:
    numbers = [whole.first + offset for offset in offsets]
    with with_subnet.unit() as ledger:
        for number in reversed(numbers):
            ledger.claim(subnet_id, ip_address(number), None)
    with with_subnet.unit() as ledger:
        assert ledger.held(subnet_id, whole) == numbers
        assert ledger.count(subnet_id, whole) == len(numbers)


def test_a_range_includes_both_its_ends(with_subnet: Keeper) -> None:
    four = [int(address) for address in addresses("10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7")]
    with with_subnet.unit() as ledger:
        ledger.claim_many("s1", [ip_address(number) for number in four], None)
        inner = AddressRange(4, four[1], four[2])
        assert ledger.held("s1", inner) == four[1:3]
        assert ledger.count("s1", inner) == 2
        single = AddressRange(4, four[3], four[3])
        assert ledger.held("s1", single) == four[3:]
        assert ledger.count("s1", single) == 1
        beyond = AddressRange(4, four[3] + 1, four[3] + 9)
        assert ledger.held("s1", beyond) == []
        assert ledger.count("s1", beyond) == 0


def test_a_limit_keeps_the_lowest(with_subnet: Keeper) -> None:
    numbers = [V6.first + 2**40 * step for step in range(5)]
    with with_subnet.unit() as ledger:
        ledger.claim_many("s6", [ip_address(number) for number in numbers], None)
        assert ledger.held("s6", V6, 2) == numbers[:2]
        assert ledger.held("s6", V6, 5) == numbers
        assert ledger.held("s6", V6, 6) == numbers
        assert ledger.held("s6", AddressRange(6, numbers[1], V6.last), 2) == numbers[1:3]


def test_allocations_are_listed_by_address_with_their_holders(with_subnet: Keeper) -> None:
    numbers = [V6.first + 2**40 * step for step in range(4)]
    with with_subnet.unit() as ledger:
        for number, holder in reversed(list(zip(numbers, "abcd", strict=True))):
            ledger.claim("s6", ip_address(number), holder)
    with with_subnet.unit() as ledger:
        listed = ledger.allocations("s6", AddressRange(6, numbers[1], V6.last), 2)
        assert [(int(one.address), one.holder) for one in listed] == [
            (numbers[1], "b"),
            (numbers[2], "c"),
        ]
        assert listed == [ledger.find("s6", one.address) for one in listed]
        assert len(ledger.allocations("s6", V6)) == 4
        assert ledger.allocations("s6", V4) == []
        assert ledger.allocations("x", V6) == []


def test_a_range_of_the_other_version_holds_nothing(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim("s1", ONE, None)
        assert ledger.held("s1", V6) == []
        assert ledger.count("s1", V6) == 0


def test_a_subnet_that_does_not_exist_holds_nothing(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        assert ledger.held("x", V4) == []
        assert ledger.count("x", V4) == 0
