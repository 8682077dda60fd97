"""Which addresses a port is to get, keep and give back.

The tables write a wish as ``what@where``: ``any`` and ``next`` for whichever
address is free, ``eui64`` for the automatic one, or the address asked for;
then the subnets that may serve it. What is asked for is written as in a
request: an address, a subnet, or ``subnet=address``.
"""

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.addresses.eui64 import eui64_address
from freehold.addresses.ranges import IPAddress, address_of
from freehold.errors import (
    AllocationOnAutoAddressSubnet,
    FreeholdError,
    InvalidInput,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    Reason,
    SubnetNotFound,
)
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    AutomaticAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
)
from freehold.networking import owners
from freehold.networking.plan.ports import (
    PortPlan,
    Surrounding,
    Wish,
    plan_automatic_address,
    plan_new_port,
    plan_port_update,
)
from freehold.networking.values import FixedIP, FixedIPRequest, IPv6Mode, Port, Subnet

if TYPE_CHECKING:
    from collections.abc import Callable

MAC = "02:00:00:00:00:0a"
OTHER_MAC = "02:00:00:00:00:0b"
SNAT = owners.ROUTER_CENTRALIZED_SNAT
INTERFACE = "network:router_interface"
ORDINARY = ["", "compute:nova", owners.DHCP, owners.DISTRIBUTED, owners.ROUTER_GATEWAY, "network:x"]
WITHOUT_AUTOMATIC = sorted(owners.NO_AUTOMATIC_ADDRESSES)


def subnet(name: str, cidr: str, mode: IPv6Mode | None = None) -> Subnet:
    return Subnet(
        id=name,
        network_id="net",
        project_id="p",
        name=name,
        cidr=ip_network(cidr),
        gateway_ip=None,
        allocation_pools=(),
        ipv6_ra_mode=mode,
        ipv6_address_mode=mode,
    )


SUBNETS = {
    one.id: one
    for one in (
        subnet("four", "10.0.0.0/24"),
        subnet("four2", "10.1.0.0/24"),
        subnet("six", "2001:db8:1::/64", IPv6Mode.DHCPV6_STATEFUL),
        subnet("slaac", "2001:db8:2::/64", IPv6Mode.SLAAC),
        subnet("stateless", "2001:db8:3::/64", IPv6Mode.DHCPV6_STATELESS),
        replace(subnet("ra-only", "2001:db8:4::/64"), ipv6_ra_mode=IPv6Mode.SLAAC),
        replace(subnet("address-only", "2001:db8:5::/64"), ipv6_address_mode=IPv6Mode.SLAAC),
        subnet("plain6", "2001:db8:6::/64"),
    )
}
ALL = "four six slaac stateless"


def around(names: str) -> Surrounding:
    return Surrounding(
        network_id="net",
        subnets=tuple(SUBNETS[name] for name in names.split()),
        elsewhere=frozenset({"elsewhere"}),
        max_fixed_ips=5,
    )


def port(owner: str = "", holds: str = "", mac: str = MAC) -> Port:
    held = (text.split("=") for text in holds.split())
    return Port(
        id="port",
        network_id="net",
        project_id="p",
        name="",
        admin_state_up=True,
        mac_address=mac,
        device_id="",
        device_owner=owner,
        fixed_ips=tuple(FixedIP(name, ip_address(address)) for name, address in held),
    )


def ask(text: str | None) -> list[FixedIPRequest] | None:
    if text is None:
        return None
    entries = []
    for entry in text.split():
        name, equals, address = entry.partition("=")
        if equals:
            entries.append(FixedIPRequest(name, ip_address(address)))
        elif entry in SUBNETS or entry in ("elsewhere", "nowhere"):
            entries.append(FixedIPRequest(subnet_id=entry))
        else:
            entries.append(FixedIPRequest(ip_address=ip_address(entry)))
    return entries


def written(wish: Wish) -> str:
    match wish.request:
        case SpecificAddressRequest(address=address):
            what = str(address)
        case AutomaticAddressRequest():
            what = "eui64"
        case AnyAddressRequest():
            what = "any"
        case PreferNextAddressRequest():
            what = "next"
        case other:
            raise AssertionError(other)
    return f"{what}@{','.join(wish.subnet_ids)}"


