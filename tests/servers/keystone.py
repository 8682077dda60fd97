"""A Keystone to log in with: the one from PyPI, with a cloud that tests add to by its API."""

import http.client
import json
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgpack
import pytest
from cryptography.fernet import Fernet

from tests.servers.process import HOST, Process, ServerFailed, free_ports, new_directory

PROGRAM = Path(__file__).with_name("keystone_process.py")

Document = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What Keystone answers."""

    status: int
    token: str
    body: Any


class Keystone:
    """A Keystone with the users ``admin``, and ``freehold``, who is the service that asks it.

    Args:
        network_port: where Freehold will be.
    """

    def __init__(self, network_port: int) -> None:
        self._folder = new_directory(None)
        self.password = secrets.token_urlsafe()
        self.network_port = network_port
        [self.port] = free_ports(1)
        self.url = f"http://{HOST}:{self.port}/v3"
        network_url = f"http://{HOST}:{network_port}"
        command = [PROGRAM, self.port, self._folder, self.password, network_url]
        self.process = Process(
            [sys.executable, "-P", "-W", "ignore", *command],
            user=None,
            log=self._folder / "log",
        )
        try:
            self.process.wait_until(self.answers)
        except ServerFailed:
            self.stop()
            raise
        self.admin = self.token("admin", project="admin")
        roles: Sequence[Document] = self.ask("GET", "/roles").body["roles"]
        self._roles = {str(role["name"]): str(role["id"]) for role in roles}
        self.service_project = self.project("service")
        self.user("freehold", self.service_project, "service")

    def answers(self) -> bool:
        """Tell whether it answers by now."""
        try:
            return self._call("GET", "", {}).status == 200
        except OSError:
            return False

    def project(self, name: str) -> str:
        """Make a project, and return its id."""
        made = self.ask("POST", "/projects", {"project": {"name": name, "domain_id": "default"}})
        return str(made.body["project"]["id"])

    def user(self, name: str, project: str, *roles: str) -> str:
        """Make a user with roles in a project, who has everybody's password, and return the id."""
        user = {"name": name, "domain_id": "default", "password": self.password}
        made = str(self.ask("POST", "/users", {"user": user}).body["user"]["id"])
        for role in roles:
            self.ask("PUT", f"/projects/{project}/users/{made}/roles/{self._roles[role]}")
        return made

    def disable(self, user: str) -> None:
        """Disable a user."""
        self.ask("PATCH", f"/users/{user}", {"user": {"enabled": False}})

    def revoke(self, token: str) -> None:
        """Have a token be worth nothing."""
        self.ask("DELETE", "/auth/tokens", more={"X-Subject-Token": token})

    def token(self, user: str, *, project: str | None = None, scope: object = None) -> str:
        """Return a new token of a user, for a project by its name, another scope, or none."""
        domain = {"id": "default"}
        who = {"name": user, "domain": domain, "password": self.password}
        named = {"project": {"name": project, "domain": domain}} if project else scope
        return self._log_in({"methods": ["password"], "password": {"user": who}}, named)

    def token_of_application(self, credential: str, secret: str) -> str:
        """Return a new token of an application credential."""
        said = {"id": credential, "secret": secret}
        return self._log_in(
            {"methods": ["application_credential"], "application_credential": said}, None
        )

    def application_credential(
        self, user: str, token: str, name: str, **more: object
    ) -> tuple[str, str]:
        """Make an application credential of a user, and return its id and its secret."""
        wanted = {"application_credential": {"name": name, **more}}
        path = f"/users/{user}/application_credentials"
        made = self.ask("POST", path, wanted, token=token).body["application_credential"]
        return str(made["id"]), str(made["secret"])

    def _log_in(self, identity: Document, scope: object) -> str:
        auth = {"identity": identity} | ({"scope": scope} if scope else {})
        answer = self._call("POST", "/auth/tokens", {}, {"auth": auth})
        assert answer.status == 201, answer
        return answer.token

    def ask(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        token: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the API, as the administrator unless another token is given."""
        headers = {"X-Auth-Token": token or self.admin, **(more or {})}
        answer = self._call(method, path, headers, document)
        assert answer.status < 300, answer
        return answer

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], document: object = None
    ) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        body = None if document is None else json.dumps(document)
        try:
            connection.request(
                method, f"/v3{path}", body, {"Content-Type": "application/json", **headers}
            )
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        token = response.getheader("X-Subject-Token") or ""
        return Answer(response.status, token, json.loads(content) if content else None)

    def configuration(self) -> str:
        """Return what Freehold's configuration file says so that it asks this Keystone."""
        return f"""
[DEFAULT]
auth_strategy = keystone
[keystone_authtoken]
auth_type = password
auth_url = {self.url}
username = freehold
password = {self.password}
user_domain_id = default
project_name = service
project_domain_id = default
"""

    def expired(self, token: str) -> str:
        """Return a token as it is when its time has been up for a minute."""
        key = Fernet((self._folder / "fernet-keys" / "1").read_bytes())
        padded = token + "=" * (-len(token) % 4)
        payload = msgpack.unpackb(key.decrypt(padded.encode()))
        past = time.time() - 60
        # The only number with a fraction is the time at which it expires.
        changed = [past if isinstance(part, float) else part for part in payload]
        made = key.encrypt_at_time(msgpack.packb(changed), int(past) - 3600)
        return made.decode().rstrip("=")

    def client_settings(self, user: str, project: str) -> dict[str, str]:
        """Return the environment of a client that logs in with it."""
        return {
            "OS_AUTH_URL": self.url,
            "OS_USERNAME": user,
            "OS_PASSWORD": self.password,
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_IDENTITY_API_VERSION": "3",
        }

    def stop(self) -> None:
        """End it, and forget its data."""
        self.process.stop(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


def start(network_port: int) -> Keystone:
    """Start a Keystone; once more if somebody took its port first.

    Without one nobody can log in with it: then the test fails.
    """
    try:
        version("keystone")
    except PackageNotFoundError:
        pytest.fail("Keystone is not installed: run pip install '.[dev]', then the tests again.")
    try:
        return Keystone(network_port)
    except ServerFailed:
        pass
    try:
        return Keystone(network_port)
    except ServerFailed as error:
        return pytest.fail(f"No Keystone could be started, so nobody could log in: {error}")
