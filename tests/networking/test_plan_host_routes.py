"""Which host routes the subnets of a routed network have to each other."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.ranges import IPNetwork
from freehold.networking.plan.host_routes import MOST, plan_host_routes, plan_rerouted
from freehold.networking.values import HostRoute, Subnet


def subnet(cidr: str, segment: str | None, gateway: str | None, *routes: str) -> Subnet:
    """Return a subnet; each route is ``destination via nexthop``."""
    return Subnet(
        id=cidr,
        network_id="net",
        project_id="p",
        name="",
        cidr=ip_network(cidr),
        gateway_ip=None if gateway is None else ip_address(gateway),
        allocation_pools=(),
        host_routes=tuple(route(*text.split(" via ")) for text in routes),
        segment_id=segment,
    )


def route(destination: str, nexthop: str) -> HostRoute:
    return HostRoute(ip_network(destination), ip_address(nexthop))


def shown(routes: Sequence[HostRoute]) -> list[str]:
    return [f"{one.destination} via {one.nexthop}" for one in routes]


B, C, BESIDE, SIX = (
    subnet("10.2.0.0/24", "b", None),
    subnet("10.10.0.0/24", "c", "10.10.0.1"),
    subnet("10.3.0.0/24", "a", "10.3.0.1"),
    subnet("2001:db8::/64", "b", "2001:db8::1"),
)
OTHERS = (C, BESIDE, SIX, B)
TO_B, TO_C = "10.2.0.0/24 via 10.1.0.1", "10.10.0.0/24 via 10.1.0.1"

CASES: dict[str, tuple[str | None, list[str], list[str]]] = {
    "none": ("10.1.0.1", [], [TO_B, TO_C]),
    "both already": ("10.1.0.1", [TO_C, TO_B], [TO_B, TO_C]),
    "another one": (
        "10.1.0.1",
        [TO_C, "192.0.2.0/24 via 10.1.0.1"],
        ["192.0.2.0/24 via 10.1.0.1", TO_B, TO_C],
    ),
    "a peer by another way": (
        "10.1.0.1",
        ["10.2.0.0/24 via 10.1.0.9"],
        ["10.2.0.0/24 via 10.1.0.9", TO_C],
    ),
    "a wider one": ("10.1.0.1", ["10.0.0.0/13 via 10.1.0.9"], ["10.0.0.0/13 via 10.1.0.9", TO_C]),
    "a wider one by the gateway": (
        "10.1.0.1",
        ["0.0.0.0/0 via 10.1.0.1"],
        ["0.0.0.0/0 via 10.1.0.1"],
    ),
    "a narrower one": (
        "10.1.0.1",
        ["10.2.0.0/25 via 10.1.0.9"],
        ["10.2.0.0/25 via 10.1.0.9", TO_B, TO_C],
    ),
    "a wider one and a peer's": (
        "10.1.0.1",
        [TO_B, "10.0.0.0/8 via 10.1.0.9"],
        ["10.0.0.0/8 via 10.1.0.9", TO_B],
    ),
    "without a gateway": (None, ["10.2.0.0/24 via 10.1.0.9"], ["10.2.0.0/24 via 10.1.0.9"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_route_by_the_gateway_leads_to_each_peer_that_no_own_route_leads_to(case: str) -> None:
    gateway, before, after = CASES[case]
    here = subnet("10.1.0.0/24", "a", gateway, *before)
    assert shown(plan_host_routes(here, (here, *OTHERS))) == after


def test_there_are_at_most_so_many_routes_to_peers() -> None:
    here = subnet("10.1.0.0/24", "a", "10.1.0.1", "192.0.2.0/24 via 10.1.0.9")
    many = [subnet(f"10.{number}.0.0/24", "b", None) for number in range(200, 100, -1)]
    planned = plan_host_routes(here, many)
    lowest = [f"10.{101 + number}.0.0/24 via 10.1.0.1" for number in range(MOST)]
    assert shown(planned) == ["192.0.2.0/24 via 10.1.0.9", *lowest]
    assert plan_host_routes(replace(here, host_routes=planned), many) == planned


def test_routes_follow_another_gateway() -> None:
    old = ip_address("10.1.0.1")
    routes = (TO_B, "192.0.2.0/24 via 10.1.0.1", "10.10.0.0/24 via 10.1.0.9")
    own = [*routes[1:]]
    moved = subnet("10.1.0.0/24", "a", "10.1.0.254", *routes)
    planned = plan_host_routes(moved, OTHERS, old_gateway=old)
    assert shown(planned) == [*own, "10.2.0.0/24 via 10.1.0.254"]
    without = subnet("10.1.0.0/24", "a", None, *routes)
    assert shown(plan_host_routes(without, OTHERS, old_gateway=old)) == own


def test_the_route_to_a_subnet_that_is_gone_goes_but_not_one_by_another_way() -> None:
    here = subnet("10.1.0.0/24", "a", "10.1.0.1", TO_B, TO_C)
    other = subnet("10.4.0.0/24", "c", "10.4.0.1", "10.2.0.0/24 via 10.4.0.9")
    changed = plan_rerouted((here, C, other), gone=B.cidr)
    routes = {str(one.cidr): shown(one.host_routes) for one in changed}
    assert routes == {
        "10.1.0.0/24": ["10.4.0.0/24 via 10.1.0.1", TO_C],
        "10.4.0.0/24": ["10.2.0.0/24 via 10.4.0.9", "10.1.0.0/24 via 10.4.0.1"],
        "10.10.0.0/24": ["10.1.0.0/24 via 10.10.0.1"],
    }


@st.composite
def networks(draw: st.DrawFn) -> list[Subnet]:
    """Return up to six subnets on up to three segments, with routes of their own."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        gateway = draw(st.sampled_from([None, f"10.0.{number}.1"]))
        bound = st.integers(0, 7)
        ways = st.sampled_from([f"10.0.{number}.1", f"10.0.{number}.9"])
        lengths = st.sampled_from([22, 24])
        routes = draw(st.lists(st.tuples(bound, lengths, ways), max_size=3))
        texts = [
            f"{ip_network((f'10.0.{place}.0', length), strict=False)} via {way}"
            for place, length, way in routes
        ]
        segment = draw(st.sampled_from([None, "a", "b"]))
        made.append(subnet(f"10.0.{number}.0/24", segment, gateway, *texts))
    return made


