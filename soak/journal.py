"""What a worker was about to do, and what it was told came of it: a file of JSON lines.

Invariants: that an operation begins is written before the database hears of it,
and what came of it before the worker goes on. So the journal of a worker that was
killed has at most one operation without an end, the last one, and nobody knows
what came of that.

Times are of the machine's monotonic clock, which all processes share.
"""

import json
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self


class Kind(StrEnum):
    """What an operation is."""

    ANY = "any"
    NEXT = "next"
    SPECIFIC = "specific"
    BULK = "bulk"
    RELEASE = "release"


class Outcome(StrEnum):
    """What the worker was told of an operation."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a worker.

    Attributes:
        name: unique; the holder of what it allocates.
        count: of how many addresses.
        begun: when, in seconds.
        releases: the name of the operation whose addresses it gives back.
        ended: when; None if the worker did not live to see it.
        outcome: what came of it.
        error: the class of the error that reached the worker, if any did.
        addresses: what it allocated, or gives back.
        runs: how often its unit of work was run.
    """

    name: str
    kind: Kind
    subnet_id: str
    count: int
    begun: float
    releases: str | None = None
    ended: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    error: str | None = None
    addresses: tuple[str, ...] = ()
    runs: int = 0

    @property
    def seconds(self) -> float:
        """How long the worker waited for it; 0 if it did not live to see its end."""
        return 0.0 if self.ended is None else self.ended - self.begun


class Journal:
    """Where a worker writes.

    It is not synced to the disk: what is tested is the death of processes, and
    not that of the machine.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def begin(self, operation: Operation) -> None:
        """Write that an operation begins."""
        self._write(
            {
                "name": operation.name,
                "kind": operation.kind,
                "subnet_id": operation.subnet_id,
                "count": operation.count,
                "begun": operation.begun,
                "releases": operation.releases,
                "addresses": operation.addresses,
            }
        )

    def end(self, operation: Operation) -> None:
        """Write what came of it."""
        self._write(
            {
                "name": operation.name,
                "ended": operation.ended,
                "outcome": operation.outcome,
                "error": operation.error,
                "addresses": operation.addresses,
                "runs": operation.runs,
            }
        )

    def _write(self, line: dict[str, object]) -> None:
        # One system call, which a SIGKILL does not cut in two.
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read(path: Path) -> list[Operation]:
    """Return the operations of a journal, in the order in which they began."""
    operations: dict[str, Operation] = {}
    for text in path.read_text().splitlines() if path.exists() else ():
        line = json.loads(text)
        line["addresses"] = tuple(line["addresses"])
        begun = operations.get(line["name"])
        if begun is None:
            operations[line["name"]] = Operation(**{**line, "kind": Kind(line["kind"])})
        else:
            operations[begun.name] = replace(begun, **{**line, "outcome": Outcome(line["outcome"])})
    return list(operations.values())


def still_held(operations: list[Operation]) -> list[Operation]:
    """Return the acknowledged allocations that nobody began to give back."""
    given_back = {operation.releases for operation in operations}
    return [
        operation
        for operation in operations
        if operation.kind is not Kind.RELEASE
        and operation.outcome is Outcome.DONE
        and operation.name not in given_back
    ]
