"""What the command tells of holders, as text."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from freehold import Register, Surroundings
from freehold.cli import history
from freehold.cli.failure import CommandFailed, ExitCode
from freehold.config import Settings
from freehold.db import schema
from freehold.db.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a database in which a library's program held an address."""
    url = f"sqlite:///{tmp_path / 'freehold.sqlite'}"
    database = Database(url)
    schema.upgrade(database)
    register = Register(Surroundings(now=lambda: NOON))

    with database.engine.begin() as connection:
        book = register.open(connection)
        book.create_subnet("10.0.0.0/24", subnet_id="rack")
        book.allocate_this("rack", "10.0.0.5", "a \x1b[31mcoloured\nname")
        book.release("rack", "10.0.0.5")
        book.allocate_this("rack", "10.0.0.5", "Büro 🦫")
    database.dispose()
    return Settings(database_url=url)


def test_a_name_cannot_do_anything_to_the_terminal(settings: Settings) -> None:
    head, now, past = history.tell(settings, "10.0.0.5").splitlines()
    assert head.split() == ["subnet_id", "holder", "since", "until"]
    assert now.split("  ", 1)[1].strip().startswith("Büro 🦫 ")
    assert "'a \\x1b[31mcoloured\\nname'" in past
    assert past.endswith("2026-03-01T12:00:00.000000Z  2026-03-01T12:00:00.000000Z")
    assert {line.index("2026") for line in (now, past)} == {head.index("since")}


def test_what_the_operator_did_not_mean_is_a_misuse(settings: Settings) -> None:
    for address, at in (("10.0.0", None), ("10.0.0.5", "now"), ("10.0.0.5", "2026-03-01")):
        with pytest.raises(CommandFailed) as error:
            history.tell(settings, address, at=at)
        assert error.value.code is ExitCode.MISUSED
    with pytest.raises(CommandFailed) as error:
        history.forget(settings, -1)
    assert error.value.code is ExitCode.MISUSED


def test_all_that_is_past_is_forgotten(settings: Settings) -> None:
    assert history.forget(settings, 0) == "1 forgotten."
    assert history.forget(settings, 0) == "0 forgotten."
    assert len(history.tell(settings, "10.0.0.5").splitlines()) == 2
