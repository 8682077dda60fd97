"""A port's further addresses, between JSON and values: ``allowed-address-pairs``.

neutron-lib's validator of the list reads the limit from a configuration that a
whole process shares, and refuses by exceptions of WebOb; so the list is checked
here, by the same validators of its parts. How many there may be, and that no two
are the same, `freehold.networking` says.
"""

from collections.abc import Mapping
from typing import Any

from neutron_lib.api import validators
from neutron_lib.api.definitions import allowedaddresspairs as definition
from neutron_lib.exceptions.allowedaddresspairs import AllowedAddressPairsMissingIP

from freehold.api.attributes import Attribute
from freehold.api.converting import converting
from freehold.api.refusals import HTTPBadRequest
from freehold.networking.port_attributes import AddressPair
from freehold.networking.values import Port

NAME = definition.ADDRESS_PAIRS

ATTRIBUTES: Mapping[str, Attribute] = {
    NAME: {
        key: value
        for key, value in definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME][
            NAME
        ].items()
        if key != "validate"
    }
}


def parse(name: str, items: Any) -> tuple[AddressPair, ...]:
    """Make address pairs of what a client sent.

    Raises:
        HTTPBadRequest: it is no list, or one of them cannot be.
        AllowedAddressPairsMissingIP: one has no IP address.
    """
    if not isinstance(items, list):
        raise HTTPBadRequest("Allowed address pairs must be a list.")
    with converting(name):
        return tuple(_pair(name, item) for item in items)


def render(port: Port) -> dict[str, object]:
    """Make JSON's types of a port's address pairs."""
    return {
        NAME: [
            {"mac_address": pair.mac_address, "ip_address": pair.ip_address}
            for pair in port.allowed_address_pairs
        ]
    }


def _pair(name: str, item: Any) -> AddressPair:
    if not isinstance(item, dict):
        raise HTTPBadRequest(f"Invalid input for {name}. Reason: '{item}' is not a dictionary.")
    if "mac_address" in item:
        _refuse(validators.validate_mac_address(item["mac_address"]))
    if "ip_address" not in item:
        raise AllowedAddressPairsMissingIP
    unknown = [key for key in item if key not in {"mac_address", "ip_address"}]
    if unknown:
        raise HTTPBadRequest(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
    address = item["ip_address"]
    if not isinstance(address, str):
        raise HTTPBadRequest(f"'{address}' is not a valid IP address")
    if "/" in address:
        _refuse(validators.validate_subnet(address))
        _refuse(validators.validate_subnet_not_multicast(address))
    else:
        _refuse(validators.validate_ip_address(address))
        _refuse(validators.validate_ip_not_multicast(address))
    mac = item.get("mac_address")
    if mac is not None:
        _refuse(validators.validate_mac_address_not_multicast(mac))
    return AddressPair(address, mac)


def _refuse(problem: str | None) -> None:
    if problem:
        raise HTTPBadRequest(str(problem))
