"""Comparing what workers were told with what a server's ledger says. Pure.

What has to hold when all is quiet:

- what an acknowledged operation allocated is held by it, all of it and nothing
  else, until it is released, and by nobody once that was acknowledged;
- at no time had two operations been told that an address is theirs;
- a refused operation holds nothing;
- an operation of unknown outcome happened as a whole, or not at all;
- nothing is held beyond that.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from soak.journal import Kind, Operation, Outcome


@dataclass(frozen=True, slots=True)
class Holding:
    """An address that a ledger says is held."""

    subnet_id: str
    address: str
    holder: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison found.

    Attributes:
        violations: each broken promise, in a sentence.
        held: how many addresses are held.
        unknown: how many operations nobody was told the outcome of.
        carried_out: how many of those had their effect.
    """

    violations: tuple[str, ...]
    held: int
    unknown: int
    carried_out: int


def check(operations: Sequence[Operation], holdings: Sequence[Holding]) -> Verdict:
    """Compare all that was told with all that one server's ledger holds."""
    found: dict[str | None, set[tuple[str, str]]] = defaultdict(set)
    for holding in holdings:
        found[holding.holder].add((holding.subnet_id, holding.address))
    releases = {one.releases: one for one in operations if one.kind is Kind.RELEASE}
    allocations = [one for one in operations if one.kind is not Kind.RELEASE]
    violations = [
        *_claimed_twice(holdings),
        *_held_by_two_at_once(allocations, releases),
        *(
            f"{name} holds {_texts(addresses)}, and never asked for anything"
            for name, addresses in found.items()
            if name not in {one.name for one in allocations}
        ),
    ]
    unknown = carried_out = 0
    for allocation in allocations:
        has = found.get(allocation.name, set())
        release = releases.get(allocation.name)
        if not _keeps_its_word(allocation, release, has):
            violations.append(_sentence(allocation, release, has))
        if allocation.outcome is Outcome.UNKNOWN:
            unknown += 1
            carried_out += bool(has)
        elif release is not None and release.outcome is Outcome.UNKNOWN:
            unknown += 1
            carried_out += not has
    return Verdict(tuple(violations), len(holdings), unknown, carried_out)


def _keeps_its_word(
    allocation: Operation, release: Operation | None, has: set[tuple[str, str]]
) -> bool:
    """Tell whether an operation holds what it may hold after all that was told of it."""
    told = {(allocation.subnet_id, address) for address in allocation.addresses}
    if allocation.outcome is Outcome.UNKNOWN:
        return not has or len(has) == allocation.count
    if allocation.outcome is Outcome.REFUSED:
        return not has
    if release is None:
        return has == told
    if release.outcome is Outcome.UNKNOWN:
        return not has or has == told
    # Nobody else gives back what this operation was told is its own: no reason to refuse that.
    return release.outcome is Outcome.DONE and not has


def _sentence(allocation: Operation, release: Operation | None, has: set[tuple[str, str]]) -> str:
    told = ", ".join(allocation.addresses) or "nothing"
    then = "kept it" if release is None else f"gave it back ({release.outcome}, {release.error})"
    return f"{allocation.name} ({allocation.outcome}) got {told}, {then}, and holds {_texts(has)}"


def _claimed_twice(holdings: Iterable[Holding]) -> Iterator[str]:
    seen: dict[tuple[str, str], str | None] = {}
    for one in holdings:
        if (one.subnet_id, one.address) in seen:
            other = seen[one.subnet_id, one.address]
            yield f"{one.address} of {one.subnet_id} is held by {other} and by {one.holder}"
        seen[one.subnet_id, one.address] = one.holder


def _held_by_two_at_once(
    allocations: Iterable[Operation], releases: Mapping[str | None, Operation]
) -> Iterator[str]:
    """Yield each address that one was told is its own before another began to give it back."""
    spans: dict[tuple[str, str], list[tuple[float, float, str]]] = defaultdict(list)
    for one in allocations:
        if one.outcome is Outcome.DONE and one.ended is not None:
            release = releases.get(one.name)
            until = float("inf") if release is None else release.begun
            for address in one.addresses:
                spans[one.subnet_id, address].append((one.ended, until, one.name))
    for (subnet_id, address), taken in spans.items():
        for (_, until, first), (since, _, second) in pairwise(sorted(taken)):
            if since < until:
                yield f"{address} of {subnet_id} was given to {first} and to {second} at once"


def _texts(addresses: Iterable[tuple[str, str]]) -> str:
    return ", ".join(sorted(address for _, address in addresses)) or "nothing"
