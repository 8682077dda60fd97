"""Options of the groups ``metrics`` and ``healthcheck``: where they are read, what cannot work."""

from pathlib import Path
from typing import Any

import pytest

from freehold.config import load_settings
from freehold.config.health import HealthSettings
from freehold.config.metrics import MetricsSettings
from freehold.errors import ConfigurationError


def test_both_groups_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "freehold.conf"
    file.write_text(
        "[metrics]\nenabled = false\nhost = ::1\nport = 9697\nmax_subnets = 5\n"
        "[healthcheck]\ndatabase_timeout = 2.5\ndisable_by_file_path = /run/drained\n"
    )
    settings = load_settings([file], environ={})
    assert settings.metrics == MetricsSettings(enabled=False, host="::1", port=9697, max_subnets=5)
    assert settings.health == HealthSettings(
        database_timeout=2.5, disable_by_file_path="/run/drained"
    )


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("port", 0, 65535),
        ("max_subnets", 0, 10_000),
        ("max_subnetpools", 0, 10_000),
        ("cache_seconds", 1, 3600),
    ],
)
def test_the_bounds_are_the_last_that_work(name: str, least: int, most: int) -> None:
    def made(value: int) -> MetricsSettings:
        option: dict[str, Any] = {name: value}
        return MetricsSettings(**option)

    assert [getattr(made(value), name) for value in (least, most)] == [least, most]
    for value in (least - 1, most + 1):
        with pytest.raises(ConfigurationError, match=name):
            made(value)


def test_what_is_no_address_and_what_is_no_time_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="host"):
        MetricsSettings(host="localhost")
    for seconds in (0.05, 10.5):
        with pytest.raises(ConfigurationError, match="database_timeout"):
            HealthSettings(database_timeout=seconds)
