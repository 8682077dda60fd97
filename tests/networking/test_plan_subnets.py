"""What a new or changed subnet is going to be, or why it cannot be."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.errors import (
    DNSNameServersExhausted,
    FreeholdError,
    GatewayConflictWithAllocationPools,
    GatewayIpInUse,
    HostRoutesExhausted,
    InvalidAllocationPool,
    InvalidInput,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
)
from freehold.networking.limits import Limits
from freehold.networking.plan.subnets import check_overlap, plan_new_subnet, plan_subnet_change
from freehold.networking.values import (
    Gateway,
    HostRoute,
    IPv6Mode,
    Subnet,
    SubnetChange,
    SubnetDraft,
)

SLAAC, STATEFUL, STATELESS = IPv6Mode.SLAAC, IPv6Mode.DHCPV6_STATEFUL, IPv6Mode.DHCPV6_STATELESS
LIMITS = Limits()
LAST6 = "2001:db8::ffff:ffff:ffff:ffff"


def draft(cidr: str, **values: Any) -> SubnetDraft:
    prefix: IPNetwork = ip_network(cidr)
    given = {"network_id": "n", "project_id": "p", "ip_version": prefix.version, "cidr": prefix}
    return SubnetDraft(**{**given, **values})


def planned(cidr: str, *siblings: Subnet, **values: Any) -> Subnet:
    subnet = plan_new_subnet("s", draft(cidr, **values), ip_network(cidr), LIMITS)
    check_overlap(subnet, siblings)
    return subnet


def changed(subnet: Subnet, gateway_port: str | None = None, **values: Any) -> Subnet:
    return plan_subnet_change(subnet, SubnetChange(**values), gateway_port, LIMITS)


def pools(*texts: str) -> tuple[AddressRange, ...]:
    return tuple(AddressRange.parse(*text.split("-")) for text in texts)


def servers(*texts: str) -> tuple[IPAddress, ...]:
    return tuple(ip_address(text) for text in texts)


def route(destination: str, nexthop: str) -> HostRoute:
    return HostRoute(ip_network(destination), ip_address(nexthop))


def gateway_of(text: str) -> Any:
    """Read a table's gateway: ``default``, ``null`` or an address."""
    return {"default": Gateway.DEFAULT, "null": None}.get(text) or (
        None if text == "null" else ip_address(text)
    )


def told(subnet: Subnet) -> tuple[str, str]:
    gateway = "null" if subnet.gateway_ip is None else str(subnet.gateway_ip)
    return gateway, " ".join(str(pool) for pool in subnet.allocation_pools)


def refused(error: pytest.ExceptionInfo[FreeholdError], kind: type[FreeholdError]) -> str:
    assert type(error.value) is kind
    if kind is not InvalidInput:
        return error.value.message
    start, _, reason = error.value.message.partition(": ")
    assert start == "Invalid input for operation"
    return reason