def added(plan: PortPlan) -> str:
    return " ".join(written(wish) for wish in plan.add)


def shown(fixed_ips: tuple[FixedIP, ...]) -> str:
    return " ".join(f"{held.subnet_id}={held.ip_address}" for held in fixed_ips)


EUI64 = "eui64@slaac eui64@stateless"


@pytest.mark.parametrize(
    ("names", "owner", "asked", "wishes"),
    [
        # Nothing said: what the network offers.
        ("", "", None, ""),
        ("four", "", None, "any@four"),
        ("four four2", "", None, "any@four,four2"),
        ("four2 four", "", None, "any@four2,four"),
        ("six", "", None, "any@six"),
        ("plain6 six", "", None, "any@plain6,six"),
        ("slaac", "", None, "eui64@slaac"),
        ("ra-only address-only", "", None, "eui64@ra-only eui64@address-only"),
        (ALL, "", None, f"{EUI64} any@four any@six"),
        (ALL, "compute:nova", None, f"{EUI64} any@four any@six"),
        # None wanted: automatic addresses all the same.
        ("", "", "", ""),
        ("four six", "", "", ""),
        (ALL, "", "", EUI64),
        # By address, by subnet, by both, and several of them.
        ("four", "", "10.0.0.20", "10.0.0.20@four"),
        ("four four2", "", "10.1.0.20", "10.1.0.20@four2"),
        ("four", "", "four", "any@four"),
        ("four", "", "four=10.0.0.20", "10.0.0.20@four"),
        ("four", "", "10.0.0.25 10.0.0.23", "10.0.0.25@four 10.0.0.23@four"),
        ("four", "", "four four", "any@four any@four"),
        ("four", "", "four 10.0.0.31 four", "10.0.0.31@four any@four any@four"),
        ("four four2", "", "four2 four", "any@four2 any@four"),
        ("four six", "", "six", "any@six"),
        (ALL, "", "four", f"{EUI64} any@four"),
        (ALL, "", "10.0.0.50", f"10.0.0.50@four {EUI64}"),
        # An auto-address subnet gives its one address, however often it is named.
        (ALL, "", "slaac", EUI64),
        (ALL, "", "slaac slaac stateless", EUI64),
        (ALL, "", "2001:db8:2::ff:fe00:a", EUI64),
        (ALL, "", "slaac=2001:db8:2::ff:fe00:a slaac", EUI64),
        (ALL, "", "stateless slaac six four", f"{EUI64} any@six any@four"),
        # A gateway, an address outside of the pools and an IPv6 subnet's last address can be had.
        ("four", "", "10.0.0.1 10.0.0.254", "10.0.0.1@four 10.0.0.254@four"),
        ("six", "", "2001:db8:1::ffff:ffff:ffff:ffff", "2001:db8:1:0:ffff:ffff:ffff:ffff@six"),
        # Only routers, and who may turn out to be one, get an IPv6 subnet's first address.
        ("six", "", "2001:db8:1::", "2001:db8:1::@six"),
        ("six", owners.ROUTER_GATEWAY, "2001:db8:1::", "2001:db8:1::@six"),
        # DHCP ports take the next address.
        ("four six", owners.DHCP, None, "next@four next@six"),
        ("four", owners.DHCP, "four", "next@four"),
        ("four", owners.DHCP, "four 10.0.0.5", "10.0.0.5@four next@four"),
        (ALL, owners.DHCP, None, f"{EUI64} next@four next@six"),
        (ALL, owners.DHCP, "slaac", EUI64),
        (ALL, owners.DISTRIBUTED, "four", f"{EUI64} any@four"),
        (ALL, owners.ROUTER_GATEWAY, None, f"{EUI64} any@four any@six"),
        # Router interfaces get no automatic address, and any other that they ask for.
        (ALL, INTERFACE, None, "any@four any@six"),
        (ALL, INTERFACE, "", ""),
        (ALL, INTERFACE, "slaac", "any@slaac"),
        (ALL, INTERFACE, "four", "any@four"),
        (ALL, INTERFACE, "2001:db8:2::77", "2001:db8:2::77@slaac"),
        (ALL, INTERFACE, "2001:db8:2::", "2001:db8:2::@slaac"),
        (ALL, SNAT, None, "any@four any@six"),
        (ALL, SNAT, "slaac", "any@slaac"),
        (ALL, SNAT, "2001:db8:2::ff:fe00:a", "2001:db8:2::ff:fe00:a@slaac"),
    ],
)
def test_a_new_port_gets(names: str, owner: str, asked: str | None, wishes: str) -> None:
    assert added(plan_new_port(port(owner), ask(asked), around(names))) == wishes


