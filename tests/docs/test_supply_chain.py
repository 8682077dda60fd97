"""What is installed is what was decided, to the byte."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = ("service", "dev", "tools")
BUILD = {"hatchling"}


def plain(name: str) -> str:
    """Return a package's name as packages are compared by (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> Mapping[str, str]:
    """Return the version of each package that is pinned in a file of requirements."""
    found = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.MULTILINE)
    return {plain(name): version for name, version in found}


def locked(extra: str) -> str:
    return (ROOT / "locks" / f"{extra}.txt").read_text()


CONSTRAINTS = pinned((ROOT / "constraints.txt").read_text())


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_locked_package_has_its_hashes(extra: str) -> None:
    """Otherwise pip refuses all of them."""
    entries = re.split(r"\n(?=\S)", locked(extra).strip())
    assert len(entries) == len(pinned(locked(extra)))
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_locked_is_what_is_asked_for(extra: str) -> None:
    """If this fails, say ``make lock``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]

    def names(listed: list[str]) -> set[str]:
        found = set()
        for requirement in listed:
            match = re.match(r"([\w.-]+)(?:\[([\w,-]+)\])?", requirement)
            assert match is not None
            if match[1] == "freehold":
                for other in match[2].split(","):
                    found |= names(extras[other])
            else:
                found.add(plain(match[1]))
        return found

    versions = pinned(locked(extra))
    wanted = names([*project["project"]["dependencies"], *extras[extra]])
    assert wanted | BUILD <= versions.keys()
    assert set(project["build-system"]["requires"]) == BUILD
    other = {one: (CONSTRAINTS[one], versions[one]) for one in CONSTRAINTS.keys() & versions.keys()}
    assert {one for one, (ours, theirs) in other.items() if ours != theirs} == set()


def test_all_that_tests_need_is_pinned_in_both() -> None:
    """If this fails, say ``make lock``."""
    missing = CONSTRAINTS.keys() - pinned(locked("dev")).keys()
    assert missing == set()


def test_what_is_installed_fits_together() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_updates_are_looked_for_where_versions_are_pinned() -> None:
    text = (ROOT / ".github" / "dependabot.yml").read_text()
    assert re.search(r"package-ecosystem: pip\n\s+directory: /\n", text)
