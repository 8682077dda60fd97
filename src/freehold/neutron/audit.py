"""Comparing Neutron's two tables of allocations, its subnets and its ports with each other.

``ipamallocations`` is what the IPAM driver holds, ``ipallocations`` what ports
have. Neutron writes both in one transaction, so a snapshot of both agrees, be
there ports on the way or not. A look is one such snapshot; it locks nothing.

Two looks with a pause between are made nevertheless: a driver with books
elsewhere, and Neutron where it acts in several transactions, may be halfway
through. What only one of them shows is no finding.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, Engine, bindparam, select

from freehold.ledger.claiming import portions
from freehold.neutron.connecting import in_transaction
from freehold.neutron.findings import Finding, Kind
from freehold.neutron.tables import (
    ip_allocations,
    ipam_allocations,
    ipam_pools,
    ipam_subnets,
    ports,
    subnet_ranges,
    subnets,
)

AT_ONCE = 500
"""Subnets whose addresses are compared at once."""

Pools = frozenset[tuple[str, str]]

_IPAM_SUBNETS = select(ipam_subnets.c.id, ipam_subnets.c.neutron_subnet_id)
_SUBNETS = select(subnets.c.id, subnets.c.cidr)
_IPAM_POOLS = select(ipam_pools.c.ipam_subnet_id, ipam_pools.c.first_ip, ipam_pools.c.last_ip)
_POOLS = select(subnet_ranges.c.subnet_id, subnet_ranges.c.first_ip, subnet_ranges.c.last_ip)
_HELD = select(ipam_allocations.c.ipam_subnet_id, ipam_allocations.c.ip_address).where(
    ipam_allocations.c.ipam_subnet_id.in_(bindparam("ids", expanding=True))
)
_SHOWN = (
    select(
        ip_allocations.c.subnet_id,
        ip_allocations.c.ip_address,
        ip_allocations.c.port_id,
        ports.c.device_owner,
    )
    .outerjoin_from(ip_allocations, ports, ports.c.id == ip_allocations.c.port_id)
    .where(ip_allocations.c.subnet_id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An address that Neutron has stored as a port's.

    Attributes:
        port_id: the port; empty if none is named.
        owner: what the port is for; None if there is no such port.
    """

    port_id: str
    owner: str | None


def audit(engine: Engine, wait: Callable[[], None]) -> list[Finding]:
    """Return what two looks at a database both show, ordered by kind and subnet.

    Args:
        engine: on Neutron's database.
        wait: lets the time between the looks pass.
    """
    first = look(engine)
    if not first:
        return []
    wait()
    return sorted(first & look(engine))


def look(engine: Engine) -> set[Finding]:
    """Return what a snapshot of the database shows.

    Raises:
        DatabaseUnavailable: the database failed, and went on failing.
    """
    return in_transaction(engine, _look)


def still_there(found: Iterable[Finding], shown: Iterable[Finding]) -> list[Finding]:
    """Return which of some findings a later look shows as well, maybe with other details.

    Args:
        found: the findings.
        shown: what the look shows.
    """
    places = {(one.kind, one.subnet_id, one.address) for one in shown}
    return [one for one in found if (one.kind, one.subnet_id, one.address) in places]


def _look(connection: Connection) -> set[Finding]:
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    return set(_compare(connection))


def _compare(connection: Connection) -> Iterator[Finding]:
    by_subnet: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(_IPAM_SUBNETS):
        by_subnet[row.neutron_subnet_id].append(row.id)
    cidrs = {row.id: row.cidr for row in connection.execute(_SUBNETS)}
    yield from compare_subnets(by_subnet, cidrs)
    yield from _compare_pools(connection, by_subnet, cidrs)
    for some in portions(sorted(cidrs), AT_ONCE):
        shown = _shown(connection, some)
        held = _held(connection, {one: by_subnet[one] for one in some if one in by_subnet})
        for subnet_id in some:
            if subnet_id in by_subnet:
                yield from compare_addresses(subnet_id, held[subnet_id], shown[subnet_id])
            yield from check_addresses(subnet_id, cidrs[subnet_id], shown[subnet_id])


