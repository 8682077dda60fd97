"""The gateway of a subnet: what it is by default, and what it may not be.

Both rules are Neutron's, as its Networking API answers, because routers and
clients count on them. A gateway outside of the CIDR is allowed: it is then
reached on the link. Each default is one that the check allows.
"""

from freehold.addresses.ranges import IPAddress, IPNetwork, address_of
from freehold.errors import InvalidInput

POINT_TO_POINT = 31
"""The prefix length of an IPv4 link of two hosts, which has no broadcast address."""


def default_gateway(cidr: IPNetwork, *, explicit: bool = True) -> IPAddress:
    """Return the gateway of a subnet for which none was asked.

    It is the first address after the network address. For an IPv6 CIDR that
    was given by the client it is the network address itself, which is the
    subnet-router anycast address (RFC 4291, 2.6.1).

    A /32, and a /128 out of a subnet pool, have nothing after their only
    address: their gateway is the next address outside of the CIDR.

    Args:
        cidr: the subnet's CIDR.
        explicit: False when the CIDR was cut from a subnet pool.

    Raises:
        InvalidInput: the CIDR is the last address that there is.
    """
    if cidr.version == 6 and explicit:
        return cidr.network_address
    number = int(cidr.network_address) + 1
    if number >= 1 << cidr.max_prefixlen:
        raise InvalidInput(
            f"There is no default gateway for {cidr}; set gateway_ip to an address outside of it "
            "or to null"
        )
    return address_of(cidr.version, number)


def check_gateway(cidr: IPNetwork, gateway: IPAddress) -> None:
    """Refuse a gateway that a subnet cannot have.

    On a /31 both addresses are hosts (RFC 3021), so that either may be the
    gateway. Neutron refuses them, and with them each /31 for which no other
    gateway was given.

    Raises:
        InvalidInput: the gateway is of the other IP version, or the network or
            broadcast address of an IPv4 CIDR.
    """
    if gateway.version != cidr.version:
        raise InvalidInput(f"gateway_ip '{gateway}' does not match the ip_version '{cidr.version}'")
    if cidr.version == 6 or cidr.prefixlen == POINT_TO_POINT:
        return
    if gateway in (cidr.network_address, cidr.broadcast_address):
        raise InvalidInput("Gateway is not valid on subnet")
