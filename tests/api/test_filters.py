"""The tables of filters and of neutron-lib's definitions agree."""

from typing import Any

import pytest
from neutron_lib.api.definitions import (
    allowedaddresspairs,
    dns,
    external_net,
    extra_dhcp_opt,
    ip_allocation,
    network,
    network_mtu_writable,
    port,
    portbindings,
    provider_net,
    segment,
    subnet,
    vlantransparent,
)

from freehold.api import standard, tags
from freehold.api.definitions import allocation_strategy, segment_hosts
from freehold.api.kinds import Kind
from freehold.api.networks import NETWORK
from freehold.api.paging import read_page
from freehold.api.ports import PORT
from freehold.api.segments import SEGMENT
from freehold.api.subnets import SUBNET
from freehold.networking.store import networks, ports, segments, subnets

ALL = [(NETWORK, network), (SUBNET, subnet), (PORT, port), (SEGMENT, segment)]

EXTENSIONS = [
    allocation_strategy,
    segment_hosts,
    allowedaddresspairs,
    dns,
    external_net,
    extra_dhcp_opt,
    ip_allocation,
    network_mtu_writable,
    portbindings,
    provider_net,
    segment,
    vlantransparent,
]


@pytest.mark.parametrize(("kind", "definition"), ALL)
def test_what_neutron_lib_says_can_be_filtered_by_can_be(
    kind: Kind[Any, Any, Any], definition: Any
) -> None:
    filterable = {
        name
        for part in (definition, *EXTENSIONS)
        for name, spec in part.RESOURCE_ATTRIBUTE_MAP.get(kind.collection, {}).items()
        if spec.get("is_filter")
    }
    shared_by_all = {*standard.FILTERS, *tags.FILTERS}
    of_project = {"project_id"} if kind is not SEGMENT else BEYOND_THE_DEFINITION
    assert set(kind.filters) == filterable | shared_by_all | of_project


STORES = [(NETWORK, networks), (SUBNET, subnets), (PORT, ports), (SEGMENT, segments)]

UNSORTED_BY_CLIENTS = {"segment_index"}
BEYOND_THE_DEFINITION = {"segmentation_id"}
"""By which the API's reference has segments filtered, and openstacksdk asks for them."""


@pytest.mark.parametrize(("kind", "store"), STORES)
def test_what_can_be_sorted_by_can_be_in_the_store(kind: Kind[Any, Any, Any], store: Any) -> None:
    parameters = {
        "sort_key": sorted(kind.attributes.sort_keys),
        "sort_dir": ["asc"] * len(kind.attributes.sort_keys),
    }
    page = read_page(parameters, kind.attributes.sort_keys, None)
    assert {key.attribute for key in page.sort} - {"id"} == {
        *store.SORTING.columns
    } - UNSORTED_BY_CLIENTS


@pytest.mark.parametrize(("kind", "store"), STORES)
def test_each_filter_is_one_of_the_stores(kind: Kind[Any, Any, Any], store: Any) -> None:
    texts = {
        "cidr": "10.0.0.0/24",
        "changed_since": "2026-01-01T00:00:00Z",
        "ip_version": "4",
        allocation_strategy.STRATEGY: "next",
        allocation_strategy.COOL_DOWN: "60",
        "mtu": "1500",
        "provider:segmentation_id": "1",
        "segmentation_id": "1",
    }
    for name, read in kind.filters.items():
        if name == "fixed_ips":
            continue
        text = texts.get(name, "true")
        assert {found.attribute for found in read(name, [text])} <= set(store.FILTERS), name


@pytest.mark.parametrize(("kind", "definition"), ALL)
def test_neutron_libs_own_definitions_are_left_as_they_are(
    kind: Kind[Any, Any, Any], definition: Any
) -> None:
    attributes = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]
    assert "project_id" not in attributes
    assert "project_id" in kind.attributes.definition
