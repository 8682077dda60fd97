"""Revisions, times, tags, and lists filtered by them, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest
from sqlalchemy import update

from freehold.db.tables import network_guards, ports
from freehold.errors import (
    BadRequest,
    NetworkNotFound,
    PortNotFound,
    RevisionNumberConstraintFailed,
    SubnetNotFound,
    TagNotFound,
)
from freehold.networking import lookups
from freehold.networking.records import MOST_TAGS
from freehold.networking.store import networks as network_rows
from freehold.networking.values import (
    Filter,
    Network,
    NetworkChange,
    Port,
    PortChange,
    Subnet,
    SubnetChange,
)
from tests.backends import Premises, grown
from tests.networking.test_guards import before, run

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def network(premises: Premises) -> Network:
    return premises.network()


@pytest.fixture
def subnet(premises: Premises, network: Network) -> Subnet:
    return premises.subnet(network, "10.0.0.0/24")


@pytest.fixture
def port(premises: Premises, network: Network, subnet: Subnet) -> Port:
    return premises.port(network)


def revisions(premises: Premises, network: Network, subnet: Subnet, port: Port) -> list[int]:
    backend = premises.backend
    found = (
        backend.networks.get(network.id),
        backend.subnets.get(subnet.id),
        backend.ports.get(port.id),
    )
    return [one.record.revision for one in found]


def test_a_port_is_no_change_of_its_network(
    premises: Premises, network: Network, subnet: Subnet, port: Port
) -> None:
    assert revisions(premises, network, subnet, port) == [2, 0, 1]
    premises.backend.ports.update(port.id, PortChange(name="x"))
    premises.backend.ports.delete(premises.port(network).id)
    assert revisions(premises, network, subnet, port) == [2, 0, 2]


def test_a_change_of_a_subnet_is_one_of_its_network(
    premises: Premises, network: Network, subnet: Subnet, port: Port
) -> None:
    changed = premises.backend.subnets.update(subnet.id, SubnetChange(description="d"))
    assert revisions(premises, network, subnet, port) == [3, 1, 1]
    stored = premises.backend.networks.get(network.id)
    assert stored.record.updated_at == changed.record.updated_at
    premises.backend.subnets.update(subnet.id, SubnetChange(description="d"))
    assert revisions(premises, network, subnet, port) == [3, 1, 1]


def test_subnets_that_are_added_together_are_one_change_of_their_network(
    premises: Premises, network: Network
) -> None:
    cidrs = ("10.0.1.0/24", "10.0.2.0/24")
    made = [premises.subnet(network, cidr) for cidr in cidrs]
    assert premises.backend.networks.get(network.id).record.revision == 3
    for one in made:
        premises.backend.subnets.delete(one.id)
    assert premises.backend.networks.get(network.id).record.revision == 5


def test_a_change_of_nothing_is_none(premises: Premises, network: Network) -> None:
    change = NetworkChange(name=network.name, shared=False, description="")
    assert premises.backend.networks.update(network.id, change) == network
    assert premises.backend.networks.get(network.id) == network


def test_only_the_expected_revision_is_changed(
    premises: Premises, network: Network, subnet: Subnet, port: Port
) -> None:
    backend = premises.backend
    for attempt in (
        lambda: backend.networks.update(network.id, NetworkChange(name="x"), 1),
        lambda: backend.networks.delete(network.id, 1),
        lambda: backend.subnets.update(subnet.id, SubnetChange(name="x"), 1),
        lambda: backend.subnets.delete(subnet.id, 1),
        lambda: backend.ports.update(port.id, PortChange(name="x"), 0),
        lambda: backend.ports.delete(port.id, 0),
        lambda: backend.port_tags.add(port.id, {"t"}, 0),
        lambda: backend.port_tags.remove(port.id, "t", 0),
    ):
        with premises.refused(RevisionNumberConstraintFailed):
            attempt()
    assert backend.networks.update(network.id, NetworkChange(name="x"), 2).name == "x"
    assert backend.ports.update(port.id, PortChange(name="x"), 1).name == "x"
    backend.port_tags.add(port.id, {"t"}, 2)
    backend.ports.delete(port.id, 3)
    backend.subnets.delete(subnet.id, 0)
    backend.networks.delete(network.id, 4)
    with pytest.raises(NetworkNotFound):
        backend.networks.delete(network.id, 4)


def test_a_revision_that_passes_meanwhile_is_read_again(
    premises: Premises, network: Network, port: Port
) -> None:
    # What interferes is rolled back with the unit's first run.
    moved = run(update(network_guards).values(generation=network_guards.c.generation + 1))
    with before(premises, "UPDATE network_guards", moved) as statements:
        premises.backend.networks.update(network.id, NetworkChange(name="x"), 2)
    assert sum(text.startswith("UPDATE network_guards") for text in statements) == 2
    with before(premises, "UPDATE ports", run(update(ports).values(revision=9))) as statements:
        premises.backend.port_tags.add(port.id, {"t"}, 1)
    assert sum(text.startswith("UPDATE ports") for text in statements) == 2


@pytest.mark.parametrize("what", ["network", "subnet", "port", "tags"])
def test_of_those_who_change_one_revision_at_once_one_succeeds(
    premises: Premises, network: Network, subnet: Subnet, port: Port, what: str
) -> None:
    backend = premises.backend

    def change(number: int) -> bool:
        name = f"{number}"
        try:
            match what:
                case "network":
                    backend.networks.update(network.id, NetworkChange(name=name), 2)
                case "subnet":
                    backend.subnets.update(subnet.id, SubnetChange(name=name), 0)
                case "port":
                    backend.ports.update(port.id, PortChange(name=name), 1)
                case _:
                    backend.port_tags.add(port.id, {name}, 1)
        except RevisionNumberConstraintFailed:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(change, range(12))) == 1


def test_a_change_whose_commit_was_lost_is_found_again(
    premises: Premises, network: Network
) -> None:
    changed = premises.backend.networks.update(network.id, NetworkChange(name="x"), 1)
    stranger = replace(changed, record=network.record.continued(premises.now()))
    with premises.database.engine.connect() as connection:
        done = lookups.updated(network_rows.find, [stranger, changed])(connection)
        assert done is not None
        assert done.answer == changed
        for meant in ([stranger], []):
            assert lookups.updated(network_rows.find, meant)(connection) is None


# Tags


def test_tags_are_a_set(premises: Premises, port: Port) -> None:
    tags, get = premises.backend.port_tags, premises.backend.ports.get
    tags.add(port.id, {"b", "a"})
    tags.add(port.id, {"a", "c"})
    assert tags.of(port.id) == ("a", "b", "c")
    assert get(port.id) == replace(grown(port, get(port.id), 2))
    tags.replace(port.id, {"c", "d"})
    tags.remove(port.id, "c")
    assert get(port.id).record.tags == ("d",)
    tags.replace(port.id, frozenset())
    assert tags.of(port.id) == ()
    assert get(port.id).record.revision == 6


def test_tags_that_are_there_are_no_change(premises: Premises, port: Port) -> None:
    tags = premises.backend.port_tags
    tags.add(port.id, {"a", "b"})
    before_all = premises.dump()
    tags.add(port.id, {"a"})
    tags.replace(port.id, {"b", "a"})
    assert premises.dump() == before_all
    with premises.refused(TagNotFound) as error:
        tags.remove(port.id, "A")
    assert error.value.message == "Tag A could not be found."


def test_tags_keep_each_character_and_differ_by_it(premises: Premises, network: Network) -> None:
    odd = {"a", "A", "ä", " a", "a,b", "", "🦫", "\U0001f1e8\U0001f1ed", "%", "_", "\\", '"', "'"}
    premises.backend.network_tags.replace(network.id, odd)
    assert set(premises.backend.networks.get(network.id).record.tags) == odd
    for tag in odd:
        [found] = premises.backend.networks.find([Filter("tags", (tag,))])
        assert found.id == network.id
        premises.backend.network_tags.remove(network.id, tag)
        assert premises.backend.networks.find([Filter("tags", (tag,))]) == ()


def test_there_is_a_limit_of_tags(premises: Premises, network: Network) -> None:
    most = {str(number) for number in range(MOST_TAGS)}
    message = f"The number of tags exceed the per-resource limit of {MOST_TAGS}"
    premises.backend.network_tags.replace(network.id, most)
    with premises.refused(BadRequest) as error:
        premises.backend.network_tags.add(network.id, {"more"})
    assert error.value.message == f"Bad networks request: {message}."
    with premises.refused(BadRequest):
        premises.backend.network_tags.replace(network.id, most | {"more"})
    with premises.refused(BadRequest) as error:
        premises.port(network, tags=tuple(most | {"more"}))
    assert error.value.message == f"Bad ports request: {message}."
    assert len(premises.port(network, tags=tuple(most)).record.tags) == MOST_TAGS


def test_tags_of_what_is_not_there(premises: Premises) -> None:
    backend = premises.backend
    for tags, missing in (
        (backend.network_tags, NetworkNotFound),
        (backend.subnet_tags, SubnetNotFound),
        (backend.port_tags, PortNotFound),
    ):
        with pytest.raises(missing):
            tags.of(NOWHERE)
        with pytest.raises(missing):
            tags.add(NOWHERE, {"t"})


def test_tags_of_a_resource_that_another_unit_has_changed_are_read_again(
    premises: Premises, port: Port
) -> None:
    other = run(update(ports).values(revision=ports.c.revision + 1))
    with before(premises, "UPDATE ports", other):
        premises.backend.port_tags.add(port.id, {"t"})
    assert premises.backend.ports.get(port.id).record.tags == ("t",)


# Lists


def test_filters_by_tags(premises: Premises) -> None:
    sets = ({"red", "blue"}, {"red"}, {"green"}, set[str]())
    made = [premises.network() for _ in sets]
    for network, tags in zip(made, sets, strict=True):
        premises.backend.network_tags.replace(network.id, tags)

    def found(*filters: tuple[str, str]) -> list[int]:
        wanted = [Filter(name, tuple(tags.split())) for name, tags in filters]
        ids = {network.id for network in premises.backend.networks.find(wanted)}
        return [number for number, network in enumerate(made) if network.id in ids]

    assert found(("tags", "red")) == [0, 1]
    assert found(("tags", "red blue")) == [0]
    assert found(("tags", "red green")) == []
    assert found(("tags-any", "blue green")) == [0, 2]
    assert found(("not-tags", "red blue")) == [1, 2, 3]
    assert found(("not-tags-any", "blue green")) == [1, 3]
    assert found(("tags", "red"), ("not-tags", "blue")) == [1]
    assert found(("tags", "red"), ("tags-any", "blue green")) == [0]
    assert found(("tags", "RED")) == []
    assert found(("tags", " ".join(map(str, range(MOST_TAGS + 1))))) == []
    assert found(("not-tags", " ".join(map(str, range(MOST_TAGS + 1))))) == [0, 1, 2, 3]


def test_filters_by_description_revision_and_time(
    premises: Premises, network: Network, subnet: Subnet, port: Port
) -> None:
    premises.backend.ports.update(port.id, PortChange(description="Büro"))
    changed = premises.backend.ports.get(port.id)
    moment = changed.record.updated_at
    later = moment + timedelta(microseconds=1)

    def found(name: str, *values: object) -> bool:
        return premises.backend.ports.find([Filter(name, values)]) == (changed,)

    assert found("description", "Büro")
    assert not found("description", "büro")
    assert found("revision_number", 2, 7)
    assert not found("revision_number", 1)
    assert found("changed_since", moment)
    assert not found("changed_since", later)
    assert found("changed_since", later, moment)
    assert not found("changed_since")
    of_network = [Filter("changed_since", (subnet.record.created_at,))]
    assert [one.id for one in premises.backend.networks.find(of_network)] == []
    of_network = [Filter("changed_since", (network.record.created_at,))]
    assert [one.id for one in premises.backend.networks.find(of_network)] == [network.id]


def test_filters_by_addresses(premises: Premises, network: Network, subnet: Subnet) -> None:
    premises.subnet(network, "2001:db8::/64", "dhcpv6-stateful")
    premises.subnet(network, "::ffff:10.0.0.0/120", "dhcpv6-stateful")
    four = premises.port(network, "10.0.0.9")
    six = premises.port(network, "2001:db8::a9")
    mapped = premises.port(network, "::ffff:10.0.0.9")

    def found(name: str, *values: object) -> set[str]:
        wanted = [Filter(f"fixed_ips.{name}", values)]
        return {port.id for port in premises.backend.ports.find(wanted)}

    assert found("ip_address", ip_address("10.0.0.9")) == {four.id}
    assert found("ip_address", ip_address("::ffff:10.0.0.9")) == {mapped.id}
    assert found("ip_address_substr", "0.0.9") == {
        port.id for port in (four, mapped) if "0.0.9" in str(port.fixed_ips[0].ip_address)
    }
    assert found("ip_address_substr", "DB8::") == {six.id}
    assert found("ip_address_substr", "0.9", "::a") == {four.id, six.id} | found(
        "ip_address_substr", "0.9"
    )
    assert found("ip_address_substr", "_") == found("ip_address_substr", "%") == set()
    assert found("ip_address_substr") == set()
