"""Each database's way of reading finds what is held, whatever the range and the version."""

from ipaddress import ip_network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.addresses.ranges import AddressRange
from freehold.neutron.ledger import NeutronLedger
from freehold.neutron.reading import NAMED
from freehold.neutron.subnet_rows import IpamIds, SubnetRows
from tests.neutron.cloud import Cloud

SUBNETS = ["10.0.0.0/16", "2001:db8::/64", "::ffff:0:0/96"]


@pytest.mark.parametrize("cidr", SUBNETS)
def test_ranges_are_read_and_counted_as_they_are_held(cloud: Cloud, cidr: str) -> None:
    network = ip_network(cidr)
    first = int(network.network_address)
    offsets = sorted({*range(0, 40000, 7), *range(5000, 5300), 65535})
    subnet_id = cloud.add_subnet(cidr)
    other_id = cloud.add_subnet(cidr)
    cloud.hold(subnet_id, [first + one for one in offsets], network.version)
    cloud.hold(other_id, [first + 3], network.version)

    def of(low: int, high: int) -> AddressRange:
        return AddressRange(network.version, first + low, first + high)

    @settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(
        st.integers(0, 65535),
        st.sampled_from([0, 1, 255, 256, 2000, NAMED - 1, NAMED, 20000, 65535]),
        st.none() | st.integers(1, 1500),
    )
    def compare(low: int, size: int, limit: int | None) -> None:
        within = of(low, min(low + size, 65535))
        expected = [first + one for one in offsets if first + one in _numbers(within)]
        assert ledger.taken(subnet_id, within, limit) == expected[:limit]
        assert ledger.count_taken(subnet_id, [within]) == [len(expected)]

    with cloud.engine.begin() as connection:
        ledger = NeutronLedger(connection, SubnetRows(connection, IpamIds()))
        compare()
        pieces = [of(low, low + 1023) for low in range(0, 65536, 1024)]
        counts = ledger.count_taken(subnet_id, pieces)
        assert counts == [
            sum(low <= one < low + 1024 for one in offsets) for low in range(0, 65536, 1024)
        ]
        assert ledger.taken("unknown", pieces[0]) == []
        assert ledger.count_taken("unknown", pieces[:2]) == [0, 0]


def _numbers(within: AddressRange) -> range:
    return range(within.first, within.last + 1)
