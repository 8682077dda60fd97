"""A backend on a fresh database, with short ways of making what a test needs.

Time and randomness are a test's own: each reading of the clock is a second
later than the one before, and the random numbers come from a seed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from random import Random
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from freehold.addresses.encoding import from_bytes
from freehold.addresses.prefixes import prefix_at, subtract
from freehold.addresses.ranges import AddressRange
from freehold.db import schema
from freehold.db.database import Database
from freehold.db.tables import subnetpool_gaps, subnetpool_usage
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import FreeholdError
from freehold.ipam.driver import Surroundings
from freehold.ledger.tables import allocations, past_allocations
from freehold.networking.backend import Backend
from freehold.networking.limits import Limits
from freehold.networking.pool_values import (
    AddressScope,
    AddressScopeDraft,
    SubnetPool,
    SubnetPoolDraft,
)
from freehold.networking.values import (
    FixedIPRequest,
    FromPool,
    IPv6Mode,
    Network,
    NetworkDraft,
    Port,
    PortDraft,
    Subnet,
    SubnetDraft,
)

IN_MEMORY = "sqlite://"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

E = TypeVar("E", bound=FreeholdError)
R = TypeVar("R", Network, Subnet, Port, SubnetPool)


def pools(*ends: tuple[str, str]) -> tuple[AddressRange, ...]:
    """Return allocation pools from the texts of their ends."""
    return tuple(AddressRange.parse(start, end) for start, end in ends)


def asks(*texts: str | tuple[Subnet, str | None]) -> tuple[FixedIPRequest, ...]:
    """Return ``fixed_ips``: an address each, or a subnet and an address in it, if any."""
    entries = [(None, text) if isinstance(text, str) else (text[0].id, text[1]) for text in texts]
    return tuple(
        FixedIPRequest(subnet_id, None if address is None else ip_address(address))
        for subnet_id, address in entries
    )


def addresses(port: Port) -> list[str]:
    """Return a port's addresses as texts, in its order."""
    return [str(fixed_ip.ip_address) for fixed_ip in port.fixed_ips]