def after(subnets: Sequence[Subnet], gone: IPNetwork | None = None) -> list[Subnet]:
    changed = {one.id: one for one in plan_rerouted(subnets, gone=gone)}
    return [changed.get(one.id, one) for one in subnets]


@settings(max_examples=60)
@given(networks())
def test_each_peer_is_reached_and_planning_again_changes_nothing(subnets: list[Subnet]) -> None:
    planned = after(subnets)
    assert plan_rerouted(planned) == ()
    for here in planned:
        for peer in planned:
            if here.gateway_ip is not None and peer.segment_id != here.segment_id:
                assert any(
                    str(peer.cidr.supernet(new_prefix=one.destination.prefixlen))
                    == str(one.destination)
                    for one in here.host_routes
                )


@settings(max_examples=60)
@given(networks(), st.data())
def test_the_order_in_which_subnets_come_does_not_matter(
    subnets: list[Subnet], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(subnets))
    present: list[Subnet] = []
    for one in order:
        present = after([*present, one])
    assert sorted(present, key=lambda one: one.id) == after(subnets)


@settings(max_examples=60)
@given(networks())
def test_what_came_with_a_subnet_goes_with_it(subnets: list[Subnet]) -> None:
    *rest, last = [replace(one, host_routes=()) for one in subnets]
    before = after(rest)
    assert after(after([*before, last])[:-1], gone=last.cidr) == before