@pytest.mark.parametrize(
    ("cidr", "asked", "gateway", "wanted_pools"),
    [
        ("10.0.0.0/24", "default", "10.0.0.1", "10.0.0.2-10.0.0.254"),
        ("10.0.0.0/24", "null", "null", "10.0.0.1-10.0.0.254"),
        ("10.0.0.0/24", "10.0.0.254", "10.0.0.254", "10.0.0.1-10.0.0.253"),
        (
            "10.0.0.0/24",
            "10.0.0.100",
            "10.0.0.100",
            "10.0.0.1-10.0.0.99 10.0.0.101-10.0.0.254",
        ),
        ("10.0.0.0/24", "11.0.0.1", "11.0.0.1", "10.0.0.1-10.0.0.254"),
        ("10.0.0.0/24", "0.0.0.0", "0.0.0.0", "10.0.0.1-10.0.0.254"),
        ("10.0.0.0/8", "default", "10.0.0.1", "10.0.0.2-10.255.255.254"),
        ("0.1.0.0/16", "default", "0.1.0.1", "0.1.0.2-0.1.255.254"),
        ("255.255.255.0/24", "default", "255.255.255.1", "255.255.255.2-255.255.255.254"),
        ("10.0.0.0/30", "default", "10.0.0.1", "10.0.0.2-10.0.0.2"),
        ("10.0.0.0/30", "10.0.0.2", "10.0.0.2", "10.0.0.1-10.0.0.1"),
        ("10.0.0.0/30", "null", "null", "10.0.0.1-10.0.0.2"),
        ("10.0.0.0/31", "default", "10.0.0.1", "10.0.0.0-10.0.0.0"),
        ("10.0.0.0/31", "10.0.0.0", "10.0.0.0", "10.0.0.1-10.0.0.1"),
        ("10.0.0.0/31", "null", "null", "10.0.0.0-10.0.0.1"),
        ("10.0.0.4/32", "default", "10.0.0.5", "10.0.0.4-10.0.0.4"),
        ("10.0.0.4/32", "10.0.0.1", "10.0.0.1", "10.0.0.4-10.0.0.4"),
        ("10.0.0.4/32", "null", "null", "10.0.0.4-10.0.0.4"),
        ("255.255.255.255/32", "null", "null", "255.255.255.255-255.255.255.255"),
        ("2001:db8::/64", "default", "2001:db8::", f"2001:db8::1-{LAST6}"),
        ("2001:db8::/64", "null", "null", f"2001:db8::1-{LAST6}"),
        ("2001:db8::/64", LAST6, LAST6, "2001:db8::1-2001:db8::ffff:ffff:ffff:fffe"),
        ("2001:db8::/64", "fe80::1", "fe80::1", f"2001:db8::1-{LAST6}"),
        ("2001:db8::/64", "::", "::", f"2001:db8::1-{LAST6}"),
        (
            "2001:db8::/64",
            "2001:db8::a",
            "2001:db8::a",
            f"2001:db8::1-2001:db8::9 2001:db8::b-{LAST6}",
        ),
        (
            "2001:db8::/48",
            "default",
            "2001:db8::",
            "2001:db8::1-2001:db8:0:ffff:ffff:ffff:ffff:ffff",
        ),
        ("2001:db8::/126", "default", "2001:db8::", "2001:db8::1-2001:db8::3"),
        ("2001:db8::/126", "2001:db8::3", "2001:db8::3", "2001:db8::1-2001:db8::2"),
        ("2001:db8::/127", "default", "2001:db8::", "2001:db8::1-2001:db8::1"),
        ("2001:db8::/127", "2001:db8::1", "2001:db8::1", ""),
        ("2001:db8::/127", "null", "null", "2001:db8::1-2001:db8::1"),
        ("2001:db8::5/128", "default", "2001:db8::5", "2001:db8::5-2001:db8::5"),
        ("2001:db8::5/128", "null", "null", "2001:db8::5-2001:db8::5"),
        ("::1/128", "default", "::1", "::1-::1"),
        ("224.0.0.0/24", "default", "224.0.0.1", "224.0.0.2-224.0.0.254"),
        ("127.0.0.0/24", "default", "127.0.0.1", "127.0.0.2-127.0.0.254"),
        ("0.0.0.0/8", "default", "0.0.0.1", "0.0.0.2-0.255.255.254"),
        ("fe80::/64", "default", "fe80::", "fe80::1-fe80::ffff:ffff:ffff:ffff"),
        ("ff00::/64", "default", "ff00::", "ff00::1-ff00::ffff:ffff:ffff:ffff"),
    ],
)
def test_gateway_and_pools_without_dhcp(
    cidr: str, asked: str, gateway: str, wanted_pools: str
) -> None:
    subnet = planned(cidr, enable_dhcp=False, gateway_ip=gateway_of(asked))
    assert told(subnet) == (gateway, wanted_pools)


@pytest.mark.parametrize(
    "cidr",
    ["10.0.0.0/30", "169.254.0.0/16", "240.0.0.0/24", "0.1.0.0/16", "2001:db8::/126", "fe80::/64"],
)
def test_dhcp_changes_neither_gateway_nor_pools(cidr: str) -> None:
    assert told(planned(cidr)) == told(planned(cidr, enable_dhcp=False))


