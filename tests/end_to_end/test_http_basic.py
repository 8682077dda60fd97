"""From a new user to an openstack that is logged in, as the command that makes users tells it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
import yaml

from tests.end_to_end.service import Service, clean_environment, run_freehold, tool
from tests.servers.process import free_ports

SETTING = {"OS_DEFAULT__AUTH_STRATEGY": "http_basic"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """A service with one user, and what was told when the user was made."""
    [port] = free_ports(1)
    file = tmp_path / "freehold.conf"
    file.write_text(f"[DEFAULT]\nauth_strategy = http_basic\nbind_port = {port}\n")
    words = ("--config-file", str(file))
    made = run_freehold(
        tmp_path, "user", "add", "it's me", "--project", "p 1", "--generate", *words
    )
    assert made.returncode == 0, made.stderr
    service = Service(tmp_path, *words)
    service.port = port
    service.start()
    yield service, made.stdout
    service.end()


def indented(told: str, beginning: str) -> list[str]:
    """Return the indented lines from one on, up to the next that is not."""
    lines = told.splitlines()
    first = next(number for number, line in enumerate(lines) if line.strip().startswith(beginning))
    rest = lines[first:]
    length = next((n for n, line in enumerate(rest) if line and line[0] != " "), len(rest))
    return rest[:length]


def test_what_is_told_logs_in_until_the_user_is_removed(
    served: tuple[Service, str], tmp_path: Path
) -> None:
    service, told = served
    assert "auth_strategy = http_basic" in service.output
    exports = indented(told, "export")

    def sh(*lines: str) -> subprocess.CompletedProcess[str]:
        found = Path(tool("openstack")).parent
        return subprocess.run(
            ["/bin/sh", "-e"],
            input="\n".join(lines),
            env=clean_environment(tmp_path, {"PATH": f"{found}:/usr/bin:/bin"}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    listed = sh(*exports)
    assert (listed.returncode, listed.stderr) == (0, "")
    [password] = [line for line in exports if "OS_PASSWORD" in line]
    [at_once] = [line for line in told.splitlines() if "--os-auth-type" in line]
    created = sh(password, at_once.replace("network list", "network create hers -f value -c name"))
    assert (created.stdout, created.stderr) == ("hers\n", "")

    cloud = yaml.safe_load("\n".join(indented(told, "clouds:")))["clouds"]["freehold"]
    connection: Any = openstack.connect(**cloud, load_yaml_config=False, load_envvars=False)
    assert [one.project_id for one in connection.network.networks(name="hers")] == ["p 1"]

    removed = run_freehold(tmp_path, "user", "remove", "it's me", environment=SETTING)
    assert removed.returncode == 0, removed.stderr
    with pytest.raises(openstack.exceptions.HttpException, match="401"):
        list(connection.network.networks())
    assert cloud["auth"]["password"] not in service.output


def test_without_users_it_does_not_start(tmp_path: Path) -> None:
    ended = run_freehold(tmp_path, "serve", "--port", "0", environment=SETTING)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "'freehold user add' makes it" in ended.stderr


def test_passwords_do_not_cross_a_network_in_the_open(tmp_path: Path) -> None:
    words = ("serve", "--host", "0.0.0.0", "--port", "0")
    ended = run_freehold(tmp_path, *words, environment=SETTING)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--allow-remote-without-tls" in ended.stderr
