"""Any sequence of operations leaves each keeper where a plain model is."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ledger.protocol import Allocation, LedgerSubnet, Released, SubnetChanged, claims
from tests.engines import ledger_engine
from tests.ledger.keepers import Keeper, MemoryKeeper, SqlKeeper, subnet

NETWORKS = {
    "four": ip_network("10.0.0.0/28"),
    "other": ip_network("10.0.0.0/28"),
    "six": ip_network("2001:db8:0:0:ffff:ffff:ffff:fff0/124"),
}
PLACES = st.sampled_from(
    [(subnet_id, address) for subnet_id, network in NETWORKS.items() for address in network]
)
IDS = st.sampled_from(sorted(NETWORKS))
HOLDERS = st.none() | st.sampled_from(["a", "b"])
STALE = st.sampled_from([False] * 5 + [True])


@dataclass
class Account:
    """What a subnet is, who holds what in it and since when, and what rests since when."""

    subnet: LedgerSubnet
    held: dict[IPAddress, Allocation] = field(default_factory=dict)
    resting: dict[IPAddress, datetime] = field(default_factory=dict)

    @property
    def taken(self) -> set[IPAddress]:
        return {*self.held, *self.resting}


class LedgerAgainstModel(RuleBasedStateMachine):
    """Each operation is a moment later than the one before; some know an older stamp."""

    keeper: Keeper

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Account] = {}
        self.past: list[Allocation] = []
        self.stamps = 0

    @rule(subnet_id=IDS)
    def create(self, subnet_id: str) -> None:
        wanted = self._state(subnet_id, AddressRange.of_network(NETWORKS[subnet_id]))
        with self.keeper.unit() as ledger:
            if subnet_id in self.model:
                with pytest.raises(SubnetAlreadyExists):
                    ledger.create_subnet(wanted)
            else:
                ledger.create_subnet(wanted)
                self.model[subnet_id] = Account(wanted)

    @rule(subnet_id=IDS, data=st.data())
    def change(self, subnet_id: str, data: st.DataObject) -> None:
        wanted = self._state(subnet_id, self._part(subnet_id, data))
        with self.keeper.unit() as ledger:
            account = self.model.get(subnet_id)
            if account is None:
                with pytest.raises(SubnetNotFound):
                    ledger.replace_subnet(wanted)
                return
            ledger.replace_subnet(wanted)
        account.subnet = wanted
        account.resting = {one: at for one, at in account.resting.items() if one in wanted.pools[0]}

    @rule(subnet_id=IDS)
    def remove(self, subnet_id: str) -> None:
        with self.keeper.unit() as ledger:
            if subnet_id not in self.model:
                with pytest.raises(SubnetNotFound):
                    ledger.remove_subnet(subnet_id)
                return
            ledger.remove_subnet(subnet_id)
        for tenure in self.model.pop(subnet_id).held.values():
            self._end(tenure)

    @rule(place=PLACES, holder=HOLDERS, stale=STALE)
    def claim(self, place: tuple[str, IPAddress], holder: str | None, stale: bool) -> None:
        subnet_id, address = place
        account, known = self._known(subnet_id, stale)
        with self.keeper.unit() as ledger:
            if account is None:
                with pytest.raises(SubnetChanged):
                    ledger.claim(known, address, holder)
                return
            was_free = address not in account.taken
            assert ledger.claim(known, address, holder) == was_free
        if was_free:
            self._begin(account, [address], holder)

    @rule(subnet_id=IDS, data=st.data(), holder=HOLDERS, stale=STALE)
    def claim_many(
        self, subnet_id: str, data: st.DataObject, holder: str | None, stale: bool
    ) -> None:
        wanted = self._some(subnet_id, data)
        account, known = self._known(subnet_id, stale)
        with self.keeper.unit() as ledger:
            if account is None:
                with pytest.raises(SubnetChanged):
                    ledger.claim_many(known, claims(wanted, holder))
                return
            free = [address for address in wanted if address not in account.taken]
            assert ledger.claim_many(known, claims(wanted, holder)) == free
        self._begin(account, free, holder)

    @rule(subnet_id=IDS, data=st.data(), holder=HOLDERS, stale=STALE, seconds=st.integers(0, 9))
    def reclaim_many(
        self, subnet_id: str, data: st.DataObject, holder: str | None, stale: bool, seconds: int
    ) -> None:
        account, known = self._known(subnet_id, stale)
        wanted = self._some(subnet_id, data)
        by = self.keeper.clock.now - timedelta(seconds=seconds)
        with self.keeper.unit() as ledger:
            if account is None:
                with pytest.raises(SubnetChanged):
                    ledger.reclaim_many(known, claims(wanted, holder), by)
                return
            rested = [
                one for one in wanted if one in account.resting and account.resting[one] <= by
            ]
            assert ledger.reclaim_many(known, claims(wanted, holder), by) == rested
        for address in rested:
            del account.resting[address]
        self._begin(account, rested, holder)

    @rule(place=PLACES, keep=st.booleans(), stale=STALE)
    def release(self, place: tuple[str, IPAddress], keep: bool, stale: bool) -> None:
        self._release(*place, keep, stale)

    @rule(subnet_id=IDS, keep=st.booleans())
    def release_all(self, subnet_id: str, keep: bool) -> None:
        for address in sorted(self.model[subnet_id].held) if subnet_id in self.model else ():
            self._release(subnet_id, address, keep, False)

    @rule(subnet_id=IDS, data=st.data(), rests=st.booleans())
    def put_back(self, subnet_id: str, data: st.DataObject, rests: bool) -> None:
        some = self._some(subnet_id, data)
        released_at = self.keeper.clock.now - timedelta(seconds=1) if rests else None
        with self.keeper.unit() as ledger:
            ledger.put_back(subnet_id, some, released_at)
        if subnet_id in self.model:
            account = self.model[subnet_id]
            for address in some:
                if account.held.pop(address, None) and released_at:
                    account.resting[address] = released_at

    @rule(subnet_id=IDS)
    def abandon(self, subnet_id: str) -> None:
        if isinstance(self.keeper, SqlKeeper) and subnet_id in self.model:
            account, known = self._known(subnet_id, False)
            assert account is not None
            with self.keeper.abandoned_unit() as ledger:
                ledger.claim_many(known, claims(list(NETWORKS[subnet_id]), "lost"))
                for address in account.held:
                    ledger.release(known, address, keep=True)
                ledger.remove_subnet(subnet_id)

    @rule(subnet_id=IDS, data=st.data())
    def read_a_part(self, subnet_id: str, data: st.DataObject) -> None:
        within = self._part(subnet_id, data)
        limit = data.draw(st.none() | st.integers(1, 6))
        account = self.model.get(subnet_id) or Account(self._state(subnet_id, within))
        taken = sorted(int(one) for one in account.taken if one in within)
        held = sorted(one for one in account.held if one in within)
        with self.keeper.unit() as ledger:
            assert ledger.taken(subnet_id, within, limit) == taken[:limit]
            assert ledger.count_taken(subnet_id, [within]) == [len(taken)]
            listed = ledger.allocations(subnet_id, within, limit)
            assert listed == [account.held[one] for one in held[:limit]]
            rests = sum(1 for one in account.resting if one in within)
            assert ledger.count_resting(subnet_id, [within]) == rests

    @rule(place=PLACES, anywhere=st.booleans(), data=st.data())
    def ask_for_the_past(
        self, place: tuple[str, IPAddress], anywhere: bool, data: st.DataObject
    ) -> None:
        subnet_id, address = place
        limit = data.draw(st.none() | st.integers(1, 3))
        at = data.draw(
            st.none()
            | st.integers(0, 40).map(lambda ago: self.keeper.clock.now - timedelta(seconds=ago / 2))
        )
        current = [one for account in self.model.values() for one in account.held.values()]
        expected = [
            one
            for one in (*self.past, *current)
            if one.address == address
            and (anywhere or one.subnet_id == subnet_id)
            and (at is None or (one.since <= at and (one.until is None or at < one.until)))
        ]
        expected.sort(key=lambda one: (one.until is None, one.since), reverse=True)
        with self.keeper.unit() as ledger:
            found = ledger.history(
                address, subnet_id=None if anywhere else subnet_id, at=at, limit=limit
            )
        assert found == expected[:limit]

    @invariant()
    def what_is_taken_is_the_same(self) -> None:
        with self.keeper.unit() as ledger:
            known = ledger.get_subnets(sorted(NETWORKS))
            assert known == [account.subnet for _, account in sorted(self.model.items())]
            for subnet_id, network in NETWORKS.items():
                within = AddressRange.of_network(network)
                account = self.model.get(subnet_id) or Account(self._state(subnet_id, within))
                assert ledger.taken(subnet_id, within) == sorted(map(int, account.taken))
                expected = sorted(Released(at, one) for one, at in account.resting.items())
                assert ledger.resting(account.subnet, 99) == expected
                every: list[IPAddress] = list(network)
                for address in every[3:5]:
                    assert ledger.find(subnet_id, address) == account.held.get(address)
                    released_at = ledger.released_at(subnet_id, address)
                    assert released_at == account.resting.get(address)

    def _state(self, subnet_id: str, pool: AddressRange) -> LedgerSubnet:
        """Return a new state of a subnet."""
        self.stamps += 1
        whole = subnet(str(NETWORKS[subnet_id]), subnet_id=subnet_id)
        return replace(whole, pools=(pool,), stamp=self.stamps)

    def _known(self, subnet_id: str, stale: bool) -> tuple[Account | None, LedgerSubnet]:
        """Return a subnet as somebody knows it; without its account if that is out of date."""
        self.keeper.clock.now += timedelta(seconds=1)
        account = self.model.get(subnet_id)
        if account is None:
            return None, self._state(subnet_id, AddressRange.of_network(NETWORKS[subnet_id]))
        if stale:
            return None, replace(account.subnet, stamp=account.subnet.stamp - 1)
        return account, account.subnet

    def _release(self, subnet_id: str, address: IPAddress, keep: bool, stale: bool) -> None:
        account, known = self._known(subnet_id, stale)
        with self.keeper.unit() as ledger:
            if account is None or address not in account.held:
                refusal = SubnetChanged if account is None else IpAddressAllocationNotFound
                with pytest.raises(refusal):
                    ledger.release(known, address, keep=keep)
                return
            ledger.release(known, address, keep=keep)
        self._end(account.held.pop(address))
        if keep:
            account.resting[address] = self.keeper.clock.now

    def _begin(self, account: Account, addresses: list[IPAddress], holder: str | None) -> None:
        for address in addresses:
            account.held[address] = Allocation(
                subnet_id=account.subnet.subnet_id,
                address=address,
                holder=holder,
                since=self.keeper.clock.now,
            )

    def _end(self, tenure: Allocation) -> None:
        self.past.append(replace(tenure, until=self.keeper.clock.now))

    def _part(self, subnet_id: str, data: st.DataObject) -> AddressRange:
        whole = AddressRange.of_network(NETWORKS[subnet_id])
        ends = st.integers(whole.first, whole.last)
        first, last = sorted((data.draw(ends), data.draw(ends)))
        return AddressRange(whole.version, first, last)

    def _some(self, subnet_id: str, data: st.DataObject) -> list[IPAddress]:
        network: list[IPAddress] = list(NETWORKS[subnet_id])
        return data.draw(st.lists(st.sampled_from(network), min_size=1, unique=True))


class SqlLedgerAgainstModel(LedgerAgainstModel):
    def __init__(self) -> None:
        super().__init__()
        self.engine = ledger_engine()
        self.keeper = SqlKeeper(self.engine)

    def teardown(self) -> None:
        self.engine.dispose()


class MemoryLedgerAgainstModel(LedgerAgainstModel):
    def __init__(self) -> None:
        super().__init__()
        self.keeper = MemoryKeeper()


TestSqlLedger = SqlLedgerAgainstModel.TestCase
TestMemoryLedger = MemoryLedgerAgainstModel.TestCase
TestSqlLedger.settings = TestMemoryLedger.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None
)