@pytest.mark.parametrize(
    ("asked", "gateway", "wanted"),
    [
        (("10.0.0.2-10.0.0.9",), "default", "10.0.0.2-10.0.0.9"),
        (("10.0.0.5-10.0.0.5",), "default", "10.0.0.5-10.0.0.5"),
        (("10.0.0.2-10.0.0.9", "10.0.0.10-10.0.0.19"), "default", None),
        (
            ("10.0.0.100-10.0.0.109", "10.0.0.10-10.0.0.19"),
            "default",
            "10.0.0.10-10.0.0.19 10.0.0.100-10.0.0.109",
        ),
        (("10.0.0.1-10.0.0.9",), "null", "10.0.0.1-10.0.0.9"),
        (("10.0.0.1-10.0.0.9",), "10.0.0.254", "10.0.0.1-10.0.0.9"),
        (("10.0.0.1-10.0.0.9",), "99.0.0.1", "10.0.0.1-10.0.0.9"),
        ((), "default", ""),
    ],
)
def test_pools_that_are_asked_for_are_kept_in_ascending_order(
    asked: tuple[str, ...], gateway: str, wanted: str | None
) -> None:
    subnet = planned("10.0.0.0/24", allocation_pools=pools(*asked), gateway_ip=gateway_of(gateway))
    assert told(subnet)[1] == (" ".join(asked) if wanted is None else wanted)


def test_everything_else_is_taken_over_from_the_draft() -> None:
    asked = draft(
        "2001:db8::/64",
        name="n",
        dns_nameservers=servers("2001:db8::9", "2001:db8::8"),
        host_routes=(route("2001:db8:9::/64", "2001:db8::7"),),
        ipv6_ra_mode=SLAAC,
        ipv6_address_mode=SLAAC,
    )
    made = plan_new_subnet(
        "s", asked, ip_network("2001:db8::/64"), LIMITS, shared=True, subnetpool_id="p1"
    )
    assert made == Subnet(
        id="s",
        network_id="n",
        project_id="p",
        name="n",
        cidr=ip_network("2001:db8::/64"),
        gateway_ip=ip_address("2001:db8::"),
        allocation_pools=pools(f"2001:db8::1-{LAST6}"),
        dns_nameservers=servers("2001:db8::9", "2001:db8::8"),
        host_routes=(route("2001:db8:9::/64", "2001:db8::7"),),
        enable_dhcp=True,
        ipv6_ra_mode=SLAAC,
        ipv6_address_mode=SLAAC,
        subnetpool_id="p1",
        shared=True,
    )
    assert made.auto_address


DHCP_PREFIX = "Subnet has a prefix length that is incompatible with DHCP service enabled."
MULTICAST = "Multicast IP subnet is not supported if enable_dhcp is True."
LOOPBACK = "Loopback IP subnet is not supported if enable_dhcp is True."
FIRST_IS_ZERO = "First IP '0.0.0.0' of network is not supported if enable_dhcp is True.."
NO_V6_ZERO = "IPv6 subnet '::' is not supported."
BAD_GATEWAY = "Gateway is not valid on subnet."
NEEDS_DHCP = "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False."
NOT_64 = (
    "Invalid CIDR {} for IPv6 address mode. OpenStack uses the EUI-64 address format, which "
    "requires the prefix to be /64."
)
UNEQUAL = (
    "ipv6_ra_mode set to '{}' with ipv6_address_mode set to '{}' is not valid. If both attributes "
    "are set, they must be the same value."
)
TOO_MANY_SERVERS = (
    "Unable to complete operation for {}. The number of DNS nameservers exceeds the limit 5."
)
TOO_MANY_ROUTES = (
    "Unable to complete operation for {}. The number of host routes exceeds the limit 20."
)
OUTSIDE = "The allocation pool {} spans beyond the subnet cidr {}."
SIX_SERVERS = servers(*(f"8.8.8.{number}" for number in range(6)))
MANY_ROUTES = tuple(route(f"1.0.{number}.0/24", "10.0.0.9") for number in range(21))


