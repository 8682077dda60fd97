"""``freehold user``: the files that it makes, and what it tells."""

import stat
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from socket import getfqdn
from threading import Thread

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.api.authentication.accounts import (
    Account,
    format_accounts,
    is_name,
    is_role,
    is_user_name,
    parse_accounts,
)
from freehold.api.authentication.basic import Files
from freehold.api.authentication.passwords import parse_passwords
from freehold.cli.files import alone_in, replace_text
from freehold.cli.main import main

User = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files are, for an operator who configured nothing."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "freehold"


@pytest.fixture
def user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """How to run the command, with what comes from its standard input."""

    def run(*words: str, typed: str = "") -> int:
        monkeypatch.setattr(sys, "stdin", StringIO(typed))
        return main(["user", *words])

    assert not folder.exists()
    return run


def users(folder: Path) -> dict[str, Account]:
    """Return whom the service lets in."""
    return dict(Files(folder / "htpasswd", folder / "users.yaml").users().accounts)


def test_a_user_is_made_with_a_password_from_standard_input(
    user: User, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("add", "alice", "--project", "p1", "--role", "manager", "--role", "auditor")
    assert user(*words, typed="open sesame\nmore") == 0
    assert users(folder) == {"alice": Account("p1", ("manager", "auditor"))}
    hashed = parse_passwords((folder / "htpasswd").read_text(), "x")["alice"]
    assert bcrypt.checkpw(b"open sesame", hashed)
    told = capsys.readouterr().out
    assert "sesame" not in told
    assert "OS_PASSWORD=" not in told
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"htpasswd": 0o600, "users.yaml": 0o600}


def test_a_password_is_made_up_on_request_and_shown_once(
    user: User, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert user("add", "alice", "--project", "p1", "--generate") == 0
    told = capsys.readouterr().out
    shown = told.partition("is shown this once: ")[2].splitlines()[0]
    hashed = parse_passwords((folder / "htpasswd").read_text(), "x")["alice"]
    assert len(shown) >= 32
    assert bcrypt.checkpw(shown.encode(), hashed)
    assert users(folder)["alice"].roles == ("member",)


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("127.0.0.1", "http://127.0.0.1:9797"),
        ("::1", "http://[::1]:9797"),
        ("localhost", "http://localhost:9797"),
        ("0.0.0.0", f"http://{getfqdn()}:9797"),
    ],
)
def test_users_are_told_an_address_that_clients_can_use(
    user: User,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    host: str,
    endpoint: str,
) -> None:
    monkeypatch.setenv("OS_DEFAULT__BIND_HOST", host)
    monkeypatch.setenv("OS_DEFAULT__BIND_PORT", "9797")
    assert user("add", "alice", "--project", "p1", "--generate") == 0
    assert capsys.readouterr().out.count(endpoint) == 3


def test_a_user_is_changed_only_if_that_is_said(
    user: User, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert user("add", "alice", "--project", "p1", typed="first word") == 0
    before = (folder / "htpasswd").read_text()
    assert user("add", "alice", "--project", "p2", typed="second word") == 1
    assert "--replace" in capsys.readouterr().err
    assert (folder / "htpasswd").read_text() == before
    assert user("add", "alice", "--project", "p2", "--replace", typed="second word") == 0
    assert users(folder) == {"alice": Account("p2", ("member",))}
    [hashed] = parse_passwords((folder / "htpasswd").read_text(), "x").values()
    assert bcrypt.checkpw(b"second word", hashed)


def test_users_are_listed_and_removed(
    user: User, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert user("list") == 0
    assert capsys.readouterr().out == "There are no users.\n"
    user("add", "alice", "--project", "p1", typed="open sesame")
    (folder / "htpasswd").open("a").write("# kept by hand\n")
    user("add", "Зоя", "--project", "проект", "--role", "admin", typed="open sesame")
    assert user("remove", "alice") == 0
    capsys.readouterr()
    assert user("list") == 0
    assert capsys.readouterr().out == "Зоя: admin of project проект\n"
    assert users(folder) == {"Зоя": Account("проект", ("admin",))}
    assert (folder / "htpasswd").read_text().startswith("# kept by hand\n")
    assert user("remove", "alice") == 1


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (("a:b", "--project", "p"), "open sesame"),
        (("#a", "--project", "p"), "open sesame"),
        (("a\nb", "--project", "p"), "open sesame"),
        (("", "--project", "p"), "open sesame"),
        (("a", "--project", ""), "open sesame"),
        (("a", "--project", "p", "--role", "member,admin"), "open sesame"),
        (("a", "--project", "p"), ""),
        (("a", "--project", "p"), "short"),
        (("a", "--project", "p"), "x" * 73),
        (("a", "--project", "p"), "tabs\tand bells\a"),
    ],
)
def test_what_cannot_work_is_refused_and_changes_nothing(
    user: User, folder: Path, words: tuple[str, ...], typed: str
) -> None:
    assert user("add", *words, typed=typed) == 2
    assert [path.name for path in folder.parent.rglob("*") if path.is_file()] == []


NAMES = st.text(max_size=40)


@given(NAMES, NAMES, st.lists(NAMES, max_size=3))
def test_what_the_command_accepts_the_service_reads(
    name: str, project_id: str, roles: list[str]
) -> None:
    if is_user_name(name) and is_name(project_id) and all(map(is_role, roles)):
        account = Account(project_id, tuple(roles))
        assert parse_accounts(format_accounts({name: account}), "x") == {name: account}
        assert list(parse_passwords(f"{name}:$2b$04${'.' * 53}\n", "x")) == [name]


@pytest.mark.parametrize("name", ["yes", "1", "~", "null", "- a", "'", '"', "{}", "é"])
def test_names_that_mean_something_in_yaml_are_names(name: str) -> None:
    account = Account(name, (name,))
    assert is_user_name(name)
    assert parse_accounts(format_accounts({name: account}), "x") == {name: account}


def test_a_password_is_no_word_of_the_command(user: User) -> None:
    with pytest.raises(SystemExit):
        user("add", "alice", "--project", "p1", "--password", "open sesame")


def test_a_file_that_makes_no_sense_is_left_alone(user: User, folder: Path) -> None:
    folder.mkdir()
    (folder / "htpasswd").write_text("alice:plain\n")
    assert user("add", "bob", "--project", "p1", "--generate") == 2
    assert (folder / "htpasswd").read_text() == "alice:plain\n"


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "there"
    file.write_text("old")
    file.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(file)
    replace_text(link, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o640)
    assert link.is_symlink()


def test_what_several_write_at_once_is_all_there(tmp_path: Path) -> None:
    file = tmp_path / "users.yaml"

    def add(name: str) -> None:
        with alone_in(tmp_path):
            text = file.read_text() if file.exists() else ""
            replace_text(file, f"{text}{name}: {{project_id: p, roles: []}}\n")

    names = [f"user{number}" for number in range(20)]
    threads = [Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(parse_accounts(file.read_text(), "x")) == sorted(names)
    assert [path.name for path in tmp_path.iterdir()] == ["users.yaml"]