OLD = "2001:db8:2::ff:fe00:a"  # the automatic address of MAC on slaac
V4 = "four=10.0.0.11"
AUTO = f"slaac={OLD}"


@pytest.mark.parametrize(
    ("names", "holds", "asked", "add", "keep"),
    [
        # What it has already, however it is named.
        ("four", V4, None, "", V4),
        ("four", V4, "10.0.0.11", "", V4),
        ("four", V4, "four", "", V4),
        ("four", V4, "four=10.0.0.11", "", V4),
        ("four", f"{V4} four=10.0.0.15", "10.0.0.15 10.0.0.11", "", f"{V4} four=10.0.0.15"),
        ("four", f"{V4} four=10.0.0.15", "four four", "", f"{V4} four=10.0.0.15"),
        ("four", f"{V4} four=10.0.0.15", "four 10.0.0.15", "", f"{V4} four=10.0.0.15"),
        # More, fewer, others.
        ("four", V4, "10.0.0.11 10.0.0.15", "10.0.0.15@four", V4),
        ("four", f"{V4} four=10.0.0.15", "four", "", "four=10.0.0.15"),
        ("four", V4, "10.0.0.16", "10.0.0.16@four", ""),
        ("four", V4, "10.0.0.17 four", "10.0.0.17@four", V4),
        ("four", V4, "four four four", "any@four any@four", V4),
        ("four four2", V4, "four four2", "any@four2", V4),
        ("four four2", V4, "four2", "any@four2", ""),
        ("four four2", V4, "four2 10.0.0.12", "10.0.0.12@four any@four2", ""),
        ("four", V4, "", "", ""),
        # Automatic addresses stay without being asked for.
        ("four slaac", f"{V4} {AUTO}", "", "", AUTO),
        ("four slaac", f"{V4} {AUTO}", "10.0.0.9", "10.0.0.9@four", AUTO),
        ("four slaac", f"{V4} {AUTO}", "slaac", "", AUTO),
        ("four slaac", f"{V4} {AUTO}", "slaac slaac", "", AUTO),
        ("four slaac", f"{V4} {AUTO}", f"four {OLD}", "", f"{V4} {AUTO}"),
        ("four slaac", f"{V4} {AUTO}", f"slaac slaac={OLD} four", "", f"{V4} {AUTO}"),
        # One that is missing comes with the next change of addresses.
        ("four slaac", V4, "four", "eui64@slaac", V4),
        ("four slaac", V4, None, "", V4),
    ],
)
def test_an_updated_port(names: str, holds: str, asked: str | None, add: str, keep: str) -> None:
    old = port(holds=holds)
    plan = plan_port_update(old, old, ask(asked), around(names))
    assert added(plan) == add
    assert shown(plan.keep) == keep
    assert set(plan.remove) == set(old.fixed_ips) - set(plan.keep)


@pytest.mark.parametrize(
    ("asked", "add", "keep"),
    [
        (None, "eui64@slaac", V4),
        ("", "eui64@slaac", ""),
        ("slaac", "eui64@slaac", ""),
        ("four slaac", "eui64@slaac", V4),
        ("2001:db8:2::ff:fe00:b", "eui64@slaac", ""),
        (f"{OLD} four", "eui64@slaac", V4),
        ("four four", "eui64@slaac any@four", V4),
    ],
)
def test_a_new_mac_address_brings_a_new_automatic_address(
    asked: str | None, add: str, keep: str
) -> None:
    old = port(holds=f"{V4} {AUTO}")
    plan = plan_port_update(
        old, replace(old, mac_address=OTHER_MAC), ask(asked), around("four slaac")
    )
    assert added(plan) == add
    assert shown(plan.keep) == keep
    assert set(plan.remove) == set(old.fixed_ips) - set(plan.keep)
    [automatic] = [wish.request for wish in plan.add if "eui64" in written(wish)]
    assert automatic == AutomaticAddressRequest(
        ip_network("2001:db8:2::/64"), OTHER_MAC, holder="port"
    )


