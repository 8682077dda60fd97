"""Which MAC address a port gets: the one that was asked for, or one that nobody has.

Who has one is for the key of the ports' rows to say; what is looked up before spares attempts.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from freehold.addresses.mac import random_mac
from freehold.db.retry import RunAgain
from freehold.errors import MacAddressGenerationFailure, MacAddressInUse
from freehold.networking.store import ports as port_rows
from freehold.networking.values import MacAddress, Port, PortDraft

MAC_ATTEMPTS = 16


class Macs:
    """The MAC addresses of new ports.

    Args:
        base_mac: what the first octets of those that are made up are like.
        random: the source of randomness.
    """

    def __init__(self, base_mac: str, random: Random) -> None:
        self._base_mac = base_mac
        self._random = random

    def choose(self, connection: Connection, drafts: Sequence[PortDraft]) -> list[str]:
        """Return each draft's MAC address; those that are made up differ from all others.

        For one port it is left to its row's key to say that the address is in use.

        Raises:
            MacAddressGenerationFailure: none was found for a port, again and again.
        """
        chosen = [self.made_of(draft.mac_address) for draft in drafts]
        if len(drafts) == 1:
            return chosen
        for _ in range(MAC_ATTEMPTS):
            clashing = self._clashing(connection, drafts, chosen)
            if not clashing:
                return chosen
            for place in sorted(clashing):
                chosen[place] = self.made_of(MacAddress.GENERATE)
        raise MacAddressGenerationFailure(drafts[0].network_id)

    @staticmethod
    def _clashing(
        connection: Connection, drafts: Sequence[PortDraft], macs: Sequence[str]
    ) -> set[int]:
        """Return the places of made-up MAC addresses that another port has or is to have."""
        places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, (draft, mac) in enumerate(zip(drafts, macs, strict=True)):
            places[draft.network_id][mac].append(place)
        clashing: set[int] = set()
        for network_id, by_mac in places.items():
            used = port_rows.macs_in_use(connection, network_id, by_mac.keys())
            for mac, sharing in by_mac.items():
                if mac in used or len(sharing) > 1:
                    clashing.update(sharing)
        return {place for place in clashing if isinstance(drafts[place].mac_address, MacAddress)}

    def made_of(self, wanted: str | MacAddress) -> str:
        """Return a MAC address as it was asked for, or made up."""
        if isinstance(wanted, MacAddress):
            return random_mac(self._base_mac, self._random)
        return wanted


class MacAttempts:
    """How often MAC addresses that were made up for one request were in use."""

    def __init__(self) -> None:
        self._failed = 0

    @contextmanager
    def watching(self, port: Port, generated: bool) -> Iterator[None]:
        """Turn a MAC address in use into another attempt, or into a refusal.

        Raises:
            MacAddressInUse: the address was asked for.
            MacAddressGenerationFailure: it was made up, once too often.
            RunAgain: it was made up.
        """
        try:
            yield
        except DBDuplicateEntry as error:
            if not generated:
                raise MacAddressInUse(port.network_id, port.mac_address) from error
            self._failed += 1
            if self._failed >= MAC_ATTEMPTS:
                raise MacAddressGenerationFailure(port.network_id) from error
            raise RunAgain from error
