"""Who has an address, or had it: what ledgers and drivers tell."""

from dataclasses import dataclass
from datetime import datetime

from freehold.addresses.ranges import IPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One address that somebody holds, or held.

    Attributes:
        subnet_id: the subnet that it is, or was, of.
        address: the address.
        holder: who holds it, as told by the claimant; may be None.
        since: when it was claimed, in UTC, to the microsecond.
        until: when it was released; None while it is held.
    """

    subnet_id: str
    address: IPAddress
    holder: str | None
    since: datetime
    until: datetime | None = None
