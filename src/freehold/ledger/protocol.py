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

Addresses are of their subnet's IP version; that is for the caller to see to, as
is whether an address belongs into the subnet at all.

A ledger knows subnets for two reasons: an allocator has to know the pools, and
the removal of a subnet has to exclude claims.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSubnet:
    """What a ledger knows of a subnet.

    Attributes:
        subnet_id: at most 36 characters.
        project_id: whose it is; may be empty.
        cidr: never changes.
        gateway_ip: None if the subnet has none.
        pools: the ranges to hand out from, ascending, without overlap.
    """

    subnet_id: str
    project_id: str
    cidr: IPNetwork
    gateway_ip: IPAddress | None
    pools: tuple[AddressRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One held address.

    Attributes:
        holder: who holds it, as told by the claimant; may be None.
        since: when it was claimed, in UTC, to the microsecond.
    """

    subnet_id: str
    address: IPAddress
    holder: str | None
    since: datetime


class Ledger(Protocol):
    """A register of subnets and of the addresses held in them."""

    @property
    def transactional(self) -> bool:
        """Whether a rollback of the caller's transaction undoes what was done here."""
        ...

    def create_subnet(self, subnet: LedgerSubnet) -> None:
        """Take up a subnet.

        Raises:
            SubnetAlreadyExists: there is one with this id.
        """
        ...

    def get_subnets(self, subnet_ids: Sequence[str]) -> list[LedgerSubnet]:
        """Return those of the subnets that exist, in the order asked for.

        One statement, however many they are.
        """
        ...

    def replace_subnet(self, subnet: LedgerSubnet) -> None:
        """Change the gateway and the pools of a subnet to these.

        Addresses that are held stay held, be they in the new pools or not.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        ...

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet and whatever is held in it.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        ...

    def claim(self, subnet_id: str, address: IPAddress, holder: str | None) -> bool:
        """Hold an address if nobody does.

        One statement. If somebody else claimed it in a transaction that is not
        over, it waits for the end of that transaction.

        Returns:
            True if it was free and is the holder's now, False if it was held.

        Raises:
            SubnetNotFound: there is no such subnet, or not any more.
        """
        ...

    def claim_many(
        self, subnet_id: str, addresses: Sequence[IPAddress], holder: str | None
    ) -> list[IPAddress]:
        """Hold those of the addresses that nobody holds; few statements.

        Args:
            subnet_id: the subnet.
            addresses: of the subnet's IP version; none of them twice.
            holder: who is to hold them.

        Returns:
            The addresses that were free and are the holder's now, in the order
            in which they were given.

        Raises:
            SubnetNotFound: there is no such subnet; nothing was claimed.
        """
        ...

    def release(self, subnet_id: str, address: IPAddress) -> None:
        """Make an address free again.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
        """
        ...

    def release_many(self, subnet_id: str, addresses: Sequence[IPAddress]) -> None:
        """Make addresses free again; those that nobody holds are passed over."""
        ...

    def find(self, subnet_id: str, address: IPAddress) -> Allocation | None:
        """Return who holds an address; None if nobody does."""
        ...

    def held(self, subnet_id: str, within: AddressRange, limit: int | None = None) -> list[int]:
        """Return the values of the held addresses of a range, ascending.

        Args:
            subnet_id: the subnet; an unknown one holds nothing.
            within: both ends included.
            limit: no more than this many, the lowest ones; None for all.
        """
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

    def count(self, subnet_id: str, within: AddressRange) -> int:
        """Return how many addresses of a range are held; both ends included."""
        ...
