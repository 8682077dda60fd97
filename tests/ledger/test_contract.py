"""What every keeper of the ledger does alike, failures included."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from sqlalchemy import Engine

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ipam.strategy import Strategy
from freehold.ledger.claiming import Catching
from freehold.ledger.protocol import Allocation, Claim, Released, SubnetChanged, claims
from tests.conftest import OpenLedger
from tests.engines import file_url, ledger_engine, plain_ledger_engine
from tests.ledger.keepers import NOON, Keeper, MemoryKeeper, SqlKeeper, subnet

V4 = AddressRange.of_network(ip_network("10.0.0.0/24"))
V6 = AddressRange.of_network(ip_network("2001:db8::/64"))
ONE = ip_address("10.0.0.10")
S1 = subnet()
S2 = subnet(subnet_id="s2")
S6 = subnet("2001:db8::/64", subnet_id="s6")
SUBNETS = {one.subnet_id: one for one in (S1, S2, S6)}


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
        ledger.claim(S1, ONE, "h")
    changed = replace(
        subnet("10.0.0.0/24", ("10.0.0.128", "10.0.0.130"), ("10.0.0.20", "10.0.0.30")),
        gateway_ip=None,
    )
    with with_subnet.unit() as ledger:
        ledger.replace_subnet(changed)
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["s1"]) == [replace(changed, pools=changed.pools[::-1])]
        assert ledger.taken("s1", V4) == [int(ONE)]


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
            assert ledger.claim(SUBNETS[subnet_id], ONE, "h")
    with with_subnet.unit() as ledger:
        ledger.remove_subnet("s1")
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["s1"]) == []
        assert ledger.count_taken("s1", [V4])[0] == 0
        assert ledger.count_taken("s2", [V4])[0] == 1
        ledger.create_subnet(subnet())
        assert ledger.get_subnets(["s1"]) == [subnet()]
        assert ledger.claim(S1, ONE, "h")


# Claims


def test_an_address_is_claimed_once(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        assert ledger.claim(S1, ONE, "first")
        assert not ledger.claim(S1, ONE, "second")
    with with_subnet.unit() as ledger:
        assert not ledger.claim(S1, ONE, "third")
        assert ledger.count_taken("s1", [V4])[0] == 1


def test_a_lost_claim_leaves_the_unit_of_work_usable(with_subnet: Keeper) -> None:
    other = ip_address("10.0.0.11")
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ONE, "first")
    with with_subnet.unit() as ledger:
        assert not ledger.claim(S1, ONE, "second")
        assert ledger.claim(S1, other, "second")
    with with_subnet.unit() as ledger:
        assert ledger.taken("s1", V4) == [int(ONE), int(other)]


def test_holder_and_time_of_the_first_claim_are_kept(with_subnet: Keeper) -> None:
    nobody = ip_address("2001:db8::7")
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ONE, "first")
        ledger.claim(S1, ONE, "second")
        ledger.claim_many(S6, claims([nobody], None))
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
        assert ledger.claim(S1, ONE, None)
        assert ledger.claim(S2, ONE, None)


def test_a_claim_in_a_subnet_that_is_unknown_or_gone_is_told_so(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ONE, "h")
        ledger.remove_subnet("s1")
    for gone in ("s1", "x"):
        with with_subnet.unit() as ledger:
            unknown = subnet(subnet_id=gone)
            with pytest.raises(SubnetChanged):
                ledger.claim(unknown, ONE, None)
            with pytest.raises(SubnetChanged):
                ledger.claim_many(unknown, claims(addresses("10.0.0.2", "10.0.0.3"), None))
            with pytest.raises(SubnetChanged):
                ledger.reclaim_many(unknown, claims([ONE], None), NOON)
            with pytest.raises(SubnetChanged):
                ledger.release(unknown, ONE)
            assert ledger.taken(gone, V4) == []


def test_claiming_many_returns_those_that_were_free_in_the_order_given(
    with_subnet: Keeper,
) -> None:
    wanted = addresses("10.0.0.9", "10.0.0.3", "10.0.0.200", "10.0.0.4")
    with with_subnet.unit() as ledger:
        ledger.claim(S1, wanted[1], "other")
    with with_subnet.unit() as ledger:
        assert ledger.claim_many(S1, claims(wanted, "me")) == [wanted[0], wanted[2], wanted[3]]
        assert ledger.claim_many(S1, claims(wanted, "me")) == []
        assert ledger.claim_many(S1, claims([], "me")) == []
    with with_subnet.unit() as ledger:
        assert ledger.taken("s1", V4) == sorted(int(address) for address in wanted)
        holders = [ledger.find("s1", address) for address in wanted]
    assert [one.holder for one in holders if one] == ["me", "other", "me", "me"]


def test_more_are_claimed_and_put_back_than_one_statement_holds(with_subnet: Keeper) -> None:
    wanted = [ip_address(V6.first + 3 * step) for step in range(2500)]
    with with_subnet.unit() as ledger:
        ledger.claim(S6, wanted[1200], None)
        assert ledger.claim_many(S6, claims(wanted, "h")) == wanted[:1200] + wanted[1201:]
        assert ledger.count_taken("s6", [V6])[0] == 2500
        ledger.put_back("s6", wanted[1:], None)
        assert ledger.taken("s6", V6) == [V6.first]


def test_each_of_many_claims_has_a_holder_of_its_own(with_subnet: Keeper) -> None:
    some = addresses("10.0.0.9", "10.0.0.3", "10.0.0.200", "10.0.0.4")
    wanted = [Claim(one, holder) for one, holder in zip(some, ["a", None, "b", "a"], strict=True)]
    with with_subnet.unit() as ledger:
        assert ledger.claim_many(S1, wanted) == some
    with with_subnet.unit() as ledger:
        held = {one.address: one.holder for one in ledger.allocations("s1", V4)}
        for address in some:
            ledger.release(S1, address, keep=True)
    assert held == dict(wanted)
    others = [Claim(address, f"of {address}") for address in some[1:]]
    with with_subnet.unit() as ledger:
        assert ledger.reclaim_many(S1, others, with_subnet.clock.now) == some[1:]
    with with_subnet.unit() as ledger:
        held = {one.address: one.holder for one in ledger.allocations("s1", V4)}
        assert [one.address for one in ledger.resting(S1, 9)] == some[:1]
    assert held == dict(others)


# Releases


def test_a_released_address_can_be_claimed_again(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ONE, "first")
        ledger.release(S1, ONE)
        assert ledger.find("s1", ONE) is None
        assert ledger.claim(S1, ONE, "second")


@pytest.mark.parametrize("subnet_id", ["s1", "s6"])
def test_releasing_what_is_not_held_is_refused(with_subnet: Keeper, subnet_id: str) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ip_address("10.0.0.11"), None)
        with pytest.raises(IpAddressAllocationNotFound, match=r"10\.0\.0\.10"):
            ledger.release(SUBNETS[subnet_id], ONE)
        assert ledger.count_taken("s1", [V4])[0] == 1


def test_releasing_twice_is_refused_the_second_time(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ONE, None)
        ledger.release(S1, ONE)
        with pytest.raises(IpAddressAllocationNotFound):
            ledger.release(S1, ONE)


def test_claims_that_are_put_back_leave_no_trace(with_subnet: Keeper) -> None:
    some = addresses("10.0.0.2", "10.0.0.3", "10.0.0.4")
    with with_subnet.unit() as ledger:
        ledger.claim_many(S1, claims(some, "h"))
        ledger.put_back("s1", addresses("10.0.0.3", "10.0.0.99"), None)
        ledger.put_back("x", some, None)
        ledger.put_back("s1", [], None)
        assert ledger.taken("s1", V4) == [int(some[0]), int(some[2])]
        assert ledger.history(some[1]) == []


# What was known of a subnet before it changed


@pytest.fixture
def changed(with_subnet: Keeper) -> Keeper:
    """The first subnet was changed since it was read; one address of it is held, one rests."""
    with with_subnet.unit() as ledger:
        ledger.claim_many(S1, claims(addresses("10.0.0.2", "10.0.0.3"), "h"))
        ledger.release(S1, ip_address("10.0.0.3"), keep=True)
        ledger.replace_subnet(replace(NEW, stamp=7))
    return with_subnet


NEW = subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9"))


def test_under_an_old_stamp_nothing_is_claimed_or_released(changed: Keeper) -> None:
    two, three, four = addresses("10.0.0.2", "10.0.0.3", "10.0.0.4")
    with changed.unit() as ledger:
        for claim in (
            lambda: ledger.claim(S1, four, "x"),
            lambda: ledger.claim(S1, two, "x"),
            lambda: ledger.claim_many(S1, claims([four], "x")),
            lambda: ledger.reclaim_many(S1, claims([three], "x"), NOON),
            lambda: ledger.reclaim_many(S1, claims([three, four], "x"), NOON),
            lambda: ledger.release(S1, two),
            lambda: ledger.release(S1, two, keep=True),
        ):
            with pytest.raises(SubnetChanged):
                claim()
    with changed.unit() as ledger:
        assert ledger.taken("s1", V4) == [int(two), int(three)]
        assert [one.holder for one in ledger.allocations("s1", V4)] == ["h"]
        assert ledger.history(two) == ledger.allocations("s1", V4)


def test_under_the_new_stamp_all_goes_on(changed: Keeper) -> None:
    two, three, four = addresses("10.0.0.2", "10.0.0.3", "10.0.0.4")
    with changed.unit() as ledger:
        [known] = ledger.get_subnets(["s1"])
        assert known.stamp == 7
        assert ledger.claim(known, four, "x")
        assert ledger.claim_many(known, claims([four, ONE], "x")) == [ONE]
        assert ledger.reclaim_many(known, claims([three], "x"), NOON) == [three]
        ledger.release(known, two)


def test_strategy_and_cool_down_are_kept(with_subnet: Keeper) -> None:
    slow = replace(
        S1,
        strategy=Strategy.LEAST_RECENTLY_RELEASED,
        cool_down=timedelta(hours=3),
        stamp=2**63 - 1,
    )
    with with_subnet.unit() as ledger:
        ledger.create_subnet(replace(slow, subnet_id="s2"))
        ledger.replace_subnet(slow)
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["s1", "s2"]) == [slow, replace(slow, subnet_id="s2")]


# Rest


@pytest.fixture
def resting(with_subnet: Keeper) -> Keeper:
    """Three addresses of the first subnet rest, released a minute after each other."""
    some = addresses("10.0.0.3", "10.0.0.2", "10.0.0.4")
    with with_subnet.unit() as ledger:
        ledger.claim_many(S1, claims([*some, ONE], "h"))
        for place, address in enumerate(some):
            with_subnet.clock.now = NOON + timedelta(minutes=place)
            ledger.release(S1, address, keep=True)
    return with_subnet


def test_an_address_that_rests_is_taken_but_nobody_holds_it(resting: Keeper) -> None:
    two = ip_address("10.0.0.2")
    with resting.unit() as ledger:
        assert not ledger.claim(S1, two, "x")
        assert ledger.claim_many(S1, claims(addresses("10.0.0.2", "10.0.0.5"), "x")) == addresses(
            "10.0.0.5"
        )
        assert ledger.find("s1", two) is None
        assert [str(one.address) for one in ledger.allocations("s1", V4)] == [
            "10.0.0.5",
            "10.0.0.10",
        ]
        assert len(ledger.taken("s1", V4)) == 5
        assert ledger.count_taken("s1", [V4]) == [5]
        with pytest.raises(IpAddressAllocationNotFound):
            ledger.release(S1, two)
        assert ledger.released_at("s1", two) == NOON + timedelta(minutes=1)
        assert ledger.released_at("s1", ONE) is None
        assert ledger.released_at("s1", ip_address("10.0.0.99")) is None


def test_what_rests_is_told_in_the_order_of_release_page_by_page(resting: Keeper) -> None:
    with resting.unit() as ledger:
        whole = ledger.resting(S1, 10)
        assert [(str(one.address), one.at) for one in whole] == [
            ("10.0.0.3", NOON),
            ("10.0.0.2", NOON + timedelta(minutes=1)),
            ("10.0.0.4", NOON + timedelta(minutes=2)),
        ]
        assert ledger.resting(S1, 2) == whole[:2]
        assert ledger.resting(S1, 2, whole[1]) == whole[2:]
        assert ledger.resting(S1, 2, whole[2]) == []
        assert ledger.resting(S6, 2) == []
        halves = [
            AddressRange.parse("10.0.0.1", "10.0.0.3"),
            AddressRange.parse("10.0.0.4", "10.0.0.4"),
        ]
        assert ledger.count_resting("s1", halves[:1]) == 2
        assert ledger.count_resting("s1", halves) == 3
        assert ledger.count_resting("s6", [V6]) == 0


def test_addresses_released_in_the_same_moment_are_told_by_address(with_subnet: Keeper) -> None:
    some = addresses("2001:db8::9", "2001:db8::3", "2001:db8::5")
    with with_subnet.unit() as ledger:
        ledger.claim_many(S6, claims(some, None))
        for address in some:
            ledger.release(S6, address, keep=True)
        first, *others = ledger.resting(S6, 3)
        assert [one.address for one in (first, *others)] == sorted(some)
        assert ledger.resting(S6, 3, first) == others


def test_an_address_is_claimed_from_its_rest_by_one_if_it_rested_long_enough(
    resting: Keeper,
) -> None:
    two, three, four = addresses("10.0.0.2", "10.0.0.3", "10.0.0.4")
    by = NOON + timedelta(minutes=1)
    with resting.unit() as ledger:
        assert ledger.reclaim_many(S1, claims([four], "x"), by) == []
        assert ledger.reclaim_many(S1, claims([two], "x"), by) == [two]
        assert ledger.reclaim_many(S1, claims([two], "y"), by) == []
        assert ledger.reclaim_many(S1, claims([ONE], "y"), by) == []
        assert ledger.reclaim_many(S1, claims([four, ONE, three, two], "z"), by) == [three]
        assert ledger.reclaim_many(S1, claims([], "z"), by) == []
    with resting.unit() as ledger:
        holders = [(one.address, one.holder) for one in ledger.allocations("s1", V4)]
        assert holders == [(two, "x"), (three, "z"), (ONE, "h")]
        found = ledger.find("s1", two)
        assert found is not None
        assert found.since == NOON + timedelta(minutes=2)


def test_a_reclaim_that_is_put_back_rests_again(resting: Keeper) -> None:
    three = ip_address("10.0.0.3")
    with resting.unit() as ledger:
        ledger.reclaim_many(S1, claims([three], "x"), NOON)
        ledger.put_back("s1", [three, ip_address("10.0.0.99")], NOON)
        assert ledger.resting(S1, 1) == [Released(NOON, three)]
        assert [one.holder for one in ledger.history(three)] == ["h"]


def test_new_pools_end_the_rest_of_what_is_outside_of_them(resting: Keeper) -> None:
    with resting.unit() as ledger:
        ledger.replace_subnet(
            subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.2"), ("10.0.0.4", "10.0.0.4"))
        )
        assert [str(one.address) for one in ledger.resting(S1, 9)] == ["10.0.0.2", "10.0.0.4"]
        assert ledger.find("s1", ONE) is not None
        assert ledger.claim(S1, ip_address("10.0.0.3"), "x")


# History


def test_who_held_an_address_is_told_for_each_time(with_subnet: Keeper) -> None:
    clock = with_subnet.clock
    hours = [NOON + timedelta(hours=hour) for hour in range(6)]
    with with_subnet.unit() as ledger:
        ledger.claim(S1, ONE, "a")
        clock.now = hours[1]
        ledger.release(S1, ONE)
        clock.now = hours[2]
        ledger.claim(S1, ONE, None)
        clock.now = hours[3]
        ledger.release(S1, ONE, keep=True)
        clock.now = hours[4]
        ledger.reclaim_many(S1, claims([ONE], "c"), clock.now)
    with with_subnet.unit() as ledger:
        whole = ledger.history(ONE)
        assert [(one.holder, one.since, one.until) for one in whole] == [
            ("c", hours[4], None),
            (None, hours[2], hours[3]),
            ("a", NOON, hours[1]),
        ]
        assert {one.subnet_id for one in whole} == {"s1"}
        assert whole[0] == ledger.find("s1", ONE)
        assert ledger.history(ONE, limit=2) == whole[:2]
        for moment, expected in (
            (NOON - timedelta(seconds=1), []),
            (NOON, [whole[2]]),
            (hours[1] - timedelta(microseconds=1), [whole[2]]),
            (hours[1], []),
            (hours[2], [whole[1]]),
            (hours[3], []),
            (hours[5], [whole[0]]),
        ):
            assert ledger.history(ONE, at=moment) == expected
        assert ledger.history(ip_address("10.0.0.11")) == []


def test_history_tells_subnets_apart_and_outlives_them(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        ledger.create_subnet(S2)
        ledger.claim(S1, ONE, "a")
        ledger.claim(S2, ONE, "b")
        ledger.claim(S2, ip_address("10.0.0.11"), "c")
        ledger.release(S2, ip_address("10.0.0.11"), keep=True)
    with_subnet.clock.now = NOON + timedelta(hours=1)
    with with_subnet.unit() as ledger:
        ledger.remove_subnet("s2")
    with with_subnet.unit() as ledger:
        assert [one.holder for one in ledger.history(ONE)] == ["a", "b"]
        assert [one.holder for one in ledger.history(ONE, subnet_id="s1")] == ["a"]
        [former] = ledger.history(ONE, subnet_id="s2")
        assert (former.holder, former.until) == ("b", with_subnet.clock.now)
        assert len(ledger.history(ip_address("10.0.0.11"))) == 1
        assert ledger.history(ONE, subnet_id="x") == []


def test_a_limit_of_history_keeps_those_who_got_it_last(with_subnet: Keeper) -> None:
    clock = with_subnet.clock
    with with_subnet.unit() as ledger:
        ledger.create_subnet(S2)
        ledger.claim(S1, ONE, "for long")
        clock.now = NOON + timedelta(hours=1)
        ledger.claim(S2, ONE, "for a while")
        clock.now = NOON + timedelta(hours=2)
        ledger.release(S2, ONE)
        clock.now = NOON + timedelta(hours=3)
        ledger.release(S1, ONE)
        for limit in (1, 2):
            found = [one.holder for one in ledger.history(ONE, limit=limit)]
            assert found == ["for a while", "for long"][:limit]


def test_what_is_old_is_forgotten_little_by_little(resting: Keeper) -> None:
    soon = NOON + timedelta(minutes=2)
    with resting.unit() as ledger:
        assert ledger.forget(NOON, NOON, 10) == 0
        forgotten = []
        while count := ledger.forget(soon, soon, 1):
            forgotten.append(count)
        assert sum(forgotten) == 4
        assert len(forgotten) >= 2
        assert [str(one.address) for one in ledger.resting(S1, 9)] == ["10.0.0.4"]
        for last in (2, 3):
            assert ledger.history(ip_address(f"10.0.0.{last}")) == []
            assert ledger.claim(S1, ip_address(f"10.0.0.{last}"), "x")
        assert len(ledger.history(ip_address("10.0.0.4"))) == 1
        assert ledger.find("s1", ONE) is not None


def test_past_holders_and_rests_are_forgotten_each_at_a_time_of_their_own(
    resting: Keeper,
) -> None:
    soon = NOON + timedelta(minutes=2)
    two = ip_address("10.0.0.2")
    with resting.unit() as ledger:
        assert ledger.forget(soon, NOON, 10) == 2
        assert ledger.history(two) == []
        assert len(ledger.resting(S1, 9)) == 3
    with resting.unit() as ledger:
        assert ledger.forget(NOON, soon, 10) == 2
        assert [str(one.address) for one in ledger.resting(S1, 9)] == ["10.0.0.4"]
        assert len(ledger.history(ip_address("10.0.0.4"))) == 1
        assert ledger.forget(soon, soon, 10) == 0


def test_no_history_is_kept_if_it_is_not_wanted(with_subnet: Keeper) -> None:
    with_subnet.keep_history = False
    two, three = addresses("10.0.0.2", "10.0.0.3")
    with with_subnet.unit() as ledger:
        ledger.claim_many(S1, claims([ONE, two, three], "h"))
        ledger.release(S1, two)
        ledger.release(S1, three, keep=True)
        with pytest.raises(IpAddressAllocationNotFound):
            ledger.release(S1, two)
        assert ledger.history(two) == ledger.history(three) == []
        assert [one.holder for one in ledger.history(ONE)] == ["h"]
        assert ledger.taken("s1", V4) == [int(three), int(ONE)]
        ledger.remove_subnet("s1")
        assert ledger.history(ONE) == []


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
            ledger.claim(SUBNETS[subnet_id], ip_address(number), None)
    with with_subnet.unit() as ledger:
        assert ledger.taken(subnet_id, whole) == numbers
        assert ledger.count_taken(subnet_id, [whole])[0] == len(numbers)


def test_a_range_includes_both_its_ends(with_subnet: Keeper) -> None:
    four = [int(address) for address in addresses("10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7")]
    with with_subnet.unit() as ledger:
        ledger.claim_many(S1, claims([ip_address(number) for number in four], None))
        inner = AddressRange(4, four[1], four[2])
        assert ledger.taken("s1", inner) == four[1:3]
        assert ledger.count_taken("s1", [inner])[0] == 2
        single = AddressRange(4, four[3], four[3])
        assert ledger.taken("s1", single) == four[3:]
        assert ledger.count_taken("s1", [single])[0] == 1
        beyond = AddressRange(4, four[3] + 1, four[3] + 9)
        assert ledger.taken("s1", beyond) == []
        assert ledger.count_taken("s1", [beyond])[0] == 0


def test_a_limit_keeps_the_lowest(with_subnet: Keeper) -> None:
    numbers = [V6.first + 2**40 * step for step in range(5)]
    with with_subnet.unit() as ledger:
        ledger.claim_many(S6, claims([ip_address(number) for number in numbers], None))
        assert ledger.taken("s6", V6, 2) == numbers[:2]
        assert ledger.taken("s6", V6, 5) == numbers
        assert ledger.taken("s6", V6, 6) == numbers
        assert ledger.taken("s6", AddressRange(6, numbers[1], V6.last), 2) == numbers[1:3]


def test_allocations_are_listed_by_address_with_their_holders(with_subnet: Keeper) -> None:
    numbers = [V6.first + 2**40 * step for step in range(4)]
    with with_subnet.unit() as ledger:
        for number, holder in reversed(list(zip(numbers, "abcd", strict=True))):
            ledger.claim(S6, ip_address(number), holder)
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
        ledger.claim(S1, ONE, None)
        assert ledger.taken("s1", V6) == []
        assert ledger.count_taken("s1", [V6])[0] == 0


def test_a_subnet_that_does_not_exist_holds_nothing(with_subnet: Keeper) -> None:
    with with_subnet.unit() as ledger:
        assert ledger.taken("x", V4) == []
        assert ledger.count_taken("x", [V4])[0] == 0


# Many subnets


def test_many_subnets_are_taken_up_with_their_pools(keeper: Keeper) -> None:
    wanted = [
        subnet(subnet_id="one"),
        subnet("10.0.0.0/24", ("10.0.0.5", "10.0.0.6"), ("10.0.0.9", "10.0.0.9"), subnet_id="two"),
        subnet("10.0.0.0/24", subnet_id="three"),
    ]
    with keeper.unit() as ledger:
        ledger.create_subnets([])
        ledger.create_subnets(wanted)
    with keeper.unit() as ledger:
        assert ledger.get_subnets(["one", "two", "three"]) == wanted
        assert ledger.claim(wanted[1], ip_address("10.0.0.5"), None)


def test_of_many_subnets_none_is_taken_up_if_there_is_one_already(with_subnet: Keeper) -> None:
    wanted = [subnet(subnet_id="new"), S1]
    with pytest.raises(SubnetAlreadyExists), with_subnet.unit() as ledger:
        ledger.create_subnets(wanted)
    with with_subnet.unit() as ledger:
        assert ledger.get_subnets(["new"]) == []
