"""Passwords: who is let in, what is believed, and what outsiders are told."""

import json
import logging
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from threading import Event, Thread

import bcrypt
import pytest
from falcon import App, Request, Response
from falcon.testing import Result, StartResponseMock, TestClient, create_environ
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.api.app import create_app
from freehold.api.authentication import OPEN_PATHS
from freehold.api.authentication.basic import CHALLENGE, Basic
from freehold.api.authentication.passwords import Passwords, Turns, parse_passwords
from freehold.api.refusals import AuthenticationUnavailable, HTTPUnauthorized
from freehold.config import Authentication, Settings
from freehold.errors import ConfigurationError

CHEAP = 4
"""A cost of bcrypt by which tests do not take long."""

NETWORKS = "/v2.0/networks"
UNKNOWN = "99999999-9999-4999-8999-999999999999"

ALICE = ("alice", "sesame")
BOSS = ("boss", "open wide")
NON_ASCII = ("Зоя", "пароль ☃")

ACCOUNTS = """
alice: {project_id: p1, roles: [member]}
boss: {project_id: p2, roles: [admin]}
Зоя: {project_id: проект, roles: [member]}
"""


def line(name: str, password: str, cost: int = CHEAP) -> str:
    return f"{name}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()}\n"


LINES = {name: line(name, password) for name, password in (ALICE, BOSS, NON_ASCII)}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


class Cloud:
    """A service with passwords, and its two files.

    Args:
        folder: for the files.
    """

    def __init__(self, folder: Path) -> None:
        self.passwords = folder / "htpasswd"
        self.roles = folder / "users.yaml"
        self.write("".join(LINES.values()), ACCOUNTS)
        self.settings = Authentication(
            auth_strategy="http_basic",
            http_basic_auth_user_file=str(self.passwords),
            http_basic_auth_roles_file=str(self.roles),
        )

    @cached_property
    def app(self) -> App[Request, Response]:
        return create_app(Settings(database_url="sqlite://", authentication=self.settings))

    @cached_property
    def client(self) -> TestClient:
        return TestClient(self.app)

    def write(self, passwords: str, roles: str) -> None:
        """Replace the files, as editors do."""
        for path, text in ((self.passwords, passwords), (self.roles, roles)):
            new = path.with_suffix(".new")
            new.write_text(text)
            new.chmod(0o600)
            new.replace(path)

    def get(self, path: str = NETWORKS, headers: Mapping[str, str] | None = None) -> Result:
        return self.client.simulate_get(path, headers=headers)

    def create(self, headers: Mapping[str, str], **attributes: object) -> Result:
        return self.client.simulate_post(NETWORKS, headers=headers, json={"network": attributes})


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


