"""A port's extra DHCP options, between JSON and values: ``extra_dhcp_opt``."""

from collections.abc import Iterable, Mapping
from typing import Any

from neutron_lib.api.definitions import extra_dhcp_opt as definition

from freehold.api.attributes import Attribute
from freehold.networking.port_attributes import DHCPOption
from freehold.networking.values import Port

NAME = definition.EXTRADHCPOPTS

ATTRIBUTES: Mapping[str, Attribute] = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]


def parse(_name: str, items: Iterable[Mapping[str, Any]] | None) -> tuple[DHCPOption, ...]:
    """Make DHCP options of what a client sent; nothing asks for nothing."""
    return tuple(
        DHCPOption(item["opt_name"], item["opt_value"], int(item.get("ip_version", 4)))
        for item in items or ()
    )


def render(port: Port) -> dict[str, object]:
    """Make JSON's types of a port's DHCP options."""
    return {
        NAME: [
            {"opt_name": option.name, "opt_value": option.value, "ip_version": option.ip_version}
            for option in port.extra_dhcp_opts
        ]
    }
