"""Addresses are spelled as Neutron spells them, whatever is in them."""

import netaddr
from hypothesis import example, given
from hypothesis import strategies as st

from freehold.neutron.texts import number, text_of


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_spelled_as_by_netaddr(value: int) -> None:
    spelled = text_of(4, value)
    assert spelled == str(netaddr.IPAddress(value, 4))
    assert number(4, spelled) == value


@given(st.integers(0, 2**128 - 1) | st.integers(0, 2**49))
@example(0xFFFF_0A00_0001)
@example(0x0A00_0001)
@example(1)
@example(0x2001_0DB8_0000_0000_0001_0000_0000_0001)
def test_an_ipv6_address_is_spelled_as_by_netaddr(value: int) -> None:
    spelled = text_of(6, value)
    assert spelled == str(netaddr.IPAddress(value, 6))
    assert number(6, spelled) == value
