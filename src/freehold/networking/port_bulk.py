"""Writing many new ports by few statements, when all of them are planned.

Invariant: it is all or nothing, as anything in one unit of work. Who is refused,
and why, is not for this module to tell: see `freehold.networking.bulk`.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from freehold.db.retry import run_again_if_references_break
from freehold.networking.addressing import Addressing
from freehold.networking.plan.grouping import groups_of
from freehold.networking.plan.ports import PortPlan
from freehold.networking.store import fixed_ips as fixed_ip_rows
from freehold.networking.store import ports as port_rows
from freehold.networking.values import FixedIP, Port


def create_together(
    connection: Connection, addressing: Addressing, planned: Sequence[tuple[Port, PortPlan]]
) -> tuple[Port, ...]:
    """Store new ports, and give them their addresses.

    Args:
        connection: the unit's connection.
        addressing: the driver's side of the unit.
        planned: the ports without addresses, and what each is to get.

    Raises:
        FreeholdError: a wish is refused; see `Addressing.allocate_each`.
        DBDuplicateEntry: a MAC address is in use, or the driver handed out what
            another port shows.
    """
    with run_again_if_references_break():
        port_rows.add_all(connection, [port for port, _ in planned])
    gained: list[dict[int, FixedIP]] = [{} for _ in planned]
    for group in groups_of([plan for _, plan in planned]):
        for place, fixed_ip in addressing.allocate_each(group.subnet_ids, group.requests):
            port, rank = group.takers[place]
            gained[port][rank] = fixed_ip
    created = tuple(
        replace(port, fixed_ips=tuple(fixed_ip for _, fixed_ip in sorted(by_rank.items())))
        for (port, _), by_rank in zip(planned, gained, strict=True)
    )
    with run_again_if_references_break():
        fixed_ip_rows.add_fixed_ips_of_all(connection, created)
    return created
