"""What is told of who is let in, compared with the code."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from freehold.api.authentication import OPEN_PATHS
from freehold.config import Authentication
from freehold.errors import ConfigurationError
from tests.docs.test_documentation import ROOT, rows
from tests.end_to_end.service import run_freehold

PAGE = (ROOT / "docs/access.md").read_text()


def test_every_option_is_documented_with_its_default() -> None:
    documented = {cells[0]: cells[1] for cells in rows("docs/configuration.md")}
    defaults = {one.name: str(one.default) for one in fields(Authentication)}
    del defaults["keystone"]  # those of a group whose documentation is elsewhere
    assert {name: documented.get(name) for name in defaults} == defaults


def test_the_documented_bounds_are_the_last_that_work() -> None:
    told = {
        cells[0]: re.findall(r"from (\d+) to (\d+)", cells[2])
        for cells in rows("docs/configuration.md")
        if cells[0].startswith("http_basic") and "from " in cells[2]
    }
    [(name, [(least, most)])] = told.items()

    def made(value: int) -> Authentication:
        arguments: dict[str, Any] = {name: value}
        return Authentication(**arguments)

    assert made(int(least)) != made(int(most))
    for value in (int(least) - 1, int(most) + 1):
        with pytest.raises(ConfigurationError, match=name):
            made(value)


def test_the_paths_that_are_open_to_everybody_are_told() -> None:
    told = PAGE.partition("These paths only are open to everybody")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(/[^`]*)`", told)) == OPEN_PATHS


def test_every_option_of_the_command_that_makes_users_is_told(tmp_path: Path) -> None:
    offered = set(re.findall(r"--[a-z-]+", run_freehold(tmp_path, "user", "add", "--help").stdout))
    assert {"--project", "--generate"} <= offered
    assert offered - {"--help", "--config-file", *re.findall(r"--[a-z-]+", PAGE)} == set()
