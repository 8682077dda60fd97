"""Ports on routed networks, whatever they are asked for: their addresses work where they are."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.ranges import address_of
from freehold.errors import FreeholdError, HostNotCompatibleWithFixedIps
from freehold.networking import owners
from freehold.networking.plan.ports import PortPlan, Surrounding, plan_new_port, plan_port_update
from freehold.networking.values import (
    FixedIP,
    FixedIPRequest,
    IPAllocation,
    IPv6Mode,
    Port,
    Subnet,
)

SEGMENTS = ["left", "right"]
MACS = ["02:00:00:00:00:0a", "02:00:00:00:00:0b"]
HOSTS = st.sampled_from(["", "h1", "h2"])
OWNERS = st.sampled_from(["", "compute:a", owners.DHCP, "network:router_interface"])


def subnet(number: int, segment: str, mode: IPv6Mode | None, types: tuple[str, ...]) -> Subnet:
    cidr = f"10.0.{number}.0/24" if mode is None else f"2001:db8:{number:x}::/64"
    return Subnet(
        id=f"s{number}",
        network_id="net",
        project_id="p",
        name="",
        cidr=ip_network(cidr),
        gateway_ip=None,
        allocation_pools=(),
        segment_id=segment,
        service_types=types,
        ipv6_ra_mode=mode,
        ipv6_address_mode=mode,
    )


@st.composite
def surroundings(draw: st.DrawFn) -> Surrounding:
    modes = st.sampled_from([None, None, IPv6Mode.SLAAC, IPv6Mode.DHCPV6_STATEFUL])
    types = st.sampled_from([(), (), (), ("compute:a",)])
    subnets = tuple(
        subnet(number, draw(st.sampled_from(SEGMENTS)), draw(modes), draw(types))
        for number in range(draw(st.integers(1, 5)))
    )
    on_host = draw(st.sampled_from([[], ["left"], ["left"], ["right"], SEGMENTS]))
    return Surrounding("net", subnets, frozenset(), 8, frozenset(on_host))


@st.composite
def requests(
    draw: st.DrawFn, around: Surrounding, held: tuple[FixedIP, ...] = ()
) -> list[FixedIPRequest] | None:
    if draw(st.booleans()):
        return None
    chosen: dict[object, FixedIPRequest] = {
        one.ip_address: FixedIPRequest(one.subnet_id, one.ip_address)
        for one in held
        if draw(st.booleans())
    }
    for _ in range(draw(st.integers(0, 2))):
        one = draw(st.sampled_from(around.subnets))
        number = draw(st.none() | st.integers(2, 5))
        if number is None:
            chosen[len(chosen)] = FixedIPRequest(one.id)
        else:
            address = address_of(one.ip_version, int(one.cidr.network_address) + number)
            chosen[address] = FixedIPRequest(one.id, address)
    return list(chosen.values())


@st.composite
def ports(draw: st.DrawFn, around: Surrounding) -> Port:
    """Ports with addresses of any of the subnets: hosts may have left their segments."""
    held = {
        FixedIP(one.id, address_of(one.ip_version, int(one.cidr.network_address) + number))
        for one, number in draw(
            st.lists(st.tuples(st.sampled_from(around.subnets), st.integers(2, 5)), max_size=3)
        )
    }
    return Port(
        id="port",
        network_id="net",
        project_id="p",
        name="",
        admin_state_up=True,
        mac_address=MACS[0],
        device_id="",
        device_owner=draw(OWNERS),
        host_id=draw(HOSTS),
        fixed_ips=tuple(sorted(held, key=str)),
        ip_allocation=draw(st.sampled_from(IPAllocation)),
    )


def segments_of(plan: PortPlan, around: Surrounding) -> set[str | None]:
    """Return the segments of all subnets from which the port has, or may get, an address."""
    segment = {one.id: one.segment_id for one in around.subnets}
    wished = [name for wish in plan.add for name in wish.subnet_ids]
    return {segment[name] for name in (*wished, *(one.subnet_id for one in plan.keep))}


@given(st.data())
def test_a_new_port_gets_addresses_that_work_on_its_host(data: st.DataObject) -> None:
    around = data.draw(surroundings())
    port = replace(data.draw(ports(around)), fixed_ips=())
    asked = data.draw(requests(around))
    try:
        plan = plan_new_port(port, asked, around)
    except FreeholdError:
        return
    found = segments_of(plan, around)
    if port.host_id:
        assert found <= around.host_segments
        assert plan.ip_allocation is not IPAllocation.DEFERRED
    else:
        assert len(found) <= 1
        assert bool(found) == bool(asked)
    if asked is None and not port.host_id:
        assert plan == PortPlan(ip_allocation=IPAllocation.DEFERRED)
    if plan.ip_allocation is IPAllocation.NONE:
        assert asked == []


@settings(max_examples=300)
@given(st.data())
def test_a_port_that_moves_has_only_addresses_that_work_on_its_new_host(
    data: st.DataObject,
) -> None:
    around = data.draw(surroundings())
    port = data.draw(ports(around))
    new = replace(port, host_id="h3", mac_address=data.draw(st.sampled_from(MACS)))
    asked = data.draw(requests(around, port.fixed_ips))
    try:
        plan = plan_port_update(port, new, asked, around)
    except HostNotCompatibleWithFixedIps:
        segment = {one.id: one.segment_id for one in around.subnets}
        types = {one.id: one.service_types for one in around.subnets}
        assert any(
            segment[held.subnet_id] not in around.host_segments or types[held.subnet_id]
            for held in port.fixed_ips
        )
        return
    except FreeholdError:
        return
    assert segments_of(plan, around) <= around.host_segments
    assert {*plan.keep, *plan.remove} == set(port.fixed_ips)


@given(st.data())
def test_a_port_that_waited_for_its_host_gets_what_a_new_port_would_get(
    data: st.DataObject,
) -> None:
    around = data.draw(surroundings())
    port = replace(
        data.draw(ports(around)), fixed_ips=(), host_id="", ip_allocation=IPAllocation.DEFERRED
    )
    new = replace(port, host_id="h3", device_owner=data.draw(OWNERS))
    try:
        expected = plan_new_port(new, None, around)
    except FreeholdError as error:
        with pytest.raises(type(error)):
            plan_port_update(port, new, None, around)
        return
    assert plan_port_update(port, new, None, around) == expected


@given(st.data())
def test_what_is_no_move_and_no_question_of_addresses_leaves_them(data: st.DataObject) -> None:
    around = data.draw(surroundings())
    port = data.draw(ports(around))
    for host in {"", port.host_id}:
        new = replace(port, host_id=host, name="x", device_owner=data.draw(OWNERS))
        assert plan_port_update(port, new, None, around) == PortPlan(keep=port.fixed_ips)
