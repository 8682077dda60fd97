"""Limits of projects hold, and what is deleted is given back, on each database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, event, select, update

from freehold.db.tables_quotas import quota_counters
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import OverQuota, QuotaBelowUsage, TenantQuotaNotFound
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
from freehold.networking.limits import Limits
from freehold.networking.paging import Page, SortKey
from freehold.networking.pool_values import AddressScopeDraft
from freehold.networking.quota_values import Account, Counted, QuotaLimits, Usage
from freehold.networking.store import quotas as rows
from freehold.networking.values import Filter, Network, NetworkDraft
from tests.backends import Premises, subnet_draft
from tests.conftest import OpenDatabase
from tests.db.test_servers import lose_next_commit

Make = Callable[[], str]
Remove = Callable[[str], None]


def ways(premises: Premises, resource: Counted) -> tuple[Make, Remove]:
    """Return how one of a kind of resource of project ``p`` is made, and how it is removed."""
    backend = premises.backend
    theirs = premises.network(project_id="other")
    cidrs = (f"10.{number}.0.0/24" for number in range(256))
    match resource:
        case Counted.NETWORK:
            return lambda: premises.network().id, backend.networks.delete
        case Counted.SUBNET:
            return lambda: premises.subnet(theirs, next(cidrs)).id, backend.subnets.delete
        case Counted.PORT:
            return lambda: premises.port(theirs).id, backend.ports.delete
        case Counted.SUBNETPOOL:
            return lambda: premises.pool("10.0.0.0/8").id, backend.subnet_pools.delete
        case Counted.ADDRESS_SCOPE:
            return lambda: premises.scope().id, backend.address_scopes.delete


@contextmanager
def statements(premises: Premises) -> Iterator[list[str]]:
    """Collect the statements of a block."""
    seen: list[str] = []

    def see(_c: object, _k: object, statement: str, _p: object, _x: object, _m: bool) -> None:
        seen.append(statement)

    event.listen(premises.database.engine, "before_cursor_execute", see)
    yield seen
    event.remove(premises.database.engine, "before_cursor_execute", see)


def counters(premises: Premises) -> int:
    """Return how many counters there are."""
    return len(premises.dump()["quota_counters"])


@pytest.mark.parametrize("resource", list(Counted))
def test_no_more_than_allowed_and_what_is_deleted_is_given_back(
    premises: Premises, resource: Counted
) -> None:
    make, remove = ways(premises, resource)
    quotas = premises.backend.quotas
    quotas.change("p", {resource: 2})
    first, _ = make(), make()
    with premises.refused(OverQuota) as caught:
        make()
    assert caught.value.message == f"Quota exceeded for resources: ['{resource.value}']."
    assert caught.value.detail == "Project p has 2 of 2, and asks for 1 more."
    remove(first)
    make()
    with premises.refused(OverQuota):
        make()
    assert quotas.usage("p")[resource] == Usage(limit=2, used=2)
    assert quotas.recount() == 0


def test_several_together_are_refused_as_a_whole(premises: Premises) -> None:
    networks = premises.backend.networks
    premises.backend.quotas.change("p", {Counted.NETWORK: 3})
    with premises.refused(OverQuota):
        networks.create([NetworkDraft(project_id="p")] * 4)
    networks.create([NetworkDraft(project_id="p")] * 2)
    with premises.refused(OverQuota):
        networks.create([NetworkDraft(project_id=one) for one in ("p", "q", "p")])
    networks.create([NetworkDraft(project_id=one) for one in ("p", "q")])
    assert premises.backend.quotas.usage("p")[Counted.NETWORK].used == 3


def test_a_network_gives_back_what_goes_with_it(premises: Premises) -> None:
    network = premises.network()
    every = dict.fromkeys((Counted.NETWORK, Counted.SUBNET, Counted.PORT), 2)
    for project_id in ("p", "dhcp"):
        premises.backend.quotas.change(project_id, every)
    premises.subnet(network, "10.0.0.0/24")
    premises.subnet(network, "2001:db8::/64")
    for _ in range(2):
        premises.port(network, project_id="dhcp", device_owner="network:dhcp")
    premises.backend.networks.delete(network.id)
    assert premises.backend.quotas.recount() == 0
    other = premises.network()
    premises.subnet(other, "10.0.0.0/24")
    premises.subnet(other, "2001:db8::/64")
    for _ in range(2):
        premises.port(other, project_id="dhcp")


def test_what_there_is_counts_when_a_limit_is_set(premises: Premises) -> None:
    for _ in range(3):
        premises.network()
    quotas = premises.backend.quotas
    with premises.refused(QuotaBelowUsage) as caught:
        quotas.change("p", {Counted.NETWORK: 2})
    assert caught.value.message == (
        "Quota limit 2 for network must be greater than or equal to already used 3"
    )
    assert quotas.change("p", {Counted.NETWORK: 3}).of(Counted.NETWORK) == 3
    with premises.refused(OverQuota):
        premises.network()


def test_a_limit_that_is_forced_below_what_there_is_is_reached_by_deleting(
    premises: Premises,
) -> None:
    networks = [premises.network() for _ in range(70)]
    quotas = premises.backend.quotas
    quotas.change("p", {Counted.NETWORK: 200})
    quotas.change("p", {Counted.NETWORK: 68}, force=True)
    for network in networks[:2]:
        premises.backend.networks.delete(network.id)
        with premises.refused(OverQuota):
            premises.network()
    premises.backend.networks.delete(networks[2].id)
    premises.network()
    with premises.refused(OverQuota):
        premises.network()


def test_any_number_is_not_counted(premises: Premises) -> None:
    quotas = premises.backend.quotas
    quotas.change("p", {Counted.NETWORK: 100})
    premises.network()
    assert counters(premises) == rows.COUNTERS
    quotas.change("p", {Counted.NETWORK: -1})
    premises.network()
    assert counters(premises) == 0
    assert quotas.usage("p")[Counted.NETWORK] == Usage(limit=-1, used=2)


def test_limits_of_one_s_own_are_listed_by_pages(premises: Premises) -> None:
    quotas = premises.backend.quotas
    for project in ("a", "B", "b", "c"):
        quotas.change(project, {Counted.NETWORK: 3, Counted.PORT: 4})

    def page(**values: Any) -> list[str]:
        of_some = [Filter("project_id", ("B", "b", "c"))]
        return list(quotas.own_limits(of_some, Page(limit=2, **values)))

    downwards = (SortKey("project_id", ascending=False),)
    assert page() == ["B", "b"]
    assert page(marker="b") == ["c"]
    assert page(marker="c", reverse=True) == ["B", "b"]
    assert page(sort=downwards) == ["c", "b"]
    assert page(sort=downwards, marker="b") == ["B"]
    with pytest.raises(TenantQuotaNotFound):
        page(marker="x")


def test_limits_of_one_s_own_are_listed_and_given_up(premises: Premises) -> None:
    quotas = premises.backend.quotas
    quotas.change("p", {Counted.NETWORK: 3, Counted.PORT: 4})
    quotas.change("q", {Counted.PORT: 5})
    assert {one: limits.of(Counted.PORT) for one, limits in quotas.own_limits().items()} == {
        "p": 4,
        "q": 5,
    }
    quotas.reset("p")
    assert list(quotas.own_limits()) == ["q"]
    assert quotas.limits("p") == quotas.defaults
    with premises.refused(TenantQuotaNotFound):
        quotas.reset("p")


def test_a_project_without_a_name_is_not_limited(premises: Premises) -> None:
    backend = with_defaults(premises, {Counted.NETWORK: 0})
    backend.networks.create([NetworkDraft(project_id="")] * 3)
    with pytest.raises(OverQuota):
        backend.networks.create([NetworkDraft(project_id="p")])


def with_defaults(premises: Premises, most: dict[Counted, int]) -> Backend:
    """Return a backend as another configuration makes it."""
    limits = Limits(quotas=QuotaLimits(most))
    surroundings = Surroundings()
    return Backend(premises.database, ReferenceDriver(surroundings), limits, surroundings)


def make_network(backend: Backend) -> Network:
    return backend.networks.create([NetworkDraft(project_id="p")])[0]


def test_the_configured_limits_can_change(premises: Premises) -> None:
    two, three, any_number = (
        with_defaults(premises, {Counted.NETWORK: most}) for most in (2, 3, -1)
    )
    made = [make_network(two) for _ in range(2)]
    with premises.refused(OverQuota):
        make_network(two)
    made.append(make_network(three))
    for backend in (three, two):
        with premises.refused(OverQuota):
            make_network(backend)
    made.append(make_network(any_number))
    assert counters(premises) == 0
    for backend in (two, three):
        with premises.refused(OverQuota):
            make_network(backend)
    for network in made[:2]:
        any_number.networks.delete(network.id)
    with premises.refused(OverQuota):
        make_network(two)
    make_network(three)
    assert three.quotas.recount() == 0


def test_a_limit_of_one_s_own_goes_before_the_configured_one(premises: Premises) -> None:
    backend = with_defaults(premises, {Counted.NETWORK: 1})
    make_network(backend)
    backend.quotas.change("p", {Counted.NETWORK: 2})
    make_network(backend)
    with premises.refused(OverQuota):
        make_network(backend)
    backend.quotas.reset("p")
    with premises.refused(OverQuota) as caught:
        make_network(backend)
    assert caught.value.detail == "Project p has 2 of 1, and asks for 1 more."


def test_a_port_costs_nothing_more_without_a_limit_and_one_statement_with_one(
    premises: Premises,
) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    costs = {}
    for project_id in ("", "free", "limited"):
        if project_id == "limited":
            premises.backend.quotas.change(project_id, {Counted.PORT: 1000})
        for _ in range(2):
            # What is remembered may have to be learnt at first.
            premises.port(network, project_id=project_id)
        with statements(premises) as seen:
            premises.port(network, project_id=project_id)
        costs[project_id] = len(seen)
    assert costs["free"] == costs[""]
    assert costs["limited"] == costs[""] + 1


def test_a_limit_that_another_process_sets_is_obeyed_at_once(premises: Premises) -> None:
    network = premises.network(project_id="other")
    premises.subnet(network, "10.0.0.0/24")
    for _ in range(3):
        premises.port(network)
    elsewhere = with_defaults(premises, {})
    elsewhere.quotas.change("p", {Counted.PORT: 4})
    premises.port(network, tags=("t",))
    with premises.refused(OverQuota):
        premises.port(network)
    elsewhere.quotas.change("p", {Counted.PORT: -1})
    premises.port(network)


def test_a_port_of_a_project_without_a_limit_is_stored_like_any_other(premises: Premises) -> None:
    network = premises.network()
    values: dict[str, Any] = {
        "name": "🦫",
        "tags": ("t",),
        "binding_profile": '{"a": 1}',
        "device_id": "d",
    }
    ports = [premises.port(network, **values) for _ in range(3)]
    assert [premises.backend.ports.get(port.id) for port in ports] == ports


def test_counters_that_are_wrong_are_set_right(premises: Premises) -> None:
    network = premises.network()
    premises.backend.quotas.change("p", {Counted.PORT: 100, Counted.NETWORK: 5})
    with_defaults(premises, {Counted.SUBNET: 2}).subnets.create(
        [subnet_draft(network, "10.0.0.0/24")]
    )
    assert premises.backend.quotas.recount() == 0
    with premises.database.engine.begin() as connection:
        connection.execute(update(quota_counters).values(room=quota_counters.c.room + 1))
    assert premises.backend.quotas.recount() == 3
    assert premises.backend.quotas.recount() == 0
    assert rooms(premises) == {"network": 4, "port": 100, "subnet": 1}


def rooms(premises: Premises) -> dict[str, int]:
    """Return how much room is left of each kind of resource of project ``p``."""

    def read(connection: Connection) -> dict[str, int]:
        left: dict[str, int] = {}
        for row in connection.execute(select(quota_counters)):
            left[row.resource] = left.get(row.resource, 0) + row.room
        return left

    return premises.database.read(read)


@settings(max_examples=20, deadline=None)
@given(st.integers(-1000, 1000), st.integers(1, 12), st.integers(-1000, 100_000))
def test_room_is_spread_and_none_is_lost(before: int, there: int, left: int) -> None:
    premises = Premises()
    account = Account(Counted.PORT, "p")
    with premises.database.engine.begin() as connection:
        rows.open_counters(connection, account, before, None)
        room = rows.guard(connection, account)
        assert room is not None
        assert (room.left, room.counters) == (before, rows.spread_over(before))
        rows.spread(connection, account, room._replace(left=left), there)
        room = rows.guard(connection, account)
        assert room == (left, there, rows.spread_over(left))
        shares = connection.scalars(select(quota_counters.c.room)).all()
    assert max(shares) - min(shares) <= 1
    premises.database.dispose()


class Counting(RuleBasedStateMachine):
    """Address scopes of one project, whose limit changes, against a count."""

    def __init__(self) -> None:
        super().__init__()
        self.premises = Premises()
        self.default = -1
        self.own: int | None = None
        self.there: list[str] = []
        self.backend = self.premises.backend

    @initialize(default=st.integers(-1, 4) | st.just(90))
    def configure(self, default: int) -> None:
        self.default = default
        self.backend = with_defaults(self.premises, {Counted.ADDRESS_SCOPE: default})

    @property
    def limit(self) -> int:
        return self.default if self.own is None else self.own

    @rule(more=st.integers(1, 3) | st.just(40))
    def create(self, more: int) -> None:
        drafts = [AddressScopeDraft(project_id="p", ip_version=4)] * more
        if 0 <= self.limit < len(self.there) + more:
            with pytest.raises(OverQuota) as caught:
                self.backend.address_scopes.create(drafts)
            told = f"Project p has {len(self.there)} of {self.limit}, and asks for {more} more."
            assert caught.value.detail == told
        else:
            self.there += [one.id for one in self.backend.address_scopes.create(drafts)]

    @rule(fewer=st.integers(1, 3) | st.just(30))
    def delete(self, fewer: int) -> None:
        gone, self.there = self.there[:fewer], self.there[fewer:]
        for scope_id in gone:
            self.backend.address_scopes.delete(scope_id)

    @rule(most=st.integers(-1, 6) | st.just(80), force=st.booleans())
    def change(self, most: int, force: bool) -> None:
        limits = {Counted.ADDRESS_SCOPE: most}
        if not force and 0 <= most < len(self.there):
            with pytest.raises(QuotaBelowUsage):
                self.backend.quotas.change("p", limits)
        else:
            self.backend.quotas.change("p", limits, force=force)
            self.own = most

    @rule()
    def reset(self) -> None:
        if self.own is None:
            with pytest.raises(TenantQuotaNotFound):
                self.backend.quotas.reset("p")
        else:
            self.backend.quotas.reset("p")
            self.own = None

    @rule(default=st.integers(-1, 4))
    def restart(self, default: int) -> None:
        # A process that begins remembers nothing, and may be configured otherwise.
        self.configure(default)

    @invariant()
    def counts_right(self) -> None:
        used = self.backend.quotas.usage("p")[Counted.ADDRESS_SCOPE]
        assert used == Usage(self.limit, len(self.there))
        assert self.backend.quotas.recount() == 0

    def teardown(self) -> None:
        self.premises.database.dispose()


TestCounting = Counting.TestCase
TestCounting.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_all_is_counted_once_when_the_answer_to_its_commit_is_lost(
    open_database: OpenDatabase, kind: str, carried_out: bool
) -> None:
    premises = Premises(open_database(kind)[0])
    network = premises.network(project_id="other")
    quotas = premises.backend.quotas

    def lose() -> None:
        lose_next_commit(premises.database, but_carry_it_out=carried_out)

    premises.port(network)
    lose()
    premises.port(network)  # of a project without a limit
    assert len(premises.backend.ports.find([])) == 2
    lose()
    assert quotas.change("p", {Counted.PORT: 4}).of(Counted.PORT) == 4
    lose()
    port = premises.port(network)
    assert rooms(premises) == {"port": 1}
    lose()
    premises.backend.ports.delete(port.id)
    assert rooms(premises) == {"port": 2}
    lose()
    quotas.reset("p")
    assert quotas.own_limits() == {}
    premises.database.dispose()
