"""What was measured, as frozen values, and as JSON.

The tables and the plot are made of these alone, so that a run can be shown again
without being repeated.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one operation of one contender took.

    Attributes:
        database: the name of the place.
        operation: a value of `bench.measuring.Operation`, or what the service does.
        cidr: the subnet.
        held: how many of its addresses were held.
        share: that as a share of the pool, between 0 and 1; None for a large subnet.
        order: a value of `bench.layouts.Order`.
        contender: whose operation.
        median_ms: milliseconds.
        mean_ms: milliseconds.
        operations: how many were timed.
    """

    database: str
    operation: str
    cidr: str
    held: int
    share: float | None
    order: str
    contender: str
    median_ms: float
    mean_ms: float
    operations: int

    @property
    def setting(self) -> tuple[str, str, str, int, str]:
        """All but the contender: what figures that are compared have in common."""
        return (self.database, self.operation, self.cidr, self.held, self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much several workers did at once.

    Attributes:
        database: the name of the place.
        workers: how many processes.
        writers: how many nodes they wrote to.
        contender: whose operations.
        per_second: how many committed.
        failed: how many transactions failed for another's sake, as a share of all;
            certification failures and deadlocks.
    """

    database: str
    workers: int
    writers: int
    contender: str
    per_second: float
    failed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a place was measured on.

    Attributes:
        database: the name of the place.
        machine: processors and versions.
        date: the day, as in ISO 8601.
    """

    database: str
    machine: str
    date: str


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured.

    Attributes:
        runs: one for each place, in the order of the places.
        figures: of single operations.
        rates: of workers.
    """

    runs: tuple[Run, ...]
    figures: tuple[Figure, ...]
    rates: tuple[Rate, ...]

    @property
    def databases(self) -> Sequence[str]:
        """The names of the places."""
        return [run.database for run in self.runs]

    def contenders(self, database: str) -> Sequence[str]:
        """Return those who were measured at a place, in the order of their turns."""
        return list(
            dict.fromkeys(one.contender for one in self.figures if one.database == database)
        )


def renewed(old: Results, new: Results) -> Results:
    """Return old results with those places measured anew that the new ones have."""
    anew = set(new.databases)
    runs = {run.database: run for run in (*old.runs, *new.runs)}
    return Results(
        tuple(runs.values()),
        (*(one for one in old.figures if one.database not in anew), *new.figures),
        (*(one for one in old.rates if one.database not in anew), *new.rates),
    )


def to_json(results: Results) -> str:
    """Write results down."""
    return json.dumps(asdict(results), indent=1) + "\n"


def from_json(text: str) -> Results:
    """Read what `to_json` wrote."""
    read = json.loads(text)
    return Results(
        tuple(Run(**one) for one in read["runs"]),
        tuple(Figure(**one) for one in read["figures"]),
        tuple(Rate(**one) for one in read["rates"]),
    )
