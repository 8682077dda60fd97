"""Why a subnet could not serve, in words and figures.

A refusal is told to clients, so it names no holder.
"""

from freehold.addresses.picking import total_size
from freehold.addresses.ranges import IPAddress
from freehold.errors import (
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    Reason,
    Refusal,
)
from freehold.ipam.refusals import unsuitable
from freehold.ledger.protocol import LedgerSubnet


def exhausted(subnet: LedgerSubnet, own: int = 0) -> IpAddressGenerationFailure:
    """Tell that each address of the pools is held, or that there are no pools.

    Args:
        subnet: the subnet.
        own: how many of them are held by what the refused request itself has
            claimed, and so by nobody once it is refused.
    """
    if not subnet.pools:
        return _generation_failure(subnet, Reason.NO_POOL, "it has no allocation pools.", {})
    total = total_size(subnet.pools)
    if own:
        return _generation_failure(
            subnet,
            Reason.POOL_EXHAUSTED,
            f"{total - own} of {total} addresses of its allocation pools are held, and the "
            f"other {own} are not enough for this request.",
            {"total": total, "held": total - own, "taken_by_this_request": own},
        )
    return _generation_failure(
        subnet,
        Reason.POOL_EXHAUSTED,
        f"all {total} of {total} addresses of its allocation pools are held.",
        {"total": total, "held": total},
    )


def too_few(subnet: LedgerSubnet, held: int, requested: int) -> IpAddressGenerationFailure:
    """Tell that fewer addresses are free than were asked for at once."""
    if not subnet.pools:
        return exhausted(subnet)
    total = total_size(subnet.pools)
    return _generation_failure(
        subnet,
        Reason.POOL_EXHAUSTED,
        f"{requested} addresses were asked for at once, and {held} of {total} addresses of its "
        "allocation pools are held.",
        {"total": total, "held": held, "requested": requested},
    )


def held(subnet: LedgerSubnet, address: IPAddress, own: bool) -> IpAddressAlreadyAllocated:
    """Tell that somebody holds the address asked for, or that it was asked for twice."""
    how = "is given out twice by this request" if own else "is held"
    refusal = Refusal(
        Reason.ADDRESS_HELD,
        _sentence(subnet, f"{address} {how}."),
        subnet.subnet_id,
        str(subnet.cidr),
        {"ip_address": str(address)},
    )
    return IpAddressAlreadyAllocated(str(address), subnet.subnet_id, refusals=(refusal,))


def not_assignable(subnet: LedgerSubnet, address: IPAddress) -> InvalidIpForSubnet:
    """Tell why an address that was asked for cannot be one of this subnet's."""
    refusal = unsuitable(subnet.subnet_id, subnet.cidr, address)
    return InvalidIpForSubnet(str(address), refusals=(refusal,))


def _generation_failure(
    subnet: LedgerSubnet, reason: Reason, text: str, figures: dict[str, int | str]
) -> IpAddressGenerationFailure:
    refusal = Refusal(reason, _sentence(subnet, text), subnet.subnet_id, str(subnet.cidr), figures)
    return IpAddressGenerationFailure.in_subnet(subnet.subnet_id, refusal)


def _sentence(subnet: LedgerSubnet, text: str) -> str:
    return f"Subnet {subnet.subnet_id} ({subnet.cidr}): {text}"