def test_a_mac_address_changes_nothing_where_nothing_is_automatic() -> None:
    old = port(holds=V4)
    plan = plan_port_update(old, replace(old, mac_address=OTHER_MAC), None, around("four six"))
    assert plan == PortPlan(keep=old.fixed_ips)


def test_becoming_a_router_interface_ends_automatic_addresses_with_the_next_change() -> None:
    old = port(holds=f"{V4} {AUTO}")
    new = replace(old, device_owner=INTERFACE)
    assert plan_port_update(old, new, None, around("four slaac")) == PortPlan(keep=old.fixed_ips)
    plan = plan_port_update(old, new, ask("2001:db8:2::99"), around("four slaac"))
    assert added(plan) == "2001:db8:2::99@slaac"
    assert plan.remove == old.fixed_ips


def test_a_new_dhcp_owner_takes_the_next_address_from_then_on() -> None:
    old = port(holds=V4)
    plan = plan_port_update(
        old, replace(old, device_owner=owners.DHCP), ask("four four"), around("four")
    )
    assert (added(plan), shown(plan.keep)) == ("next@four", V4)


@pytest.mark.parametrize("owner", ORDINARY)
@pytest.mark.parametrize("name", ["slaac", "stateless", "ra-only", "address-only"])
def test_a_new_auto_address_subnet_serves_a_port(owner: str, name: str) -> None:
    wish = plan_automatic_address(port(owner), SUBNETS[name])
    assert wish is not None
    assert written(wish) == f"eui64@{name}"
    assert wish.request.holder == "port"


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, "slaac") for owner in WITHOUT_AUTOMATIC] + [("", "six"), ("", "four"), ("", "plain6")],
)
def test_a_new_subnet_leaves_a_port_alone(owner: str, name: str) -> None:
    assert plan_automatic_address(port(owner), SUBNETS[name]) is None


NO_SUBNETS = "Invalid input for operation: IP allocation requires subnets for network."
OUTSIDE = "IP address {} is not a valid IP for any of the subnets on the specified network."
NOT_THERE = "IP address {} is not a valid IP for the specified subnet."
NOT_OF_NETWORK = (
    "Invalid input for operation: Failed to create port on network net, because fixed_ips included "
    "invalid subnet elsewhere."
)
AUTOMATIC_ONLY = (
    "IPv6 address {} cannot be directly assigned to a port on subnet {} as the subnet is "
    "configured for automatic addresses"
)


