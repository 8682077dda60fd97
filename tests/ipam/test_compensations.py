import logging
from functools import partial

import pytest

from freehold.ipam.compensations import Compensations


class FirstError(Exception):
    pass


class UndoError(Exception):
    pass


class Steps:
    """Steps that note when they are undone; the step ``broken`` cannot be."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.undone: list[str] = []

    def run(self, error: BaseException | None = None, inside: Compensations | None = None) -> None:
        """Do the steps inside of compensations, and then fail with the error."""
        with inside or Compensations() as undo:
            for name in self.names:
                undo.add(f"give back {name}", partial(self._undo, name))
            if error is not None:
                raise error

    def _undo(self, name: str) -> None:
        if name == "broken":
            raise UndoError
        self.undone.append(name)


def test_a_failure_undoes_everything_last_in_first_out() -> None:
    steps = Steps("a", "b", "c")
    with pytest.raises(FirstError):
        steps.run(FirstError())
    assert steps.undone == ["c", "b", "a"]


def test_success_undoes_nothing() -> None:
    steps = Steps("a", "b", "c")
    steps.run()
    assert steps.undone == []


def test_an_undo_that_fails_is_logged_and_neither_stops_the_others_nor_hides_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps = Steps("a", "broken", "c")
    with caplog.at_level(logging.ERROR), pytest.raises(FirstError):
        steps.run(FirstError())
    assert steps.undone == ["c", "a"]
    [record] = caplog.records
    assert "give back broken" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is UndoError


def test_an_interruption_is_a_failure_too() -> None:
    steps = Steps("a")
    with pytest.raises(KeyboardInterrupt):
        steps.run(KeyboardInterrupt())
    assert steps.undone == ["a"]


def test_what_was_undone_once_is_not_undone_again() -> None:
    compensations = Compensations()
    first, second = Steps("a"), Steps("b")
    for steps in (first, second):
        with pytest.raises(FirstError):
            steps.run(FirstError(), compensations)
    assert (first.undone, second.undone) == (["a"], ["b"])
