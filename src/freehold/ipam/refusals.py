"""The sentences and figures with which a subnet refuses an address."""

from freehold.addresses.ranges import IPAddress, IPNetwork
from freehold.errors import Reason, Refusal


def unsuitable(subnet_id: str, cidr: IPNetwork, address: IPAddress) -> Refusal:
    """Say why an address is not one that this subnet hands out on request."""
    where = f"Subnet {subnet_id} ({cidr})"
    figures = {"ip_address": str(address)}
    if address.version != cidr.version:
        return Refusal(
            Reason.OTHER_IP_VERSION,
            f"{where} is an IPv{cidr.version} subnet.",
            subnet_id,
            str(cidr),
            figures,
        )
    if address not in cidr:
        return Refusal(
            Reason.ADDRESS_OUTSIDE_SUBNET,
            f"{where} does not contain {address}.",
            subnet_id,
            str(cidr),
            figures,
        )
    return Refusal(
        Reason.ADDRESS_RESERVED,
        f"{where} reserves {address} as its network or broadcast address.",
        subnet_id,
        str(cidr),
        figures,
    )
