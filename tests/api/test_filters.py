"""The tables of filters and of neutron-lib's definitions agree."""

from typing import Any

import pytest
from neutron_lib.api.definitions import network, port, subnet

from freehold.api.definitions import allocation_strategy
from freehold.api.kinds import Kind
from freehold.api.networks import NETWORK
from freehold.api.ports import PORT
from freehold.api.subnets import SUBNET

ALL = [(NETWORK, network), (SUBNET, subnet), (PORT, port)]
EXTENSIONS = [allocation_strategy]


@pytest.mark.parametrize(("kind", "definition"), ALL)
def test_what_neutron_lib_says_can_be_filtered_by_can_be(
    kind: Kind[Any, Any, Any], definition: Any
) -> None:
    attributes = dict(definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME])
    for extension in EXTENSIONS:
        attributes.update(extension.RESOURCE_ATTRIBUTE_MAP.get(definition.COLLECTION_NAME, {}))
    filterable = {name for name, spec in attributes.items() if spec.get("is_filter")}
    assert set(kind.filters) == filterable | {"project_id"}


@pytest.mark.parametrize(("kind", "definition"), ALL)
def test_neutron_libs_own_definitions_are_left_as_they_are(
    kind: Kind[Any, Any, Any], definition: Any
) -> None:
    attributes = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]
    assert "project_id" not in attributes
    assert "project_id" in kind.attributes.definition
