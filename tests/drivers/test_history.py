"""What drivers tell of earlier holders, and what they forget."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from freehold.drivers.memory import MemoryDriver
from freehold.errors import HistoryNotKept
from freehold.ipam.driver import Pool, Surroundings, utc_now
from freehold.ipam.requests import SpecificAddressRequest
from tests.drivers.failing import FailingDriver
from tests.drivers.harness import Harness, create

FIVE = ip_address("10.0.0.5")
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hold(pool: Pool, holder: str) -> None:
    pool.get_subnet("s1").allocate(SpecificAddressRequest(FIVE, holder=holder))


def test_earlier_holders_are_told_behind_the_present_one(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool)
        hold(pool, "a")
    with harness.unit() as pool:
        pool.get_subnet("s1").deallocate(FIVE)
    with harness.unit() as pool:
        hold(pool, "b")
    with harness.another_process().unit() as pool:
        now, past = pool.history(FIVE)
        assert [now.holder, past.holder] == ["b", "a"]
        assert pool.history(FIVE, limit=1) == pool.history(FIVE, at=utc_now() + HOUR) == [now]
        assert pool.history(FIVE, at=past.since) == [past]
        assert pool.history(FIVE, subnet_id="s1") == [now, past]
        assert pool.history(FIVE, subnet_id="s2") == []
        assert pool.history(ip_address("::ffff:10.0.0.5")) == [now, past]
        assert pool.history(ip_address("10.0.0.6")) == []


def test_what_is_forgotten_is_what_was_given_back_before_a_time(harness: Harness) -> None:
    with harness.unit() as pool:
        create(pool)
        for holder in "abc":
            hold(pool, holder)
            pool.get_subnet("s1").deallocate(FIVE)
        hold(pool, "d")
    with harness.unit() as pool:
        assert pool.forget(LONG_AGO, LONG_AGO, 10) == 0
        assert len(pool.history(FIVE)) == 4
        assert pool.forget(utc_now() + HOUR, LONG_AGO, 2) == 2
        assert pool.forget(utc_now() + HOUR, LONG_AGO, 2) == 1
        assert pool.forget(utc_now() + HOUR, LONG_AGO, 2) == 0
        assert [one.holder for one in pool.history(FIVE)] == ["d"]


def test_a_driver_that_remembers_nothing_says_so_and_has_nothing_to_forget() -> None:
    pool = FailingDriver(Surroundings()).open()
    with pytest.raises(HistoryNotKept):
        pool.history(FIVE)
    assert pool.forget(utc_now(), LONG_AGO, 10) == 0


def test_a_driver_that_is_told_to_remember_nothing_says_so() -> None:
    pool = MemoryDriver(Surroundings(keep_history=False)).open()
    create(pool)
    hold(pool, "a")
    with pytest.raises(HistoryNotKept):
        pool.history(FIVE)
