"""Any sequence of operations leaves the SQL keeper where a plain model is."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound, SubnetAlreadyExists, SubnetNotFound
from freehold.ledger.protocol import SubnetChanged
from tests.engines import ledger_engine
from tests.ledger.keepers import SqlKeeper, subnet

NETWORKS = {
    "four": ip_network("10.0.0.0/28"),
    "six": ip_network("2001:db8:0:0:ffff:ffff:ffff:fff0/124"),
}
SUBNETS = {
    subnet_id: subnet(str(network), subnet_id=subnet_id) for subnet_id, network in NETWORKS.items()
}
PLACES = st.sampled_from(
    [(subnet_id, address) for subnet_id, network in NETWORKS.items() for address in network]
)
IDS = st.sampled_from(sorted(NETWORKS))
HOLDERS = st.none() | st.sampled_from(["a", "b"])


class SqlLedgerAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.keeper = SqlKeeper(ledger_engine())
        self.model: dict[str, dict[IPAddress, str | None]] = {}

    def teardown(self) -> None:
        self.keeper.engine.dispose()

    @rule(subnet_id=IDS)
    def create(self, subnet_id: str) -> None:
        wanted = SUBNETS[subnet_id]
        with self.keeper.unit() as ledger:
            if subnet_id in self.model:
                with pytest.raises(SubnetAlreadyExists):
                    ledger.create_subnet(wanted)
            else:
                ledger.create_subnet(wanted)
                self.model[subnet_id] = {}

    @rule(subnet_id=IDS)
    def remove(self, subnet_id: str) -> None:
        with self.keeper.unit() as ledger:
            if subnet_id in self.model:
                ledger.remove_subnet(subnet_id)
                del self.model[subnet_id]
            else:
                with pytest.raises(SubnetNotFound):
                    ledger.remove_subnet(subnet_id)

    @rule(place=PLACES, holder=HOLDERS)
    def claim(self, place: tuple[str, IPAddress], holder: str | None) -> None:
        subnet_id, address = place
        with self.keeper.unit() as ledger:
            if subnet_id in self.model:
                was_free = address not in self.model[subnet_id]
                assert ledger.claim(SUBNETS[subnet_id], address, holder) == was_free
                self.model[subnet_id].setdefault(address, holder)
            else:
                with pytest.raises(SubnetChanged):
                    ledger.claim(SUBNETS[subnet_id], address, holder)

    @rule(subnet_id=IDS, data=st.data(), holder=HOLDERS)
    def claim_many(self, subnet_id: str, data: st.DataObject, holder: str | None) -> None:
        network: list[IPAddress] = list(NETWORKS[subnet_id])
        wanted = data.draw(st.lists(st.sampled_from(network), min_size=1, unique=True))
        with self.keeper.unit() as ledger:
            if subnet_id in self.model:
                held = self.model[subnet_id]
                free = [address for address in wanted if address not in held]
                assert ledger.claim_many(SUBNETS[subnet_id], wanted, holder) == free
                held.update(dict.fromkeys(free, holder))
            else:
                with pytest.raises(SubnetChanged):
                    ledger.claim_many(SUBNETS[subnet_id], wanted, holder)

    @rule(place=PLACES)
    def release(self, place: tuple[str, IPAddress]) -> None:
        subnet_id, address = place
        with self.keeper.unit() as ledger:
            if address in self.model.get(subnet_id, {}):
                ledger.release(SUBNETS[subnet_id], address)
                del self.model[subnet_id][address]
            else:
                refusal = IpAddressAllocationNotFound if subnet_id in self.model else SubnetChanged
                with pytest.raises(refusal):
                    ledger.release(SUBNETS[subnet_id], address)

    @rule(subnet_id=IDS)
    def abandon(self, subnet_id: str) -> None:
        with self.keeper.abandoned_unit() as ledger:
            if subnet_id in self.model:
                ledger.claim_many(SUBNETS[subnet_id], list(NETWORKS[subnet_id]), "lost")
                ledger.remove_subnet(subnet_id)

    @rule(subnet_id=IDS, data=st.data())
    def read_a_part(self, subnet_id: str, data: st.DataObject) -> None:
        whole = AddressRange.of_network(NETWORKS[subnet_id])
        ends = st.integers(whole.first, whole.last)
        first, last = sorted((data.draw(ends), data.draw(ends)))
        limit = data.draw(st.none() | st.integers(1, 6))
        within = AddressRange(whole.version, first, last)
        expected = sorted(
            int(address) for address in self.model.get(subnet_id, {}) if address in within
        )
        with self.keeper.unit() as ledger:
            assert ledger.taken(subnet_id, within, limit) == expected[:limit]
            assert ledger.count_taken(subnet_id, [within]) == [len(expected)]

    @invariant()
    def holders_are_the_same(self) -> None:
        with self.keeper.unit() as ledger:
            known = {one.subnet_id for one in ledger.get_subnets(sorted(NETWORKS))}
            found = {
                (subnet_id, number)
                for subnet_id, network in NETWORKS.items()
                for number in ledger.taken(subnet_id, AddressRange.of_network(network))
            }
            for subnet_id, held in self.model.items():
                for address, holder in held.items():
                    allocation = ledger.find(subnet_id, address)
                    assert allocation is not None
                    assert allocation.holder == holder
        assert known == set(self.model)
        assert found == {
            (subnet_id, int(address)) for subnet_id, held in self.model.items() for address in held
        }
        assert all(ip_address(number) in NETWORKS[subnet_id] for subnet_id, number in found)


TestSqlLedgerAgainstModel = SqlLedgerAgainstModel.TestCase
TestSqlLedgerAgainstModel.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None
)
