"""Provider attributes and MTUs of networks: what fits together and what does not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.errors import InvalidInput, NetworkMTUSubnetConflict
from freehold.networking.plan.networks import check_mtu, plan_network_change, plan_new_network
from freehold.networking.values import Filter, Network, NetworkChange, NetworkDraft
from tests.backends import IN_MEMORY, Premises

BARE = Network("n", "p", "", admin_state_up=True, shared=False)
PHYSICAL_MTU = 9000

FITTING: list[dict[str, Any]] = [
    {},
    {"network_type": "local"},
    {"network_type": "flat", "physical_network": "a"},
    {"network_type": "vlan", "physical_network": "a", "segmentation_id": 1},
    {"network_type": "vlan", "physical_network": "a", "segmentation_id": 4094},
    {"network_type": "vxlan", "segmentation_id": 0},
    {"network_type": "geneve", "segmentation_id": (1 << 24) - 1},
    {"network_type": "gre", "segmentation_id": (1 << 32) - 1},
]

UNFITTING: list[tuple[dict[str, Any], str]] = [
    ({"physical_network": "a"}, "network_type required"),
    ({"segmentation_id": 1}, "network_type required"),
    ({"network_type": ""}, "not supported"),
    ({"network_type": "FLAT", "physical_network": "a"}, "not supported"),
    ({"network_type": "local", "physical_network": "a"}, "physical_network prohibited for local"),
    ({"network_type": "local", "segmentation_id": 1}, "segmentation_id prohibited for local"),
    ({"network_type": "flat"}, "physical_network required for flat"),
    ({"network_type": "flat", "physical_network": ""}, "physical_network required for flat"),
    (
        {"network_type": "flat", "physical_network": "a", "segmentation_id": 1},
        "segmentation_id prohibited for flat",
    ),
    ({"network_type": "vlan", "segmentation_id": 1}, "requires physical_network for VLAN"),
    ({"network_type": "vlan", "physical_network": "a"}, "segmentation_id required for VLAN"),
    ({"network_type": "vlan", "physical_network": "a", "segmentation_id": 0}, "out of range"),
    ({"network_type": "vxlan"}, "segmentation_id required for vxlan"),
    ({"network_type": "vxlan", "segmentation_id": 1 << 24}, "out of range"),
    ({"network_type": "gre", "segmentation_id": -1}, "out of range"),
    (
        {"network_type": "geneve", "physical_network": "a", "segmentation_id": 1},
        "provider:physical_network specified for geneve",
    ),
]


def planned(**values: Any) -> Network:
    return plan_new_network(BARE, NetworkDraft(project_id="p", **values), PHYSICAL_MTU)


@pytest.mark.parametrize("values", FITTING)
def test_attributes_that_fit_are_the_networks(values: dict[str, Any]) -> None:
    network = planned(**values)
    assert {name: getattr(network, name) for name in values} == values


@pytest.mark.parametrize(("values", "reason"), UNFITTING)
def test_attributes_that_do_not_fit_are_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        planned(**values)


@pytest.mark.parametrize(
    ("values", "largest"),
    [
        ({}, 9000),
        ({"network_type": "vlan", "physical_network": "a", "segmentation_id": 1}, 9000),
        ({"network_type": "vxlan", "segmentation_id": 1}, 8950),
        ({"network_type": "geneve", "segmentation_id": 1}, 8950),
        ({"network_type": "gre", "segmentation_id": 1}, 8958),
    ],
)
def test_the_largest_mtu_leaves_room_for_the_tunnel(values: dict[str, Any], largest: int) -> None:
    assert planned(**values).mtu == largest
    assert planned(**values, mtu=largest).mtu == largest
    with pytest.raises(InvalidInput, match=f"maximum is {largest}"):
        planned(**values, mtu=largest + 1)


@given(mtu=st.integers(1, PHYSICAL_MTU), version=st.sampled_from([4, 6]))
def test_an_mtu_is_refused_below_what_the_ip_version_needs(mtu: int, version: int) -> None:
    network = planned(mtu=mtu)
    if mtu >= {4: 68, 6: 1280}[version]:
        check_mtu(network, version)
    else:
        with pytest.raises(NetworkMTUSubnetConflict, match=str(68 if mtu < 68 else 1280)):
            check_mtu(network, version)


def test_a_change_of_all_but_the_number_is_refused() -> None:
    network = planned(network_type="vlan", physical_network="a", segmentation_id=1)

    def changed(**values: Any) -> Network:
        return plan_network_change(network, NetworkChange(**values), (), PHYSICAL_MTU)

    assert changed(segmentation_id=2).segmentation_id == 2
    assert changed(network_type="vlan", physical_network="a") == network
    both = "provider:physical_network, provider:network_type"
    with pytest.raises(InvalidInput, match=both):
        changed(network_type="flat", physical_network="b")
    with pytest.raises(InvalidInput, match="out of range"):
        changed(segmentation_id=4095)
    with pytest.raises(InvalidInput, match="required"):
        changed(segmentation_id=None)


def test_a_change_of_the_mtu_of_a_network_with_subnets_is_checked_by_them() -> None:
    premises = Premises(IN_MEMORY)
    network = premises.network()
    networks = premises.backend.networks
    assert networks.update(network.id, NetworkChange(mtu=60)).mtu == 60
    with premises.refused(NetworkMTUSubnetConflict):
        premises.subnet(network, "10.0.0.0/24")
    networks.update(network.id, NetworkChange(mtu=68))
    premises.subnet(network, "10.0.0.0/24")
    with premises.refused(NetworkMTUSubnetConflict):
        networks.update(network.id, NetworkChange(mtu=67))
    # What it is already does not stand in the way of another change.
    assert networks.update(network.id, NetworkChange(name="x")).name == "x"


def test_attributes_are_stored_and_found(premises: Premises) -> None:
    made = premises.network(
        external=True,
        network_type="gre",
        segmentation_id=(1 << 32) - 1,
        mtu=1400,
        vlan_transparent=True,
        dns_domain="example.",
    )
    premises.network()
    assert premises.backend.networks.get(made.id) == made
    for name in ("external", "network_type", "segmentation_id", "mtu", "vlan_transparent"):
        wanted = [Filter(name, (getattr(made, name),))]
        assert premises.backend.networks.find(wanted) == (made,)
