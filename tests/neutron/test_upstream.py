"""A part of Neutron's own unit tests passes with this driver; `make neutron-tests` runs all."""

import json
from pathlib import Path

import pytest

from tests.neutron.upstream import PASSED, SKIPPED, compare, start

PARTS = [("test_ipam_pluggable_backend", 5, 16), ("TestML2PluggableIPAM", 2, 16)]


@pytest.mark.parametrize(("pattern", "part", "parts"), PARTS)
def test_neutrons_own_tests_pass(pattern: str, part: int, parts: int, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.json"
    assert start("freehold", pattern, part, parts, file).wait() == 0
    told = json.loads(file.read_text())
    assert len(told["outcomes"]) > 10
    assert {*told["outcomes"].values()} <= {PASSED, SKIPPED}, told["outcomes"]
    assert set(told["loaded"]) == {"FreeholdPool"}


def test_what_differs_between_the_drivers_is_told() -> None:
    text = compare(
        {
            "internal": {"a": PASSED, "b": PASSED, "c": "failed: E: it"},
            "freehold": {"a": PASSED, "b": "failed: E: other", "c": "failed: E: it"},
        }
    )
    assert text.splitlines() == [
        "internal  3 tests: 1 failed, 2 passed",
        "freehold  3 tests: 2 failed, 1 passed",
        "1 differ.",
        "b",
        "    internal: passed",
        "    freehold: failed: E: other",
    ]
