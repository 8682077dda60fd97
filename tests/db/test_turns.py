"""Processes that write to one SQLite file take turns; who cannot have one writes all the same."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from signal import SIGSTOP
from threading import Event

import pytest

from freehold.db import deadline
from freehold.db.database import Database
from freehold.db.tickets import SUFFIX, Tickets
from freehold.db.turns import ProcessTurn
from freehold.errors import RequestTimedOut
from tests.backends import NoPauses
from tests.db.scratch import increment, make_file, read_counter

WAIT_SECONDS = 30
HOLD = """
import os, sys
from pathlib import Path
from freehold.db.turns import ProcessTurn
with ProcessTurn(Path(sys.argv[1])):
    if sys.argv[2] == "fork" and os.fork():
        os.wait()
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return an SQLite file with something to write to."""
    made = tmp_path / "scratch.sqlite"
    make_file(made)
    return made


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{file}", random=NoPauses())
    yield made
    made.dispose()


@contextmanager
def held_elsewhere(file: Path, how: str = "alone") -> Iterator[subprocess.Popen[str]]:
    """Have another process be in the middle of its turn; a child of it stays, if it forks."""
    command = [sys.executable, "-c", HOLD, str(file), how]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def drawn(file: Path) -> int:
    """Return how many numbers were drawn."""
    return int.from_bytes(Path(f"{file}{SUFFIX}").read_bytes(), "little")


def test_each_has_a_turn_before_anybody_has_the_next(file: Path) -> None:
    line = [Tickets(file) for _ in range(5)]
    numbers = {place: place.draw() for place in line}
    for first in line * 3:
        assert [place for place in line if place.is_up(numbers[place])] == [first]
        first.give_back(numbers[first])
        numbers[first] = first.draw()


def test_who_waits_comes_before_who_asks_again(file: Path) -> None:
    begun, end = Event(), Event()
    turns: list[str] = []

    def write_twice() -> None:
        turn = ProcessTurn(file, patience_seconds=WAIT_SECONDS)
        with turn:
            begun.set()
            assert end.wait(WAIT_SECONDS)
        with turn:
            turns.append("again")

    def write(name: str) -> None:
        with ProcessTurn(file, patience_seconds=WAIT_SECONDS):
            turns.append(name)

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write_twice)]
        assert begun.wait(WAIT_SECONDS)
        for name in "abc":
            before = drawn(file)
            writing.append(threads.submit(write, name))
            while drawn(file) == before:
                assert not writing[-1].done()
        end.set()
    assert [one.result() for one in writing] == [None] * 4
    assert turns == ["a", "b", "c", "again"]


def test_a_unit_waits_for_another_process_no_longer_than_it_has_time(
    database: Database, file: Path
) -> None:
    with held_elsewhere(file) as holder:
        holder.send_signal(SIGSTOP)
        with deadline.within(0.05), pytest.raises(RequestTimedOut):
            database.write(increment)
        assert database.read(read_counter) == 0
        holder.kill()
        holder.wait()
        with deadline.within(WAIT_SECONDS):
            assert database.write(increment) == 1


def test_a_unit_is_written_without_a_turn_if_none_comes(database: Database, file: Path) -> None:
    with ProcessTurn(file):
        assert database.write(increment) == 1
    assert database.write(increment) == 2


def test_who_waited_in_vain_leaves_the_line(file: Path) -> None:
    last, hasty, late = Tickets(file), ProcessTurn(file, patience_seconds=0), ProcessTurn(file)
    with ProcessTurn(file), hasty:
        number = last.draw()
        assert not last.is_up(number)
    assert last.is_up(number)
    with deadline.within(0), pytest.raises(RequestTimedOut):
        late.__enter__()
    last.give_back(number)
    assert last.is_up(last.draw())


@pytest.mark.parametrize("how", ["alone", "fork"])
def test_the_turn_of_a_killed_process_is_over(file: Path, how: str) -> None:
    mine = Tickets(file)
    with held_elsewhere(file, how) as holder:
        number = mine.draw()
        assert not mine.is_up(number)
        holder.kill()
        holder.wait()
        assert mine.is_up(number)


def test_a_unit_ends_its_turn_whatever_becomes_of_it(database: Database, file: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        database.write(lambda _unit: 1 // 0)
    mine = Tickets(file)
    assert mine.is_up(mine.draw())


def test_who_has_the_turn_may_take_it_again(file: Path) -> None:
    mine, other = ProcessTurn(file), Tickets(file)
    with mine:
        with mine:
            number = other.draw()
        assert not other.is_up(number)
    assert other.is_up(number)


def test_readers_take_no_turn(database: Database, file: Path) -> None:
    before = drawn(file)
    assert database.read(read_counter) == 0
    assert drawn(file) == before


def test_no_line_is_made_where_there_is_no_file(tmp_path: Path) -> None:
    with ProcessTurn(tmp_path / "missing.sqlite"):
        assert list(tmp_path.iterdir()) == []


def test_a_unit_is_written_where_no_line_can_be_made(tmp_path: Path) -> None:
    file = tmp_path / "scratch.sqlite"
    Path(f"{file}{SUFFIX}").mkdir()
    database = Database(make_file(file), random=NoPauses())
    with ProcessTurn(file), deadline.within(WAIT_SECONDS):
        assert database.write(increment) == 1
    database.dispose()


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x00" * 8, b"notes"])
def test_what_the_file_holds_keeps_nobody_from_taking_turns(file: Path, content: bytes) -> None:
    Path(f"{file}{SUFFIX}").write_bytes(content)
    one, other = Tickets(file), Tickets(file)
    first, second = one.draw(), other.draw()
    assert (one.is_up(first), other.is_up(second)) == (True, False)
    one.give_back(first)
    assert other.is_up(second)


def test_the_file_is_for_those_who_may_use_the_database(file: Path) -> None:
    line = Path(f"{file}{SUFFIX}")
    assert line.stat().st_mode & 0o777 == 0o600
    line.unlink()
    file.chmod(0o660)
    Tickets(file).close()
    assert line.stat().st_mode & 0o777 == 0o660


def test_a_link_to_a_database_leads_to_the_same_line(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(file)
    one, other = Tickets(file), Tickets(link)
    one.draw()
    assert not other.is_up(other.draw())
