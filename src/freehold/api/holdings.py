"""Who holds and who held an address, as clients and users of the command read it."""

from freehold.api.times import show_time
from freehold.ipam.allocation import Allocation


def render(holding: Allocation) -> dict[str, object]:
    """Make JSON's types of a holding."""
    return {
        "subnet_id": holding.subnet_id,
        "ip_address": str(holding.address),
        "holder": holding.holder,
        "since": show_time(holding.since),
        "until": None if holding.until is None else show_time(holding.until),
    }