@pytest.mark.parametrize(
    ("cidr", "values", "message"),
    [
        ("10.0.0.0/24", {"ip_version": 6}, "cidr '10.0.0.0/24' does not match the ip_version '6'."),
        (
            "2001:db8::/64",
            {"ip_version": 4},
            "cidr '2001:db8::/64' does not match the ip_version '4'.",
        ),
        ("10.0.0.0/31", {}, DHCP_PREFIX),
        ("10.0.0.4/32", {}, DHCP_PREFIX),
        ("2001:db8::/127", {}, DHCP_PREFIX),
        ("2001:db8::/128", {}, DHCP_PREFIX),
        ("::1/128", {}, DHCP_PREFIX),
        ("224.0.0.0/24", {}, MULTICAST),
        ("ff00::/64", {}, MULTICAST),
        ("127.0.0.0/8", {}, LOOPBACK),
        ("127.0.0.0/24", {}, LOOPBACK),
        ("0.0.0.0/0", {}, FIRST_IS_ZERO),
        ("0.0.0.0/1", {}, FIRST_IS_ZERO),
        ("0.0.0.0/24", {}, FIRST_IS_ZERO),
        ("0.0.0.0/0", {"enable_dhcp": False}, "0 is not allowed as CIDR prefix length."),
        ("::/0", {}, NO_V6_ZERO),
        ("::/0", {"enable_dhcp": False}, NO_V6_ZERO),
        ("::/64", {}, NO_V6_ZERO),
        ("::/128", {}, NO_V6_ZERO),
        ("::/64", {"enable_dhcp": False}, NO_V6_ZERO),
        ("10.0.0.0/24", {"gateway_ip": ip_address("10.0.0.0")}, BAD_GATEWAY),
        ("10.0.0.0/24", {"gateway_ip": ip_address("10.0.0.255")}, BAD_GATEWAY),
        ("10.0.0.4/32", {"gateway_ip": ip_address("10.0.0.4"), "enable_dhcp": False}, BAD_GATEWAY),
        (
            "10.0.0.0/24",
            {"gateway_ip": ip_address("2001:db8::1")},
            "gateway_ip '2001:db8::1' does not match the ip_version '4'.",
        ),
        (
            "2001:db8::/64",
            {"gateway_ip": ip_address("10.0.0.1")},
            "gateway_ip '10.0.0.1' does not match the ip_version '6'.",
        ),
        (
            "10.0.0.0/24",
            {"dns_nameservers": servers("8.8.8.8", "2001:4860::8888")},
            "dns_nameserver '2001:4860::8888' does not match the ip_version '4'.",
        ),
        (
            "2001:db8::/64",
            {"dns_nameservers": servers("8.8.8.8")},
            "dns_nameserver '8.8.8.8' does not match the ip_version '6'.",
        ),
        (
            "10.0.0.0/24",
            {"host_routes": (route("2001:db8::/64", "10.0.0.9"),)},
            "destination '2001:db8::/64' does not match the ip_version '4'.",
        ),
        (
            "10.0.0.0/24",
            {"host_routes": (route("1.0.0.0/24", "2001:db8::1"),)},
            "nexthop '2001:db8::1' does not match the ip_version '4'.",
        ),
        (
            "2001:db8::/64",
            {"host_routes": (route("1.0.0.0/24", "2001:db8::9"),)},
            "destination '1.0.0.0/24' does not match the ip_version '6'.",
        ),
        (
            "10.0.0.0/24",
            {"ipv6_ra_mode": SLAAC},
            "ipv6_ra_mode is not valid when ip_version is 4.",
        ),
        (
            "10.0.0.0/24",
            {"ipv6_address_mode": STATEFUL},
            "ipv6_address_mode is not valid when ip_version is 4.",
        ),
        ("2001:db8::/64", {"ipv6_ra_mode": SLAAC, "enable_dhcp": False}, NEEDS_DHCP),
        ("2001:db8::/64", {"ipv6_address_mode": STATEFUL, "enable_dhcp": False}, NEEDS_DHCP),
        ("2001:db8::/63", {"ipv6_ra_mode": SLAAC}, NOT_64.format("2001:db8::/63")),
        ("2001:db8::/65", {"ipv6_address_mode": SLAAC}, NOT_64.format("2001:db8::/65")),
        ("2001:db8::/48", {"ipv6_ra_mode": STATELESS}, NOT_64.format("2001:db8::/48")),
        (
            "2001:db8::/64",
            {"ipv6_ra_mode": SLAAC, "ipv6_address_mode": STATELESS},
            UNEQUAL.format("slaac", "dhcpv6-stateless"),
        ),
        (
            "2001:db8::/64",
            {"ipv6_ra_mode": SLAAC, "ipv6_address_mode": STATEFUL},
            UNEQUAL.format("slaac", "dhcpv6-stateful"),
        ),
        # The first of several faults is told.
        (
            "10.0.0.0/24",
            {"gateway_ip": ip_address("10.0.0.0"), "dns_nameservers": SIX_SERVERS},
            BAD_GATEWAY,
        ),
    ],
)
def test_an_invalid_draft_is_refused(cidr: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(FreeholdError) as error:
        planned(cidr, **values)
    assert refused(error, InvalidInput) == message


# What of a draft or change is refused alike, under the name that the subnet then has.
BAD_POOLS: list[tuple[tuple[str, ...], type[FreeholdError], str]] = [
    (
        ("10.0.0.2-10.0.1.9",),
        OutOfBoundsAllocationPool,
        OUTSIDE.format("10.0.0.2-10.0.1.9", "10.0.0.0/24"),
    ),
    (
        ("11.0.0.2-11.0.0.9",),
        OutOfBoundsAllocationPool,
        OUTSIDE.format("11.0.0.2-11.0.0.9", "10.0.0.0/24"),
    ),
    (
        ("10.0.0.0-10.0.0.9",),
        OutOfBoundsAllocationPool,
        OUTSIDE.format("10.0.0.0-10.0.0.9", "10.0.0.0/24"),
    ),
    (
        ("10.0.0.2-10.0.0.255",),
        OutOfBoundsAllocationPool,
        OUTSIDE.format("10.0.0.2-10.0.0.255", "10.0.0.0/24"),
    ),
    (
        ("10.0.0.1-10.0.0.9",),
        GatewayConflictWithAllocationPools,
        "Gateway ip 10.0.0.1 conflicts with allocation pool 10.0.0.1-10.0.0.9.",
    ),
    (
        ("10.0.0.20-10.0.0.29", "10.0.0.5-10.0.0.22"),
        OverlappingAllocationPools,
        (
            "Found overlapping allocation pools: 10.0.0.20-10.0.0.29 10.0.0.5-10.0.0.22 for subnet "
            "10.0.0.0/24."
        ),
    ),
    (
        ("10.0.0.20-10.0.0.29", "10.0.0.20-10.0.0.29"),
        OverlappingAllocationPools,
        (
            "Found overlapping allocation pools: 10.0.0.20-10.0.0.29 10.0.0.20-10.0.0.29 for "
            "subnet 10.0.0.0/24."
        ),
    ),
    (
        ("10.0.0.1-10.0.0.9", "10.0.0.4-10.0.0.20"),
        OverlappingAllocationPools,
        (
            "Found overlapping allocation pools: 10.0.0.1-10.0.0.9 10.0.0.4-10.0.0.20 for subnet "
            "10.0.0.0/24."
        ),
    ),
    (
        ("2001:db8::2-2001:db8::9",),
        InvalidAllocationPool,
        "The allocation pool 2001:db8::2-2001:db8::9 is not valid.",
    ),
    (
        ("10.0.0.2-10.0.0.9", "2001:db8::2-2001:db8::9"),
        InvalidAllocationPool,
        "The allocation pool 2001:db8::2-2001:db8::9 is not valid.",
    ),
]


@pytest.mark.parametrize(("asked", "kind", "message"), BAD_POOLS)
def test_pools_that_cannot_stand_are_refused(
    asked: tuple[str, ...], kind: type[FreeholdError], message: str
) -> None:
    with pytest.raises(FreeholdError) as error:
        planned("10.0.0.0/24", allocation_pools=pools(*asked))
    assert refused(error, kind) == message
    with pytest.raises(FreeholdError) as error:
        changed(planned("10.0.0.0/24"), allocation_pools=pools(*asked))
    assert refused(error, kind) == message


def test_an_ipv6_pool_may_have_the_last_address_and_not_the_first() -> None:
    asked = pools(f"2001:db8::2-{LAST6}")
    assert planned("2001:db8::/64", allocation_pools=asked).allocation_pools == asked
    with pytest.raises(OutOfBoundsAllocationPool) as error:
        planned("2001:db8::/64", allocation_pools=pools("2001:db8::-2001:db8::9"))
    assert error.value.message == OUTSIDE.format("2001:db8::-2001:db8::9", "2001:db8::/64")


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ({"dns_nameservers": SIX_SERVERS}, DNSNameServersExhausted, TOO_MANY_SERVERS),
        ({"host_routes": MANY_ROUTES}, HostRoutesExhausted, TOO_MANY_ROUTES),
    ],
)
def test_a_subnet_tells_its_hosts_only_so_much(
    values: dict[str, Any], kind: type[FreeholdError], message: str
) -> None:
    with pytest.raises(kind) as error:
        planned("10.0.0.0/24", **values)
    assert error.value.message == message.format("new subnet")
    subnet = planned("10.0.0.0/24")
    with pytest.raises(kind) as error:
        changed(subnet, **values)
    assert error.value.message == message.format("s")
    one_less = {name: value[:-1] for name, value in values.items()}
    assert planned("10.0.0.0/24", **one_less) == changed(subnet, **one_less)


