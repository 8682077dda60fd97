"""Any sequence of requests of two processes, while time passes, reuses addresses as it should."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from random import Random

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
    Reason,
)
from freehold.ipam.driver import Subnet, Surroundings
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)
from freehold.ipam.strategy import Reuse, Strategy
from tests.drivers.clock import Clock
from tests.drivers.harness import Harness, MemoryHarness, SqlHarness
from tests.engines import ledger_engine

CIDRS: list[IPNetwork] = [ip_network("10.0.0.0/28"), ip_network("2001:db8::/124")]
REST = Strategy.LEAST_RECENTLY_RELEASED
COOL_DOWNS = st.sampled_from([timedelta(0), timedelta(minutes=30), timedelta(hours=2)])
PROCESSES = st.integers(0, 1)


def to_the_second(moment: datetime) -> str:
    """Return a time as refusals tell it, which is not before it."""
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class ReuseAgainstModel(RuleBasedStateMachine):
    """One subnet of few addresses.

    The model knows who holds what, and when what rests was released. A process
    that saw that each address had been held looks among the released ones first;
    so once an address was freed without a rest, ``freed`` is true, and it need
    not be the next one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.seeds = 0

    def first_process(self, surroundings: Surroundings) -> Harness:
        raise NotImplementedError

    @initialize(cidr=st.sampled_from(CIDRS), cool_down=COOL_DOWNS, default=st.booleans())
    def take_up(self, cidr: IPNetwork, cool_down: timedelta, default: bool) -> None:
        self.cidr = cidr
        self.defaults = [Reuse(strategy=REST if default else Strategy.RANDOM)] * 2
        first = self.first_process(self._surroundings(0))
        self.processes = [first, first.another_process(self._surroundings(1))]
        self.held: set[IPAddress] = set()
        self.resting: dict[IPAddress, datetime] = {}
        self.freed = False
        self.wish = SpecificSubnetRequest(
            subnet_id="s1", cidr=cidr, strategy=REST, cool_down=cool_down
        )
        with self.processes[0].unit() as pool:
            self.pools = pool.allocate_subnet(self.wish).get_details().allocation_pools or ()

    @rule(minutes=st.sampled_from([0.5, 29, 30, 31, 120]))
    def time_passes(self, minutes: float) -> None:
        self.clock.move(minutes=minutes)

    @rule(process=PROCESSES, lowest=st.booleans())
    def one_address(self, process: int, lowest: bool) -> None:
        never, rested = self._never_held(), self._rested(process)
        kind: AddressRequest = PreferNextAddressRequest() if lowest else AnyAddressRequest()
        with self._subnet(process) as subnet:
            if not never and not rested:
                with pytest.raises(IpAddressGenerationFailure) as caught:
                    subnet.allocate(kind)
                assert caught.value.refusals[0].figures == self._figures(process)
                return
            address = subnet.allocate(kind)
        if self.freed and address in rested:
            pass
        elif never:
            lowest = lowest or self._reuse(process).strategy is Strategy.NEXT
            assert address in (never[:1] if lowest else never)
        else:
            assert address in rested
        self._take([address])

    @rule(process=PROCESSES, count=st.integers(1, 9))
    def several_addresses(self, process: int, count: int) -> None:
        never, rested = self._never_held(), self._rested(process)
        with self._subnet(process) as subnet:
            if count > len(never) + len(rested):
                with pytest.raises(IpAddressGenerationFailure) as caught:
                    subnet.bulk_allocate(BulkAddressRequest(count))
                expected = self._figures(process, requested=count)
                assert caught.value.refusals[0].figures == expected
                return
            got = subnet.bulk_allocate(BulkAddressRequest(count))
        assert len(set(got)) == len(got) == count
        if self._reuse(process).strategy is Strategy.NEXT:
            never = never[:count]
        assert set(got[: len(never)]) <= set(never)
        assert set(got[len(never) :]) == set(rested[: max(0, count - len(never))])
        self._take(got)

    @rule(process=PROCESSES, data=st.data(), even_if_cooling=st.booleans())
    def given_address(self, process: int, data: st.DataObject, even_if_cooling: bool) -> None:
        address = self._address(data)
        wanted = SpecificAddressRequest(address, even_if_cooling=even_if_cooling)
        with self._subnet(process) as subnet:
            if not is_assignable(self.cidr, address, router=True):
                with pytest.raises(InvalidIpForSubnet):
                    subnet.allocate(wanted)
            elif address in self.held or (
                address in self.resting
                and not even_if_cooling
                and address not in self._rested(process)
            ):
                with pytest.raises(IpAddressAlreadyAllocated) as caught:
                    subnet.allocate(wanted)
                [refusal] = caught.value.refusals
                if address in self.held:
                    assert refusal.reason is Reason.ADDRESS_HELD
                else:
                    assert refusal.reason is Reason.ADDRESS_COOLING
                    free_at = self.resting[address] + self._reuse(process).cool_down
                    assert refusal.figures["free_at"] == to_the_second(free_at)
            else:
                assert subnet.allocate(wanted) == address
                self._take([address])

    @rule(process=PROCESSES, data=st.data())
    def take_back(self, process: int, data: st.DataObject) -> None:
        held = sorted(self.held, key=int)
        address = data.draw(st.sampled_from(held)) if held else self._address(data)
        self._take_back(process, address)

    @rule(process=PROCESSES, data=st.data())
    def take_back_whatever(self, process: int, data: st.DataObject) -> None:
        self._take_back(process, self._address(data))

    @rule(process=PROCESSES)
    def take_back_all(self, process: int) -> None:
        for address in sorted(self.held, key=int):
            self._take_back(process, address)

    @rule(
        process=PROCESSES,
        data=st.data(),
        strategy=st.none() | st.just(REST) | st.sampled_from(Strategy),
        cool_down=st.none() | COOL_DOWNS,
    )
    def change(
        self,
        process: int,
        data: st.DataObject,
        strategy: Strategy | None,
        cool_down: timedelta | None,
    ) -> None:
        assignable = [one for one in self.cidr if is_assignable(self.cidr, one)]
        places = st.integers(0, len(assignable) - 1)
        ends = sorted(data.draw(st.sets(places, max_size=4)))
        pools = tuple(
            AddressRange(self.cidr.version, int(assignable[low]), int(assignable[high]))
            for low, high in zip(ends[::2], ends[1::2], strict=False)
        )
        # No pools: they stay as they are.
        self.wish = replace(
            self.wish, allocation_pools=pools or None, strategy=strategy, cool_down=cool_down
        )
        with self.processes[process].unit() as pool:
            details = pool.update_subnet(self.wish).get_details()
        self.pools = details.allocation_pools or ()
        self.resting = {one: at for one, at in self.resting.items() if self._in_pools(one)}
        self.freed = False

    @rule(process=PROCESSES, strategy=st.sampled_from(Strategy), cool_down=COOL_DOWNS)
    def begin_anew_with_another_default(
        self, process: int, strategy: Strategy, cool_down: timedelta
    ) -> None:
        self.defaults[process] = Reuse(strategy=strategy, cool_down=cool_down)
        surroundings = self._surroundings(process)
        self.processes[process] = self.processes[process].another_process(surroundings)

    @contextmanager
    def _subnet(self, process: int) -> Iterator[Subnet]:
        with self.processes[process].unit() as pool:
            yield pool.get_subnet("s1")

    def _surroundings(self, process: int) -> Surroundings:
        self.seeds += 1
        return Surroundings(Random(self.seeds), self.clock, self.defaults[process])

    def _reuse(self, process: int) -> Reuse:
        default = self.defaults[process]
        cool_down = self.wish.cool_down
        return Reuse(
            strategy=self.wish.strategy or default.strategy,
            cool_down=default.cool_down if cool_down is None else cool_down,
        )

    def _in_pools(self, address: IPAddress) -> bool:
        return any(address in pool for pool in self.pools)

    def _never_held(self) -> list[IPAddress]:
        taken = {*self.held, *self.resting}
        return [one for pool in self.pools for one in pool if one not in taken]

    def _rested(self, process: int) -> list[IPAddress]:
        """Return what rests and may be had, those released first before the others."""
        reuse = self._reuse(process)
        by = self.clock.time - (reuse.cool_down if reuse.strategy is REST else timedelta(0))
        found = [(at, int(one), one) for one, at in self.resting.items() if at <= by]
        return [one for _, _, one in sorted(found)]

    def _figures(self, process: int, **also: int) -> dict[str, int | str]:
        reuse = self._reuse(process)
        held = sum(1 for one in self.held if self._in_pools(one))
        total = sum(pool.size for pool in self.pools)
        rested = self._rested(process)
        cooling = [at for one, at in self.resting.items() if one not in rested]
        figures: dict[str, int | str] = {"total": total, "held": held, **also}
        if cooling:
            figures["cooling"] = len(cooling)
            figures["next_free_at"] = to_the_second(min(cooling) + reuse.cool_down)
        return figures

    def _take(self, addresses: list[IPAddress]) -> None:
        assert self.held.isdisjoint(addresses)
        self.held |= set(addresses)
        for one in addresses:
            self.resting.pop(one, None)

    def _take_back(self, process: int, address: IPAddress) -> None:
        with self._subnet(process) as subnet:
            if address not in self.held:
                with pytest.raises(IpAddressAllocationNotFound):
                    subnet.deallocate(address)
                return
            subnet.deallocate(address)
        self.held.discard(address)
        if self._in_pools(address):
            if self._reuse(process).strategy is REST:
                self.resting[address] = self.clock.time
            else:
                self.freed = True

    def _address(self, data: st.DataObject) -> IPAddress:
        everything: list[IPAddress] = list(self.cidr)
        return data.draw(st.sampled_from(everything))


class ReferenceDriverReuse(ReuseAgainstModel):
    def first_process(self, surroundings: Surroundings) -> Harness:
        self.engine = ledger_engine()
        return SqlHarness(self.engine, surroundings=surroundings)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()


class MemoryDriverReuse(ReuseAgainstModel):
    def first_process(self, surroundings: Surroundings) -> Harness:
        return MemoryHarness(surroundings=surroundings)


TestReferenceDriver = ReferenceDriverReuse.TestCase
TestMemoryDriver = MemoryDriverReuse.TestCase
TestReferenceDriver.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestMemoryDriver.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