def compare_subnets(
    by_subnet: Mapping[str, Sequence[str]], known: Iterable[str]
) -> Iterator[Finding]:
    """Yield what is wrong about which subnets there are.

    Args:
        by_subnet: the ids in ``ipamsubnets`` of each of Neutron's ids there.
        known: the subnets that Neutron has.
    """
    known = frozenset(known)
    for subnet_id in known - by_subnet.keys():
        yield Finding(kind=Kind.UNKNOWN_SUBNET, subnet_id=subnet_id)
    for subnet_id, ipam_ids in by_subnet.items():
        if subnet_id not in known:
            for ipam_id in ipam_ids:
                yield Finding(kind=Kind.ORPHAN, subnet_id=str(subnet_id), detail=ipam_id)
        elif len(ipam_ids) > 1:
            detail = ", ".join(sorted(ipam_ids))
            yield Finding(kind=Kind.TWICE, subnet_id=subnet_id, detail=detail)


def compare_addresses(
    subnet_id: str, held: Iterable[str], shown: Mapping[str, Shown]
) -> Iterator[Finding]:
    """Yield the leaks and ghosts of a subnet.

    Args:
        subnet_id: the subnet.
        held: what the IPAM driver holds.
        shown: what Neutron has stored as ports'.
    """
    held = frozenset(held)
    for address in held - shown.keys():
        yield Finding(kind=Kind.LEAK, subnet_id=subnet_id, address=address)
    for address in shown.keys() - held:
        port = shown[address]
        # What belongs to no port is told as such.
        if port.owner is not None:
            yield Finding(
                kind=Kind.GHOST,
                subnet_id=subnet_id,
                address=address,
                port_id=port.port_id,
                detail=port.owner,
            )


def check_addresses(subnet_id: str, cidr: str, shown: Mapping[str, Shown]) -> Iterator[Finding]:
    """Yield which addresses of a subnet have no port, or are none of the subnet's."""
    network = ip_network(cidr, strict=False)
    for address, port in shown.items():
        if port.owner is None:
            yield Finding(
                kind=Kind.PORTLESS, subnet_id=subnet_id, address=address, port_id=port.port_id
            )
        if ip_address(address) not in network:
            yield Finding(
                kind=Kind.OUTSIDE,
                subnet_id=subnet_id,
                address=address,
                port_id=port.port_id,
                detail=cidr,
            )


def described(pools: Pools) -> str:
    """Return pools as a text."""
    return ", ".join(f"{first}-{last}" for first, last in sorted(pools)) or "none"


def _compare_pools(
    connection: Connection, by_subnet: Mapping[str, Sequence[str]], known: Iterable[str]
) -> Iterator[Finding]:
    used: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in connection.execute(_IPAM_POOLS):
        used[row.ipam_subnet_id].add((row.first_ip, row.last_ip))
    shown: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in connection.execute(_POOLS):
        shown[row.subnet_id].add((row.first_ip, row.last_ip))
    for subnet_id in known:
        for ipam_id in by_subnet.get(subnet_id, ()):
            if used[ipam_id] != shown[subnet_id]:
                detail = described(frozenset(shown[subnet_id]))
                yield Finding(kind=Kind.POOLS, subnet_id=subnet_id, detail=detail)


def _held(
    connection: Connection, by_subnet: Mapping[str, Sequence[str]]
) -> defaultdict[str, set[str]]:
    owners = {ipam_id: one for one, ipam_ids in by_subnet.items() for ipam_id in ipam_ids}
    held: defaultdict[str, set[str]] = defaultdict(set)
    if owners:
        for row in connection.execute(_HELD, {"ids": list(owners)}):
            held[owners[row.ipam_subnet_id]].add(row.ip_address)
    return held


def _shown(connection: Connection, subnet_ids: Sequence[str]) -> defaultdict[str, dict[str, Shown]]:
    shown: defaultdict[str, dict[str, Shown]] = defaultdict(dict)
    for row in connection.execute(_SHOWN, {"ids": list(subnet_ids)}):
        shown[row.subnet_id][row.ip_address] = Shown(row.port_id or "", row.device_owner)
    return shown