@pytest.mark.parametrize(
    ("names", "owner", "asked", "kind", "message", "reasons"),
    [
        ("", "", "10.0.0.5", InvalidInput, NO_SUBNETS, [Reason.NO_SUBNET]),
        ("", "", "nowhere", InvalidInput, NO_SUBNETS, [Reason.NO_SUBNET]),
        (
            "four four2",
            "",
            "10.2.0.5",
            InvalidIpForNetwork,
            OUTSIDE.format("10.2.0.5"),
            [Reason.ADDRESS_OUTSIDE_SUBNET, Reason.ADDRESS_OUTSIDE_SUBNET],
        ),
        (
            "four six",
            "",
            "10.0.0.255",
            InvalidIpForNetwork,
            OUTSIDE.format("10.0.0.255"),
            [Reason.ADDRESS_RESERVED, Reason.OTHER_IP_VERSION],
        ),
        (
            "four",
            "",
            "10.0.0.0",
            InvalidIpForNetwork,
            OUTSIDE.format("10.0.0.0"),
            [Reason.ADDRESS_RESERVED],
        ),
        (
            "six",
            "compute:nova",
            "2001:db8:1::",
            InvalidIpForNetwork,
            OUTSIDE.format("2001:db8:1::"),
            [Reason.ADDRESS_RESERVED],
        ),
        (
            "four",
            "",
            "2001:db8::5",
            InvalidIpForNetwork,
            OUTSIDE.format("2001:db8::5"),
            [Reason.OTHER_IP_VERSION],
        ),
        (
            "four",
            "",
            "four=10.0.1.5",
            InvalidIpForSubnet,
            NOT_THERE.format("10.0.1.5"),
            [Reason.ADDRESS_OUTSIDE_SUBNET],
        ),
        (
            "four",
            "",
            "four=10.0.0.255",
            InvalidIpForSubnet,
            NOT_THERE.format("10.0.0.255"),
            [Reason.ADDRESS_RESERVED],
        ),
        (
            "four four2",
            "",
            "four=10.1.0.5",
            InvalidIpForSubnet,
            NOT_THERE.format("10.1.0.5"),
            [Reason.ADDRESS_OUTSIDE_SUBNET],
        ),
        (
            "four slaac",
            "",
            "slaac=10.0.0.5",
            InvalidIpForSubnet,
            NOT_THERE.format("10.0.0.5"),
            [Reason.OTHER_IP_VERSION],
        ),
        (
            "slaac",
            "",
            "2001:db8:2::5",
            AllocationOnAutoAddressSubnet,
            AUTOMATIC_ONLY.format("2001:db8:2::5", "slaac"),
            [Reason.AUTOMATIC_ADDRESSES_ONLY],
        ),
        (
            "four stateless",
            owners.DHCP,
            "four stateless=2001:db8:3::5",
            AllocationOnAutoAddressSubnet,
            AUTOMATIC_ONLY.format("2001:db8:3::5", "stateless"),
            [Reason.AUTOMATIC_ADDRESSES_ONLY],
        ),
        (
            "slaac",
            SNAT,
            "2001:db8:2::5",
            AllocationOnAutoAddressSubnet,
            AUTOMATIC_ONLY.format("2001:db8:2::5", "slaac"),
            [Reason.AUTOMATIC_ADDRESSES_ONLY],
        ),
        (
            "four",
            "",
            "elsewhere",
            InvalidInput,
            NOT_OF_NETWORK,
            [],
        ),
        (
            "four",
            "",
            "elsewhere=10.0.0.5",
            InvalidInput,
            NOT_OF_NETWORK,
            [],
        ),
        ("four", "", "nowhere", SubnetNotFound, "Subnet nowhere could not be found.", []),
        ("four", "", "10.0.0.5 nowhere", SubnetNotFound, "Subnet nowhere could not be found.", []),
        (
            "four",
            "",
            "four " * 6,
            InvalidInput,
            (
                "Invalid input for operation: Exceeded maximum amount of fixed IPs per port: "
                "6 asked for, 5 allowed."
            ),
            [],
        ),
    ],
)
def test_what_cannot_be_had_is_refused_on_create_and_on_update(
    names: str, owner: str, asked: str, kind: type[FreeholdError], message: str, reasons: list[str]
) -> None:
    wanted = port(owner)
    attempts: list[Callable[[], PortPlan]] = [
        lambda: plan_new_port(wanted, ask(asked), around(names)),
        lambda: plan_port_update(wanted, wanted, ask(asked), around(names)),
    ]
    for attempt in attempts:
        with pytest.raises(kind) as caught:
            attempt()
        assert type(caught.value) is kind
        assert caught.value.message == message
        assert [refusal.reason for refusal in caught.value.refusals] == reasons


def test_an_address_that_is_asked_for_twice_is_left_to_be_refused_as_held() -> None:
    assert added(plan_new_port(port(), ask("10.0.0.5 10.0.0.5"), around("four"))) == (
        "10.0.0.5@four 10.0.0.5@four"
    )


@pytest.mark.parametrize("may", [False, True])
def test_whether_an_address_may_be_had_that_rests_is_for_the_entry_to_say(may: bool) -> None:
    asked = [FixedIPRequest(ip_address=ip_address("10.0.0.9"), even_if_cooling=may)]
    for plan in (
        plan_new_port(port(), asked, around("four")),
        plan_port_update(port(), port(), asked, around("four")),
    ):
        [wish] = plan.add
        assert wish.request == SpecificAddressRequest(
            ip_address("10.0.0.9"), even_if_cooling=may, holder="port"
        )


