"""What a journal tells of workers that ended in good order, and of one that did not."""

from dataclasses import replace
from pathlib import Path

from soak.journal import Journal, Kind, Operation, Outcome, read, still_held

BEGUN = Operation(name="w-1", kind=Kind.ANY, subnet_id="wide", count=1, begun=1.5)
ENDED = replace(BEGUN, ended=2.5, outcome=Outcome.DONE, addresses=("10.1.0.7",), runs=2)
GIVING_BACK = Operation(
    name="w-2",
    kind=Kind.RELEASE,
    subnet_id="wide",
    count=1,
    begun=3.0,
    releases="w-1",
    addresses=("10.1.0.7",),
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with Journal(file) as journal:
        journal.begin(BEGUN)
        assert read(file) == [BEGUN]
        journal.end(ENDED)
        journal.begin(GIVING_BACK)
    assert read(file) == [ENDED, GIVING_BACK]
    assert ENDED.seconds == 1.0
    assert read(file)[1].outcome is Outcome.UNKNOWN


def test_what_somebody_began_to_give_back_is_not_held_any_more() -> None:
    assert still_held([ENDED]) == [ENDED]
    assert still_held([ENDED, GIVING_BACK]) == []
    assert still_held([BEGUN]) == []
