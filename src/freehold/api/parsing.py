"""From the texts that neutron-lib has passed to the values of the layers below.

What neutron-lib lets through and the values do not know is the client's error
as well, and named by its attribute.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

import netaddr
from neutron_lib.constants import ATTR_NOT_SPECIFIED

from freehold.addresses.ranges import IPAddress, IPNetwork
from freehold.api.attributes import Checked
from freehold.api.refusals import HTTPBadRequest
from freehold.networking.values import KEEP, Keep

T = TypeVar("T")
Otherwise = TypeVar("Otherwise")

Parser = Callable[[str, Any], T]
"""Makes a value of an attribute's name (for the refusal) and what the client sent."""


def given(values: Checked, name: str) -> bool:
    """Tell whether a client specified an attribute."""
    return values.get(name, ATTR_NOT_SPECIFIED) is not ATTR_NOT_SPECIFIED


def given_or(values: Checked, name: str, otherwise: Otherwise, parse: Parser[T]) -> T | Otherwise:
    """Return an attribute that a client specified, or something else if it did not."""
    return parse(name, values[name]) if given(values, name) else otherwise


def changed(values: Checked, name: str, parse: Parser[T]) -> T | Keep:
    """Return what an attribute is to be, or that it is kept."""
    return parse(name, values[name]) if given(values, name) else KEEP


def as_is(_name: str, value: T) -> T:
    """Return a value that neutron-lib's check has left in its final type."""
    return value


def address(name: str, text: str) -> IPAddress:
    """Return an IP address.

    Raises:
        HTTPBadRequest: the text is none.
    """
    try:
        return ip_address(text)
    except ValueError as error:
        raise _wrong(name, error) from error


def network(name: str, text: str) -> IPNetwork:
    """Return a CIDR, its host bits cleared, whichever way its mask is written.

    Raises:
        HTTPBadRequest: the text is none.
    """
    try:
        return ip_network(str(netaddr.IPNetwork(text).cidr))
    except (netaddr.AddrFormatError, TypeError, ValueError) as error:
        raise _wrong(name, error) from error


def entry(name: str, item: Mapping[str, Any], key: str, parse: Parser[T]) -> T | None:
    """Return one entry of an object within an attribute, None if it is not there."""
    return parse(name, item[key]) if key in item else None


def _wrong(name: str, error: Exception) -> HTTPBadRequest:
    return HTTPBadRequest(f"Invalid input for {name}. Reason: {error}.")