def test_an_address_that_a_host_forms_by_itself_is_had_though_it_rests() -> None:
    formed = eui64_address(SUBNETS["slaac"].cidr, MAC)
    asked = [FixedIPRequest(ip_address=formed)]
    [wish] = plan_new_port(port(SNAT), asked, around("slaac")).add
    assert wish.request == SpecificAddressRequest(formed, even_if_cooling=True, holder="port")


def test_an_entry_that_names_nothing_is_refused() -> None:
    message = "Invalid input for operation: IP allocation requires subnet_id or ip_address."
    old = port(holds=V4)
    with pytest.raises(InvalidInput) as caught:
        plan_new_port(port(), [FixedIPRequest()], around("four"))
    assert caught.value.message == message
    with pytest.raises(InvalidInput) as caught:
        plan_port_update(old, old, [FixedIPRequest()], around("four"))
    assert caught.value.message == message


def test_a_refusal_says_what_was_asked_of_whom() -> None:
    with pytest.raises(InvalidIpForNetwork) as caught:
        plan_new_port(port(), ask("10.0.0.255"), around("six four"))
    six, four = caught.value.refusals
    assert (six.subnet_id, six.cidr) == ("six", "2001:db8:1::/64")
    assert dict(six.figures) == dict(four.figures) == {"ip_address": "10.0.0.255"}
    assert (four.subnet_id, four.cidr) == ("four", "10.0.0.0/24")
    assert "10.0.0.255" in four.text
    assert "10.0.0.0/24" in four.text
    assert caught.value.detail == f"{six.text} {four.text}"


def test_a_refusal_names_the_automatic_address_that_the_port_would_have() -> None:
    with pytest.raises(AllocationOnAutoAddressSubnet) as caught:
        plan_new_port(port(), ask("2001:db8:2::5"), around("slaac"))
    [refusal] = caught.value.refusals
    assert (refusal.subnet_id, refusal.cidr) == ("slaac", "2001:db8:2::/64")
    assert dict(refusal.figures) == {"automatic_address": OLD}
    assert OLD in refusal.text


# Properties, over arbitrary networks.

MACS = st.integers(0, 0xFFFF).map(
    lambda number: f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
)
MODES = st.sampled_from([None, *IPv6Mode])


@st.composite
def surroundings(draw: st.DrawFn) -> Surrounding:
    """Networks of up to six subnets that do not overlap, in any order."""
    kinds = draw(st.lists(st.sampled_from([4, 6]), max_size=6))
    subnets = []
    for number, version in enumerate(kinds):
        if version == 4:
            length = draw(st.integers(24, 32))
            cidr: IPv4Network | IPv6Network = IPv4Network((0x0A000000 + (number << 8), length))
            mode = None
        else:
            mode = draw(MODES)
            automatic = mode in (IPv6Mode.SLAAC, IPv6Mode.DHCPV6_STATELESS)
            length = 64 if automatic else draw(st.sampled_from([64, 96, 120, 126, 127, 128]))
            cidr = IPv6Network(((0x20010DB8 << 96) + (number << 64), length))
        ra_mode, address_mode = draw(st.sampled_from([(mode, mode), (mode, None), (None, mode)]))
        made = replace(
            subnet(f"s{number}", str(cidr)), ipv6_ra_mode=ra_mode, ipv6_address_mode=address_mode
        )
        subnets.append(made)
    return Surrounding("net", tuple(subnets), frozenset({"elsewhere"}), max_fixed_ips=8)


OWNERS = st.sampled_from(ORDINARY + WITHOUT_AUTOMATIC)


@st.composite
def some_address(draw: st.DrawFn, one: Subnet) -> IPAddress:
    last = one.cidr.num_addresses - 1
    offset = draw(st.integers(0, min(last, 5)) | st.integers(max(0, last - 2), last))
    return address_of(one.ip_version, int(one.cidr.network_address) + offset)


