"""When chores are done, and what becomes of one that fails."""

import logging
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from random import Random
from threading import Event

import pytest
from sqlalchemy import update

from freehold.cli.housekeeping import EVERY_SECONDS, Chore, begin, chores, keep_house
from freehold.config import Settings
from freehold.db.tables_quotas import quota_counters
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import DatabaseUnavailable
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
from freehold.networking.quota_values import Counted
from tests.backends import NOON, Premises

SETTINGS = Settings(database_url="sqlite://", history_days=2)


class Pauses(Event):
    """Stops those who wait for it after so many pauses, and waits for none of them."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        if len(self.seconds) == self._rounds:
            self.set()
            return True
        self.seconds.append(timeout)
        return False


class Heap:
    """Something that is cleared away in portions."""

    def __init__(self, *portions: int) -> None:
        self.portions = list(portions)

    def clear(self) -> int:
        return self.portions.pop(0) if self.portions else 0


def test_each_round_clears_away_all_there_is_of_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heaps = [Heap(1000, 7, 0, 5), Heap(3)]
    pauses = Pauses(2)
    work = [Chore(name, heap.clear) for name, heap in zip("ab", heaps, strict=True)]
    with caplog.at_level(logging.INFO):
        keep_house(work, pauses, Random(1))
    assert [heap.portions for heap in heaps] == [[], []]
    assert [record.getMessage() for record in caplog.records] == [
        "Cleared away a: 1007",
        "Cleared away b: 3",
        "Cleared away a: 5",
    ]


def test_rounds_are_an_hour_apart_on_average_and_never_at_the_same_time() -> None:
    pauses = Pauses(2000)
    keep_house([], pauses, Random(1))
    assert len(set(pauses.seconds)) == 2000
    assert all(0 <= pause <= 2 * EVERY_SECONDS for pause in pauses.seconds)
    assert sum(pauses.seconds) / 2000 == pytest.approx(EVERY_SECONDS, rel=0.1)


def test_a_database_that_is_away_is_told_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers: list[int | None] = [4, None, 6, 0]

    def clear() -> int:
        answer = answers.pop(0)
        if answer is None:
            raise DatabaseUnavailable
        return answer

    other = Heap(1)
    with caplog.at_level(logging.INFO):
        keep_house([Chore("a", clear), Chore("b", other.clear)], Pauses(2), Random(1))
    assert answers == other.portions == []
    told = [record.getMessage() for record in caplog.records]
    assert told[0].startswith("Clearing away a has to wait: The database is not available")
    assert told[1:] == ["Cleared away a: 4", "Cleared away b: 1", "Cleared away a: 6"]


def test_it_stops_between_two_portions() -> None:
    stopping = Pauses(1)

    def clear() -> int:
        stopping.set()
        return 1000

    untouched = Heap(1)
    keep_house([Chore("a", clear), Chore("b", untouched.clear)], stopping, Random(1))
    assert untouched.portions == [1]


def test_a_process_that_stops_does_not_wait_for_the_next_round() -> None:
    stopping = Event()
    thread = begin([], stopping, Random(1))
    assert thread.daemon
    stopping.set()
    thread.join(60)
    assert not thread.is_alive()


def test_past_holders_are_forgotten_after_the_days_that_are_configured() -> None:
    premises = Premises()
    network = premises.network()
    premises.subnet(network, "10.0.0.0/24")
    premises.backend.ports.delete(premises.port(network, "10.0.0.2").id)
    for days, left in ((1, 1), (3, 0)):
        work = chores(premises.backend, SETTINGS, partial(NOON.__add__, timedelta(days=days)))
        keep_house(work, Pauses(1), Random(1))
        assert len(premises.backend.history.find(ip_address("10.0.0.2"))) == left
    premises.database.dispose()


def test_expired_keys_are_forgotten_and_wrong_counts_set_right() -> None:
    premises = Premises()
    surroundings = Surroundings(now=premises.now)
    backend = Backend(
        premises.database,
        ReferenceDriver(surroundings),
        surroundings=surroundings,
        key_lifetime=timedelta(),
    )
    backend.idempotency_keys.begin("k" * 64, "f" * 64)
    backend.quotas.change("p", {Counted.NETWORK: 5})
    with premises.database.engine.begin() as connection:
        connection.execute(update(quota_counters).values(room=0))
    keep_house(chores(backend, SETTINGS), Pauses(1), Random(1))
    assert premises.dump()["idempotency_keys"] == []
    assert [row[3] for row in premises.dump()["quota_counters"]] == [5]
    premises.database.dispose()
