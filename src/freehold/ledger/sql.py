"""A ledger on Freehold's own tables, on any database that SQLAlchemy speaks to.

Bound to one connection in a begun transaction, which it neither commits nor
rolls back. The engine may be anybody's: with or without oslo.db's filters, and
on SQLite with or without foreign keys enforced.

A refusal leaves the transaction usable, on PostgreSQL as well, where any error
of the database would end it.

The statements are in modules beside this one, each with what it is to keep true:
`subnet_rows`, `claiming`, `reclaiming`, `releasing`, `putting_back`, `reading` and
`past`. What is here is the unit of work that they share: its connection, its clock
and the ways of its dialect.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection

from freehold.addresses.encoding import to_bytes
from freehold.addresses.ranges import AddressRange, IPAddress
from freehold.errors import IpAddressAllocationNotFound
from freehold.ledger import (
    claiming,
    past,
    putting_back,
    reading,
    reclaiming,
    releasing,
    sqlite,
    subnet_rows,
)
from freehold.ledger.protocol import (
    Allocation,
    Claim,
    LedgerSubnet,
    Released,
    SubnetChanged,
)
from freehold.ledger.tables import stored_time
from freehold.ledger.violations import is_missing_reference, violations


class SqlLedger:
    """A `freehold.ledger.protocol.Ledger` in one transaction of one connection.

    Args:
        connection: its transaction begun.
        now: the clock; what it returns knows its time zone.
        keep_history: whether who held what is remembered after a release.
        how: the way of claiming; the one that fits the database by default.
    """

    def __init__(
        self,
        connection: Connection,
        now: Callable[[], datetime],
        *,
        keep_history: bool = True,
        how: claiming.Claiming | None = None,
    ) -> None:
        self._connection = connection
        self._now = now
        self._remember = keep_history
        self._enforced = sqlite.enforces_references(connection)
        self._claiming = how or claiming.claiming_for(connection.dialect.name)
        self._release = releasing.releasing_for(connection.dialect.name)

    @property
    def transactional(self) -> bool:
        """True: the caller's rollback undoes it all."""
        return True

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet.

        Raises:
            SubnetAlreadyExists: there is one with this id.
        """
        subnet_rows.add(self._connection, subnet)

    def create_subnets(self, subnets: Sequence[LedgerSubnet]) -> None:
        """Take up subnets, all or none.

        Raises:
            SubnetAlreadyExists: there is one with the id of one of them. On
                PostgreSQL the transaction has to be rolled back then.
        """
        if subnets:
            subnet_rows.add_all(self._connection, subnets)

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for."""
        return subnet_rows.read(self._connection, subnet_ids) if subnet_ids else []

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change a subnet's gateway, pools, strategy, cool-down and stamp to these.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        subnet_rows.replace(self._connection, subnet)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet; whatever is held in it is released.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        if self._remember:
            # Whoever claims something now waits for what becomes of the subnet.
            subnet_rows.lock(self._connection, subnet_id)
            releasing.remember_all(self._connection, subnet_id, self._now())
        subnet_rows.remove(self._connection, subnet_id)
        if not self._enforced:
            sqlite.remove_children(self._connection, subnet_id)

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken, and tell whether that was so.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        [row] = self._rows(subnet.subnet_id, [Claim(address, holder)])
        with _as_changed(subnet):
            return self._claiming.one(self._connection, row, subnet.stamp)

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        """Hold those of the addresses that are not taken, and return them.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        if not wanted:
            return []
        rows = self._rows(subnet.subnet_id, wanted)
        # In one order, so that no two that claim many wait for each other.
        rows.sort(key=lambda row: row["address"])
        with _as_changed(subnet):
            claimed = self._claiming.many(self._connection, rows, subnet.stamp)
        return [claim.address for claim in wanted if to_bytes(claim.address) in claimed]

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        """Hold those of the addresses that rest, and were released by some time.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        rows = self._rows(subnet.subnet_id, wanted)
        reclaimed = reclaiming.reclaim(self._connection, subnet, rows, released_by)
        return [claim.address for claim in wanted if to_bytes(claim.address) in reclaimed]

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetChanged: the subnet is not the one of this stamp.
        """
        parameters = {
            "in_subnet": subnet.subnet_id,
            "stamp": subnet.stamp,
            "this": to_bytes(address),
            "now": stored_time(self._now()),
        }
        if not self._release(self._connection, parameters, keep, self._remember):
            claiming.require_subnet(self._connection, subnet.subnet_id, subnet.stamp)
            raise IpAddressAllocationNotFound(str(address), subnet.subnet_id)

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims, or reclaims, of this unit of work: as if nobody had held them."""
        putting_back.put_back(self._connection, subnet_id, addresses, released_at)

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        return reading.find(self._connection, subnet_id, address)

    def allocations(
        self, subnet_id: str, within: AddressRange, limit: int | None = None
    ) -> list[Allocation]:
        """Return the held addresses of a range with their holders, ascending."""
        return reading.held(self._connection, subnet_id, within, limit)

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending."""
        return reading.taken(self._connection, subnet_id, within, limit)

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken; one statement for 16 ranges."""
        return reading.count_taken(self._connection, subnet_id, ranges)

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return released addresses that rest, by the time of their release."""
        return reading.resting(self._connection, subnet, limit, after)

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return how many addresses of the ranges rest."""
        return reading.count_resting(self._connection, subnet_id, ranges)

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return when an address that rests was released; None if it does not rest."""
        return reading.released_at(self._connection, subnet_id, address)

    def history(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first."""
        return past.history(self._connection, address, subnet_id, at, limit)

    def forget(self, past_before: datetime, rests_before: datetime, limit: int) -> int:
        """Forget past holders, and end rests; return how many of both."""
        return past.forget(self._connection, past_before, rests_before, limit)

    def _rows(self, subnet_id: str, wanted: Sequence[Claim]) -> list[claiming.Row]:
        return claiming.rows_of(subnet_id, wanted, stored_time(self._now()))


@contextmanager
def _as_changed(subnet: LedgerSubnet) -> Iterator[None]:
    """Tell of a reference that is gone as of a subnet that is another one than was thought."""
    try:
        yield
    except violations() as error:
        if not is_missing_reference(error):
            raise
        raise SubnetChanged(subnet.subnet_id) from error
