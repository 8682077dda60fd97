"""Strategies, rests and history on somebody else's engine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

import freehold
from freehold import OpenRegister, Register, Reuse, Strategy, Surroundings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def register(clock: Clock) -> Register:
    return Register(Surroundings(now=clock))


def test_a_subnet_has_a_strategy_and_a_cool_down_of_its_own(
    engine: Engine, register: Register, clock: Clock
) -> None:
    with engine.begin() as connection:
        book = register.open(connection)
        made = book.create_subnet(
            "10.0.0.0/31",
            subnet_id="s",
            strategy="least-recently-released",
            cool_down=10 * MINUTE,
        )
        assert (made.strategy, made.cool_down) == (Strategy.LEAST_RECENTLY_RELEASED, 10 * MINUTE)
        assert book.subnet("s") == made
        first = book.allocate("s", "a")
        book.allocate("s", "b")
        book.release("s", first)
    with engine.begin() as connection:
        book = register.open(connection)
        with pytest.raises(freehold.IpAddressGenerationFailure) as full:
            book.allocate("s", "c")
        assert full.value.refusals[0].figures["next_free_at"] == "2026-03-01T12:10:00Z"
        with pytest.raises(freehold.IpAddressAlreadyAllocated) as cooling:
            book.allocate_this("s", first, "c")
        assert cooling.value.refusals[0].figures["free_at"] == "2026-03-01T12:10:00Z"
        assert book.allocate_this("s", first, "c", allow_cooling=True) == first
        book.release("s", first)
        clock.now += 10 * MINUTE
        assert book.allocate("s", "d") == first


def test_what_subnets_do_that_say_nothing_is_the_registers_to_say(engine: Engine) -> None:
    upwards = Register(Surroundings(reuse=Reuse(strategy=Strategy.NEXT)))
    with engine.begin() as connection:
        book = upwards.open(connection)
        assert book.create_subnet("10.0.0.0/24", subnet_id="s").strategy is None
        given = [str(book.allocate("s", "h")) for _ in range(3)]
    assert given == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_who_held_an_address_is_told_for_each_time(
    engine: Engine, register: Register, clock: Clock
) -> None:
    with engine.begin() as connection:
        book = register.open(connection)
        book.create_subnet("10.0.0.0/24", subnet_id="s")
        for holder in ("a", "b"):
            book.allocate_this("s", "10.0.0.5", holder)
            clock.now += MINUTE
            book.release("s", "10.0.0.5")
        book.allocate_this("s", "10.0.0.5", "c")
    with engine.begin() as connection:
        book = register.open(connection)
        whole = book.history("10.0.0.5")
        assert [one.holder for one in whole] == ["c", "b", "a"]
        assert whole[0] == book.find("s", "10.0.0.5")
        assert book.history("10.0.0.5", at=NOON + MINUTE / 2) == [whole[2]]
        assert book.history("10.0.0.5", subnet_id="s", limit=2) == whole[:2]
        assert book.history("10.0.0.5", subnet_id="x") == book.history("10.0.0.6") == []
        book.remove_subnet("s")
        assert book.history("10.0.0.5", limit=1)[0].until == clock.now


def test_history_is_part_of_the_callers_transaction(engine: Engine, register: Register) -> None:
    with engine.connect() as connection:
        book = register.open(connection)
        book.create_subnet("10.0.0.0/24", subnet_id="s")
        connection.commit()
        book = register.open(connection)
        book.allocate_this("s", "10.0.0.5", "a")
        book.release("s", "10.0.0.5")
        connection.rollback()
        assert register.open(connection).history("10.0.0.5") == []


def test_what_is_old_is_forgotten(engine: Engine, register: Register, clock: Clock) -> None:
    with engine.begin() as connection:
        book = register.open(connection)
        book.create_subnet("10.0.0.0/24", subnet_id="s", strategy="least-recently-released")
        for last in (5, 6, 7):
            book.allocate_this("s", f"10.0.0.{last}", "a")
            clock.now += MINUTE
            book.release("s", f"10.0.0.{last}")
    with engine.begin() as connection:
        book = register.open(connection)
        assert book.forget_history(NOON + MINUTE) == 0
        assert book.forget_history(clock.now, limit=1) == 1
        assert book.forget_history(clock.now) == 1
        assert book.history("10.0.0.5") == book.history("10.0.0.6") == []
        assert len(book.history("10.0.0.7")) == 1
        with pytest.raises(freehold.IpAddressAlreadyAllocated):
            book.allocate_this("s", "10.0.0.5", "b")
        clock.now += timedelta(days=31)
        assert book.forget_history(NOON) == 3


def test_a_register_that_keeps_no_history_says_so(engine: Engine) -> None:
    forgetful = Register(Surroundings(keep_history=False))
    with engine.begin() as connection:
        book = forgetful.open(connection)
        book.create_subnet("10.0.0.0/24", subnet_id="s")
        book.release("s", book.allocate("s", "h"))
        with pytest.raises(freehold.HistoryNotKept):
            book.history("10.0.0.5")
        assert book.forget_history(datetime.now(UTC)) == 0


REFUSED: dict[str, Callable[[OpenRegister], object]] = {
    "no strategy": lambda book: book.create_subnet("10.0.0.0/24", strategy="highest"),
    "too long": lambda book: book.create_subnet("10.0.0.0/24", cool_down=timedelta(days=31)),
    "negative": lambda book: book.create_subnet("10.0.0.0/24", cool_down=-MINUTE),
    "half a second": lambda book: book.create_subnet("10.0.0.0/24", cool_down=MINUTE / 120),
    "no address": lambda book: book.history("here"),
    "no zone": lambda book: book.history("10.0.0.5", at=datetime(2026, 3, 1)),  # noqa: DTZ001  # that is it
    "nothing to forget": lambda book: book.forget_history(datetime(2026, 3, 1)),  # noqa: DTZ001  # that is it
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused(engine: Engine, register: Register, name: str) -> None:
    with engine.begin() as connection, pytest.raises(freehold.InvalidInput):
        REFUSED[name](register.open(connection))
