"""Neutron's database is reached with limits to each wait, and is left as it is."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from freehold.cli.main import main
from freehold.db.engine import CONNECT_SECONDS
from freehold.neutron.connecting import ANSWER_SECONDS, open_engine
from tests.conftest import OpenDatabase


def opened_by(url: str) -> str:
    """Return which driver a database is reached by."""
    engine = open_engine(url)
    engine.dispose()
    return engine.dialect.driver


@pytest.mark.parametrize("kind", ["postgresql"])
def test_postgresql_is_waited_for_only_so_long(kind: str, open_database: OpenDatabase) -> None:
    engine = open_engine(open_database(kind)[0])
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert type(driver).__name__ == "TimedConnection"
        assert driver.info.get_parameters()["connect_timeout"] == str(CONNECT_SECONDS)
        shown = connection.execute(text("SHOW statement_timeout")).scalar_one()
        assert shown == f"{ANSWER_SECONDS * 5 // 6}s"
    engine.dispose()


@pytest.mark.parametrize("kind", ["mariadb"])
def test_mariadb_is_waited_for_only_so_long(kind: str, open_database: OpenDatabase) -> None:
    engine = open_engine(open_database(kind)[0])
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert (driver.connect_timeout, driver._read_timeout) == (CONNECT_SECONDS, ANSWER_SECONDS)
        waits = text("SELECT @@innodb_lock_wait_timeout")
        assert connection.execute(waits).scalar_one() == ANSWER_SECONDS * 2 // 3
    engine.dispose()


def test_an_audit_of_a_server_that_hangs_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its kernel takes the connection, and nobody greets."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"mysql+pymysql://n:secret@127.0.0.1:{silent.getsockname()[1]}/neutron"
        monkeypatch.setenv("OS_DATABASE__CONNECTION", f"{url}?connect_timeout=1")
        assert main(["neutron", "audit"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("freehold: Neutron's database: ")
    assert "secret" not in told.err


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("mysql://n@h/neutron", "pymysql"),
        ("mysql+pymysql://n@h/neutron", "pymysql"),
        ("mariadb+mariadbconnector://n@h/neutron", "pymysql"),
        ("postgresql://n@h/neutron", "psycopg"),
        ("postgresql+psycopg2://n@h/neutron", "psycopg"),
    ],
)
def test_a_driver_is_used_whose_waiting_has_a_limit(url: str, driver: str) -> None:
    assert opened_by(url) == driver


def test_a_file_of_sqlite_is_opened_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "neutron.sqlite"
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "delete"
    engine.dispose()
    assert make_url(f"sqlite:///{file}") == engine.url
