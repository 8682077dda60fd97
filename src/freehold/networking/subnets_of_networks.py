"""The subnets that a unit of work on ports has to do with, each network's read once."""

from collections.abc import Set

from sqlalchemy import Connection

from freehold.networking.store import networks as network_rows
from freehold.networking.store import segments as segment_rows
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.values import Subnet


class SubnetsOfNetworks:
    """The subnets of networks, and which segments of them a host is on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: dict[str, tuple[Subnet, ...]] = {}
        self._segments: dict[tuple[str, str], frozenset[str]] = {}

    def of(self, network_id: str) -> tuple[Subnet, ...]:
        """Return a network's subnets, the oldest first.

        Raises:
            NetworkNotFound: there is no such network.
        """
        if network_id not in self._read:
            _, self._read[network_id] = network_rows.get_with_subnets(self._connection, network_id)
        return self._read[network_id]

    def segments_of(self, network_id: str, host: str) -> frozenset[str]:
        """Tell which segments of a network a host is on, if any of its subnets is on one."""
        if not host or all(subnet.segment_id is None for subnet in self.of(network_id)):
            return frozenset()
        key = (network_id, host)
        if key not in self._segments:
            self._segments[key] = segment_rows.of_host(self._connection, *key)
        return self._segments[key]

    def read(self, network_ids: Set[str]) -> None:
        """Read the subnets of several networks, which costs no more statements than of a few.

        Raises:
            NetworkNotFound: one of the networks is not there.
        """
        if len(network_ids) > 1:
            found = network_rows.find_with_subnets(self._connection, network_ids)
            self._read.update({one: subnets for one, (_, subnets) in found.items()})

    def existing(self, subnet_ids: Set[str]) -> frozenset[str]:
        """Tell which of these subnets exist, on whatever network."""
        return subnet_rows.existing(self._connection, subnet_ids)
