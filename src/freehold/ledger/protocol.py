"""What a keeper of the ledger promises.

A ledger object is bound to one unit of work (for SQL: one connection in a
begun transaction). Contract suite: ``tests/ledger/test_contract.py``.

Invariants of every keeper:

- An address of a subnet has one holder at most, whoever claims it and when.
- A claim that is refused was refused because of a row that the same unit can
  then read. On an SQL database this asks for an isolation level at which each
  statement sees what was committed before it (READ COMMITTED), or for one
  writer at a time (SQLite).
- Nothing is held in a subnet that the ledger does not know.
- What changes is changed by who knows the subnet as it is: a claim or a release
  under a stamp that is not the subnet's any more changes nothing.

An address is *taken* if somebody holds it, or if it was released and rests: it
is kept from being claimed, until it is claimed again by `reclaim`.

Addresses are of their subnet's IP version; that is for the caller to see to, as
is whether an address belongs into the subnet at all.

A ledger knows subnets for two reasons: an allocator has to know the pools, and
the removal of a subnet has to exclude claims.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.ipam.allocation import Allocation as Allocation
from freehold.ipam.strategy import Strategy


class SubnetChanged(Exception):  # it asks for another look, and is no failure
    """A subnet is not as the caller knows it, or is gone. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSubnet:
    """What a ledger knows of a subnet.

    Attributes:
        subnet_id: at most 36 characters.
        project_id: whose it is; may be empty.
        cidr: never changes.
        gateway_ip: None if the subnet has none.
        pools: the ranges to hand out from, ascending, without overlap.
        strategy: how addresses are chosen; None for the driver's default.
        cool_down: how long a released address rests, in whole seconds; None for
            the driver's default.
        stamp: a number of 63 bits that is another one after each change.
    """

    subnet_id: str
    project_id: str
    cidr: IPNetwork
    gateway_ip: IPAddress | None
    pools: tuple[AddressRange, ...]
    strategy: Strategy | None = None
    cool_down: timedelta | None = None
    stamp: int = 0


class Released(NamedTuple):
    """An address that was released and rests.

    Attributes:
        at: when it was released, in UTC.
        address: the address.
    """

    at: datetime
    address: IPAddress


class Claim(NamedTuple):
    """An address, and for whom it is to be claimed.

    Attributes:
        address: the address.
        holder: who is to hold it; None if that does not matter.
    """

    address: IPAddress
    holder: str | None


def claims(addresses: Iterable[IPAddress], holder: str | None) -> list[Claim]:
    """Return the claims of several addresses for one holder."""
    return [Claim(address, holder) for address in addresses]


class Ledger(Protocol):
    """A register of subnets and of the addresses held in them."""

    @property
    def transactional(self) -> bool:
        """Whether a rollback of the caller's transaction undoes what was done here."""
        ...

    # Subnets

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet.

        Raises:
            SubnetAlreadyExists: there is one with this id.
        """
        ...

    def create_subnets(self, subnets: Sequence[LedgerSubnet]) -> None:
        """Take up subnets, all or none; few statements, however many they are.

        Raises:
            SubnetAlreadyExists: there is one with the id of one of them. A database
                may then have to roll back.
        """
        ...

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for.

        One statement, however many they are.
        """
        ...

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change a subnet's gateway, pools, strategy, cool-down and stamp to these.

        Addresses that are held stay held, be they in the new pools or not.
        Those that rest outside of the new pools are forgotten.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        ...

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet; whatever is held in it is released.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        ...

    # Claims and releases

    def claim(self, subnet: LedgerSubnet, address: IPAddress, holder: str | None) -> bool:
        """Hold an address that is not taken.

        One statement if it is won. If somebody else claimed it in a transaction
        that is not over, it waits for the end of that transaction.

        Returns:
            True if it was free and is the holder's now, False if it was taken.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        ...

    def claim_many(self, subnet: LedgerSubnet, wanted: Sequence[Claim]) -> list[IPAddress]:
        """Hold those of the addresses that are not taken; few statements.

        Args:
            subnet: the subnet.
            wanted: addresses of the subnet's IP version, none of them twice, and
                who is to hold each.

        Returns:
            The addresses that were free and are held now, in the order in which
            they were given.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp; nothing was
                claimed.
        """
        ...

    def reclaim_many(
        self, subnet: LedgerSubnet, wanted: Sequence[Claim], released_by: datetime
    ) -> list[IPAddress]:
        """Hold those of the addresses that rest, and were released by some time.

        Args:
            subnet: the subnet.
            wanted: addresses of the subnet's IP version, none of them twice, and
                who is to hold each.
            released_by: the latest release after which they may be had.

        Returns:
            The addresses that are held now, in the order in which they were given.

        Raises:
            SubnetChanged: the subnet is not the one of this stamp.
        """
        ...

    def release(self, subnet: LedgerSubnet, address: IPAddress, *, keep: bool = False) -> None:
        """Take an address from its holder.

        Args:
            subnet: the subnet.
            address: the address.
            keep: whether it rests from now on, or is free at once.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetChanged: the subnet is not the one of this stamp.
        """
        ...

    def put_back(
        self, subnet_id: str, addresses: Sequence[IPAddress], released_at: datetime | None
    ) -> None:
        """Undo claims, or reclaims, of this unit of work: as if nobody had held them.

        Args:
            subnet_id: the subnet.
            addresses: what was claimed; those that nobody holds are passed over.
            released_at: since when they rest again; None for not at all.
        """
        ...

    # What is held

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        ...

    def allocations(
        self, subnet_id: str, within: AddressRange, limit: int | None = None
    ) -> list[Allocation]:
        """Return the held addresses of a range with their holders, ascending.

        Args:
            subnet_id: the subnet; an unknown one holds nothing.
            within: both ends included.
            limit: no more than this many, the lowest ones; None for all.
        """
        ...

    def taken(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the addresses of a range that are taken, ascending.

        Args:
            subnet_id: the subnet; in an unknown one nothing is.
            within: both ends included.
            limit: no more than this many, the lowest ones; None for all.
        """
        ...

    def count_taken(self, subnet_id: str, ranges: Sequence[AddressRange]) -> list[int]:
        """Return how many addresses of each range are taken; one statement for 16 ranges."""
        ...

    # What rests

    def resting(
        self, subnet: LedgerSubnet, limit: int, after: Released | None = None
    ) -> list[Released]:
        """Return released addresses that rest, by the time of their release.

        Args:
            subnet: the subnet.
            limit: no more than this many, those released first.
            after: begin behind this one: the last one of the page before.
        """
        ...

    def count_resting(self, subnet_id: str, ranges: Sequence[AddressRange]) -> int:
        """Return how many addresses of the ranges rest."""
        ...

    def released_at(self, subnet_id: str, address: IPAddress) -> datetime | None:
        """Return when an address that rests was released; None if it does not rest."""
        ...

    # What was held

    def history(
        self,
        address: IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first.

        Args:
            address: the address.
            subnet_id: in this subnet only; None for any, also for one that is gone.
            at: only who held it at this time.
            limit: no more than this many; None for all.
        """
        ...

    def forget(self, past_before: datetime, rests_before: datetime, limit: int) -> int:
        """Forget past holders, and end rests.

        Args:
            past_before: who gave an address back before this time is forgotten.
            rests_before: what was released before this time rests no longer, and
                is as if nobody had ever held it; no cool-down may last so long.
            limit: no more than about this many of each at once.

        Returns:
            How many were forgotten; 0 if there are no more.
        """
        ...
