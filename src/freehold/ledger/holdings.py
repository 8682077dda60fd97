"""What choosing an address asks of whoever keeps the addresses.

It is less than a whole `freehold.ledger.protocol.Ledger`, whose methods of these
names say what they promise: who holds an address, and since when, is of no
account to who looks for a free one. So books that cannot tell, such as Neutron's
tables, serve as well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.ledger.protocol import Claim, LedgerSubnet, Released


class Holdings(Protocol):
    """Which addresses are taken, in one unit of work."""

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken, and tell whether that was so."""
        ...

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        """Hold those of the addresses that are not taken, and return them."""
        ...

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        """Hold those of the addresses that rest, and were released by some time."""
        ...

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder."""
        ...

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims, or reclaims, of this unit of work."""
        ...

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending."""
        ...

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken."""
        ...

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return released addresses that rest, by the time of their release."""
        ...

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return how many addresses of the ranges rest."""
        ...

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return when an address that rests was released; None if it does not rest."""
        ...
