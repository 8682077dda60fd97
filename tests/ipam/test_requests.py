from dataclasses import FrozenInstanceError
from ipaddress import ip_address, ip_network

import pytest

from freehold.errors import InvalidInput
from freehold.ipam.requests import (
    AnyAddressRequest,
    AutomaticAddressRequest,
    BulkAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)

PREFIX = ip_network("2001:db8::/64")
MAC = "fa:16:3e:12:34:56"


def test_requests_are_values() -> None:
    one = SpecificAddressRequest(ip_address("10.0.0.1"), holder="port")
    assert one == SpecificAddressRequest(ip_address("10.0.0.1"), holder="port")
    assert one != SpecificAddressRequest(ip_address("10.0.0.1"))
    assert len({one, SpecificAddressRequest(ip_address("10.0.0.1"), holder="port")}) == 1
    with pytest.raises(FrozenInstanceError):
        one.holder = "other"  # type: ignore[misc]  # that it cannot be set is the point


def test_nobody_need_be_named_as_holder() -> None:
    assert AnyAddressRequest().holder is None
    assert BulkAddressRequest(2).holder is None


def test_an_automatic_request_knows_its_address() -> None:
    request = AutomaticAddressRequest(PREFIX, MAC)
    assert request.address == ip_address("2001:db8::f816:3eff:fe12:3456")


@pytest.mark.parametrize(
    ("prefix", "mac"),
    [("2001:db8::/63", MAC), ("10.0.0.0/24", MAC), ("2001:db8::/64", "fa:16:3e:12:34")],
)
def test_an_automatic_request_that_cannot_be_is_refused_when_its_address_is_asked_for(
    prefix: str, mac: str
) -> None:
    request = AutomaticAddressRequest(ip_network(prefix), mac)
    with pytest.raises(InvalidInput):
        _ = request.address


@pytest.mark.parametrize("count", [0, -1])
def test_a_bulk_request_asks_for_something(count: int) -> None:
    with pytest.raises(ValueError, match=str(count)):
        BulkAddressRequest(count)


def test_a_subnet_request_leaves_its_pools_to_the_driver_unless_told() -> None:
    request = SpecificSubnetRequest(subnet_id="s1", cidr=PREFIX)
    assert request.allocation_pools is None
    assert request.gateway_ip is None
    assert request.project_id == ""
