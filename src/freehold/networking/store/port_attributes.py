"""What a port has several of, in its own row.

Address pairs and DHCP options are read and written with the port and searched by
nobody, so a list of ports costs as many statements with them as without. A port
that has none has null there, which costs nothing to read.
"""

from collections.abc import Mapping
from typing import Any

from freehold.networking.port_attributes import AddressPair, DHCPOption
from freehold.networking.store.conditions import AnyRow


def in_columns(values: Mapping[str, Any]) -> dict[str, object]:
    """Return attributes of a port as its columns have them."""
    columns = dict(values)
    for name in _FIELDS.keys() & columns.keys():
        items = columns[name]
        fields = _FIELDS[name]
        columns[name] = [[getattr(item, field) for field in fields] for item in items] or None
    return columns


def pairs_of(row: AnyRow) -> tuple[AddressPair, ...]:
    """Read a port's address pairs."""
    return tuple(AddressPair(*fields) for fields in row.allowed_address_pairs or ())


def options_of(row: AnyRow) -> tuple[DHCPOption, ...]:
    """Read a port's DHCP options."""
    return tuple(DHCPOption(*fields) for fields in row.extra_dhcp_opts or ())


_FIELDS = {
    "allowed_address_pairs": ("ip_address", "mac_address"),
    "extra_dhcp_opts": ("name", "value", "ip_version"),
}
