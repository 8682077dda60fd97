"""Which subnets may serve a port: by its device owner, its host and what it asks for."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.errors import (
    FixedIpsSubnetsNotOnSameSegment,
    HostNotCompatibleWithFixedIps,
    HostNotConnectedToAnySegment,
    IpAddressGenerationFailureNoMatchingSubnet,
    Reason,
)
from freehold.networking import owners
from freehold.networking.plan.candidates import check_move, find_candidates, serves
from freehold.networking.values import FixedIP, FixedIPRequest, Port, Subnet

OWNERS = ["", "compute:a", "compute:b", owners.DHCP, owners.DISTRIBUTED]
SEGMENTS = ["left", "right"]


def subnet(
    number: int, segment: str | None = None, types: tuple[str, ...] = (), *, dhcp: bool = True
) -> Subnet:
    return Subnet(
        id=f"s{number}",
        network_id="net",
        project_id="p",
        name="",
        cidr=ip_network(f"10.0.{number}.0/24"),
        gateway_ip=None,
        allocation_pools=(),
        segment_id=segment,
        service_types=types,
        enable_dhcp=dhcp,
    )


def port(owner: str = "", host: str = "", holds: str = "") -> Port:
    return Port(
        id="port",
        network_id="net",
        project_id="p",
        name="",
        admin_state_up=True,
        mac_address="02:00:00:00:00:0a",
        device_id="",
        device_owner=owner,
        host_id=host,
        fixed_ips=tuple(FixedIP(name, ip_address("10.0.0.9")) for name in holds.split()),
    )


def names(found: tuple[Subnet, ...]) -> str:
    return " ".join(one.id for one in found)


def asks(text: str) -> list[FixedIPRequest]:
    """Return requests for addresses and for subnets."""
    return [
        FixedIPRequest(ip_address=ip_address(one)) if "." in one else FixedIPRequest(one)
        for one in text.split()
    ]


LEFT, LEFT_TOO, RIGHT = subnet(1, "left"), subnet(2, "left"), subnet(3, "right")
ROUTED = [LEFT, LEFT_TOO, RIGHT]


def test_a_port_without_a_host_waits_for_it_on_a_routed_network() -> None:
    found = find_candidates(port(), ROUTED, frozenset(), None)
    assert (found.subnets, found.deferred) == ((), True)


def test_a_port_is_served_by_the_segments_of_its_host() -> None:
    for segments, expected in (("left", "s1 s2"), ("right", "s3"), ("left right", "s1 s2 s3")):
        found = find_candidates(port(host="h"), ROUTED, set(segments.split()), None)
        assert (names(found.subnets), found.deferred) == (expected, False)


def test_a_host_on_no_segment_is_refused_and_each_subnet_says_why() -> None:
    only_others = replace(RIGHT, service_types=("compute:b",))
    with pytest.raises(HostNotConnectedToAnySegment) as caught:
        find_candidates(port(host="h"), [LEFT, only_others], frozenset(), None)
    told = [(one.subnet_id, one.reason) for one in caught.value.refusals]
    assert told == [("s1", Reason.OTHER_SEGMENT), ("s3", Reason.OTHER_OWNERS)]
    assert caught.value.refusals[0].figures == {}
    assert caught.value.refusals[1].figures == {"service_types": "compute:b"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("s1", "s1 s2"),
        ("s2 s1", "s1 s2"),
        ("10.0.3.7", "s3"),
        ("10.0.3.7 s3", "s3"),
        ("", ""),
        ("nowhere", "s1 s2 s3"),
        ("10.9.9.9", "s1 s2 s3"),
        ("s1 nowhere s3", "s1 s2 s3"),
    ],
)
def test_without_a_host_all_addresses_are_of_the_segment_that_is_asked_for(
    asked: str, expected: str
) -> None:
    found = find_candidates(port(), ROUTED, frozenset(), asks(asked))
    assert (names(found.subnets), found.deferred) == (expected, not expected)


@pytest.mark.parametrize("asked", ["s1 s3", "10.0.1.5 10.0.3.5", "s3 10.0.2.9 nowhere"])
def test_without_a_host_addresses_of_two_segments_are_refused(asked: str) -> None:
    with pytest.raises(FixedIpsSubnetsNotOnSameSegment):
        find_candidates(port(), ROUTED, frozenset(), asks(asked))
    found = find_candidates(port(owners.DISTRIBUTED), ROUTED, frozenset(), asks(asked))
    assert names(found.subnets) == "s1 s2 s3"
    both = find_candidates(port(host="h"), ROUTED, set(SEGMENTS), asks(asked))
    assert names(both.subnets) == "s1 s2 s3"


def test_subnets_for_the_device_owner_come_first() -> None:
    plain, typed = subnet(1), subnet(2, types=("compute:a", "compute:b"))
    assert names(find_candidates(port("compute:b"), [plain, typed], set(), None).subnets) == "s2 s1"
    assert names(find_candidates(port("compute:c"), [plain, typed], set(), None).subnets) == "s1"


@pytest.mark.parametrize("asked", [None, [], asks("s1")])
@pytest.mark.parametrize("host", ["", "h"])
def test_a_port_for_which_no_subnet_is_meant_is_refused(
    asked: list[FixedIPRequest] | None, host: str
) -> None:
    with pytest.raises(IpAddressGenerationFailureNoMatchingSubnet) as caught:
        find_candidates(port("x", host), [subnet(1, types=("compute:a",))], set(), asked)
    [refusal] = caught.value.refusals
    assert refusal.text == "Subnet s1 (10.0.1.0/24) serves ports of compute:a only."


def test_servers_of_dhcp_are_on_each_subnet_with_dhcp() -> None:
    for dhcp, expected in ((True, "s1 s2"), (False, "s2")):
        subnets = [subnet(1, types=("compute:a",), dhcp=dhcp), subnet(2)]
        assert names(find_candidates(port(owners.DHCP), subnets, set(), None).subnets) == expected


def test_a_network_without_subnets_refuses_nobody() -> None:
    for host in ("", "h"):
        found = find_candidates(port(host=host), [], frozenset(), None)
        assert (found.subnets, found.deferred) == ((), False)


def test_a_new_subnet_serves_ports_on_the_hosts_of_its_segment() -> None:
    bound, unbound = port(host="h"), port()
    assert serves(bound, RIGHT, [LEFT], on_segment=True)
    assert not serves(bound, RIGHT, [LEFT], on_segment=False)
    assert not serves(unbound, RIGHT, [LEFT], on_segment=False)
    assert serves(replace(unbound, device_owner=owners.DISTRIBUTED), RIGHT, [], on_segment=False)
    plain = subnet(4)
    assert serves(bound, plain, [], on_segment=False)
    assert serves(unbound, plain, [], on_segment=False)
    assert not serves(bound, replace(plain, service_types=("x",)), [], on_segment=False)


def test_a_new_subnet_serves_ports_that_are_on_its_segment_by_their_addresses() -> None:
    holding_left, both = port(holds="s1"), port(holds="s1 s3")
    assert serves(holding_left, LEFT_TOO, [LEFT, RIGHT], on_segment=False)
    assert not serves(holding_left, RIGHT, [LEFT], on_segment=False)
    assert not serves(both, LEFT_TOO, [LEFT, RIGHT], on_segment=False)


def test_a_move_is_refused_if_one_address_would_not_work() -> None:
    moving = port(holds="s1 s2")
    check_move(moving, "h", moving.fixed_ips, [LEFT, LEFT_TOO, RIGHT])
    check_move(moving, "h", (), [])
    with pytest.raises(HostNotCompatibleWithFixedIps):
        check_move(moving, "h", moving.fixed_ips, [LEFT, RIGHT])


TYPES = st.lists(st.sampled_from(OWNERS[1:]), max_size=2, unique=True).map(tuple)


@st.composite
def networks(draw: st.DrawFn) -> list[Subnet]:
    segments = SEGMENTS if draw(st.booleans()) else [None]
    return [
        subnet(number, draw(st.sampled_from(segments)), draw(TYPES), dhcp=draw(st.booleans()))
        for number in range(draw(st.integers(0, 5)))
    ]


@given(
    networks(),
    st.sampled_from(OWNERS),
    st.sampled_from(["", "h"]),
    st.sets(st.sampled_from(SEGMENTS)),
)
def test_candidates_are_all_that_serve_the_owner_where_the_host_is_and_no_others(
    subnets: list[Subnet], owner: str, host: str, host_segments: set[str]
) -> None:
    serving = [
        one
        for one in subnets
        if not one.service_types
        or owner in one.service_types
        or (owner == owners.DHCP and one.enable_dhcp)
    ]
    reached = [
        one
        for one in serving
        if one.segment_id is None or (host and one.segment_id in host_segments)
    ]
    try:
        found = find_candidates(port(owner, host), subnets, host_segments, None)
    except HostNotConnectedToAnySegment:
        assert host
        assert not reached
        return
    except IpAddressGenerationFailureNoMatchingSubnet:
        assert subnets
        assert not serving
        return
    typed = [one for one in reached if one.service_types]
    assert list(found.subnets) == typed + [one for one in reached if not one.service_types]
    assert found.deferred == bool(serving and not reached)


@given(networks(), st.sampled_from(OWNERS), st.lists(st.integers(0, 5), max_size=3))
def test_without_a_host_what_is_asked_for_is_among_the_candidates_or_is_refused(
    subnets: list[Subnet], owner: str, numbers: list[int]
) -> None:
    asked = [FixedIPRequest(f"s{number}") for number in numbers]
    serving = {one.id: one for one in subnets}
    try:
        found = find_candidates(port(owner), subnets, frozenset(), asked)
    except FixedIpsSubnetsNotOnSameSegment:
        named = [serving[one.subnet_id or ""] for one in asked if one.subnet_id in serving]
        assert len({one.segment_id for one in named}) > 1
        return
    except IpAddressGenerationFailureNoMatchingSubnet:
        return
    known = [one.subnet_id for one in asked]
    if {one.id for one in found.subnets} >= set(known) and owner != owners.DISTRIBUTED and known:
        assert len({one.segment_id for one in found.subnets}) == 1
    if found.deferred:
        assert not asked
