"""What the documentation says of the code, compared with the code."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from freehold import errors
from freehold.api import refusals
from freehold.config import Settings
from freehold.config.health import HealthSettings
from freehold.config.links import LinkSettings
from freehold.config.metrics import MetricsSettings
from freehold.config.times import TimeLimits
from freehold.config.tls import TLSSettings
from freehold.ipam.strategy import Strategy
from tests.end_to_end.service import run_freehold

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
NOT_TOLD_TO_CLIENTS = {
    # Names of groups, and what keeps the service from starting.
    errors.NotFound,
    errors.Conflict,
    errors.ServiceUnavailable,
    errors.ConfigurationError,
    errors.DriverNotFound,
    refusals.HTTPRefusal,
}
MADE_IN_FAULTS = {("HTTPNotFound", "404"), ("HTTPMethodNotAllowed", "405")}
MADE_BY_NEUTRON_LIB = {("ExtensionsNotFound", "404")}
STORIES = sorted((ROOT / "tests" / "api" / "gabbits").glob("*.yaml"))


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of each row whose first cell is code."""
    for line in (ROOT / page).read_text().splitlines():
        if line.startswith("| `"):
            yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def kinds_below(kind: type[errors.FreeholdError]) -> Iterator[type[errors.FreeholdError]]:
    """Yield all classes below one in the tree."""
    for below in kind.__subclasses__():
        yield below
        yield from kinds_below(below)


def arguments(name: str, value: int) -> dict[str, Any]:
    """Return one setting as a keyword argument."""
    return {name: value}


def test_every_option_is_documented_with_its_default() -> None:
    options = [field for field in fields(Settings) if field.default is not MISSING]
    own = {"connection", *(field.name for field in options)}
    documented = [
        (cells[0], cells[1]) for cells in rows("docs/configuration.md") if cells[0] in own
    ]
    assert documented[:-1] == [(field.name, str(field.default)) for field in options]
    assert documented[-1][0] == "connection"


@pytest.mark.parametrize(
    "kind", [TLSSettings, LinkSettings, TimeLimits, MetricsSettings, HealthSettings]
)
def test_every_option_of_a_group_is_documented_with_its_default(kind: Any) -> None:
    documented = {cells[0]: cells[1] for cells in rows("docs/configuration.md")}
    options = {field.name: str(field.default) for field in fields(kind)}
    assert {name: documented.get(name) for name in options} == options


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        (cells[0], cells[2], cells[3])
        for cells in rows("docs/configuration.md")
        if len(cells) == 5 and cells[3]
    ],
)
def test_the_documented_bounds_are_the_last_that_work(name: str, least: str, most: str) -> None:
    for value in (int(least), int(most)):
        Settings(database_url="sqlite://", **arguments(name, value))
    for value in (int(least) - 1, int(most) + 1):
        with pytest.raises(errors.ConfigurationError, match=name):
            Settings(database_url="sqlite://", **arguments(name, value))


def test_every_type_of_error_is_documented_with_its_status() -> None:
    reasons = {reason.value for reason in errors.Reason}
    documented = {tuple(cells[:2]) for cells in rows("docs/errors.md") if cells[0] not in reasons}
    told = {
        (kind.__name__, str(int(kind.status)))
        for kind in kinds_below(errors.FreeholdError)
        if kind not in NOT_TOLD_TO_CLIENTS and kind.__module__.startswith("freehold.")
    }
    assert documented == told | MADE_IN_FAULTS | MADE_BY_NEUTRON_LIB


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_every_refusal_of_a_story_is_documented(story: Path) -> None:
    """Those aside by which neutron-lib tells that an attribute is wrong, with 400."""
    documented = {(cells[0], int(cells[1])) for cells in rows("docs/errors.md") if len(cells) == 3}
    told = {
        (str(told_type), status)
        for test in yaml.safe_load(story.read_text())["tests"]
        for status in [test.get("status", 200)]
        for path, value in test.get("response_json_paths", {}).items()
        for told_type in [
            value if path == "$.NeutronError.type" else None,
            value["type"] if path == "$.NeutronError" else None,
        ]
        if told_type is not None and status != HTTPStatus.BAD_REQUEST
    }
    assert told <= documented


def test_every_reason_of_a_refusal_is_documented() -> None:
    first_cells = [cells[0] for cells in rows("docs/errors.md")]
    assert first_cells[: len(errors.Reason)] == [reason.value for reason in errors.Reason]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    missing = [target for target in targets if not ((ROOT / page).parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_table_has_a_head(page: str) -> None:
    """Without one, its rows are shown as text."""
    lines = ["", *(ROOT / page).read_text().splitlines(), ""]
    heads = [
        number
        for number, (before, line) in enumerate(pairwise(lines), start=1)
        if line.startswith("|") and not before.startswith("|")
    ]
    assert [lines[at] for at in heads if not lines[at + 1].startswith("|---")] == []


def test_every_decision_is_listed() -> None:
    records = {path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")}
    listed = re.findall(r"\]\(([^)]+)\)", (ROOT / "docs" / "decisions" / "README.md").read_text())
    assert sorted(listed) == sorted(records)


@pytest.mark.parametrize("command", ["serve", "history", "forget-history"])
def test_every_option_of_the_command_is_documented(tmp_path: Path, command: str) -> None:
    text = "".join((ROOT / page).read_text() for page in PAGES)
    offered = set(re.findall(r"--[a-z-]+", run_freehold(tmp_path, command, "--help").stdout))
    assert "--database" in offered
    told = re.compile(r"(?:`| )(--[a-z-]+)\b")
    assert sorted(offered - {"--help", *told.findall(text)}) == []


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_is_documented(strategy: Strategy) -> None:
    assert strategy.value in [cells[0].partition("`")[0] for cells in rows("docs/strategies.md")]
