"""What a process knows of the subnets that it used last.

It may be out of date. Whoever acts on it names the stamp under which it was
read, and the ledger tells if the subnet has another one by now. So a subnet
has to be read only once in a process, and again when it was changed.

A stamp is random, so that no two states of a subnet have the same one: also
not if one of them was only ever seen by a transaction that was rolled back.
"""

from collections import OrderedDict
from threading import Lock

from freehold.ledger.protocol import LedgerSubnet

SUBNETS = 4096
"""Subnets that are remembered, by default."""


class KnownSubnets:
    """Subnets by id, those used last; safe to share among threads."""

    def __init__(self, subnets: int = SUBNETS) -> None:
        self._most = subnets
        self._lock = Lock()
        self._subnets: OrderedDict[str, LedgerSubnet] = OrderedDict()

    def get(self, subnet_id: str) -> LedgerSubnet | None:
        """Return a subnet as it was known last; None if it is not remembered."""
        with self._lock:
            subnet = self._subnets.get(subnet_id)
            if subnet is not None:
                self._subnets.move_to_end(subnet_id)
            return subnet

    def put(self, subnet: LedgerSubnet) -> None:
        """Remember a subnet instead of what was known of it."""
        with self._lock:
            self._subnets[subnet.subnet_id] = subnet
            self._subnets.move_to_end(subnet.subnet_id)
            if len(self._subnets) > self._most:
                self._subnets.popitem(last=False)

    def forget(self, subnet_id: str) -> None:
        """Forget a subnet."""
        with self._lock:
            self._subnets.pop(subnet_id, None)
