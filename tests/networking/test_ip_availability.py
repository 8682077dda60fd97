"""What is counted of networks' addresses, and by how many statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from random import Random

import pytest
from sqlalchemy import event, insert

from freehold.addresses.encoding import to_bytes
from freehold.db.tables import fixed_ips
from freehold.errors import NetworkNotFound
from freehold.networking.ip_availability import Counts, NetworkAvailability
from freehold.networking.paging import Page, SortKey
from freehold.networking.values import Filter, Network, SubnetChange
from tests.backends import Premises, pools


@contextmanager
def statements(premises: Premises) -> Iterator[list[str]]:
    """Collect the statements of a block."""
    seen: list[str] = []

    def see(_c: object, _k: object, statement: str, _p: object, _x: object, _m: bool) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(premises.database.engine, "before_cursor_execute", see)
    yield seen
    event.remove(premises.database.engine, "before_cursor_execute", see)


def test_each_address_of_a_port_is_counted_where_it_is(premises: Premises) -> None:
    network, other = premises.network(name="n"), premises.network(name="o")
    two_pools = pools(("10.0.0.10", "10.0.0.19"), ("10.0.0.30", "10.0.0.39"))
    v4 = premises.subnet(network, "10.0.0.0/24", allocation_pools=two_pools)
    slaac = premises.subnet(network, "2001:db8::/64", "slaac")
    wide = premises.subnet(other, "2001:db8:1::/48", "dhcpv6-stateful")
    for address in ("10.0.0.10", "10.0.0.39", "10.0.0.200"):
        premises.port(network, address)
    premises.port(other)
    found = premises.backend.ip_availability.find([])
    assert [one.network_id for one in found] == sorted([network.id, other.id])
    by_id = {one.network_id: one for one in found}
    assert (by_id[network.id].name, by_id[network.id].project_id) == ("n", "p")
    first, second = by_id[network.id].subnets
    assert (first.subnet_id, second.subnet_id) == (v4.id, slaac.id)
    assert first.counts == Counts(total=20, used=3, in_cidr=254, in_pools=20, used_of_pools=2)
    assert (second.counts.total, second.counts.used) == (2**64 - 1, 3)
    assert by_id[network.id].counts.total == 20 + 2**64 - 1
    assert by_id[network.id].counts.used == 6
    [only] = by_id[other.id].subnets
    assert (only.subnet_id, only.counts.used, only.counts.in_cidr) == (wide.id, 1, 2**80)


def test_a_subnet_without_pools_has_what_its_cidr_has(premises: Premises) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/29")
    premises.port(network)
    premises.backend.subnets.update(subnet.id, SubnetChange(allocation_pools=()))
    found = premises.backend.ip_availability.get(network.id)
    assert found.counts == Counts(total=8, used=1, in_cidr=6, in_pools=0, used_of_pools=0)


@pytest.mark.parametrize(("cidr", "usable"), [("10.0.0.0/31", 2), ("10.0.0.0/32", 1)])
def test_the_smallest_subnets_have_no_address_that_no_port_can_hold(cidr: str, usable: int) -> None:
    premises = Premises()
    network = premises.network()
    premises.subnet(network, cidr, gateway_ip=None, enable_dhcp=False)
    assert premises.backend.ip_availability.get(network.id).counts.in_cidr == usable


def test_networks_are_found_by_what_they_are_filtered_by(premises: Premises) -> None:
    four, both, none = (premises.network(name=name, project_id=name) for name in "abc")
    premises.subnet(four, "10.0.0.0/24")
    premises.subnet(both, "10.0.0.0/24")
    premises.subnet(both, "2001:db8::/64")

    def found(attribute: str, *values: object) -> list[str]:
        return [
            one.name for one in premises.backend.ip_availability.find([Filter(attribute, values)])
        ]

    assert sorted(found("ip_version", 4)) == ["a", "b"]
    assert found("ip_version", 6) == ["b"]
    assert found("network_id", none.id) == ["c"]
    assert found("network_name", "a") == ["a"]
    assert sorted(found("project_id", "a", "c")) == ["a", "c"]
    [six] = premises.backend.ip_availability.find([Filter("ip_version", (6,))])
    assert [subnet.cidr.version for subnet in six.subnets] == [6]


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
def test_pages_together_are_the_list(premises: Premises, ascending: bool, reverse: bool) -> None:
    for number in range(5):
        premises.subnet(premises.network(), f"10.0.{number}.0/24")
    service = premises.backend.ip_availability
    sort = (SortKey("network_id", ascending),)
    whole = service.find([], Page(sort=sort))
    assert [one.network_id for one in whole] == sorted(
        (one.network_id for one in whole), reverse=not ascending
    )
    seen: list[object] = []
    marker = None
    for _ in range(3):
        page = service.find([], Page(sort=sort, limit=2, marker=marker, reverse=reverse))
        seen = [*page, *seen] if reverse else [*seen, *page]
        marker = page[0 if reverse else -1].network_id
    assert seen == list(whole)


def test_an_unknown_network_is_told(premises: Premises) -> None:
    with pytest.raises(NetworkNotFound):
        premises.backend.ip_availability.get("x")
    with pytest.raises(NetworkNotFound):
        premises.backend.ip_availability.find([], Page(limit=1, marker="x"))


def test_many_networks_and_many_ports_cost_no_more_statements() -> None:
    premises = Premises()
    costs: list[int] = []
    found: Sequence[NetworkAvailability] = ()
    for networks, held in ((1, 0), (40, 0), (0, 5000)):
        for number in range(networks):
            premises.port(_with_subnet(premises, number))
        if held:
            _hold(premises, _with_subnet(premises, 0), held)
        with statements(premises) as seen:
            found = premises.backend.ip_availability.find([])
        costs.append(len(seen))
    assert costs == [3, 3, 3]
    assert max(one.counts.used for one in found) == 5000
    premises.database.dispose()


def _with_subnet(premises: Premises, number: int) -> Network:
    network = premises.network()
    premises.subnet(network, f"10.{number}.0.0/16")
    return network


def _hold(premises: Premises, network: Network, number: int) -> None:
    """Have one port show many addresses."""
    port = premises.port(network, project_id="crowd")
    [shown] = port.fixed_ips
    taken = {shown.ip_address}
    base = int(ip_address("10.0.1.0"))
    numbers = Random(1).sample(range(60_000), number)
    addresses = [one for one in (ip_address(base + n) for n in numbers) if one not in taken]
    with premises.database.engine.begin() as connection:
        connection.execute(
            insert(fixed_ips),
            [
                {
                    "subnet_id": shown.subnet_id,
                    "address": to_bytes(address),
                    "port_id": port.id,
                    "position": 1,
                    "ip_address": str(address),
                }
                for address in addresses[: number - 1]
            ],
        )