def test_a_bound_that_was_lowered_leaves_what_is_there_alone() -> None:
    subnet = planned("10.0.0.0/24", dns_nameservers=SIX_SERVERS[:5], host_routes=MANY_ROUTES[:20])
    lower = Limits(max_dns_nameservers=1, max_subnet_host_routes=1)
    renamed = plan_subnet_change(subnet, SubnetChange(name="new"), None, lower)
    assert renamed == replace(subnet, name="new")


@pytest.mark.parametrize(
    ("sibling", "cidr"),
    [
        ("10.0.0.0/24", "10.0.0.0/24"),
        ("10.0.0.0/24", "10.0.0.128/25"),
        ("10.0.0.0/24", "10.0.0.0/16"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("2001:db8::/64", "2001:db8::/48"),
        ("2001:db8::/64", "2001:db8::8/126"),
    ],
)
def test_a_cidr_that_overlaps_with_a_sibling_is_refused(sibling: str, cidr: str) -> None:
    with pytest.raises(FreeholdError) as error:
        planned(cidr, planned("192.0.2.0/24"), planned(sibling))
    assert refused(error, InvalidInput) == (
        f"Requested subnet with cidr: {cidr} for network: n overlaps with another subnet."
    )


def test_cidrs_that_touch_or_are_of_the_other_version_do_not_overlap() -> None:
    siblings = planned("10.0.0.0/24"), planned("2001:db8::/64")
    assert planned("10.0.1.0/24", *siblings).cidr == ip_network("10.0.1.0/24")
    assert planned("2001:db8:0:1::/64", *siblings).cidr == ip_network("2001:db8:0:1::/64")
    assert planned("::ffff:10.0.0.0/120", *siblings).ip_version == 6


def test_pools_are_judged_before_overlaps() -> None:
    with pytest.raises(OutOfBoundsAllocationPool):
        planned(
            "10.0.0.128/25",
            planned("10.0.0.0/24"),
            allocation_pools=pools("1.1.1.1-1.1.1.2"),
        )


def test_the_last_address_that_there_is_has_no_default_gateway() -> None:
    with pytest.raises(InvalidInput) as error:
        planned("255.255.255.255/32", enable_dhcp=False)
    assert "There is no default gateway for 255.255.255.255/32" in error.value.message


# Changes


def test_a_change_of_nothing_is_the_subnet_itself() -> None:
    subnet = planned("10.0.0.0/24")
    assert changed(subnet) == subnet


@pytest.mark.parametrize(
    "values",
    [
        {"name": "new"},
        {"gateway_ip": None},
        {"gateway_ip": ip_address("10.9.0.1")},
        {"allocation_pools": ()},
        {"allocation_pools": pools("10.0.0.10-10.0.0.20", "10.0.0.21-10.0.0.30")},
        {"dns_nameservers": servers("9.9.9.9", "8.8.8.8")},
        {"dns_nameservers": ()},
        {"host_routes": (route("1.0.0.0/24", "10.0.0.9"), route("0.0.0.0/0", "99.0.0.9"))},
        {"enable_dhcp": False},
        {
            "allocation_pools": pools("10.0.0.1-10.0.0.20"),
            "gateway_ip": ip_address("10.0.0.99"),
            "name": "both",
        },
        {"allocation_pools": pools("10.0.0.1-10.0.0.254"), "gateway_ip": None},
    ],
)
def test_what_is_asked_for_is_changed_and_nothing_else(values: dict[str, Any]) -> None:
    subnet = planned("10.0.0.0/24", dns_nameservers=servers("1.1.1.1"), name="old")
    assert changed(subnet, **values) == replace(subnet, **values)


def test_changed_pools_are_put_in_ascending_order() -> None:
    subnet = planned("10.0.0.0/24")
    high, low = pools("10.0.0.100-10.0.0.110", "10.0.0.10-10.0.0.20")
    assert changed(subnet, allocation_pools=(high, low)).allocation_pools == (low, high)


@pytest.mark.parametrize(
    ("cidr", "gateway", "message"),
    [
        ("10.0.0.0/24", "10.0.0.0", BAD_GATEWAY),
        ("10.0.0.0/24", "10.0.0.255", BAD_GATEWAY),
        (
            "10.0.0.0/24",
            "2001:db8::1",
            "gateway_ip '2001:db8::1' does not match the ip_version '4'.",
        ),
        ("2001:db8::/64", "10.0.0.1", "gateway_ip '10.0.0.1' does not match the ip_version '6'."),
    ],
)
def test_an_invalid_gateway_is_refused(cidr: str, gateway: str, message: str) -> None:
    with pytest.raises(FreeholdError) as error:
        changed(planned(cidr), gateway_ip=ip_address(gateway))
    assert refused(error, InvalidInput) == message


@pytest.mark.parametrize(
    ("cidr", "values", "message"),
    [
        (
            "10.0.0.0/24",
            {"gateway_ip": ip_address("10.0.0.100")},
            "Gateway ip 10.0.0.100 conflicts with allocation pool 10.0.0.2-10.0.0.254.",
        ),
        (
            "2001:db8::/64",
            {"gateway_ip": ip_address("2001:db8::9")},
            f"Gateway ip 2001:db8::9 conflicts with allocation pool 2001:db8::1-{LAST6}.",
        ),
        (
            "10.0.0.0/24",
            {
                "gateway_ip": ip_address("10.0.0.9"),
                "allocation_pools": pools("10.0.0.1-10.0.0.20"),
            },
            "Gateway ip 10.0.0.9 conflicts with allocation pool 10.0.0.1-10.0.0.20.",
        ),
    ],
)
def test_a_gateway_in_a_pool_is_refused(cidr: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(GatewayConflictWithAllocationPools) as error:
        changed(planned(cidr), **values)
    assert error.value.message == message


def test_a_pool_that_has_the_only_address_and_so_the_gateway_stays_with_other_changes() -> None:
    subnet = planned("2001:db8::5/128", enable_dhcp=False)
    assert told(subnet) == ("2001:db8::5", "2001:db8::5-2001:db8::5")
    assert changed(subnet, name="new", gateway_ip=subnet.gateway_ip) == replace(subnet, name="new")


IN_USE = "Current gateway ip 10.0.0.1 already in use by port router-port. Unable to update."


@pytest.mark.parametrize("gateway", [None, ip_address("10.0.1.1")])
def test_the_gateway_stays_while_a_router_holds_it(gateway: IPAddress | None) -> None:
    with pytest.raises(GatewayIpInUse) as error:
        changed(planned("10.0.0.0/24"), "router-port", gateway_ip=gateway)
    assert error.value.message == IN_USE


def test_all_but_the_gateway_can_change_under_a_router() -> None:
    subnet = planned("10.0.0.0/24")
    smaller = pools("10.0.0.10-10.0.0.20")
    made = changed(
        subnet,
        "router-port",
        name="new",
        gateway_ip=subnet.gateway_ip,
        allocation_pools=smaller,
    )
    assert made == replace(subnet, name="new", allocation_pools=smaller)


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.0.0.0/31", DHCP_PREFIX),
        ("224.0.0.0/24", MULTICAST),
        ("127.0.0.0/24", LOOPBACK),
        ("0.0.0.0/24", FIRST_IS_ZERO),
        ("2001:db8::/127", DHCP_PREFIX),
    ],
)
def test_dhcp_cannot_be_switched_on_where_it_cannot_work(cidr: str, message: str) -> None:
    subnet = planned(cidr, enable_dhcp=False)
    with pytest.raises(FreeholdError) as error:
        changed(subnet, enable_dhcp=True)
    assert refused(error, InvalidInput) == message


@pytest.mark.parametrize("modes", [{"ipv6_ra_mode": SLAAC}, {"ipv6_address_mode": STATEFUL}])
def test_dhcp_cannot_be_switched_off_under_an_ipv6_mode(modes: dict[str, Any]) -> None:
    subnet = planned("2001:db8::/64", **modes)
    with pytest.raises(FreeholdError) as error:
        changed(subnet, enable_dhcp=False)
    assert refused(error, InvalidInput) == ("Cannot disable enable_dhcp with ipv6 attributes set.")
    assert changed(subnet, enable_dhcp=True) == subnet


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"dns_nameservers": servers("2001:db8::1")},
            "dns_nameserver '2001:db8::1' does not match the ip_version '4'.",
        ),
        (
            {"host_routes": (route("2001:db8::/64", "2001:db8::1"),)},
            "nexthop '2001:db8::1' does not match the ip_version '4'.",
        ),
    ],
)
def test_what_hosts_are_told_is_of_the_subnets_version(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(FreeholdError) as error:
        changed(planned("10.0.0.0/24"), **values)
    assert refused(error, InvalidInput) == message
