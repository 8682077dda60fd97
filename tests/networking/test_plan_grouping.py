"""Which wishes are put to the driver together, and in which order."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.networking.plan.grouping import groups_of
from freehold.networking.plan.ports import PortPlan, Wish

CANDIDATES = [("a",), ("b",), ("a", "b"), ("b", "a"), ("c",), ("c", "d")]

requests = st.sampled_from([AnyAddressRequest, PreferNextAddressRequest])


@st.composite
def plans(draw: st.DrawFn) -> list[PortPlan]:
    """Return plans whose wishes can be told apart by their holders."""
    number = iter(range(1000))

    def wish(rank: int) -> Wish:
        holder = str(next(number))
        if draw(st.booleans()):
            address = ip_address(draw(st.integers(1, 9)))
            given = SpecificAddressRequest(address, holder=holder)
            return Wish(given, (draw(st.sampled_from("abcd")),), rank)
        return Wish(draw(requests)(holder=holder), draw(st.sampled_from(CANDIDATES)), rank)

    sizes = draw(st.lists(st.integers(0, 3), max_size=12))
    return [PortPlan(add=tuple(wish(rank) for rank in range(size))) for size in sizes]


def is_certain(request: AddressRequest) -> bool:
    return isinstance(request, SpecificAddressRequest)


@given(plans())
def test_each_wish_is_in_one_group_with_its_subnets_and_its_taker(given: list[PortPlan]) -> None:
    found = [
        (taker, request, group.subnet_ids)
        for group in groups_of(given)
        for taker, request in zip(group.takers, group.requests, strict=True)
    ]
    expected = [
        ((port, wish.rank), wish.request, wish.subnet_ids)
        for port, plan in enumerate(given)
        for wish in plan.add
    ]
    assert sorted(found, key=lambda one: one[0]) == expected


@given(plans())
def test_wishes_for_one_address_come_first_and_no_subnet_sees_the_others_in_another_order(
    given: list[PortPlan],
) -> None:
    groups = groups_of(given)
    order = [is_certain(request) for group in groups for request in group.requests]
    assert order == sorted(order, reverse=True)
    wishes = [wish for plan in given for wish in plan.add if not is_certain(wish.request)]
    for subnet_id in "abcd":
        seen = [
            request
            for group in groups
            if subnet_id in group.subnet_ids
            for request in group.requests
            if not is_certain(request)
        ]
        assert seen == [wish.request for wish in wishes if subnet_id in wish.subnet_ids]


def test_many_ports_of_one_kind_make_a_group_for_each_of_their_wishes() -> None:
    wishes = (
        Wish(SpecificAddressRequest(ip_address("2001:db8::1")), ("slaac",), 2),
        Wish(AnyAddressRequest(), ("a", "b"), 0),
        Wish(AnyAddressRequest(), ("c",), 1),
    )
    groups = groups_of([PortPlan(add=wishes)] * 1000)
    assert [group.subnet_ids for group in groups] == [("slaac",), ("a", "b"), ("c",)]
    assert [len(group.requests) for group in groups] == [1000] * 3
    assert groups[1].takers == [(port, 0) for port in range(1000)]
