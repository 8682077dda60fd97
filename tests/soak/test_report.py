"""What callers saw is counted where it ended."""

from dataclasses import replace

from soak.checking import Verdict
from soak.journal import Kind, Operation, Outcome
from soak.report import Phase, figures, render

DONE = Operation(
    name="w-1",
    kind=Kind.ANY,
    subnet_id="wide",
    count=1,
    begun=9.0,
    ended=9.5,
    outcome=Outcome.DONE,
    runs=1,
)
PHASES = [Phase("calm", 0, 10), Phase("storm", 10, 20), Phase("calm", 20, 30)]
STALLED = replace(DONE, name="w-2", ended=17.0, runs=3)
FAILED = replace(DONE, name="w-3", ended=18.0, outcome=Outcome.UNKNOWN, error="DatabaseUnavailable")
REFUSED = replace(
    DONE, name="w-4", ended=25.0, outcome=Outcome.REFUSED, error="IpAddressGenerationFailure"
)
OVERTAKEN = replace(
    DONE, name="w-5", ended=25.5, outcome=Outcome.REFUSED, error="AllocationContention"
)
UNFINISHED = replace(DONE, name="w-6", ended=None, outcome=Outcome.UNKNOWN)


def test_an_operation_counts_in_the_phase_in_which_it_ended() -> None:
    seen = figures(PHASES, [UNFINISHED, OVERTAKEN, REFUSED, FAILED, STALLED, DONE])
    assert list(seen) == ["calm", "storm"]
    calm, storm = seen.values()
    assert (calm.operations, calm.refused, calm.rerun) == (3, 1, 0)
    assert calm.errors == {"AllocationContention": 1}
    assert (storm.operations, storm.refused, storm.rerun) == (2, 0, 1)
    assert storm.errors == {"DatabaseUnavailable": 1}
    assert (storm.stall, calm.stall) == (9.0, 16.5)


def test_the_time_in_which_nobody_was_served_has_the_ends_of_the_phase_for_bounds() -> None:
    early, late = replace(DONE, ended=10.5), replace(DONE, ended=18.5)
    assert figures(PHASES, [DONE, FAILED])["storm"].silence == 10.0
    assert figures(PHASES, [STALLED, FAILED])["storm"].silence == 7.0
    assert figures(PHASES, [early, late])["storm"].silence == 8.0
    assert figures(PHASES, [early, FAILED])["storm"].silence == 9.5


def test_the_table_has_a_line_for_each_and_every_broken_promise() -> None:
    told = render(
        figures(PHASES, [DONE, STALLED, FAILED]),
        {"host:1": Verdict(("w-1 lost it",), held=3, unknown=2, carried_out=1)},
    )
    assert "| storm | 2 | 0 | 1 | 9.0 s | 7.0 s | 1 DatabaseUnavailable |" in told
    assert "host:1: 3 addresses held; 2 operations of unknown outcome, of which 1" in told
    assert "  w-1 lost it" in told
