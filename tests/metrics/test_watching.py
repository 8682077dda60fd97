"""Reading something slow by a thread: in time, once at a time, and not too often."""

from threading import Event
from time import monotonic

from freehold.api.metrics.watching import Watched
from freehold.errors import DatabaseUnavailable

LONG = 60.0


def test_what_was_read_is_good_for_a_while() -> None:
    values = iter(range(10))
    watched = Watched("value", lambda: next(values), keep_seconds=LONG, limit_seconds=LONG)
    first = watched.fresh()
    assert first is not None
    assert first.value == 0
    assert watched.fresh() is first


def test_what_is_old_is_read_again() -> None:
    values = iter(range(10))
    watched = Watched("value", lambda: next(values), keep_seconds=0, limit_seconds=LONG)
    found = [watched.latest(wait=True) for _ in range(3)]
    assert [one.value for one in found if one is not None] == [0, 1, 2]


def test_nobody_waits_longer_than_the_limit_and_later_ones_do_not_wait_at_all() -> None:
    go_on, calls = Event(), []

    def read() -> int:
        calls.append(1)
        go_on.wait(LONG)
        return 7

    watched = Watched("value", read, keep_seconds=LONG, limit_seconds=0.05)
    assert watched.fresh() is None
    begun = monotonic()
    assert [watched.fresh() for _ in range(20)] == [None] * 20
    assert monotonic() - begun < LONG / 2
    assert len(calls) == 1
    go_on.set()
    while (reading := watched.fresh()) is None:
        pass
    assert reading.value == 7
    assert len(calls) == 1


def test_a_reading_that_took_long_is_good_for_longer() -> None:
    values = iter(range(10))
    pause = Event()

    def read() -> int:
        pause.wait(0.01)
        return next(values)

    watched = Watched("value", read, keep_seconds=0, limit_seconds=LONG, busy_part=0.0001)
    first = watched.fresh()
    assert first is not None
    assert watched.fresh() is first


def test_after_a_failure_the_last_value_is_there_and_is_not_fresh() -> None:
    answers = [7]

    def read() -> int:
        if not answers:
            raise DatabaseUnavailable
        return answers.pop()

    watched = Watched("value", read, keep_seconds=0, limit_seconds=LONG)
    watched.latest(wait=True)
    assert watched.fresh() is None
    last = watched.latest(wait=False)
    assert last is not None
    assert last.value == 7
