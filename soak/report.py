"""What callers saw of each disturbance, from the journals. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from soak.checking import Verdict
from soak.journal import Operation, Outcome

CONTENTION = "AllocationContention"
"""The one refusal that is a failure: nothing was wrong with what was asked for."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A time in which something was done to the database, with what followed from it.

    It ends when the next one begins. Times are of the journals' clock.
    """

    name: str
    begun: float
    ended: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What callers saw in phases of one name.

    Attributes:
        operations: how many ended, whatever came of them.
        refused: of those, how many were refused for a reason of their own.
        rerun: how many took more than one run of their unit of work.
        stall: the longest that one operation took, in seconds.
        silence: the longest time in which no operation of any worker was done, in seconds.
        errors: how many of each class reached a caller.
    """

    operations: int
    refused: int
    rerun: int
    stall: float
    silence: float
    errors: Mapping[str, int]


def figures(phases: Sequence[Phase], operations: Iterable[Operation]) -> dict[str, Figures]:
    """Return what was seen by the names of the phases; an operation counts where it ended."""
    ended = sorted(
        ((one.ended, one) for one in operations if one.ended is not None), key=lambda pair: pair[0]
    )
    return {
        name: _seen(
            {
                phase: [one for at, one in ended if phase.begun <= at < phase.ended]
                for phase in phases
                if phase.name == name
            }
        )
        for name in dict.fromkeys(phase.name for phase in phases)
    }


def _seen(groups: Mapping[Phase, Sequence[Operation]]) -> Figures:
    operations = [one for group in groups.values() for one in group]
    errors = Counter(one.error for one in operations if one.error and _is_failure(one))
    return Figures(
        operations=len(operations),
        refused=sum(one.outcome is Outcome.REFUSED and not _is_failure(one) for one in operations),
        rerun=sum(one.runs > 1 for one in operations),
        stall=max((one.seconds for one in operations), default=0.0),
        silence=max(_silence(phase, group) for phase, group in groups.items()),
        errors=errors,
    )


def _silence(phase: Phase, operations: Sequence[Operation]) -> float:
    """Return the longest time in a phase in which nobody was served."""
    done = [one.ended for one in operations if one.ended is not None and not _is_failure(one)]
    times = [phase.begun, *done, phase.ended]
    return max(later - earlier for earlier, later in pairwise(times))


def _is_failure(operation: Operation) -> bool:
    return operation.outcome is Outcome.UNKNOWN or operation.error == CONTENTION


def render(seen: Mapping[str, Figures], verdicts: Mapping[str, Verdict]) -> str:
    """Make a table of what was seen, and a line a server of what was found there."""
    headings = ("", "operations", "refused", "run again", "longest", "nobody served", "errors")
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for name, one in seen.items():
        errors = ", ".join(f"{count} {error}" for error, count in sorted(one.errors.items()))
        cells = (one.operations, one.refused, one.rerun, f"{one.stall:.1f} s")
        rest = (f"{one.silence:.1f} s", errors or "none")
        lines.append(f"| {' | '.join(map(str, (name, *cells, *rest)))} |")
    for server, verdict in verdicts.items():
        lines.append(
            f"{server}: {verdict.held} addresses held; {verdict.unknown} operations of unknown "
            f"outcome, of which {verdict.carried_out} were carried out; "
            f"{len(verdict.violations)} broken promises"
        )
        lines += [f"  {violation}" for violation in verdict.violations]
    return "\n".join(lines)
