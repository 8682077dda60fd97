"""The driver's unit of work: subnets as Neutron's transaction shows them.

Subnets are read once in a transaction, all of a request in one statement, and
never trusted beyond it: Neutron's tables cannot tell that a subnet is another
one by now. What outlives the transaction is what may be wrong without harm:
hints, and what subnets are called.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection

from freehold.addresses.hints import HintBook
from freehold.addresses.picking import total_size
from freehold.addresses.ranges import IPAddress
from freehold.drivers.site import ROUNDS, Site
from freehold.drivers.subnet import LedgerBackedSubnet
from freehold.errors import SubnetNotFound
from freehold.ipam.driver import Surroundings
from freehold.ipam.requests import BulkAddressRequest
from freehold.ledger.protocol import LedgerSubnet
from freehold.neutron.guessing import claim_guessed
from freehold.neutron.ledger import NeutronLedger
from freehold.neutron.subnet_rows import IpamIds, SubnetRows

BLIND_ROUNDS = 64
"""Searches of who is not shown what others took since: the claims tell, one by one."""

DENSE = 1 << 20
"""Addresses of pools that are read in windows; of larger ones hardly any is taken."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process keeps from one transaction to the next; nothing of it has to be true."""

    hints: HintBook = field(default_factory=HintBook)
    ipam_ids: IpamIds = field(default_factory=IpamIds)


class Unit:
    """One transaction of Neutron's.

    Args:
        connection: in that transaction.
        memory: shared by all units of the process.
        surroundings: where randomness and time come from.

    Attributes:
        rows: the tables' subnets.
    """

    def __init__(self, connection: Connection, memory: Memory, surroundings: Surroundings) -> None:
        self.rows = SubnetRows(connection, memory.ipam_ids)
        self._ledger = NeutronLedger(connection, self.rows)
        self._memory = memory
        self._surroundings = surroundings
        self._subnets: dict[str, LedgerSubnet] = {}
        self._gone: set[str] = set()
        self._claimed: dict[str, set[int]] = defaultdict(set)
        self._released: dict[str, set[int]] = defaultdict(set)

    def read(self, subnet_ids: Sequence[str]) -> None:
        """Read those of the subnets that were not read yet, at once."""
        wanted = [one for one in subnet_ids if one not in self._subnets]
        for subnet in self.rows.get(wanted):
            self.learn(subnet)

    def learn(self, subnet: LedgerSubnet) -> None:
        """Take a subnet as this, without reading it."""
        self._subnets[subnet.subnet_id] = subnet

    def forget(self, subnet_id: str) -> None:
        """Have a subnet read anew when it is asked for again."""
        self._subnets.pop(subnet_id, None)

    def subnet(self, subnet_id: str) -> LedgerSubnet:
        """Return a subnet.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        self.read([subnet_id])
        if subnet_id in self._gone or subnet_id not in self._subnets:
            raise SubnetNotFound(subnet_id)
        return self._subnets[subnet_id]

    def open(self, subnet_id: str) -> LedgerBackedSubnet:
        """Return a subnet's addresses."""
        # It is gone, if the ledger says that it has changed; reads may go on showing it.
        return LedgerBackedSubnet(
            partial(self._site, subnet_id), partial(self._gone.add, subnet_id)
        )

    def allocate_many(self, subnet_id: str, count: int) -> list[IPAddress]:
        """Hand out so many addresses of a subnet, or none.

        Raises:
            IpAddressGenerationFailure: fewer are free.
            AllocationContention: others took what was proposed, again and again.
            SubnetNotFound: there is none with this id.
        """
        site = self._site(subnet_id)
        guessed = [] if site.in_windows else claim_guessed(site, count)
        return guessed or self.open(subnet_id).bulk_allocate(BulkAddressRequest(count))

    def _site(self, subnet_id: str, *, fresh: bool = False) -> Site:
        del fresh  # It is never older than the transaction.
        subnet = self.subnet(subnet_id)
        return Site(
            ledger=self._ledger,
            subnet=subnet,
            reuse=self._surroundings.reuse,
            hints=self._memory.hints.of(subnet_id, subnet.stamp),
            random=self._surroundings.random,
            now=self._surroundings.now,
            claimed=self._claimed[subnet_id],
            released=self._released[subnet_id],
            in_windows=total_size(subnet.pools) <= DENSE,
            sees_latest=self._ledger.sees_latest,
            rounds=ROUNDS if self._ledger.sees_latest else BLIND_ROUNDS,
        )
