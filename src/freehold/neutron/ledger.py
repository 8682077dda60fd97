"""Who holds which address, in Neutron's tables and in Neutron's transaction.

Bound to one connection, in the transaction that Neutron hands over. Of a
`freehold.ledger.protocol.Ledger` it has what choosing an address asks for
(`freehold.ledger.holdings`): Neutron's tables tell no holders, no times, no rests
and no past. Subnets are named by Neutron's ids.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete

from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound
from freehold.ledger.claiming import MANY, portions
from freehold.ledger.protocol import Claim, LedgerSubnet, Released, SubnetChanged
from freehold.neutron.claiming import claiming_for
from freehold.neutron.reading import reading_for
from freehold.neutron.subnet_rows import SubnetRows
from freehold.neutron.tables import ipam_allocations
from freehold.neutron.texts import number, text, text_of

_these = (
    ipam_allocations.c.ipam_subnet_id == bindparam("ipam_id"),
    ipam_allocations.c.ip_address.in_(bindparam("addresses", expanding=True)),
)
_RELEASE = delete(ipam_allocations).where(*_these)


class NeutronLedger:
    """The `freehold.ledger.holdings.Holdings` of Neutron's tables, for one transaction.

    Args:
        connection: its transaction begun.
        subnets: its subnets.
    """

    def __init__(self, connection: Connection, subnets: SubnetRows) -> None:
        self._connection = connection
        self._subnets = subnets
        self._lost: dict[str, set[int]] = defaultdict(set)
        self._claiming = claiming_for(connection.dialect.name)
        self._reading = reading_for(connection.dialect.name)

    @property
    def sees_latest(self) -> bool:
        """Whether each statement sees what was committed before it.

        Neutron leaves it at a database's default. On MariaDB that is a snapshot
        of the time of the transaction's first read, so that an address may look
        free and be taken. What a claim has shown to be taken is remembered there.
        """
        return self._connection.dialect.name == "postgresql"

    # Claims and releases

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken, and tell whether that was so.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        del holder
        won = self._claiming.one(self._connection, self._known(subnet), text(address))
        if not won:
            self._lose(subnet, [address])
        return won

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        """Hold those of the addresses that are not taken, and return them.

        Raises:
            SubnetChanged: the subnet is gone.
        """
        if not wanted:
            return []
        by_text = {text(claim.address): claim.address for claim in wanted}
        ipam_id = self._known(subnet)
        claimed = self._claiming.many(self._connection, ipam_id, list(by_text))
        self._lose(subnet, [by_text[spelled] for spelled in by_text.keys() - claimed])
        return [address for spelled, address in by_text.items() if spelled in claimed]

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        """Return nothing: no address rests."""
        del subnet, wanted, released_by
        return []

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder; it is free at once.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetChanged: the subnet is gone.
        """
        del keep
        parameters = {"ipam_id": self._known(subnet), "addresses": [text(address)]}
        if self._connection.execute(_RELEASE, parameters).rowcount == 0:
            raise IpAddressAllocationNotFound(str(address), subnet.subnet_id)

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims of this unit of work."""
        del released_at
        ipam_id = self._subnets.ipam_id(subnet_id)
        for portion in portions(addresses, MANY):
            parameters = {"ipam_id": ipam_id, "addresses": [text(one) for one in portion]}
            self._connection.execute(_RELEASE, parameters)

    # What is held

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending."""
        ipam_id = self._subnets.ipam_id(subnet_id)
        if ipam_id is None:
            return []
        found = self._reading.taken(self._connection, ipam_id, within, limit)
        last = found[-1] if limit is not None and len(found) == limit else within.last
        hidden = {one for one in self._lost.get(subnet_id, ()) if within.first <= one <= last}
        return sorted(hidden.union(found))[:limit] if hidden else found

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken."""
        ipam_id = self._subnets.ipam_id(subnet_id)
        if ipam_id is None:
            return [0] * len(ranges)
        counts = self._reading.count(self._connection, ipam_id, ranges)
        if subnet_id in self._lost:
            for lost in self._hidden(subnet_id, ipam_id, ranges[0].version):
                for place, one in enumerate(ranges):
                    counts[place] += one.first <= lost <= one.last
        return counts

    # What rests: nothing

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return nothing."""
        del subnet, limit, after
        return []

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return 0."""
        del subnet_id, ranges
        return 0

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return None."""
        del subnet_id, address
        return None

    def _known(self, subnet: LedgerSubnet) -> str:
        """Return what a subnet is called.

        Raises:
            SubnetChanged: it is gone.
        """
        ipam_id = self._subnets.ipam_id(subnet.subnet_id)
        if ipam_id is None:
            raise SubnetChanged(subnet.subnet_id)
        return ipam_id

    def _lose(self, subnet: LedgerSubnet, addresses: Sequence[IPAddress]) -> None:
        """Remember what claims have shown to be taken, if reads may not show it."""
        if addresses and not self.sees_latest:
            self._lost[subnet.subnet_id].update(map(int, addresses))

    def _hidden(self, subnet_id: str, ipam_id: str, version: int) -> set[int]:
        """Return what claims have shown to be taken, and reads do not show."""
        lost = self._lost[subnet_id]
        shown = self._reading.named(
            self._connection, ipam_id, [text_of(version, one) for one in lost]
        )
        return lost.difference(number(version, one) for one in shown)
