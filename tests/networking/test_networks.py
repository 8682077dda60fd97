"""Networks on a real database."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from freehold.errors import InvalidSharedSetting, NetworkInUse, NetworkNotFound, PortNotFound
from freehold.errors import SubnetNotFound as NoSubnet
from freehold.networking import owners
from freehold.networking.records import Record
from freehold.networking.values import (
    Filter,
    FixedIPRequest,
    Network,
    NetworkChange,
    NetworkDraft,
)
from tests.backends import Premises, grown, subnet_draft

NOWHERE = "00000000-0000-4000-8000-000000000000"

OTHER_OWNERS = [
    "",
    "compute:x",
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
    "network:router_centralized_snat",
    "network:router_gateway",
    "network:router_ha_interface",
    "network:floatingip",
    "network:foo",
    "neutron:LOADBALANCER",
]
SERVICE_OWNERS = ["network:dhcp", "network:distributed", "network:floatingip_agent_gateway"]


def test_created_networks_come_back_in_order_and_are_stored(premises: Premises) -> None:
    networks = premises.backend.networks
    one, two = networks.create(
        [
            NetworkDraft(project_id="p", name="b", admin_state_up=False, shared=True),
            NetworkDraft(project_id="q"),
        ]
    )
    begun = [Record.begun(network.record.created_at, 1) for network in (one, two)]
    assert one == Network(
        one.id, "p", "b", admin_state_up=False, shared=True, status="ACTIVE", record=begun[0]
    )
    assert two == Network(two.id, "q", "", admin_state_up=True, shared=False, record=begun[1])
    assert networks.get(one.id) == one
    assert networks.get(two.id) == two


def test_a_network_lists_its_subnets_the_oldest_first(premises: Premises) -> None:
    network, other = premises.network(), premises.network()
    subnets = [premises.subnet(network, f"10.0.{number}.0/24") for number in range(5)]
    premises.subnet(other, "10.0.0.0/24")
    ids = tuple(subnet.id for subnet in subnets)
    assert premises.backend.networks.get(network.id).subnet_ids == ids
    [found] = premises.backend.networks.find([Filter("id", (network.id,))])
    assert found.subnet_ids == ids


def test_filters_on_networks(premises: Premises) -> None:
    a = premises.network(name="a", shared=True)
    b = premises.network(name="b", project_id="q", admin_state_up=False)
    c = premises.network(name="B")

    def found(*filters: Filter) -> set[str]:
        networks = premises.backend.networks.find(filters)
        assert [network.id for network in networks] == sorted(network.id for network in networks)
        return {network.id for network in networks}

    assert found() == {a.id, b.id, c.id}
    assert found(Filter("id", (a.id, c.id, NOWHERE))) == {a.id, c.id}
    assert found(Filter("name", ("b",))) == {b.id}
    assert found(Filter("name", ("a", "B"))) == {a.id, c.id}
    assert found(Filter("admin_state_up", (False,))) == {b.id}
    assert found(Filter("admin_state_up", (True, False))) == {a.id, b.id, c.id}
    assert found(Filter("shared", (True,))) == {a.id}
    assert found(Filter("status", ("ACTIVE",))) == {a.id, b.id, c.id}
    assert found(Filter("status", ("DOWN",))) == set()
    assert found(Filter("project_id", ("p",))) == {a.id, c.id}
    assert found(Filter("project_id", ("p",)), Filter("shared", (False,))) == {c.id}
    assert found(Filter("name", ())) == set()


def test_more_networks_than_one_statement_names_are_found_with_their_subnets(
    premises: Premises,
) -> None:
    networks = premises.backend.networks.create([NetworkDraft(project_id="p")] * 501)
    premises.backend.subnets.create(
        [subnet_draft(network, "10.0.0.0/24") for network in (networks[0], networks[-1])]
    )
    found = premises.backend.networks.find([])
    assert len(found) == 501
    assert {network.id for network in found if network.subnet_ids} == {
        networks[0].id,
        networks[-1].id,
    }


def test_an_update_changes_what_it_names_and_nothing_else(premises: Premises) -> None:
    network, other = premises.network(name="old"), premises.network(name="old")
    subnet = premises.subnet(network, "10.0.0.0/24")
    changed = premises.backend.networks.update(
        network.id, NetworkChange(name="new", admin_state_up=False, shared=True)
    )
    # By the subnet, too.
    assert changed == replace(
        grown(network, changed, 2),
        name="new",
        admin_state_up=False,
        shared=True,
        subnet_ids=(subnet.id,),
    )
    assert premises.backend.networks.get(network.id) == changed
    assert premises.backend.networks.get(other.id) == other
    assert premises.backend.subnets.get(subnet.id).shared
    assert premises.backend.networks.update(network.id, NetworkChange()) == changed


def test_a_network_that_is_not_there(premises: Premises) -> None:
    networks = premises.backend.networks
    premises.network()
    message = f"Network {NOWHERE} could not be found."
    with premises.refused(NetworkNotFound) as error:
        networks.get(NOWHERE)
    assert error.value.message == message
    with premises.refused(NetworkNotFound) as error:
        networks.update(NOWHERE, NetworkChange(name="x"))
    assert error.value.message == message
    with premises.refused(NetworkNotFound) as error:
        networks.delete(NOWHERE)
    assert error.value.message == message


# Un-sharing


def test_a_network_that_only_its_owner_uses_can_be_unshared(premises: Premises) -> None:
    network = premises.network(shared=True)
    premises.subnet(network, "10.0.0.0/24")
    premises.port(network)
    premises.port(network, project_id="q", device_owner=owners.DHCP)
    changed = premises.backend.networks.update(network.id, NetworkChange(shared=False))
    assert not changed.shared


@pytest.mark.parametrize("what", ["port", "subnet"])
def test_a_network_that_others_use_stays_shared(premises: Premises, what: str) -> None:
    network = premises.network(shared=True, name="lobby")
    if what == "port":
        premises.port(network, project_id="q")
    else:
        premises.subnet(network, "10.0.0.0/24", project_id="q")
    with premises.refused(InvalidSharedSetting) as error:
        premises.backend.networks.update(network.id, NetworkChange(shared=False, name="x"))
    assert error.value.message == (
        "Unable to reconfigure sharing settings for network lobby. Multiple projects are using it."
    )
    renamed = premises.backend.networks.update(network.id, NetworkChange(shared=True, name="y"))
    assert (renamed.name, renamed.shared) == ("y", True)


def test_a_network_that_was_not_shared_can_be_told_so_again(premises: Premises) -> None:
    network = premises.network()
    premises.port(network, project_id="q")
    assert not premises.backend.networks.update(network.id, NetworkChange(shared=False)).shared


# Deletion


@pytest.mark.parametrize("owner", OTHER_OWNERS)
def test_a_network_with_ports_of_others_stays(premises: Premises, owner: str) -> None:
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    port = premises.port(network, device_owner=owner)
    premises.port(network, device_owner=owners.DHCP)
    with premises.refused(NetworkInUse) as error:
        premises.backend.networks.delete(network.id)
    assert error.value.message == (
        f"Unable to complete operation on network {network.id}. There are one or more ports still "
        f"in use on the network, id for these ports is: {port.id}."
    )
    assert premises.backend.subnets.get(subnet.id) == subnet


def test_all_the_ports_in_the_way_are_named(premises: Premises) -> None:
    network = premises.network()
    ports = sorted(premises.port(network).id for _ in range(3))
    with premises.refused(NetworkInUse) as error:
        premises.backend.networks.delete(network.id)
    assert error.value.message.endswith(f"id for these ports is: {','.join(ports)}.")


@pytest.mark.parametrize("owner", SERVICE_OWNERS)
def test_a_network_goes_with_its_subnets_and_the_ports_of_services(
    premises: Premises, owner: str
) -> None:
    empty = premises.present()
    network = premises.network()
    subnets = [
        premises.subnet(network, "10.0.0.0/24"),
        premises.subnet(network, "2001:db8:1::/64", "dhcpv6-stateful"),
        premises.subnet(network, "2001:db8:2::/64", "slaac"),
    ]
    ports = [premises.port(network, device_owner=owner) for _ in range(2)]
    assert [len(port.fixed_ips) for port in ports] == [3, 3]
    premises.backend.networks.delete(network.id)
    assert premises.present() == empty
    with pytest.raises(NetworkNotFound):
        premises.backend.networks.get(network.id)
    for subnet in subnets:
        with pytest.raises(NoSubnet):
            premises.backend.subnets.get(subnet.id)
    for port in ports:
        with pytest.raises(PortNotFound):
            premises.backend.ports.get(port.id)


def test_deleting_a_network_leaves_the_others_alone(premises: Premises) -> None:
    kept = premises.network()
    premises.subnet(kept, "10.0.0.0/24")
    premises.port(kept)
    before = premises.present()
    network = premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    premises.port(
        network,
        device_owner=owners.DHCP,
        fixed_ips=(FixedIPRequest(subnet.id, ip_address("10.0.0.9")),),
    )
    premises.backend.networks.delete(network.id)
    assert premises.present() == before


def test_a_network_without_ports_goes(premises: Premises) -> None:
    empty = premises.present()
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    premises.backend.networks.delete(network.id)
    assert premises.present() == empty