@pytest.fixture(scope="module")
def lasting_cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """One that tests share which change nothing, with a network of each project."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.create(basic(*ALICE), name="hers")
    cloud.create(basic(*BOSS), name="another project's")
    return cloud


def is_told_to_log_in(answer: Result) -> None:
    """Check that an answer is the one for everybody who is not let in."""
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == CHALLENGE
    assert answer.headers["X-OpenStack-Request-Id"].startswith("req-")
    assert answer.json == {
        "NeutronError": {
            "type": "HTTPUnauthorized",
            "message": "The request you have made requires authentication.",
            "detail": "",
        }
    }


def test_a_user_works_in_the_project_and_with_the_roles_of_the_file(cloud: Cloud) -> None:
    made = cloud.create(basic(*ALICE), name="hers")
    assert (made.status_code, made.json["network"]["project_id"]) == (201, "p1")
    assert cloud.create(basic(*ALICE), shared=True).status_code == 403
    assert cloud.create(basic(*BOSS), shared=True, name="everybody's").status_code == 201
    seen = cloud.get(headers=basic(*BOSS)).json["networks"]
    assert {network["name"] for network in seen} == {"hers", "everybody's"}


def test_names_and_projects_are_utf_8(cloud: Cloud) -> None:
    made = cloud.create(basic(*NON_ASCII), name="x")
    assert (made.status_code, made.json["network"]["project_id"]) == (201, "проект")


WRONG = {
    "nothing": {},
    "a wrong password": basic("alice", "Sesame"),
    "an unknown user": basic("mallory", "sesame"),
    "the password of another user": basic("alice", BOSS[1]),
    "an empty password": basic("alice", ""),
    "no name": basic("", "sesame"),
    "a name with a line break": basic("x\nalice", "sesame"),
    "a name that begins as another": basic("ali", "sesame"),
    "a password longer than bcrypt takes": basic("alice", "sesame" * 100),
    "a password with a NUL": basic("alice", "sesame\0"),
    "a hash instead of the password": basic("alice", LINES["alice"].strip().partition(":")[2]),
    "no colon": {"Authorization": "Basic " + b64encode(b"alice").decode()},
    "another scheme": {"Authorization": "Bearer " + b64encode(b"alice:sesame").decode()},
    "a scheme alone": {"Authorization": "Basic"},
    "no base64": {"Authorization": "Basic alice:sesame"},
    "no UTF-8": {"Authorization": "Basic " + b64encode(b"\xff\xfe:sesame").decode()},
    "a token": {"X-Auth-Token": "sesame"},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
def test_whoever_shows_no_password_is_told_to_and_no_more(
    lasting_cloud: Cloud, headers: Mapping[str, str]
) -> None:
    is_told_to_log_in(lasting_cloud.get(headers=headers))
    is_told_to_log_in(lasting_cloud.create(headers, name="x"))


CLAIMS = [
    "X-Roles",
    "X_Roles",
    "X-Role",
    "X-Project-Id",
    "X-Tenant-Id",
    "X-Tenant",
    "X-User-Id",
    "X-User",
    "X-Service-Roles",
    "X-Service-Project-Id",
    "X-Identity-Status",
    "X-Is-Admin-Project",
    "X-Domain-Id",
    "X-Auth-Project-Id",
    "OpenStack-System-Scope",
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_a_client_says_of_itself_is_not_believed(lasting_cloud: Cloud, claim: str) -> None:
    # As the server has it, to which both spellings are one.
    variable = f"HTTP_{claim.upper().replace('-', '_')}"
    for said in ("admin", "Confirmed", "all", "p2", "service", "False"):
        environ = create_environ(NETWORKS, headers=basic(*ALICE))
        status, body = ask(lasting_cloud, {**environ, variable: said})
        assert (status, [one["name"] for one in json.loads(body)["networks"]]) == (200, ["hers"])
        assert ask(lasting_cloud, {**create_environ(NETWORKS), variable: said})[0] == 401


def ask(cloud: Cloud, environ: dict[str, object]) -> tuple[int, bytes]:
    """Return status and body for a request as a WSGI server hands it over."""
    started = StartResponseMock()
    body = b"".join(cloud.app(environ, started))
    assert started.status is not None
    return int(started.status[:3]), body


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.one_of(
        st.text(st.characters(max_codepoint=255)),
        st.text(st.characters(max_codepoint=255)).map(lambda text: f"Basic {text}"),
        st.binary().map(lambda raw: "Basic " + b64encode(raw).decode()),
        st.binary().map(lambda raw: "bAsIc  " + b64encode(b"alice:" + raw).decode()),
    )
)
def test_no_header_makes_the_service_fail(lasting_cloud: Cloud, header: str) -> None:
    environ = create_environ(NETWORKS)
    environ["HTTP_AUTHORIZATION"] = header
    assert ask(lasting_cloud, environ)[0] == 401


def test_all_but_the_open_paths_want_a_password(lasting_cloud: Cloud) -> None:
    described = lasting_cloud.get("/openapi.json").json["paths"]
    paths = {*OPEN_PATHS, *(url.format_map(Placeholders()) for url in described)}
    assert len(paths) > 40
    for path in [
        *paths,
        "/metrics",
        "/nothing",
        "/v2.0/networks.json",
        "//v2.0/ports",
        "/v2.0//ports",
    ]:
        answer = lasting_cloud.get(path)
        if path in OPEN_PATHS:
            assert answer.status_code == 200, path
        else:
            is_told_to_log_in(answer)


class Placeholders(dict[str, str]):
    """Something for each name."""

    def __missing__(self, _name: str) -> str:
        return UNKNOWN


def test_who_is_removed_or_changed_is_noticed_with_the_next_request(cloud: Cloud) -> None:
    assert cloud.get(headers=basic(*ALICE)).status_code == 200
    cloud.write(LINES["alice"].replace("alice:", "bob:"), ACCOUNTS.replace("alice:", "bob:"))
    is_told_to_log_in(cloud.get(headers=basic(*ALICE)))
    assert cloud.get(headers=basic("bob", ALICE[1])).status_code == 200
    cloud.write(line("bob", "changed"), ACCOUNTS.replace("alice:", "bob:").replace("p1", "p9"))
    is_told_to_log_in(cloud.get(headers=basic("bob", ALICE[1])))
    made = cloud.create(basic("bob", "changed"), name="x")
    assert made.json["network"]["project_id"] == "p9"


def test_nobody_is_let_in_who_is_in_one_file_only(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    assert cloud.get("/").status_code == 200
    cloud.write("".join(LINES.values()), "nobody: {project_id: p, roles: [admin]}")
    is_told_to_log_in(cloud.get(headers=basic(*ALICE)))
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text.split()[1] for text in told] == ["'alice'", "'boss'", "'Зоя'", "'nobody'"]


def test_nobody_is_let_in_while_a_file_is_broken(cloud: Cloud) -> None:
    assert cloud.get("/").status_code == 200
    cloud.write("".join(LINES.values()), "alice: [")
    for _ in range(2):
        answer = cloud.get(headers=basic(*ALICE))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json["NeutronError"]["type"] == "AuthenticationUnavailable"
    cloud.passwords.unlink()
    assert cloud.get(headers=basic(*ALICE)).status_code == 503
    cloud.write("".join(LINES.values()), ACCOUNTS)
    assert cloud.get(headers=basic(*ALICE)).status_code == 200


BAD_PASSWORDS = {
    "plain": "alice:sesame",
    "MD5": "alice:$apr1$Xq1ZB4Vj$Zl5JYdHUqzLVAHj3bPnvL/",
    "no colon": "alice",
    "no name": LINES["alice"].replace("alice", ""),
    "twice": LINES["alice"] * 2,
    "cut": LINES["alice"].strip()[:-1],
    "a cost that nobody can wait for": LINES["alice"].replace("$04$", "$31$"),
}
BAD_ROLES = {
    "no YAML": "alice: [",
    "a list": "[alice]",
    "text": "alice",
    "no project": "alice: {roles: [member]}",
    "no roles": "alice: {project_id: p1}",
    "more": "alice: {project_id: p1, roles: [], password: x}",
    "a number for a project": "alice: {project_id: 1, roles: []}",
    "a number for a user": "1: {project_id: p1, roles: []}",
    "a truth for a user": "yes: {project_id: p1, roles: []}",
    "a text for roles": "alice: {project_id: p1, roles: admin}",
    "a comma in a role": "alice: {project_id: p1, roles: ['a,admin']}",
    "a user twice": "alice: {project_id: p1, roles: []}\nalice: {project_id: p2, roles: [admin]}",
    "a colon in a name": "'a:b': {project_id: p1, roles: []}",
    "an empty project": "alice: {project_id: '', roles: []}",
    "NUL": 'alice: {project_id: "a\\0b", roles: []}',
    "what is no character": "\x01",
}


@pytest.mark.parametrize("text", BAD_PASSWORDS.values(), ids=BAD_PASSWORDS.keys())
def test_the_service_does_not_start_with_a_bad_file_of_passwords(cloud: Cloud, text: str) -> None:
    cloud.write(text, ACCOUNTS)
    with pytest.raises(ConfigurationError, match="http_basic_auth_user_file") as refusal:
        Basic(cloud.settings)
    # What stands where a hash should be may be a password.
    assert "sesame" not in refusal.value.message


@pytest.mark.parametrize("text", BAD_ROLES.values(), ids=BAD_ROLES.keys())
def test_the_service_does_not_start_with_a_bad_file_of_roles(cloud: Cloud, text: str) -> None:
    cloud.write("".join(LINES.values()), text)
    with pytest.raises(ConfigurationError, match="http_basic_auth_roles_file"):
        Basic(cloud.settings)


@pytest.mark.parametrize("missing", ["htpasswd", "users.yaml"])
def test_the_service_does_not_start_without_its_files(cloud: Cloud, missing: str) -> None:
    (cloud.passwords.parent / missing).unlink()
    with pytest.raises(ConfigurationError, match="freehold user add"):
        Basic(cloud.settings)


def test_the_service_does_not_start_with_a_file_that_everybody_writes(cloud: Cloud) -> None:
    cloud.passwords.chmod(0o666)
    with pytest.raises(ConfigurationError, match="everybody can write"):
        Basic(cloud.settings)


def test_the_log_has_refusals_and_no_secrets(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        cloud.get(headers=basic("alice", "wrong-secret"))
        cloud.get(headers=basic(*ALICE))
    assert caplog.text.count(" 401 ") == 1
    for secret in ("wrong-secret", "sesame", b64encode(b"alice:sesame").decode(), "$2b$"):
        assert secret not in caplog.text


class Counting:
    """Compares passwords without bcrypt, and counts."""

    def __init__(self) -> None:
        self.compared: list[bytes] = []

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.compared.append(hashed)
        return password == b"sesame"


def test_a_right_password_is_compared_again_when_it_was_not_used_for_a_while() -> None:
    """Who goes on working needs no turn among those who guess."""
    now, counting = [0.0], Counting()
    passwords = Passwords(60, lambda: now[0], counting)
    for moment, compared in ((0, 1), (59, 1), (118, 1), (177, 1), (237, 2), (238, 2), (400, 3)):
        now[0] = moment
        assert passwords.are_right(b"sesame", b"hash")
        assert len(counting.compared) == compared


def test_neither_a_wrong_password_nor_another_hash_is_known() -> None:
    counting = Counting()
    passwords = Passwords(60, lambda: 0.0, counting)
    assert passwords.are_right(b"sesame", b"hash")
    assert not passwords.are_right(b"wrong", b"hash")
    assert not passwords.are_right(b"wrong", b"hash")
    assert passwords.are_right(b"sesame", b"new hash")
    assert len(counting.compared) == 4


def test_with_0_seconds_each_password_is_compared() -> None:
    counting = Counting()
    passwords = Passwords(0, lambda: 0.0, counting)
    assert [passwords.are_right(b"sesame", b"hash") for _ in range(3)] == [True] * 3
    assert len(counting.compared) == 3


def test_to_refuse_an_unknown_user_takes_the_work_of_a_wrong_password(cloud: Cloud) -> None:
    cloud.write(line(*ALICE, 5) + line(*BOSS, 4), ACCOUNTS)
    counting = Counting()
    authenticator = Basic(cloud.settings, Passwords(60, lambda: 0.0, counting))
    for name in ("alice", "mallory"):
        environ = create_environ(headers=basic(name, "wrong"))
        with pytest.raises(HTTPUnauthorized):
            authenticator.authenticate(environ)
    known, unknown = counting.compared
    assert (known[:7], len(known)) == (unknown[:7], len(unknown)) == (b"$2b$05$", 60)
    assert parse_passwords(f"nobody:{unknown.decode()}", "x") == {"nobody": unknown}


def test_an_unknown_user_is_refused_even_if_a_password_fitted(cloud: Cloud) -> None:
    authenticator = Basic(cloud.settings, Passwords(60, lambda: 0.0, Counting()))
    with pytest.raises(HTTPUnauthorized):
        authenticator.authenticate(create_environ(headers=basic("mallory", "sesame")))


def test_who_guesses_waits_and_too_many_are_sent_away() -> None:
    turns, begun, end = Turns(1, 1, 60), Event(), Event()

    def hold(enter: Callable[[], object], leave: Callable[[], object]) -> None:
        with turns.one():
            enter()
            leave()

    first = Thread(target=hold, args=(begun.set, end.wait))
    first.start()
    begun.wait()
    second = Thread(target=hold, args=(int, int))
    second.start()
    while turns.free:
        os.sched_yield()
    with pytest.raises(AuthenticationUnavailable), turns.one():
        pytest.fail("There was no room.")
    end.set()
    first.join()
    second.join()
    with turns.one():
        pass


def test_nobody_waits_for_good() -> None:
    turns = Turns(1, 1, 0)
    with turns.one(), pytest.raises(AuthenticationUnavailable), turns.one():
        pytest.fail("It was somebody else's turn.")
