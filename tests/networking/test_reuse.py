"""Strategies, rests and history as networks, subnets and ports see them."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from random import Random

import pytest
from oslo_db.exception import DBError
from sqlalchemy import Connection, event

from freehold.db import schema
from freehold.db.database import Database
from freehold.drivers.memory import MemoryDriver
from freehold.errors import (
    HistoryNotKept,
    InvalidInput,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    Reason,
)
from freehold.ipam.driver import Surroundings
from freehold.ipam.strategy import LONGEST_COOL_DOWN, Strategy
from freehold.networking.backend import Backend
from freehold.networking.values import (
    Filter,
    FixedIPRequest,
    MacAddress,
    NetworkDraft,
    PortChange,
    SubnetChange,
)
from tests.backends import IN_MEMORY, NOON, Premises, addresses, asks, pools, port_draft
from tests.backends import subnet_draft as draft

LEAST = Strategy.LEAST_RECENTLY_RELEASED
HOUR = timedelta(hours=1)
TWO = ip_address("10.0.0.2")
MAC = "02:00:00:00:00:01"


def may(text: str) -> tuple[FixedIPRequest, ...]:
    """Ask for an address as an administrator does."""
    return (FixedIPRequest(ip_address=ip_address(text), even_if_cooling=True),)


def test_a_subnet_shows_what_it_was_told_and_nothing_by_itself(premises: Premises) -> None:
    network = premises.network()
    plain = premises.subnet(network, "10.0.0.0/24")
    told = premises.subnet(
        network, "10.0.1.0/24", allocation_strategy=Strategy.NEXT, cool_down=HOUR
    )
    assert (plain.allocation_strategy, plain.cool_down) == (None, None)
    assert (told.allocation_strategy, told.cool_down) == (Strategy.NEXT, HOUR)
    assert premises.backend.subnets.get(told.id) == told
    assert premises.backend.subnets.get(plain.id) == plain
    for attribute, value in (("allocation_strategy", "next"), ("cool_down", 3600)):
        assert premises.backend.subnets.find([Filter(attribute, (value,))]) == (told,)
        assert premises.backend.subnets.find([Filter(attribute, (None,))]) == (plain,)


def test_each_strategy_is_what_the_driver_goes_by(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24", allocation_strategy=Strategy.NEXT)
    ports = [premises.port(network) for _ in range(3)]
    assert [addresses(port) for port in ports] == [["10.0.0.2"], ["10.0.0.3"], ["10.0.0.4"]]
    change = SubnetChange(
        allocation_strategy=LEAST, allocation_pools=pools(("10.0.0.2", "10.0.0.4"))
    )
    premises.backend.subnets.update(subnet.id, change)
    for port in ports[1:]:
        premises.backend.ports.delete(port.id)
    with premises.refused(IpAddressGenerationFailure) as error:
        premises.port(network)
    [refusal] = error.value.refusals
    assert (refusal.figures["held"], refusal.figures["cooling"]) == (1, 2)
    premises.backend.subnets.update(subnet.id, SubnetChange(cool_down=timedelta(0)))
    assert addresses(premises.port(network)) == ["10.0.0.3"]
    back = SubnetChange(allocation_strategy=None, cool_down=None)
    changed = premises.backend.subnets.update(subnet.id, back)
    assert (changed.allocation_strategy, changed.cool_down) == (None, None)
    assert addresses(premises.port(network)) == ["10.0.0.4"]


@pytest.mark.parametrize("seconds", [-1, LONGEST_COOL_DOWN.total_seconds() + 1])
def test_a_cool_down_that_cannot_be_is_refused(premises: Premises, seconds: float) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    wrong = timedelta(seconds=seconds)
    with premises.refused(InvalidInput):
        premises.subnet(network, "10.0.1.0/24", cool_down=wrong)
    with premises.refused(InvalidInput):
        premises.backend.subnets.update(subnet.id, SubnetChange(cool_down=wrong))


def test_an_address_that_rests_is_had_by_who_may(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24", allocation_strategy=LEAST)
    premises.backend.ports.delete(premises.port(network, "10.0.0.9").id)
    with premises.refused(IpAddressAlreadyAllocated) as error:
        premises.port(network, "10.0.0.9")
    assert [one.reason for one in error.value.refusals] == [Reason.ADDRESS_COOLING]
    bare = premises.port(network, fixed_ips=())
    with premises.refused(IpAddressAlreadyAllocated):
        premises.backend.ports.update(bare.id, PortChange(fixed_ips=asks("10.0.0.9")))
    taken = premises.backend.ports.update(bare.id, PortChange(fixed_ips=may("10.0.0.9")))
    assert addresses(taken) == ["10.0.0.9"]
    kept = PortChange(fixed_ips=asks("10.0.0.9"), name="kept")
    assert premises.backend.ports.update(bare.id, kept).fixed_ips == taken.fixed_ips


def test_who_may_have_what_rests_may_not_have_what_is_held(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24", allocation_strategy=LEAST)
    premises.port(network, "10.0.0.9")
    with premises.refused(IpAddressAlreadyAllocated) as error:
        premises.port(network, fixed_ips=may("10.0.0.9"))
    assert [one.reason for one in error.value.refusals] == [Reason.ADDRESS_HELD]


def test_an_automatic_address_is_had_again_at_once(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "2001:db8::/64", "slaac", allocation_strategy=LEAST)
    first = premises.port(network, mac_address=MAC)
    premises.backend.ports.delete(first.id)
    again = premises.port(network, mac_address=MAC)
    assert addresses(again) == addresses(first)
    changed = PortChange(mac_address=MacAddress.GENERATE)
    assert addresses(premises.backend.ports.update(again.id, changed)) != addresses(first)
    back = premises.backend.ports.update(again.id, PortChange(mac_address=MAC))
    assert addresses(back) == addresses(first)


def test_whoever_held_an_address_is_told_for_each_time(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    find = premises.backend.history.find
    assert find(TWO) == []
    first = premises.port(network, "10.0.0.2")
    premises.backend.ports.update(first.id, PortChange(fixed_ips=()))
    second = premises.port(network, "10.0.0.2")
    now, past = find(TWO)
    assert [now.holder, past.holder] == [second.id, first.id]
    assert {now.subnet_id, past.subnet_id} == {subnet.id}
    assert (now.address, now.until) == (TWO, None)
    assert past.until is not None
    assert NOON < past.since < past.until < now.since
    assert find(TWO, at=past.since) == [past]
    assert find(TWO, at=past.until) == []
    assert find(TWO, limit=1) == [now]
    assert find(TWO, subnet_id=network.id) == []
    assert find(ip_address("::ffff:10.0.0.2")) == [now, past]
    for port in (second, first):
        premises.backend.ports.delete(port.id)
    premises.backend.networks.delete(network.id)
    assert [one.holder for one in find(TWO, subnet_id=subnet.id)] == [second.id, first.id]


def test_a_request_that_is_refused_leaves_no_history(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    with premises.refused(IpAddressAlreadyAllocated):
        premises.backend.ports.create(
            [port_draft(network, fixed_ips=asks("10.0.0.2")) for _ in range(2)]
        )
    assert premises.backend.history.find(TWO) == []


def test_past_holders_are_forgotten_and_rests_last_as_long_as_they_may(
    premises: Premises,
) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24", allocation_strategy=LEAST)
    premises.backend.ports.delete(premises.port(network, "10.0.0.2").id)
    history = premises.backend.history
    assert history.forget(NOON) == 0
    [past] = history.find(TWO)
    assert past.until is not None
    assert history.forget(past.until) == 0
    assert history.forget(past.until + timedelta(seconds=1)) == 1
    assert history.find(TWO) == []
    with premises.refused(IpAddressAlreadyAllocated):
        premises.port(network, "10.0.0.2")


class Office:
    """A backend whose driver keeps its books elsewhere, and a clock that a test sets."""

    def __init__(self, *, keep_history: bool = True) -> None:
        self.now = NOON
        around = Surroundings(Random(5), lambda: self.now, keep_history=keep_history)
        self.database = Database(IN_MEMORY)
        schema.upgrade(self.database)
        self.driver = MemoryDriver(around)
        self.backend = Backend(self.database, self.driver, surroundings=around)
        [self.network] = self.backend.networks.create([NetworkDraft(project_id="p")])
        [self.subnet] = self.backend.subnets.create(
            [draft(self.network, "10.0.0.0/24", allocation_strategy=LEAST)]
        )


def test_what_an_external_driver_released_is_taken_back_though_it_rests() -> None:
    office = Office()
    [port] = office.backend.ports.create([port_draft(office.network, fixed_ips=asks("10.0.0.9"))])

    def refuse(_connection: Connection) -> None:
        raise DBError

    event.listen(office.database.engine, "commit", refuse)
    with pytest.raises(DBError):
        office.backend.ports.delete(port.id)
    with pytest.raises(DBError):
        office.backend.ports.update(port.id, PortChange(fixed_ips=asks("10.0.0.8")))
    event.remove(office.database.engine, "commit", refuse)
    assert office.backend.ports.get(port.id) == port
    found = office.driver.ledger.find(office.subnet.id, ip_address("10.0.0.9"))
    assert found is not None
    assert found.holder == port.id
    changed = PortChange(fixed_ips=asks("10.0.0.8"))
    with pytest.raises(IpAddressAlreadyAllocated):  # it was handed out for a moment, and rests
        office.backend.ports.update(port.id, changed)


def test_rests_end_after_the_longest_cool_down_that_there_is() -> None:
    office = Office()
    [port] = office.backend.ports.create([port_draft(office.network, fixed_ips=asks("10.0.0.9"))])
    office.backend.ports.delete(port.id)
    office.now = NOON + LONGEST_COOL_DOWN
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    assert office.backend.history.forget(long_ago) == 0
    office.now += timedelta(seconds=1)
    assert office.backend.history.forget(long_ago) == 1
    assert office.driver.ledger.released_at(office.subnet.id, ip_address("10.0.0.9")) is None


def test_a_question_is_refused_where_nothing_is_remembered() -> None:
    office = Office(keep_history=False)
    with pytest.raises(HistoryNotKept):
        office.backend.history.find(TWO)
