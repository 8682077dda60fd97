"""The measuring of the API: that each path of it works, and how its page tells it."""

from dataclasses import replace
from pathlib import Path

from bench.api.freehold import FreeholdApi
from bench.api.page import page
from bench.api.results import Timing, from_json, renewed, to_json
from bench.api.scenarios import QUICK, Where, measure

HERE = Where("SQLite", "2 processors.")


def test_every_request_is_measured_as_often_as_it_is_asked_for(tmp_path: Path) -> None:
    service = FreeholdApi(f"sqlite:///{tmp_path / 'freehold.sqlite'}")
    timings = list(measure(HERE, [service], QUICK))
    service.close()
    assert [one.request for one in timings] == [
        "the first page of 100 ports",
        "the page behind the middle one, by its marker",
        "the page behind the middle one, by name",
        "the port with an address",
        "the ports with a tag",
        "a /28 of a subnet pool",
        "a /28 of a subnet pool",
        "20 ports at once",
    ]
    assert {one.operations for one in timings} <= {QUICK.operations, 3}
    assert all(one.median_ms > 0 for one in timings)


OURS = Timing("SQLite", "a list", "10 ports", "Freehold", 2.0, 15, "2 processors.")
OTHERS = replace(OURS, service="Neutron 1", median_ms=3001.0)


def test_the_page_says_how_many_times_as_long_the_other_service_takes() -> None:
    text = page([OURS, OTHERS])
    assert "## SQLite" in text
    assert "| request | among | Freehold, ms | Neutron 1, ms | ratio |" in text
    assert "| a list | 10 ports | 2.0 | 3,001.0 | 1,500.5 |" in text


def test_what_is_measured_again_replaces_what_was_measured_of_its_database() -> None:
    elsewhere = replace(OURS, database="MariaDB")
    before = from_json(to_json([OURS, OTHERS, elsewhere]))
    assert before == [OURS, OTHERS, elsewhere]
    assert renewed(before, [replace(OURS, median_ms=9.0)]) == [
        elsewhere,
        replace(OURS, median_ms=9.0),
    ]
