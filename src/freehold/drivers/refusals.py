"""Why a subnet could not serve, in words and figures.

A refusal is told to clients, so it names no holder.
"""

from datetime import UTC, datetime, timedelta

from freehold.addresses.ranges import IPAddress
from freehold.drivers.resting import next_free_at
from freehold.drivers.site import Site
from freehold.errors import (
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    Reason,
    Refusal,
)
from freehold.ipam.refusals import unsuitable
from freehold.ledger.protocol import LedgerSubnet


def no_pools(subnet: LedgerSubnet) -> IpAddressGenerationFailure:
    """Tell that there are no pools to hand anything out from."""
    return _generation_failure(subnet, Reason.NO_POOL, "it has no allocation pools.", {})


def exhausted(site: Site) -> IpAddressGenerationFailure:
    """Tell that each address of the pools is held, or rests and when the next one will not."""
    total, own = site.total, site.claimed_of_pools
    resting = site.count_resting() if site.reuse.keeps_released else 0
    held = total - resting - own
    figures: dict[str, int | str] = {"total": total, "held": held}
    if not (own or resting):
        text = f"all {total} of {total} addresses of its allocation pools are held."
        return _generation_failure(site.subnet, Reason.POOL_EXHAUSTED, text, figures)
    text = f"{held} of {total} addresses of its allocation pools are held"
    if resting:
        figures["cooling"] = resting
        text += f", and {resting} were released too lately to be handed out again"
    if own:
        # They are held by nobody once the request is refused.
        figures["taken_by_this_request"] = own
        text += f", and the other {own} are not enough for this request"
    text += "." + _when_next(site, figures)
    return _generation_failure(site.subnet, Reason.POOL_EXHAUSTED, text, figures)


def too_few(site: Site, free: int, rested: int, requested: int) -> IpAddressGenerationFailure:
    """Tell that fewer addresses are free than were asked for at once.

    Args:
        site: the subnet.
        free: how many are, when nothing has been claimed for the request.
        rested: how many of the others were released, and have rested long enough.
        requested: how many were asked for.
    """
    total = site.total
    if not total:
        return no_pools(site.subnet)
    resting = site.count_resting() - rested if site.reuse.keeps_released else 0
    held = total - free - rested - resting
    figures: dict[str, int | str] = {"total": total, "held": held, "requested": requested}
    text = (
        f"{requested} addresses were asked for at once, and {held} of {total} addresses of its "
        "allocation pools are held"
    )
    if resting:
        figures["cooling"] = resting
        text += f", and {resting} were released too lately to be handed out again"
    text += "." + _when_next(site, figures)
    return _generation_failure(site.subnet, Reason.POOL_EXHAUSTED, text, figures)


def cooling(site: Site, address: IPAddress, released: datetime) -> IpAddressAlreadyAllocated:
    """Tell that the address asked for was released too lately to be handed out again."""
    subnet = site.subnet
    free_at = _time(released + site.reuse.cool_down)
    refusal = Refusal(
        Reason.ADDRESS_COOLING,
        _sentence(
            subnet,
            f"{address} was released at {_time(released)} and is not handed out again before "
            f"{free_at}.",
        ),
        subnet.subnet_id,
        str(subnet.cidr),
        {"ip_address": str(address), "free_at": free_at},
    )
    return IpAddressAlreadyAllocated(str(address), subnet.subnet_id, refusals=(refusal,))


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


def _when_next(site: Site, figures: dict[str, int | str]) -> str:
    """Return when the next address becomes free, as a sentence, and add it to the figures."""
    moment = next_free_at(site) if "cooling" in figures else None
    if moment is None:
        return ""
    figures["next_free_at"] = _time(moment)
    return f" The next one becomes free at {_time(moment)}."


def _time(moment: datetime) -> str:
    """Return a time as the API writes it: UTC, and not before the time it stands for."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    if moment.microsecond:
        whole += timedelta(seconds=1)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def _sentence(subnet: LedgerSubnet, text: str) -> str:
    return f"Subnet {subnet.subnet_id} ({subnet.cidr}): {text}"