@st.composite
def holders(draw: st.DrawFn, where: Surrounding) -> Port:
    """Ports as they are found: with what they asked for, and with what is automatic."""
    one = replace(port(draw(OWNERS)), mac_address=draw(MACS))
    held: list[FixedIP] = []
    for candidate in where.subnets:
        if candidate.auto_address and one.device_owner not in owners.NO_AUTOMATIC_ADDRESSES:
            held.append(automatic(candidate, one))
        else:
            number = draw(st.integers(0, 3))
            values = {draw(some_address(candidate)) for _ in range(number)}
            held += [FixedIP(candidate.id, value) for value in values]
    return replace(one, fixed_ips=tuple(draw(st.permutations(held))))


@st.composite
def requests(draw: st.DrawFn, where: Surrounding, holder: Port) -> list[FixedIPRequest] | None:
    """Requests of any kind that name no address twice."""
    if draw(st.integers(0, 9)) == 0:
        return None
    chosen = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["subnet", "address", "both", "mine", "wrong"]))
        if kind == "mine" and holder.fixed_ips:
            mine = draw(st.sampled_from(holder.fixed_ips))
            chosen.append(
                FixedIPRequest(draw(st.sampled_from([None, mine.subnet_id])), mine.ip_address)
            )
        elif kind == "wrong":
            chosen.append(FixedIPRequest(draw(st.sampled_from(["elsewhere", "nowhere"]))))
        elif where.subnets:
            one = draw(st.sampled_from(where.subnets))
            value = None if kind == "subnet" else draw(some_address(one))
            chosen.append(FixedIPRequest(None if kind == "address" else one.id, value))
    named = [entry.ip_address for entry in chosen]
    return [
        entry
        for place, entry in enumerate(chosen)
        if entry.ip_address is None or entry.ip_address not in named[:place]
    ]


def automatic(one: Subnet, holder: Port) -> FixedIP:
    return FixedIP(one.id, eui64_address(one.cidr, holder.mac_address))


def automatic_wishes(plan: PortPlan) -> list[tuple[str, ...]]:
    return [w.subnet_ids for w in plan.add if isinstance(w.request, AutomaticAddressRequest)]


def is_certain(request: AddressRequest) -> bool:
    return isinstance(request, SpecificAddressRequest | AutomaticAddressRequest)


def check_wishes(plan: PortPlan, wanted: Port, where: Surrounding) -> None:
    """Check what holds of each plan's wishes, whatever was asked for."""
    known = {one.id: one for one in where.subnets}
    certain = [is_certain(wish.request) for wish in plan.add]
    assert certain == sorted(certain, reverse=True)
    for wish in plan.add:
        assert wish.request.holder == wanted.id
        assert wish.subnet_ids
        assert set(wish.subnet_ids) <= set(known)
        match wish.request:
            case SpecificAddressRequest(address=address):
                [name] = wish.subnet_ids
                assert address in known[name].cidr
            case AutomaticAddressRequest(prefix=prefix, mac=mac):
                [name] = wish.subnet_ids
                assert known[name].auto_address
                assert (prefix, mac) == (known[name].cidr, wanted.mac_address)
            case PreferNextAddressRequest():
                assert wanted.device_owner == owners.DHCP
            case AnyAddressRequest():
                assert wanted.device_owner != owners.DHCP


@given(st.data())
def test_whatever_a_new_port_asks_for(data: st.DataObject) -> None:
    where = data.draw(surroundings())
    wanted = replace(port(data.draw(OWNERS)), mac_address=data.draw(MACS))
    asked = data.draw(requests(where, wanted))
    try:
        plan = plan_new_port(wanted, asked, where)
    except (InvalidInput, InvalidIpForNetwork, InvalidIpForSubnet, SubnetNotFound):
        assert asked
        return
    assert not plan.keep
    assert not plan.remove
    check_wishes(plan, wanted, where)
    served = [(one.id,) for one in where.subnets if one.auto_address]
    ordinary = wanted.device_owner not in owners.NO_AUTOMATIC_ADDRESSES
    assert automatic_wishes(plan) == (served if ordinary else [])
    if ordinary:
        for wish in plan.add:
            assert wish.subnet_ids in served or not set(served) & {(i,) for i in wish.subnet_ids}
    if asked is not None:
        assert len(plan.add) - len(automatic_wishes(plan)) <= len(asked)