class NoPauses(Random):
    """Randomness for a database that runs a unit again at once."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


class Premises:
    """A backend with the reference driver on a database of its own.

    Attributes:
        database: upgraded, and empty at first.
        backend: what is tested.
        now: its clock.
    """

    def __init__(
        self, url: str = IN_MEMORY, *, limits: Limits | None = None, random: Random | None = None
    ) -> None:
        seconds = count()
        self.now: Callable[[], datetime] = lambda: NOON + timedelta(seconds=next(seconds))
        surroundings = Surroundings(random=random or Random(11), now=self.now)
        self.database = Database(url, random=NoPauses())
        schema.upgrade(self.database)
        self.backend = Backend(
            self.database, ReferenceDriver(surroundings), limits, surroundings=surroundings
        )

    def network(self, **values: Any) -> Network:
        return self.backend.networks.create([NetworkDraft(**{"project_id": "p", **values})])[0]

    def subnet(self, network: Network, cidr: str, mode: str | None = None, **values: Any) -> Subnet:
        return self.backend.subnets.create([subnet_draft(network, cidr, mode, **values)])[0]

    def port(self, network: Network, *asked: str, **values: Any) -> Port:
        if asked:
            values["fixed_ips"] = asks(*asked)
        return self.backend.ports.create([port_draft(network, **values)])[0]

    def scope(self, ip_version: int = 4, **values: Any) -> AddressScope:
        given = {"project_id": "p", "ip_version": ip_version, **values}
        return self.backend.address_scopes.create([AddressScopeDraft(**given)])[0]

    def pool(self, *prefixes: str, **values: Any) -> SubnetPool:
        return self.backend.subnet_pools.create([pool_draft(*prefixes, **values)])[0]

    def subnet_of(
        self, pool: SubnetPool, network: Network, wanted: int | str | None = None, **values: Any
    ) -> Subnet:
        """Create a subnet out of a pool, of a prefix length or with a CIDR."""
        draft = pooled_draft(pool, network, wanted, **values)
        return self.backend.subnets.create([draft])[0]

    def check_pools(self) -> None:
        """Check that gaps and subnets make up each pool, and that usage is counted right."""
        with self.database.engine.connect() as connection:
            gaps = connection.execute(select(subnetpool_gaps)).all()
            usage = connection.execute(select(subnetpool_usage)).all()
        subnets = self.backend.subnets.find([])
        for pool in self.backend.subnet_pools.find([]):
            own = [subnet for subnet in subnets if subnet.subnetpool_id == pool.id]
            held = [subnet.cidr for subnet in own]
            free = {
                prefix_at(pool.ip_version, from_bytes(row.first, pool.ip_version), row.prefixlen)
                for row in gaps
                if row.subnetpool_id == pool.id
            }
            assert free == set(subtract(pool.prefixes, held))
            assert not subtract(held, pool.prefixes)
            size = sum(prefix.num_addresses for prefix in pool.prefixes)
            assert sum(prefix.num_addresses for prefix in (*free, *held)) == size
            counted = {
                (row.project_id, row.prefixlen): row.subnets
                for row in usage
                if row.subnetpool_id == pool.id and row.subnets
            }
            assert counted == Counter((one.project_id, one.cidr.prefixlen) for one in own)

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows of all tables."""
        with self.database.engine.connect() as connection:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(table))), key=repr
                )
                for metadata in schema.METADATA
                for table in metadata.sorted_tables
            }

    def present(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows of all tables but those that tell of what was before."""
        return {name: rows for name, rows in self.dump().items() if name != past_allocations.name}

    def held(self) -> set[tuple[str, str | None, bytes]]:
        """Return subnet, holder and address of all that the ledger has."""
        with self.database.engine.connect() as connection:
            rows = connection.execute(select(allocations)).all()
        return {
            (row.subnet_id, row.holder, bytes(row.address))
            for row in rows
            if row.released_at is None
        }

    @contextmanager
    def refused(self, kind: type[E]) -> Iterator[pytest.ExceptionInfo[E]]:
        """Expect a refusal that leaves each row of each table as it was."""
        before = self.dump()
        with pytest.raises(kind) as caught:
            yield caught
        assert self.dump() == before


def grown(before: R, after: R, times: int = 1) -> R:
    """Return a resource with the record of a later state of it.

    Its revision has to have grown that often, and its time with it.
    """
    assert after.record.revision == before.record.revision + times
    assert (after.record.updated_at > before.record.updated_at) == bool(times)
    assert after.record.created_at == before.record.created_at
    return replace(before, record=after.record)


def subnet_draft(
    network: Network, cidr: str, mode: str | None = None, **values: Any
) -> SubnetDraft:
    """Return a draft of a subnet; both of its IPv6 modes are the one given."""
    prefix = ip_network(cidr)
    chosen = None if mode is None else IPv6Mode(mode)
    given: dict[str, Any] = {
        "network_id": network.id,
        "project_id": "p",
        "ip_version": prefix.version,
        "cidr": prefix,
        "ipv6_ra_mode": chosen,
        "ipv6_address_mode": chosen,
    }
    return SubnetDraft(**{**given, **values})


def pool_draft(*prefixes: str, **values: Any) -> SubnetPoolDraft:
    """Return a draft of a subnet pool."""
    networks = tuple(ip_network(prefix) for prefix in prefixes)
    given: dict[str, Any] = {"project_id": "p", "name": "pool", "prefixes": networks}
    return SubnetPoolDraft(**{**given, **values})


def pooled_draft(
    pool: SubnetPool, network: Network, wanted: int | str | None = None, **values: Any
) -> SubnetDraft:
    """Return a draft of a subnet out of a pool, of a prefix length or with a CIDR."""
    given: dict[str, Any] = {
        "network_id": network.id,
        "project_id": "p",
        "ip_version": pool.ip_version,
        "cidr": ip_network(wanted) if isinstance(wanted, str) else None,
        "from_pool": FromPool(pool.id, wanted if isinstance(wanted, int) else None),
        "enable_dhcp": False,
    }
    return SubnetDraft(**{**given, **values})


def port_draft(network: Network, **values: Any) -> PortDraft:
    """Return a draft of a port."""
    return PortDraft(**{"network_id": network.id, "project_id": "p", **values})
