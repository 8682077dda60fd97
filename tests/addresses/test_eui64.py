from ipaddress import IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.eui64 import eui64_address, is_eui64_address
from freehold.addresses.ranges import IPAddress
from freehold.errors import InvalidInput
from tests.addresses.strategies import addresses

prefixes = st.integers(0, 2**64 - 1).map(lambda number: IPv6Network((number << 64, 64)))
mac_octets = st.binary(min_size=6, max_size=6)


@pytest.mark.parametrize(
    ("prefix", "mac", "address"),
    [
        # The example of RFC 4291, appendix A, with the letters filled in.
        ("2001:db8::/64", "34:56:78:9a:bc:de", "2001:db8::3656:78ff:fe9a:bcde"),
        ("2001:db8::/64", "fa:16:3e:00:00:01", "2001:db8::f816:3eff:fe00:1"),
        ("fe80::/64", "02-00-00-00-00-00", "fe80::ff:fe00:0"),
        ("2001:db8:0:ffff::/64", "00:00:00:00:00:00", "2001:db8:0:ffff:200:ff:fe00:0"),
    ],
)
def test_the_address_of_known_hosts(prefix: str, mac: str, address: str) -> None:
    assert eui64_address(ip_network(prefix), mac) == ip_address(address)


@given(prefix=prefixes, octets=mac_octets)
@settings(deadline=None)
def test_the_mac_can_be_read_out_of_the_address(prefix: IPv6Network, octets: bytes) -> None:
    address = eui64_address(prefix, octets.hex(":"))
    assert address in prefix
    assert is_eui64_address(address)
    packed = address.packed
    assert bytes([packed[8] ^ 2, *packed[9:11], *packed[13:]]) == octets


@given(address=addresses)
@settings(deadline=None)
def test_only_ff_fe_in_the_middle_of_ipv6_looks_like_eui64(address: IPAddress) -> None:
    expected = address.version == 6 and address.packed[11:13] == b"\xff\xfe"
    assert is_eui64_address(address) == expected


def test_an_ipv4_address_with_the_same_bits_does_not_look_like_eui64() -> None:
    assert not is_eui64_address(ip_address("254.0.0.0"))
    assert not is_eui64_address(ip_address("2001:db8::ff:ff00:1"))
    assert is_eui64_address(ip_address("::ff:fe00:1"))


@pytest.mark.parametrize(
    ("prefix", "mac"),
    [
        ("2001:db8::/63", "fa:16:3e:00:00:01"),
        ("2001:db8::/65", "fa:16:3e:00:00:01"),
        ("2001:db8::/128", "fa:16:3e:00:00:01"),
        ("10.0.0.0/24", "fa:16:3e:00:00:01"),
        ("2001:db8::/64", "fa:16:3e:00:00"),
        ("2001:db8::/64", ""),
    ],
)
def test_other_prefixes_and_malformed_macs_are_refused(prefix: str, mac: str) -> None:
    with pytest.raises(InvalidInput):
        eui64_address(ip_network(prefix), mac)
