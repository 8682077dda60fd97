from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.encoding import WIDTH, from_bytes, number_to_bytes, to_bytes
from freehold.addresses.ranges import IPAddress
from tests.addresses.strategies import BITS, addresses, numbers, versions


@given(address=addresses)
@settings(deadline=None)
def test_an_address_survives_the_way_there_and_back(address: IPAddress) -> None:
    data = to_bytes(address)
    assert len(data) == WIDTH == 16
    assert from_bytes(data, address.version) == int(address)


@given(data=st.data(), version=versions)
@settings(deadline=None)
def test_bytes_sort_as_addresses_do(data: st.DataObject, version: int) -> None:
    one, other = data.draw(numbers(version)), data.draw(numbers(version))
    first, second = number_to_bytes(version, one), number_to_bytes(version, other)
    assert (first < second) == (one < other)
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    ("text", "as_v6"),
    [("10.1.2.3", "::ffff:10.1.2.3"), ("0.0.0.0", "::ffff:0:0"), ("2001:db8::1", "2001:db8::1")],
)
def test_ipv4_is_written_as_ipv4_mapped(text: str, as_v6: str) -> None:
    assert to_bytes(ip_address(text)) == ip_address(as_v6).packed


@pytest.mark.parametrize("version", [4, 6])
def test_numbers_outside_of_the_address_space_are_refused(version: int) -> None:
    for number in (-1, 1 << BITS[version]):
        with pytest.raises(ValueError, match="no IPv"):
            number_to_bytes(version, number)


@pytest.mark.parametrize(
    ("data", "version"),
    [
        (b"", 6),
        (bytes(15), 6),
        (bytes(17), 6),
        (bytes([10, 0, 0, 1]), 4),
        (bytes(16), 4),
        (ip_address("2001:db8::ffff:a00:1").packed, 4),
        (b"\0" + ip_address("::ffff:10.0.0.1").packed, 4),
    ],
)
def test_other_bytes_are_refused(data: bytes, version: int) -> None:
    with pytest.raises(ValueError, match="no IPv"):
        from_bytes(data, version)
