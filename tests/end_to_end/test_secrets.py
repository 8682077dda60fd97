"""No password is told: in an error, in the log of a service, or in a list of processes."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from freehold.cli.main import main
from tests.conftest import OpenDatabase
from tests.end_to_end.service import (
    POLL_SECONDS,
    START_SECONDS,
    STOP_SECONDS,
    Client,
    clean_environment,
    tool,
)

PASSWORD = "hunter2/hunter2"
ROLE = "locked"


@pytest.fixture
def locked(open_database: OpenDatabase) -> Iterator[URL]:
    """The URL of a database on PostgreSQL whose user has to show a password."""
    url = make_url(open_database("postgresql")[0])
    with psycopg.connect(
        host=url.host, port=url.port, user=url.username, dbname=url.database, autocommit=True
    ) as admin:
        row = admin.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        before = rules.read_text()
        admin.execute(f"CREATE ROLE {ROLE} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        rules.write_text(f"host all {ROLE} all scram-sha-256\n{before}")
        admin.execute("SELECT pg_reload_conf()")
        yield url.set(username=ROLE, password=PASSWORD)
        rules.write_text(before)
        admin.execute("SELECT pg_reload_conf()")
        admin.execute(f"REASSIGN OWNED BY {ROLE} TO CURRENT_USER")
        admin.execute(f"DROP OWNED BY {ROLE}")
        admin.execute(f"DROP ROLE {ROLE}")


def forms(url: URL) -> set[str]:
    return {PASSWORD, "hunter2", url.render_as_string(hide_password=False)}


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_wrong_password_is_told_by_no_command(
    kind: str,
    request: pytest.FixtureRequest,
    open_database: OpenDatabase,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if kind == "postgresql":
        right: URL = request.getfixturevalue("locked")
    else:
        right = make_url(open_database(kind)[0])
    wrong = right.set(password=f"x{PASSWORD}")
    text = wrong.render_as_string(hide_password=False)
    monkeypatch.setenv("FREEHOLD_DATABASE", text)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", text)
    for words in (
        ["db", "current"],
        ["serve", "--port", "0"],
        ["history", "192.0.2.1"],
        ["neutron", "audit", "--config-file", os.devnull],
    ):
        assert main(words) == 1
        out, error = capfd.readouterr()
        assert "denied" in error or "authentication failed" in error
        assert [one for one in forms(wrong) if one in out + error] == []
    assert main(["config", "show"]) == 0
    assert "hunter2" not in capfd.readouterr().out


class Running:
    """``freehold serve`` on a database that the environment names."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._log = folder / "output"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [tool("freehold"), "serve", "--port", "0"],
                env=clean_environment(folder, environment),
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def client(self) -> Client:
        """Wait until it serves, and connect to it."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)$", self.output, re.MULTILINE):
                client = Client(int(found[1]))
                try:
                    client.call("GET", "/")
                except OSError:
                    client.close()
                else:
                    return client
            if time.monotonic() > deadline or self.process.poll() is not None:
                pytest.fail(f"freehold serve did not start:\n{self.output}")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(POLL_SECONDS)

    def words(self) -> str:
        """Return what a list of processes shows of it and its workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return "".join(Path(f"/proc/{one}/cmdline").read_text() for one in (pid, *children))


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    service = Running(folder, environment)
    try:
        yield service
    finally:
        service.process.terminate()
        service.process.wait(STOP_SECONDS)


@pytest.mark.parametrize("_server", ["postgresql"])  # with the other tests of that server
def test_a_running_service_tells_its_password_nobody(
    _server: str, locked: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "url"
    file.write_text(f"{locked.render_as_string(hide_password=False)}\n")
    file.chmod(0o644)
    monkeypatch.setenv("FREEHOLD_DATABASE_FILE", str(file))
    assert main(["db", "upgrade"]) == 0
    environment = {"FREEHOLD_DATABASE_FILE": str(file), "OS_DEFAULT__DEBUG": "true"}
    with running(tmp_path, environment) as service:
        client = service.client()
        assert [one for one in forms(locked) if one in service.words()] == []
        assert client.call("GET", "/v2.0/networks").status == 200
        with psycopg.connect(
            host=locked.host, port=locked.port, user="freehold", dbname="postgres", autocommit=True
        ) as admin:
            admin.execute(f"ALTER ROLE {ROLE} PASSWORD 'another one'")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (ROLE,)
            )
        answer = client.call("GET", "/v2.0/networks")
        client.close()
    assert answer.status == 503
    assert "The database failed" in service.output
    assert f"Everybody on this machine may read {file}, which has secrets" in service.output
    assert [one for one in forms(locked) if one in f"{service.output}{answer}"] == []
