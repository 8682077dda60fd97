"""Where the configuration comes from, what of it is secret, and how it is shown."""

import json
import re
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
from oslo_config import cfg

from freehold.cli import configuration
from freehold.cli.failure import CommandFailed
from freehold.cli.logs import secrets_of
from freehold.config import load_settings
from freehold.config.options import Options
from freehold.errors import ConfigurationError

PASSWORD = "hunter2hunter2"
URL = f"postgresql+psycopg://me:{PASSWORD}@db.example/freehold?sslpassword={PASSWORD}"

WORDS = Namespace(config_file=None, database_url=None, as_json=False)


def shown(capsys: pytest.CaptureFixture[str], **words: object) -> str:
    configuration.run(Namespace(**{**vars(WORDS), **words}))
    return capsys.readouterr().out


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "freehold.conf"
    file.write_text(
        "[DEFAULT]\nbind_port = 77\nlogging_exception_prefix = 'a $$ b '\n"
        "default_log_levels = a=WARN,b=DEBUG\nlog_dir = /var/log\nuse_json = yes\n"
        "[quotas]\nquota_port = 7\n[oslo_policy]\npolicy_dirs = a,b\n"
    )
    return file


def test_what_is_shown_is_a_configuration_file_of_the_same_meaning(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again.conf"
    again.write_text(shown(capsys, config_file=[str(config)]))
    before, after = load_settings([config]), load_settings([again])
    assert before.log.logging_exception_prefix == "a $ b "
    assert after == before
    assert after != load_settings([])


def test_it_is_shown_where_each_value_is_from(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_DEFAULT__BASE_MAC", "02:00:00:00:00:00")
    monkeypatch.setenv("FREEHOLD_DATABASE", "sqlite:////f")
    found = json.loads(shown(capsys, config_file=[str(config)], as_json=True))
    assert found["DEFAULT"]["bind_port"] == {"value": 77, "from": str(config)}
    assert found["quotas"]["quota_port"] == {"value": 7, "from": str(config)}
    assert found["DEFAULT"]["bind_host"] == {"value": "127.0.0.1", "from": "default"}
    assert found["DEFAULT"]["base_mac"]["from"] == "environment: OS_DEFAULT__BASE_MAC"
    url = {"value": "sqlite:////f", "from": "environment: FREEHOLD_DATABASE"}
    assert found["database"]["connection"] == url


@pytest.mark.parametrize("as_json", [False, True])
def test_no_secret_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    file = tmp_path / "freehold.conf"
    file.write_text(f"[database]\nconnection = {URL}\n")
    text = shown(capsys, config_file=[str(file)], as_json=as_json)
    assert PASSWORD not in text
    assert "postgresql+psycopg://me:***@db.example/freehold" in text
    assert re.search(r"^connection", text, re.MULTILINE) is None


def test_no_secret_has_a_default_and_each_is_known_to_be_one() -> None:
    options = Options()
    load_settings([], environ={}, options=options)
    assert options.known["database", "connection"].secret
    for (group, name), option in options.known.items():
        if option.secret:
            assert option.default is None, (group, name)
        else:
            hidden = re.search(r"password|passphrase|secret", name)
            assert not hidden or name.endswith(("_file", "_cache_time")), (group, name)


def test_a_database_can_be_named_by_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")
    assert load_settings([], environ={"FREEHOLD_DATABASE_FILE": str(file)}).database_url == URL
    by_option = load_settings([], environ={"OS_DATABASE__CONNECTION_FILE": str(file)})
    assert by_option.database_url == URL


def test_secrets_of_libraries_come_from_files_too_whenever_they_are_registered(
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    options = Options()
    environ = {"OS_KEYSTONE_AUTHTOKEN__PASSWORD_FILE": str(file)}
    load_settings([], environ=environ, options=options)
    options.register_opts([cfg.StrOpt("password", secret=True)], group="keystone_authtoken")
    assert options.keystone_authtoken.password == PASSWORD
    assert list(options.secrets()) == [("keystone_authtoken", "password", PASSWORD)]
    assert options.secret_files == [str(file)]


def test_a_file_that_names_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("\n")
    for environ in (
        {"FREEHOLD_DATABASE_FILE": str(file)},
        {"FREEHOLD_DATABASE_FILE": str(tmp_path / "missing")},
        {"FREEHOLD_DATABASE_FILE": str(file), "FREEHOLD_DATABASE": "sqlite://"},
    ):
        with pytest.raises(ConfigurationError, match="FREEHOLD_DATABASE_FILE"):
            load_settings([], environ=environ)


def test_files_with_secrets_that_everybody_may_read_are_told(tmp_path: Path) -> None:
    config, secret = tmp_path / "freehold.conf", tmp_path / "url"
    config.write_text(f"[database]\nconnection = {URL}\n")
    secret.write_text(URL)
    environ = {"FREEHOLD_DATABASE_FILE": str(secret)}
    for mode, exposed in ((0o644, (str(secret), str(config))), (0o640, ())):
        config.chmod(mode)
        secret.chmod(mode)
        assert load_settings([config], environ=environ).exposed_files == exposed
    config.write_text("[database]\nconnection = sqlite:////var/lib/f.sqlite\n")
    config.chmod(0o644)
    assert load_settings([config], environ={}).exposed_files == ()


def test_secrets_are_no_part_of_the_settings_text_and_are_kept_out_of_the_log() -> None:
    settings = replace(load_settings([], environ={"FREEHOLD_DATABASE": URL}), secrets=("s3cr3t!!",))
    assert PASSWORD not in repr(settings)
    assert "s3cr3t" not in repr(settings)
    assert secrets_of(settings).removed_from(f"{PASSWORD} s3cr3t!!") == "*** ***"


def test_a_password_on_the_command_line_is_refused() -> None:
    for url in (URL, "mysql+pymysql://me:secret@db/f", "postgresql+psycopg://me@db/f?password=a"):
        with pytest.raises(CommandFailed, match="change it") as caught:
            configuration.run(Namespace(**{**vars(WORDS), "database_url": url}))
        assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("log_config_append", "/etc/x"),
        ("use_journal", "true"),
        ("log_rotation_type", "size"),
        ("default_log_levels", "a=LOUD"),
        ("logging_context_format_string", "%(message)d"),
    ],
)
def test_options_of_the_log_that_cannot_work_are_refused(
    tmp_path: Path, option: str, value: str
) -> None:
    file = tmp_path / "freehold.conf"
    file.write_text(f"[DEFAULT]\n{option} = {value}\n")
    with pytest.raises(ConfigurationError, match=option):
        load_settings([file])
