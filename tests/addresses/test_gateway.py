from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings

from freehold.addresses.gateway import check_gateway, default_gateway
from freehold.addresses.ranges import IPAddress, IPNetwork
from freehold.errors import InvalidInput
from tests.addresses.strategies import addresses, networks


@pytest.mark.parametrize(
    ("cidr", "explicit", "gateway"),
    [
        ("10.0.0.0/24", True, "10.0.0.1"),
        ("10.0.0.0/24", False, "10.0.0.1"),
        ("10.0.0.4/30", True, "10.0.0.5"),
        ("10.0.0.4/31", True, "10.0.0.5"),
        ("10.0.0.4/32", True, "10.0.0.5"),
        ("0.0.0.0/0", True, "0.0.0.1"),
        ("2001:db8::/64", True, "2001:db8::"),
        ("2001:db8::/64", False, "2001:db8::1"),
        ("2001:db8::4/127", True, "2001:db8::4"),
        ("2001:db8::4/127", False, "2001:db8::5"),
        ("2001:db8::4/128", True, "2001:db8::4"),
        ("2001:db8::4/128", False, "2001:db8::5"),
    ],
)
def test_the_default_gateway_is_neutrons(cidr: str, explicit: bool, gateway: str) -> None:
    assert default_gateway(ip_network(cidr), explicit=explicit) == ip_address(gateway)


@given(cidr=networks())
@settings(deadline=None)
def test_each_default_gateway_is_valid_and_in_the_cidr_if_there_is_room(cidr: IPNetwork) -> None:
    for explicit in (True, False):
        try:
            gateway = default_gateway(cidr, explicit=explicit)
        except InvalidInput:
            assert cidr.num_addresses == 1
        else:
            assert gateway in cidr or cidr.num_addresses == 1
            check_gateway(cidr, gateway)


@pytest.mark.parametrize(
    ("cidr", "explicit"),
    [
        ("255.255.255.255/32", True),
        (f"{'ffff:' * 7}ffff/128", False),
    ],
)
def test_where_no_gateway_would_be_valid_there_is_no_default(cidr: str, explicit: bool) -> None:
    with pytest.raises(InvalidInput, match=f"no default gateway for {cidr}"):
        default_gateway(ip_network(cidr), explicit=explicit)


@given(cidr=networks(), gateway=addresses)
@settings(deadline=None)
def test_only_the_version_and_the_ends_of_ipv4_matter(cidr: IPNetwork, gateway: IPAddress) -> None:
    if gateway.version != cidr.version:
        with pytest.raises(InvalidInput) as refused:
            check_gateway(cidr, gateway)
        assert refused.value.message == (
            f"Invalid input for operation: gateway_ip '{gateway}' does not match the ip_version "
            f"'{cidr.version}'."
        )
    elif cidr.version == 4 and cidr.prefixlen != 31 and gateway in (cidr[0], cidr[-1]):
        with pytest.raises(InvalidInput):
            check_gateway(cidr, gateway)
    else:
        check_gateway(cidr, gateway)


@pytest.mark.parametrize(
    ("cidr", "gateway"),
    [
        ("10.0.0.0/24", "10.0.0.0"),
        ("10.0.0.0/24", "10.0.0.255"),
        ("10.0.0.0/32", "10.0.0.0"),
    ],
)
def test_network_and_broadcast_addresses_are_refused(cidr: str, gateway: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_gateway(ip_network(cidr), ip_address(gateway))
    assert refused.value.message == ("Invalid input for operation: Gateway is not valid on subnet.")


@pytest.mark.parametrize(
    ("cidr", "gateway"),
    [
        ("10.0.0.0/24", "10.0.1.0"),
        ("10.0.0.0/31", "10.0.0.0"),
        ("10.0.0.0/31", "10.0.0.1"),
        ("10.0.0.0/32", "10.0.0.1"),
        ("2001:db8::/64", "2001:db8::"),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:db8::/64", "fe80::1"),
    ],
)
def test_gateways_outside_and_all_of_ipv6_are_allowed(cidr: str, gateway: str) -> None:
    assert check_gateway(ip_network(cidr), ip_address(gateway)) is None  # type: ignore[func-returns-value]  # it must not raise
