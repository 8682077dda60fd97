"""A Freehold that asks a Keystone, and keeps in memcached what it said."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import openstack
import pytest

from tests.end_to_end.openstack_command import openstack as run_openstack
from tests.end_to_end.service import Answer, Client, Service, clean_environment
from tests.end_to_end.test_story_openstack_command import Run, done, refused, shown
from tests.servers import keystone as keystone_servers
from tests.servers import memcached as memcached_servers
from tests.servers.keystone import Keystone
from tests.servers.memcached import Memcached
from tests.servers.process import free_ports

NETWORKS = "/v2.0/networks"
USERS = {"boss": "admin", "manager": "manager", "member": "member", "reader": "reader"}
"""Users of the first project, and what they are in it."""


class Cloud:
    """A Keystone, a memcached, and a Freehold that asks them; two projects with users.

    Args:
        folder: for Freehold.
        keystone: the Keystone.
        memcached: the memcached.
    """

    def __init__(self, folder: Path, keystone: Keystone, memcached: Memcached) -> None:
        self.keystone = keystone
        self.memcached = memcached
        file = folder / "freehold.conf"
        file.write_text(f"{keystone.configuration()}memcached_servers = {memcached.address}\n")
        file.chmod(0o600)
        self.service = Service(folder, "--config-file", str(file))
        self.service.port = keystone.network_port
        self.projects = {name: keystone.project(name) for name in ("p1", "p2")}
        first, second = self.projects["p1"], self.projects["p2"]
        self.users = {name: keystone.user(name, first, role) for name, role in USERS.items()}
        keystone.user("stranger", second, "member")
        self.tokens = {name: keystone.token(name, project="p1") for name in USERS}
        self.tokens["stranger"] = keystone.token("stranger", project="p2")

    def call(self, token: str, method: str = "GET", path: str = NETWORKS, **more: str) -> Answer:
        """Send one request with a token, and headers with underscores for hyphens."""
        headers = {"X-Auth-Token": token, **{key.replace("_", "-"): more[key] for key in more}}
        client = Client(self.service.port, headers=headers)
        try:
            return client.call(method, path, {"network": {}} if method == "POST" else None)
        finally:
            client.close()

    def new_user(self, name: str) -> str:
        """Make another member of the first project, and return its id."""
        return self.keystone.user(name, self.projects["p1"], "member")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    [port] = free_ports(1)
    memcached, keystone = memcached_servers.start(), keystone_servers.start(port)
    made = Cloud(tmp_path_factory.mktemp("cloud"), keystone, memcached)
    made.service.start()
    yield made
    for ended in (made.service.end, keystone.stop, memcached.stop):
        ended()


def test_the_roles_in_the_project_decide(cloud: Cloud) -> None:
    statuses = {name: cloud.call(cloud.tokens[name], "POST").status for name in USERS}
    # An administrator or manager is a member by what the roles imply in Keystone.
    assert statuses == {"boss": 201, "manager": 201, "member": 201, "reader": 403}
    owners = {one["project_id"] for one in cloud.call(cloud.tokens["reader"]).body["networks"]}
    assert owners == {cloud.projects["p1"]}


def test_what_belongs_to_another_project_is_not_there(cloud: Cloud) -> None:
    made = cloud.call(cloud.tokens["member"], "POST").body["network"]["id"]
    foreign = cloud.call(cloud.tokens["stranger"], path=f"{NETWORKS}/{made}")
    assert (foreign.status, foreign.error["type"]) == (404, "NetworkNotFound")
    assert cloud.call(cloud.tokens["stranger"]).body["networks"] == []
    assert cloud.call(cloud.tokens["boss"], path=f"{NETWORKS}/{made}").status == 200


def test_what_a_client_says_of_itself_is_not_believed(cloud: Cloud) -> None:
    more = {
        "X_Roles": "admin",
        "X_Project_Id": cloud.projects["p1"],
        "X_Identity_Status": "Confirmed",
    }
    assert cloud.call(cloud.tokens["stranger"], **more).body["networks"] == []
    assert cloud.call("", **more).status == 401
    client = Client(cloud.service.port, headers={"X_Roles": "admin", "X_Auth_Token": "x"})
    assert client.call("GET", NETWORKS).status == 401
    client.close()


def test_whoever_shows_no_token_is_told_where_to_get_one(cloud: Cloud) -> None:
    connection = HTTPConnection("127.0.0.1", cloud.service.port, timeout=60)
    connection.request("GET", NETWORKS)
    answer = connection.getresponse()
    assert answer.status == 401
    assert answer.getheader("WWW-Authenticate") == f'Keystone uri="{cloud.keystone.url}"'
    assert json.loads(answer.read())["NeutronError"]["type"] == "HTTPUnauthorized"
    connection.close()


GARBAGE = ["x", "gAAAAA" + "x" * 180, "x" * 300, "x" * 9000, "../users", "a b", "%0d%0a"]


@pytest.mark.parametrize("token", GARBAGE, ids=lambda token: token[:10])
def test_garbage_is_no_token(cloud: Cloud, token: str) -> None:
    assert cloud.call(token).status == 401
    assert cloud.call(cloud.tokens["member"], X_Service_Token=token).status == 401


def test_auditors_are_told_of_refused_tokens_and_not_which_they_were(cloud: Cloud) -> None:
    right = cloud.tokens["member"]
    made_up = "gAAAAA" + "secret" * 30
    sent: Mapping[str, Mapping[str, str]] = {
        "nothing-shown": {},
        "unreadable": {"X_Auth_Token": "secret" * 2000},
        "token-refused": {"X_Auth_Token": made_up, "X_Service_Token": made_up},
        "service-token-refused": {"X_Auth_Token": right, "X_Service_Token": right},
    }
    # The middleware's first token has it write more than later ones do.
    assert (cloud.call(right).status, cloud.call(made_up).status) == (200, 401)
    before = len(cloud.service.output)
    for headers in sent.values():
        client = Client(
            cloud.service.port, headers={k.replace("_", "-"): headers[k] for k in headers}
        )
        assert client.call("GET", NETWORKS).status == 401
        client.close()
    lines = cloud.service.output[before:].splitlines()
    told = [line.partition("] ")[2] for line in lines if " freehold.audit [" in line]
    assert told == [
        f"Login refused: mode=keystone reason={reason} user=- client=127.0.0.1" for reason in sent
    ]
    # For each token that it refuses, keystonemiddleware has a line of its own.
    assert len(lines) == len(sent) * 2 + 2
    assert [line for line in lines if "secret" in line or right in line] == []


def test_an_expired_token_is_worth_nothing_but_to_a_service(cloud: Cloud) -> None:
    expired = cloud.keystone.expired(cloud.keystone.token("member", project="p1"))
    assert cloud.call(expired).status == 401
    of_service = cloud.keystone.token("freehold", project="service")
    assert cloud.call(expired, X_Service_Token=of_service).status == 200
    # Somebody else's token does not make a service of whoever sends it.
    assert cloud.call(expired, X_Service_Token=cloud.tokens["boss"]).status == 401
    assert cloud.call(cloud.tokens["member"], X_Service_Token=expired).status == 401


def test_a_revoked_token_is_worth_nothing(cloud: Cloud) -> None:
    token = cloud.keystone.token("member", project="p1")
    cloud.keystone.revoke(token)
    assert cloud.call(token).status == 401


def test_the_token_of_a_disabled_user_is_worth_nothing(cloud: Cloud) -> None:
    user = cloud.new_user("leaver")
    token = cloud.keystone.token("leaver", project="p1")
    cloud.keystone.disable(user)
    assert cloud.call(token).status == 401


@pytest.mark.parametrize("scope", [None, {"system": {"all": True}}], ids=["none", "system"])
def test_a_token_that_is_of_no_project_gives_no_roles(cloud: Cloud, scope: object) -> None:
    cloud.call(cloud.tokens["member"], "POST")
    token = cloud.keystone.token("admin", scope=scope)
    assert cloud.call(token).body["networks"] == []
    assert cloud.call(token, "POST").status == 403


def test_an_application_credential_gives_what_it_was_made_for(cloud: Cloud) -> None:
    keystone, user = cloud.keystone, cloud.users["member"]
    token = keystone.token("member", project="p1")

    def credential(name: str, **more: object) -> str:
        made = keystone.application_credential(user, token, name, **more)
        return keystone.token_of_application(*made)

    reading = credential("reading", roles=[{"name": "reader"}])
    assert (cloud.call(reading).status, cloud.call(reading, "POST").status) == (200, 403)
    rule = {"service": "network", "method": "GET", "path": NETWORKS}
    listing = credential("listing", access_rules=[rule])
    assert (cloud.call(listing).status, cloud.call(listing, "POST").status) == (200, 401)
    assert credential("all") != listing
    assert cloud.call(credential("most"), "POST").status == 201


def test_what_keystone_said_is_kept_in_memcached(cloud: Cloud) -> None:
    token = cloud.keystone.token("member", project="p1")
    before = cloud.memcached.statistics()
    assert [cloud.call(token).status for _ in range(2)] == [200, 200]
    after = cloud.memcached.statistics()
    gained = {name: int(after[name]) - int(before[name]) for name in ("cmd_set", "get_hits")}
    assert gained == {"cmd_set": 1, "get_hits": 1}


def test_whoever_was_known_is_served_while_keystone_does_not_answer(cloud: Cloud) -> None:
    assert cloud.call(cloud.tokens["member"]).status == 200
    with cloud.keystone.process.hung():
        assert cloud.call(cloud.tokens["member"]).status == 200


def test_openstacksdk_logs_in_and_finds_the_api_in_the_catalogue(cloud: Cloud) -> None:
    connection: Any = openstack.connect(
        auth_url=cloud.keystone.url,
        username="member",
        password=cloud.keystone.password,
        project_name="p1",
        user_domain_id="default",
        project_domain_id="default",
        region_name="one",
        load_yaml_config=False,
        load_envvars=False,
    )
    network = connection.network.create_network(name="by openstacksdk")
    assert network.project_id == cloud.projects["p1"]
    assert [one.id for one in connection.network.networks(name="by openstacksdk")] == [network.id]


@pytest.fixture
def run(cloud: Cloud, tmp_path: Path) -> Run:
    """How an administrator runs ``openstack``."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = clean_environment(tmp_path, cloud.keystone.client_settings("admin", "admin"))
        return run_openstack(*words, environment=environment, folder=tmp_path)

    return run


def test_openstack_logs_in_and_shows_and_sets_a_project_s_limits(cloud: Cloud, run: Run) -> None:
    def shown_of(name: str, column: str, *options: str) -> object:
        rows = shown(run, "quota", "show", "--network", *options, "limited")
        [found] = [row[column] for row in rows if row["Resource"] == name]
        return found

    cloud.keystone.project("limited")
    assert shown_of("ports", "Limit") == 500
    shown(run, "network", "create", "one", "--project", "limited")
    done(run, "quota", "set", "--networks", "1", "--ports", "7", "limited")
    message = refused(run, "quota", "set", "--networks", "0", "limited")
    assert "must be greater than or equal to already used 1" in message
    assert shown_of("networks", "In Use", "--usage") == 1
    done(run, "quota", "delete", "--network", "limited")
    assert shown_of("ports", "Limit") == 500
