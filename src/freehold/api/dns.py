"""Names of ports and domains of networks, between JSON and values: ``dns-integration``.

A port has a name in the domain that the operator has set. With Neutron's default
domain, or with none, clients give no names: what they send is checked and
dropped, as in Neutron.

neutron-lib's validator of a port's name reads the domain from a configuration that
a whole process shares; so the name is checked here.

Sources: RFC 1123, section 2.1, and RFC 952 (what a name is made of); RFC 1034,
section 3.1 (the dot at its end).
"""

import re
from collections.abc import Mapping

from neutron_lib.api.definitions import dns as definition
from neutron_lib.api.definitions import network, port
from neutron_lib.constants import DNS_DOMAIN_DEFAULT, DNS_LABEL_REGEX

from freehold.api.attributes import Attribute
from freehold.api.refusals import HTTPBadRequest
from freehold.networking.values import FixedIP, Port

NAME = definition.DNSNAME
DOMAIN = definition.DNSDOMAIN

LONGEST = 255
"""How many characters a full name has at most, its last dot aside."""

_OF_PORTS = definition.RESOURCE_ATTRIBUTE_MAP[port.COLLECTION_NAME]

PORT_ATTRIBUTES: Mapping[str, Attribute] = {
    **_OF_PORTS,
    NAME: {key: value for key, value in _OF_PORTS[NAME].items() if key != "validate"},
}

NETWORK_ATTRIBUTES: Mapping[str, Attribute] = definition.RESOURCE_ATTRIBUTE_MAP[
    network.COLLECTION_NAME
]

_LABEL = re.compile(DNS_LABEL_REGEX)


class PortNames:
    """The names of ports in one domain.

    Args:
        domain: the domain; empty for none.
    """

    def __init__(self, domain: str) -> None:
        self._configured = domain
        self._domain = f"{domain.removesuffix('.')}.".lower() if domain else ""
        self._given = self._domain not in {"", DNS_DOMAIN_DEFAULT}

    def parse(self, name: str, text: str) -> str:
        """Return the name that a client gave to a port; empty if it gives none.

        Raises:
            HTTPBadRequest: it is no name, or none in the domain.
        """
        if not text:
            return ""
        problem = _problem(text)
        reason = f"'{text}' not a valid PQDN or FQDN. Reason: {problem}" if problem else None
        if reason is None and self._given:
            reason = self._misplaced(text)
        if reason is not None:
            raise HTTPBadRequest(f"Invalid input for {name}. Reason: {reason}.")
        return text if self._given else ""

    def render(self, port: Port) -> dict[str, object]:
        """Make JSON's types of a port's name, and of its name for each of its addresses."""
        return {
            NAME: port.dns_name,
            definition.DNSASSIGNMENT: [self._assigned(port, one) for one in port.fixed_ips],
        }

    def _assigned(self, port: Port, fixed_ip: FixedIP) -> dict[str, str]:
        address = str(fixed_ip.ip_address)
        made_up = f"host-{address.replace('.', '-').replace(':', '-')}"
        hostname = (port.dns_name if self._given else "") or made_up
        absolute = hostname.endswith(".") or not self._domain
        return {
            "ip_address": address,
            "hostname": hostname,
            "fqdn": hostname if absolute else f"{hostname}.{self._domain}",
        }

    def _misplaced(self, text: str) -> str | None:
        """Tell why a name is none in the domain."""
        above = f".{self._domain}"
        if text.endswith("."):
            if text.endswith(above) and len(text) > len(above):
                return None
            return (
                "The dns_name passed is a FQDN. Its higher level labels must be equal to the "
                f"dns_domain option in neutron.conf, that has been set to '{self._configured}'. "
                "It must also include one or more valid DNS labels to the left of "
                f"'{self._configured}'"
            )
        if len(text) + len(above) <= LONGEST:
            return None
        return (
            f"The dns_name passed is a PQDN and its size is '{len(text)}'. The dns_domain option "
            f"in neutron.conf is set to {self._configured}, with a length of '{len(above)}'. When "
            "the two are concatenated to form a FQDN (with a '.' at the end), the resulting "
            f"length exceeds the maximum size of '{LONGEST}'"
        )


def _problem(text: str) -> str | None:
    """Tell why a text is no name."""
    trimmed = text.removesuffix(".")
    if len(trimmed) > LONGEST:
        return f"'{trimmed}' exceeds the {LONGEST} character FQDN limit"
    labels = trimmed.split(".")
    for label in labels:
        if not label:
            return "Encountered an empty component"
        if label.startswith("-") or label.endswith("-"):
            return f"Name '{label}' must not start or end with a hyphen"
        if not _LABEL.fullmatch(label):
            return (
                f"Name '{label}' must be 1-63 characters long, each of which can only be "
                "alphanumeric or a hyphen"
            )
    if len(labels) > 1 and labels[-1].isdigit():
        return f"TLD '{labels[-1]}' must not be all numeric"
    return None
