"""Address pairs and DHCP options of ports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.errors import (
    AllowedAddressPairExhausted,
    DuplicateAddressPairInRequest,
    InvalidInput,
)
from freehold.networking.limits import Limits
from freehold.networking.port_attributes import (
    MOST_DHCP_OPTIONS,
    AddressPair,
    DHCPOption,
    merged,
    with_mac,
)
from freehold.networking.values import Filter, PortChange
from tests.backends import IN_MEMORY, Premises, grown, port_draft

MAC = "02:00:00:00:00:01"
PAIR = AddressPair("10.0.0.9")

options = st.lists(
    st.builds(
        DHCPOption,
        st.sampled_from(["mtu", "router", "MTU"]),
        st.none() | st.sampled_from(["1", "2"]),
        st.sampled_from([4, 6]),
    ),
    max_size=5,
    unique_by=lambda option: (option.name, option.ip_version),
)


@given(held=options, asked=options)
def test_merged_options_are_those_asked_for_and_those_not_mentioned(
    held: list[DHCPOption], asked: list[DHCPOption]
) -> None:
    before = merged((), held)
    after = merged(before, asked)
    wanted = {option for option in asked if option.value is not None}
    mentioned = {(option.name, option.ip_version) for option in asked}
    kept = {option for option in before if (option.name, option.ip_version) not in mentioned}
    assert set(after) == wanted | kept
    assert len(after) == len(wanted | kept)
    assert merged(after, asked) == after
    assert merged(after, ()) == after


def test_no_more_options_than_there_may_be_are_gathered_by_several_requests() -> None:
    held = merged((), [DHCPOption(str(number), "x") for number in range(MOST_DHCP_OPTIONS)])
    assert merged(held, [DHCPOption("0", None), DHCPOption("new", "x")])
    with pytest.raises(InvalidInput):
        merged(held, [DHCPOption("new", "x")])


def test_pairs_that_differ_by_their_mac_address_are_two() -> None:
    other = AddressPair(PAIR.ip_address, "02:00:00:00:00:02")
    assert with_mac([PAIR, other], MAC, 2) == (AddressPair(PAIR.ip_address, MAC), other)


@pytest.mark.parametrize("twin", [PAIR, AddressPair(PAIR.ip_address, MAC)])
def test_a_pair_twice_is_refused(twin: AddressPair) -> None:
    with pytest.raises(DuplicateAddressPairInRequest):
        with_mac([PAIR, twin], MAC, 2)


def test_pairs_and_options_are_stored_and_listed(premises: Premises) -> None:
    network = premises.network()
    option = DHCPOption("bootfile-name", "naïve 🦫", 6)
    made = premises.port(network, allowed_address_pairs=(PAIR,), extra_dhcp_opts=(option,))
    plain = premises.port(network)
    assert made.allowed_address_pairs == (AddressPair(PAIR.ip_address, made.mac_address),)
    assert made.extra_dhcp_opts == (option,)
    found = premises.backend.ports.find([Filter("network_id", (network.id,))])
    assert {port.id: port for port in found} == {made.id: made, plain.id: plain}
    assert premises.backend.ports.get(made.id) == made
    change = PortChange(allowed_address_pairs=(), extra_dhcp_opts=(DHCPOption("mtu", "1400"),))
    changed = premises.backend.ports.update(made.id, change)
    assert changed.allowed_address_pairs == ()
    assert changed.extra_dhcp_opts == (option, DHCPOption("mtu", "1400"))
    assert premises.backend.ports.get(made.id) == changed


def test_a_change_to_what_a_port_has_already_is_none() -> None:
    premises = Premises(IN_MEMORY)
    held = DHCPOption("mtu", "1400")
    port = premises.port(premises.network(), allowed_address_pairs=(PAIR,), extra_dhcp_opts=(held,))
    change = PortChange(allowed_address_pairs=(PAIR,), extra_dhcp_opts=(held,))
    assert premises.backend.ports.update(port.id, change) == grown(port, port, 0)


def test_more_pairs_than_allowed_are_refused() -> None:
    premises = Premises(IN_MEMORY, limits=Limits(max_allowed_address_pair=1))
    network = premises.network()
    port = premises.port(network, allowed_address_pairs=(PAIR,))
    two = (PAIR, AddressPair("10.0.0.10"))
    with premises.refused(AllowedAddressPairExhausted):
        premises.backend.ports.create([port_draft(network, allowed_address_pairs=two)])
    with premises.refused(AllowedAddressPairExhausted):
        premises.backend.ports.update(port.id, PortChange(allowed_address_pairs=two))
