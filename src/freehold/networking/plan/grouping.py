"""Which wishes of many ports are put to the driver together.

Invariant: of the wishes for any address, no subnet is asked for them in another
order than if the ports came one by one; so the same ones of them can be fulfilled,
from the same subnets. Wishes for one certain address come before them all: what
one port asks for by name is not handed out to another one of the same request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    PreferNextAddressRequest,
)
from freehold.networking.plan.ports import PortPlan, Wish


@dataclass(frozen=True, slots=True)
class Group:
    """Wishes that the same subnets may serve.

    Attributes:
        subnet_ids: the subnets, preferred ones first.
        requests: what to ask for.
        takers: whose wish each of them is: the place of a port, and the rank of
            the address among those that it gets.
    """

    subnet_ids: tuple[str, ...]
    requests: list[AddressRequest] = field(default_factory=list)
    takers: list[tuple[int, int]] = field(default_factory=list)


def groups_of(plans: Sequence[PortPlan]) -> tuple[Group, ...]:
    """Return the wishes of several ports in as few groups as their order allows."""
    wishes = [(port, wish) for port, plan in enumerate(plans) for wish in plan.add]
    uncertain = [one for one in wishes if _is_uncertain(one[1])]
    certain = [one for one in wishes if not _is_uncertain(one[1])]
    return (*_grouped(certain), *_grouped(uncertain))


def _grouped(wishes: Sequence[tuple[int, Wish]]) -> list[Group]:
    groups: list[Group] = []
    latest: dict[str, int] = {}
    for port, wish in wishes:
        # Groups behind the latest one that has a subnet in common can wait for this wish.
        place = max((latest.get(one, -1) for one in wish.subnet_ids), default=-1)
        if place < 0 or groups[place].subnet_ids != wish.subnet_ids:
            place = len(groups)
            groups.append(Group(wish.subnet_ids))
            latest.update(dict.fromkeys(wish.subnet_ids, place))
        groups[place].requests.append(wish.request)
        groups[place].takers.append((port, wish.rank))
    return groups


def _is_uncertain(wish: Wish) -> bool:
    return isinstance(wish.request, AnyAddressRequest | PreferNextAddressRequest)
