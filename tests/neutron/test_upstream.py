"""A part of Neutron's own unit tests passes with this driver; `make neutron-tests` runs all."""

import json
from pathlib import Path

import pytest

from tests.neutron.upstream import PASSED, SKIPPED, compare, start

PARTS = [("test_ipam_pluggable_backend", 5, 32), ("TestML2PluggableIPAM", 2, 16)]


@pytest.mark.parametrize(("pattern", "part", "parts"), PARTS)
def test_neutrons_own_tests_pass(pattern: str, part: int, parts: int, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.json"
    assert start("freehold", pattern, part, parts, file).wait() == 0
    told = json.loads(file.read_text())
    assert len(told["outcomes"]) > 10
    assert {*told["outcomes"].values()} <= {PASSED, SKIPPED}, told["outcomes"]
    assert set(told["loaded"]) == {"FreeholdPool"}


def test_what_differs_between_the_drivers_is_told() -> None:
    inside = "Subnets.test_create_subnet_delete_subnet_call_ipam_driver"
    text = compare(
        {
            "internal": {"a": PASSED, "b": PASSED, "c": "failed: E: it", inside: PASSED},
            "freehold": {
                "a": PASSED,
                "b": "failed: E: x",
                "c": "failed: E: it",
                inside: "failed: F",
            },
        }
    )
    assert text.splitlines() == [
        "internal  4 tests: 1 failed, 3 passed",
        "freehold  4 tests: 3 failed, 1 passed",
        "2 differ, 1 of them explained.",
        inside,
        "    it puts a mock in place of NeutronDbPool",
        "    internal: passed",
        "    freehold: failed: F",
        "b",
        "    internal: passed",
        "    freehold: failed: E: x",
    ]
