"""What is asked of both services."""

from collections.abc import Sequence
from typing import Protocol

from bench.api.client import Client
from bench.api.crowd import CrowdPort
from freehold.addresses.ranges import IPNetwork


class Service(Protocol):
    """A service on a database of its own.

    Attributes:
        name: the heading of its column.
        client: asks it.
        patience: for how long one figure of it may be measured, in seconds.
    """

    name: str
    client: Client
    patience: float

    def put_ports(self, network_id: str, subnet_id: str, ports: Sequence[CrowdPort]) -> None:
        """Store ports by no service."""

    def put_subnets(self, network_id: str, pool_id: str, cidrs: Sequence[IPNetwork]) -> None:
        """Store subnets of a pool by no service."""

    def close(self) -> None:
        """Let go of the database."""
