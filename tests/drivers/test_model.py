"""Any sequence of requests is answered as a plain model of one subnet would answer it."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from freehold.addresses.pools import is_assignable
from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.errors import (
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
)
from freehold.ipam.driver import Subnet
from freehold.ipam.requests import (
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness
from tests.engines import ledger_engine

CIDRS: list[IPNetwork] = [
    ip_network("10.0.0.0/28"),
    ip_network("10.0.0.16/30"),
    ip_network("2001:db8::/124"),
]


class DriverAgainstModel(RuleBasedStateMachine):
    """One subnet; ``processes`` are two drivers that know nothing of each other's hints."""

    processes: tuple[Harness, Harness]

    @initialize(cidr=st.sampled_from(CIDRS))
    def take_up(self, cidr: IPNetwork) -> None:
        self.cidr = cidr
        self.held: set[IPAddress] = set()
        with self.processes[0].unit() as pool:
            self._remember(pool.allocate_subnet(self._wish(None)))

    @rule(process=st.integers(0, 1))
    def any_address(self, process: int) -> None:
        with self._subnet(process) as subnet:
            if self._free():
                address = subnet.allocate(AnyAddressRequest())
                assert address in self._free()
                self.held.add(address)
            else:
                with pytest.raises(IpAddressGenerationFailure):
                    subnet.allocate(AnyAddressRequest())

    @rule(process=st.integers(0, 1))
    def next_address(self, process: int) -> None:
        with self._subnet(process) as subnet:
            if self._free():
                address = subnet.allocate(PreferNextAddressRequest())
                assert address == self._free()[0]
                self.held.add(address)
            else:
                with pytest.raises(IpAddressGenerationFailure):
                    subnet.allocate(PreferNextAddressRequest())

    @rule(process=st.integers(0, 1), data=st.data())
    def given_address(self, process: int, data: st.DataObject) -> None:
        address = self._address(data)
        with self._subnet(process) as subnet:
            if not is_assignable(self.cidr, address, router=True):
                with pytest.raises(InvalidIpForSubnet):
                    subnet.allocate(SpecificAddressRequest(address))
            elif address in self.held:
                with pytest.raises(IpAddressAlreadyAllocated):
                    subnet.allocate(SpecificAddressRequest(address))
            else:
                assert subnet.allocate(SpecificAddressRequest(address)) == address
                self.held.add(address)

    @rule(process=st.integers(0, 1), count=st.integers(1, 9))
    def several_addresses(self, process: int, count: int) -> None:
        free = self._free()
        with self._subnet(process) as subnet:
            if count <= len(free):
                got = subnet.bulk_allocate(BulkAddressRequest(count))
                assert len(set(got)) == count
                assert set(got) <= set(free)
                self.held |= set(got)
            else:
                with pytest.raises(IpAddressGenerationFailure):
                    subnet.bulk_allocate(BulkAddressRequest(count))

    @rule(process=st.integers(0, 1), data=st.data())
    def take_back(self, process: int, data: st.DataObject) -> None:
        address = self._address(data)
        with self._subnet(process) as subnet:
            if address in self.held:
                subnet.deallocate(address)
                self.held.discard(address)
            else:
                with pytest.raises(IpAddressAllocationNotFound):
                    subnet.deallocate(address)

    @rule(process=st.integers(0, 1), data=st.data())
    def change_pools(self, process: int, data: st.DataObject) -> None:
        assignable = [one for one in self.cidr if is_assignable(self.cidr, one)]
        places = st.integers(0, len(assignable) - 1)
        ends = sorted(data.draw(st.sets(places, max_size=4)))
        pools = tuple(
            AddressRange(self.cidr.version, int(assignable[low]), int(assignable[high]))
            for low, high in zip(ends[::2], ends[1::2], strict=False)
        )
        with self.processes[process].unit() as pool:
            self._remember(pool.update_subnet(self._wish(pools)))
        assert self.pools == pools

    @contextmanager
    def _subnet(self, process: int) -> Iterator[Subnet]:
        with self.processes[process].unit() as pool:
            yield pool.get_subnet("s1")

    def _wish(self, pools: tuple[AddressRange, ...] | None) -> SpecificSubnetRequest:
        return SpecificSubnetRequest(subnet_id="s1", cidr=self.cidr, allocation_pools=pools)

    def _remember(self, subnet: Subnet) -> None:
        self.pools = subnet.get_details().allocation_pools or ()

    def _free(self) -> list[IPAddress]:
        return [one for pool in self.pools for one in pool if one not in self.held]

    def _address(self, data: st.DataObject) -> IPAddress:
        everything: list[IPAddress] = list(self.cidr)
        return data.draw(st.sampled_from(everything))


class ReferenceDriverAgainstModel(DriverAgainstModel):
    def __init__(self) -> None:
        super().__init__()
        self.engine = ledger_engine()
        self.processes = (SqlHarness(self.engine), SqlHarness(self.engine))

    def teardown(self) -> None:
        self.engine.dispose()


class MemoryDriverAgainstModel(DriverAgainstModel):
    def __init__(self) -> None:
        super().__init__()
        first = MemoryHarness()
        self.processes = (first, first.another_process())


TestReferenceDriver = ReferenceDriverAgainstModel.TestCase
TestMemoryDriver = MemoryDriverAgainstModel.TestCase
TestReferenceDriver.settings = TestMemoryDriver.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None
)
