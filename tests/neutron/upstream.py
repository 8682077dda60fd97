"""Neutron's own unit tests, from the installed package, with one driver or the other.

``python -m tests.neutron.upstream`` runs all that have to do with addresses with
both drivers, each in processes of its own, and prints the count of passes of each
and what differs. Many of these tests name ``internal`` as the driver to use; that
name then means the driver that is asked for.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

DRIVERS = ("internal", "freehold")

MODULES = (
    "neutron.tests.unit.ipam.test_requests",
    "neutron.tests.unit.ipam.test_subnet_alloc",
    "neutron.tests.unit.ipam.test_utils",
    "neutron.tests.unit.ipam.drivers.neutrondb_ipam.test_db_api",
    "neutron.tests.unit.ipam.drivers.neutrondb_ipam.test_driver",
    "neutron.tests.unit.objects.test_ipam",
    "neutron.tests.unit.db.test_ipam_backend_mixin",
    "neutron.tests.unit.db.test_ipam_pluggable_backend",
    "neutron.tests.unit.extensions.test_segment",
    "neutron.tests.unit.extensions.test_subnet_onboard",
    "neutron.tests.unit.extensions.test_subnet_service_types",
    "neutron.tests.unit.extensions.test_subnetpool_prefix_ops",
    "neutron.tests.unit.extensions.test_network_ip_availability",
    "neutron.tests.common.test_db_base_plugin_v2",
    "neutron.tests.unit.plugins.ml2.test_plugin",
)

BY_NAME = {
    "test_create_subnet_delete_subnet_call_ipam_driver": "puts a mock in place of NeutronDbPool",
    "test_create_ports_bulk_with_wrong_fixed_ips": "asks the subnet_manager of NeutronDbSubnet",
}
"""Tests that look inside of ``internal`` by its names; other drivers do not notice what they do."""

BY_CHANCE = "test_staledata_error_on_concurrent_object_"
"""How tests begin in which two threads race for a row: they pass now and then, with any driver."""

# Names of outcomes; what is not one of them did not pass.
PASSED, SKIPPED = "passed", "skipped"


class Outcomes(unittest.TestResult):
    """What became of each test, by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, str] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802  # unittest's name
        self.of[test.id()] = PASSED

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        self.of[test.id()] = SKIPPED

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        self.of[test.id()] = self._last_line(test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        self.of[test.id()] = self._last_line(test, err)

    def _last_line(self, test: unittest.TestCase, err: Any) -> str:
        told = [line for line in str(err[1]).splitlines() if line.strip()]
        return f"failed: {err[0].__name__}: {told[-1].strip() if told else ''}"[:500]


def tests_of(modules: Sequence[str]) -> list[unittest.TestCase]:
    """Return all tests of some modules, by name."""
    loader = unittest.TestLoader()
    found = {test.id(): test for one in modules for test in _flat(loader.loadTestsFromName(one))}
    return [found[name] for name in sorted(found)]


def _flat(suite: Any) -> Iterator[unittest.TestCase]:
    if isinstance(suite, unittest.TestSuite):
        for one in suite:
            yield from _flat(one)
    else:
        yield suite


def use(driver: str) -> Counter[str]:
    """Have ``internal`` mean a driver for the rest of this process.

    Returns:
        How often which class was loaded as a driver, as it goes on.
    """
    from neutron import manager

    load = manager.NeutronManager.load_class_for_provider
    loaded: Counter[str] = Counter()

    def load_the_other(namespace: str, provider: str) -> Any:
        if namespace != "neutron.ipam_drivers":
            return load(namespace, provider)
        found = load(namespace, driver if provider == "internal" else provider)
        loaded[found.__name__] += 1
        return found

    manager.NeutronManager.load_class_for_provider = staticmethod(load_the_other)
    return loaded


def run(driver: str, pattern: str, part: int, parts: int) -> dict[str, dict[str, Any]]:
    """Run every so manieth test whose name has a pattern.

    Returns:
        What became of each, and how often which driver was loaded.
    """
    # Neutron's tests keep to themselves what they print, if they are told to.
    os.environ.update(OS_LOG_CAPTURE="1", OS_STDOUT_CAPTURE="1", OS_STDERR_CAPTURE="1")
    loaded = use(driver)
    outcomes = Outcomes()
    chosen = [one for one in tests_of(MODULES) if pattern in one.id()]
    for test in chosen[part::parts]:
        test.run(outcomes)
    return {"outcomes": outcomes.of, "loaded": dict(loaded)}


def start(
    driver: str, pattern: str, part: int, parts: int, file: Path
) -> "subprocess.Popen[bytes]":
    """Start such a run in a process of its own, which writes what became of each to a file."""
    command = ["-m", "tests.neutron.upstream", "--driver", driver, "--part", f"{part}/{parts}"]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", *command, "--pattern", pattern, "--write", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def compare(outcomes: Mapping[str, Mapping[str, str]]) -> str:
    """Return the counts of each driver, and the tests whose outcomes differ, as a text."""
    lines = []
    for driver in DRIVERS:
        counts = Counter(one.split(":")[0] for one in outcomes[driver].values())
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
        lines.append(f"{driver:9} {len(outcomes[driver]):,} tests: {told}")
    differing = [
        name
        for name in sorted(outcomes["internal"].keys() | outcomes["freehold"].keys())
        if outcomes["internal"].get(name) != outcomes["freehold"].get(name)
    ]
    explained = {name: why for name in differing if (why := _explained(name.rpartition(".")[2]))}
    lines.append(f"{len(differing)} differ, {len(explained)} of them explained.")
    for name in differing:
        lines.append(name)
        if name in explained:
            lines.append(f"    it {explained[name]}")
        lines += [f"    {driver}: {outcomes[driver].get(name, 'not run')}" for driver in DRIVERS]
    return "\n".join(lines)


def _explained(test: str) -> str:
    if test.startswith(BY_CHANCE):
        return "lets two threads race, and passes or fails by chance with either driver"
    return BY_NAME.get(test, "")


def run_all(processes: int, pattern: str) -> dict[str, dict[str, str]]:
    """Run all tests with each driver, in so many processes."""
    outcomes: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for driver in DRIVERS:
            files = [Path(folder, f"{driver}{part}") for part in range(processes)]
            begun = [
                start(driver, pattern, part, processes, file) for part, file in enumerate(files)
            ]
            for one in begun:
                one.wait()
            outcomes[driver] = {
                name: outcome
                for file in files
                for name, outcome in json.loads(file.read_text())["outcomes"].items()
            }
    return outcomes


def main() -> None:
    """Do what the options say."""
    parser = argparse.ArgumentParser(prog="make neutron-tests", description=__doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--pattern", default="", help="only tests whose names have this in them")
    parser.add_argument("--driver", choices=DRIVERS, help=argparse.SUPPRESS)
    parser.add_argument("--part", default="0/1", help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.driver is None:
        sys.stdout.write(f"{compare(run_all(options.processes, options.pattern))}\n")
        return
    part, parts = map(int, options.part.split("/"))
    del sys.argv[1:]  # Neutron reads the arguments as well.
    options.write.write_text(json.dumps(run(options.driver, options.pattern, part, parts)))


if __name__ == "__main__":
    main()
