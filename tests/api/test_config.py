"""The configuration: where it comes from, and what is not accepted."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from freehold.config import Authentication, Settings, load_settings
from freehold.errors import ConfigurationError

POSTGRESQL = "postgresql+psycopg://freehold:tr0ub4dor@db.example.org/freehold"


def written(folder: Path, text: str) -> list[Path]:
    path = folder / "freehold.conf"
    path.write_text(text)
    return [path]


def test_the_default_database_is_a_file_of_the_user_s() -> None:
    settings = load_settings([], environ={"XDG_DATA_HOME": "/data"})
    assert settings.database_url == "sqlite:////data/freehold/freehold.sqlite"
    users = Authentication(
        http_basic_auth_user_file="/data/freehold/htpasswd",
        http_basic_auth_roles_file="/data/freehold/users.yaml",
    )
    assert settings == Settings(database_url=settings.database_url, authentication=users)


@pytest.mark.parametrize("relative", ["", "here/there"])
def test_without_an_absolute_data_folder_it_is_in_the_home(
    relative: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/user")
    settings = load_settings([], environ={"XDG_DATA_HOME": relative})
    expected = "sqlite:////home/user/.local/share/freehold/freehold.sqlite"
    assert settings.database_url == expected


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        "[DEFAULT]\nbind_port = 9797\nbase_mac = fa:16:3e:4f:00:00\nipam_driver = other\n"
        f"[database]\nconnection = {POSTGRESQL}\n",
    )
    settings = load_settings(files, environ={})
    assert settings == Settings(
        database_url=POSTGRESQL,
        bind_port=9797,
        base_mac="fa:16:3e:4f:00:00",
        ipam_driver="other",
        authentication=settings.authentication,
    )


@pytest.mark.parametrize(
    ("text", "longest"), [("infinite", None), ("-1", None), ("0", None), ("50", 50)]
)
def test_pages_can_be_of_any_length_or_not(tmp_path: Path, text: str, longest: int | None) -> None:
    files = written(tmp_path, f"[DEFAULT]\npagination_max_limit = {text}\n")
    assert load_settings(files, environ={}).longest_page == longest


def test_the_environment_names_a_database_before_the_file(tmp_path: Path) -> None:
    files = written(tmp_path, f"[database]\nconnection = {POSTGRESQL}\n")
    settings = load_settings(files, environ={"FREEHOLD_DATABASE": "sqlite://"})
    assert settings.database_url == "sqlite://"


def test_a_password_is_not_shown() -> None:
    assert "tr0ub4dor" not in repr(Settings(database_url=POSTGRESQL))


def test_settings_do_not_change() -> None:
    settings = Settings(database_url="sqlite://")
    with pytest.raises(FrozenInstanceError):
        settings.bind_port = 1  # type: ignore[misc]  # that is what is tested


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("bind_port = many", "bind_port"),
        ("bind_port = 70000", "bind_port"),
        ("api_threads = 0", "api_threads"),
        ("allocation_strategy = highest", "allocation_strategy"),
        ("allocation_cool_down = 2592001", "allocation_cool_down"),
        ("history_days = -1", "history_days"),
        ("pagination_max_limit = many", "pagination_max_limit"),
        ("pagination_max_limit = -2", "pagination_max_limit"),
        ("max_request_body_size = 10", "max_request_body_size"),
        ("max_json_depth = 100000", "max_json_depth"),
        ("base_mac = fa:16:3e", "base_mac"),
        ("base_mac = 01:00:5e:00:00:00", "base_mac"),
        ("[database]\nconnection = tr0ub4dor", "connection"),
        ("no option at all", "freehold.conf"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, named: str) -> None:
    files = written(tmp_path, f"[DEFAULT]\n{text}\n")
    with pytest.raises(ConfigurationError, match=named) as raised:
        load_settings(files, environ={})
    assert "tr0ub4dor" not in str(raised.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.conf"):
        load_settings([tmp_path / "nowhere.conf"], environ={})


def test_a_replaced_value_is_checked_as_well() -> None:
    settings = Settings(database_url="sqlite://")
    with pytest.raises(ConfigurationError, match="bind_port"):
        replace(settings, bind_port=-1)