@given(st.data())
def test_whatever_an_updated_port_asks_for(data: st.DataObject) -> None:
    where = data.draw(surroundings())
    old = data.draw(holders(where))
    mac = data.draw(st.sampled_from([old.mac_address]) | MACS)
    new = replace(old, device_owner=data.draw(st.just(old.device_owner) | OWNERS), mac_address=mac)
    asked = data.draw(requests(where, old))
    try:
        plan = plan_port_update(old, new, asked, where)
    except (InvalidInput, InvalidIpForNetwork, InvalidIpForSubnet, SubnetNotFound):
        assert asked
        return
    check_wishes(plan, new, where)
    # Each address that it had is either kept or given back, and no other is.
    assert len(plan.keep) + len(plan.remove) == len(old.fixed_ips)
    assert {*plan.keep, *plan.remove} == set(old.fixed_ips)
    assert list(plan.keep) == [held for held in old.fixed_ips if held in plan.keep]
    # It does not ask for what it gives back, nor for what it keeps.
    for wish in plan.add:
        if isinstance(wish.request, SpecificAddressRequest | AutomaticAddressRequest):
            assert FixedIP(wish.subnet_ids[0], wish.request.address) not in old.fixed_ips


@given(st.data())
def test_an_ordinary_port_has_one_address_of_each_auto_address_subnet_after_any_change(
    data: st.DataObject,
) -> None:
    where = data.draw(surroundings())
    old = data.draw(holders(where).filter(lambda one: one.device_owner in ORDINARY))
    mac = data.draw(st.sampled_from([old.mac_address]) | MACS)
    new = replace(old, mac_address=mac)
    try:
        plan = plan_port_update(old, new, data.draw(requests(where, old)), where)
    except FreeholdError:
        return
    for one in where.subnets:
        if one.auto_address:
            kept = [held for held in plan.keep if held.subnet_id == one.id]
            wished = [wish for wish in plan.add if one.id in wish.subnet_ids]
            if mac == old.mac_address:
                assert (kept, wished) == ([automatic(one, old)], [])
            else:
                assert kept == []
                assert [written(wish) for wish in wished] == [f"eui64@{one.id}"]


@given(st.data())
def test_a_new_mac_address_replaces_the_automatic_addresses_and_no_other(
    data: st.DataObject,
) -> None:
    where = data.draw(surroundings())
    old = data.draw(holders(where).filter(lambda one: one.device_owner in ORDINARY))
    mac = data.draw(MACS.filter(lambda mac: mac != old.mac_address))
    plan = plan_port_update(old, replace(old, mac_address=mac), None, where)
    outdated = {automatic(one, old) for one in where.subnets if one.auto_address}
    assert set(plan.remove) == outdated
    assert automatic_wishes(plan) == [wish.subnet_ids for wish in plan.add]
    assert len(plan.add) == len(outdated)


@given(st.data())
def test_asking_for_exactly_what_it_has_changes_nothing(data: st.DataObject) -> None:
    where = data.draw(surroundings())
    old = data.draw(holders(where))
    where = replace(where, max_fixed_ips=len(old.fixed_ips))
    asked = [
        FixedIPRequest(data.draw(st.sampled_from([None, held.subnet_id])), held.ip_address)
        for held in data.draw(st.permutations(old.fixed_ips))
    ]
    assert plan_port_update(old, old, asked, where) == PortPlan(keep=old.fixed_ips)
    by_subnet = [FixedIPRequest(subnet_id=held.subnet_id) for held in old.fixed_ips]
    assert plan_port_update(old, old, by_subnet, where) == PortPlan(keep=old.fixed_ips)
    assert plan_port_update(old, old, None, where) == PortPlan(keep=old.fixed_ips)


@given(st.data())
def test_asking_for_none_leaves_what_is_automatic(data: st.DataObject) -> None:
    where = data.draw(surroundings())
    old = data.draw(holders(where))
    plan = plan_port_update(old, old, [], where)
    ordinary = old.device_owner not in owners.NO_AUTOMATIC_ADDRESSES
    implied = {automatic(one, old) for one in where.subnets if one.auto_address and ordinary}
    assert set(plan.keep) == implied
    assert plan.add == ()
