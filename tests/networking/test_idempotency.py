"""A request under a key has one effect: whoever crashes, comes late or comes at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from subprocess import PIPE
from threading import Barrier

import pytest

from freehold.db.database import Database
from freehold.errors import (
    FreeholdError,
    IdempotencyKeyReused,
    IdempotentRequestInProgress,
)
from freehold.ipam.driver import Surroundings
from freehold.networking import idempotency, processes
from freehold.networking.idempotency import Answer, Attempt, IdempotencyKeys
from freehold.networking.values import Network, NetworkDraft
from tests.backends import NOON, Premises
from tests.conftest import OpenDatabase
from tests.db.test_servers import lose_next_commit

KEY, OTHER_KEY = "k" * 64, "o" * 64
PRINT, OTHER_PRINT = "f" * 64, "g" * 64


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def keys(self, database: Database, hours: int = 24) -> IdempotencyKeys:
        surroundings = Surroundings(random=Random(3), now=lambda: self.time)
        return IdempotencyKeys(database, surroundings, timedelta(hours=hours))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(premises: Premises, clock: Clock) -> IdempotencyKeys:
    return clock.keys(premises.database)


def begun(keys: IdempotencyKeys, key: str = KEY, fingerprint: str = PRINT) -> Attempt:
    """Begin an attempt at a request that has no answer."""
    attempt = keys.begin(key, fingerprint)
    assert isinstance(attempt, Attempt)
    return attempt


def answer_of(created: tuple[Network, ...]) -> Answer:
    return Answer(201, created[0].id)


def create(premises: Premises, keys: IdempotencyKeys, attempt: Attempt) -> Network:
    """Create a network, as the answer to a request."""
    with keys.settling(attempt, answer_of):
        return premises.network()


def test_an_answer_is_given_again(premises: Premises, keys: IdempotencyKeys) -> None:
    network = create(premises, keys, begun(keys))
    for _ in range(2):
        assert keys.begin(KEY, PRINT) == Answer(201, network.id)
    assert premises.backend.networks.find([]) == (network,)


def test_another_request_under_the_same_key_is_refused(
    premises: Premises, keys: IdempotencyKeys
) -> None:
    attempt = begun(keys)
    with premises.refused(IdempotencyKeyReused):
        keys.begin(KEY, OTHER_PRINT)
    keys.refuse(attempt, Answer(404, "no"))
    with premises.refused(IdempotencyKeyReused):
        keys.begin(KEY, OTHER_PRINT)
    begun(keys, OTHER_KEY)


def test_who_is_still_at_it_is_waited_for(premises: Premises, keys: IdempotencyKeys) -> None:
    attempt = begun(keys)
    with premises.refused(IdempotentRequestInProgress):
        keys.begin(KEY, PRINT)
    create(premises, keys, attempt)
    assert isinstance(keys.begin(KEY, PRINT), Answer)


def test_a_refusal_is_remembered(keys: IdempotencyKeys) -> None:
    keys.refuse(begun(keys), Answer(409, "full"))
    assert keys.begin(KEY, PRINT) == Answer(409, "full")


def test_what_failed_can_be_tried_again_at_once(premises: Premises, keys: IdempotencyKeys) -> None:
    keys.abandon(begun(keys))
    assert premises.dump()["idempotency_keys"] == []
    attempt = begun(keys)
    create(premises, keys, attempt)
    keys.abandon(attempt)
    assert isinstance(keys.begin(KEY, PRINT), Answer)


def test_who_takes_too_long_is_overtaken_and_has_no_effect(
    premises: Premises, keys: IdempotencyKeys, clock: Clock
) -> None:
    slow = begun(keys)
    clock.time += idempotency.PATIENCE + timedelta(seconds=1)
    fast = begun(keys)
    with premises.refused(IdempotentRequestInProgress):
        create(premises, keys, slow)
    with premises.refused(IdempotentRequestInProgress):
        keys.refuse(slow, Answer(404, "no"))
    network = create(premises, keys, fast)
    with premises.refused(IdempotentRequestInProgress):
        create(premises, keys, slow)
    assert keys.begin(KEY, PRINT) == Answer(201, network.id)


def test_who_is_gone_is_not_waited_for(
    premises: Premises, keys: IdempotencyKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, number, _ = processes.this_process().split(" ")
    gone = f"{host} {number} 1"
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "this_process", lambda: gone)
        begun(keys)
    network = create(premises, keys, begun(keys))
    assert premises.backend.networks.find([]) == (network,)


def test_processes_are_told_from_each_other() -> None:
    here = processes.this_process()
    host, number, started = here.split(" ")
    assert processes.may_be_running(here)
    assert not processes.may_be_running(f"{host} {number} {int(started) + 1}")
    assert not processes.may_be_running(f"{host} 4194305 {started}")
    assert processes.may_be_running(f"elsewhere 4194305 {started}")
    assert processes.may_be_running("")


def test_a_process_that_ended_without_its_parent_taking_notice_is_gone() -> None:
    telling = "from freehold.networking.processes import this_process as p; print(p(), flush=True)"
    program = f"{telling}; input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=PIPE, stdout=PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert processes.may_be_running(name)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.may_be_running(name)


def test_an_effect_without_a_commit_leaves_no_answer(
    premises: Premises, keys: IdempotencyKeys
) -> None:
    class Crash(Exception):
        pass

    def crash(_created: tuple[Network, ...]) -> Answer:
        raise Crash

    attempt = begun(keys)
    with pytest.raises(Crash), keys.settling(attempt, crash):
        premises.network()
    assert premises.backend.networks.find([]) == ()
    create(premises, keys, attempt)
    assert len(premises.backend.networks.find([])) == 1


def test_keys_expire_and_are_cleared_away(
    premises: Premises, keys: IdempotencyKeys, clock: Clock
) -> None:
    create(premises, keys, begun(keys))
    clock.time += timedelta(hours=12)
    keys.refuse(begun(keys, OTHER_KEY), Answer(404, "no"))
    clock.time += timedelta(hours=12)
    assert keys.forget_expired() == 0
    assert isinstance(keys.begin(KEY, PRINT), Answer)
    clock.time += timedelta(seconds=1)
    create(premises, keys, begun(keys, fingerprint=OTHER_PRINT))
    assert len(premises.backend.networks.find([])) == 2
    clock.time += timedelta(hours=13)
    assert keys.forget_expired() == 1
    assert isinstance(keys.begin(KEY, OTHER_PRINT), Answer)


def test_the_longest_answer_is_kept(premises: Premises, keys: IdempotencyKeys) -> None:
    text = "🦫" * 300_000
    keys.refuse(begun(keys), Answer(409, text))
    assert keys.begin(KEY, PRINT) == Answer(409, text)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "galera"])
def urls(request: pytest.FixtureRequest, open_database: OpenDatabase) -> list[str]:
    return list(open_database(request.param))


def test_of_many_at_once_one_has_the_effect(urls: list[str]) -> None:
    premises = Premises(urls[0])
    databases = [Database(url) for url in urls]
    together = Barrier(8)

    def attempt(number: int) -> str:
        keys = IdempotencyKeys(databases[number % len(databases)], Surroundings())
        together.wait()
        try:
            got = keys.begin(KEY, PRINT)
            if isinstance(got, Answer):
                return got.text
            with keys.settling(got, answer_of):
                return premises.backend.networks.create([NetworkDraft(project_id="p")])[0].id
        except FreeholdError as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as executor:
        told = set(executor.map(attempt, range(8)))
    [network] = premises.backend.networks.find([])
    assert told <= {network.id, "IdempotentRequestInProgress"}
    assert network.id in told
    for database in (premises.database, *databases):
        database.dispose()


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_each_step_has_one_effect_when_the_answer_to_its_commit_is_lost(
    open_database: OpenDatabase, kind: str, carried_out: bool
) -> None:
    premises = Premises(open_database(kind)[0])
    clock = Clock()
    keys = clock.keys(premises.database)

    def lose() -> None:
        lose_next_commit(premises.database, but_carry_it_out=carried_out)

    lose()
    attempt = begun(keys)
    lose()
    network = create(premises, keys, attempt)
    assert keys.begin(KEY, PRINT) == Answer(201, network.id)
    assert premises.backend.networks.find([]) == (network,)
    other = begun(keys, OTHER_KEY)
    lose()
    keys.refuse(other, Answer(409, "full"))
    assert keys.begin(OTHER_KEY, PRINT) == Answer(409, "full")
    clock.time += timedelta(days=2)
    lose()
    begun(keys)
    premises.database.dispose()
