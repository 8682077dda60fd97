"""What was measured of the services, kept beside its page as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """What one service takes for one request.

    Attributes:
        database: its name.
        request: in words.
        among: how much there is already, in words.
        service: its name.
        median_ms: the median.
        operations: how often it was asked.
        machine: where and when.
    """

    database: str
    request: str
    among: str
    service: str
    median_ms: float
    operations: int
    machine: str


def to_json(timings: Sequence[Timing]) -> str:
    """Return the timings as JSON."""
    return json.dumps([asdict(one) for one in timings], indent=1) + "\n"


def from_json(text: str) -> list[Timing]:
    """Return the timings that `to_json` was given."""
    return [Timing(**one) for one in json.loads(text)]


def renewed(before: Sequence[Timing], measured: Sequence[Timing]) -> list[Timing]:
    """Return what was measured now, and before that of other databases."""
    anew = {one.database for one in measured}
    return [*(one for one in before if one.database not in anew), *measured]
