"""What is written down and counted of those who are not let in, with passwords and without any."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from falcon.testing import Result, TestClient

from freehold.api.logins import REASONS
from freehold.api.outside import seen_from_outside
from freehold.config import AuthStrategy
from freehold.config.links import LinkSettings
from tests.api.service import make_client
from tests.api.test_http_basic import (
    ACCOUNTS,
    ALICE,
    BOSS,
    LINES,
    NETWORKS,
    Cloud,
    basic,
    line,
)
from tests.logs.watching import watching
from tests.metrics.scraping import samples, value

COUNT = "freehold_logins_refused_total"
AUDIT = "freehold.audit"
HERE = "203.0.113.9"
"""The other end of the connection."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A service that tests share, each of which adds to its counts."""
    return Cloud(tmp_path_factory.mktemp("cloud"))


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Have all be logged that there is."""
    with caplog.at_level(logging.DEBUG):
        yield


def get(cloud: Cloud, headers: Mapping[str, str] | None = None) -> Result:
    """Ask for networks."""
    extras = {"REMOTE_ADDR": HERE}
    return cloud.client.simulate_get(NETWORKS, headers=headers, extras=extras)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what auditors are told."""
    return [one.getMessage() for one in caplog.records if one.name == AUDIT]


def counted(cloud: Cloud, reason: str) -> float:
    exposition = cloud.get("/metrics", headers=basic(*BOSS)).text
    return value(exposition, COUNT, mode="http_basic", reason=reason)


REFUSED = {
    "nothing": ({}, "nothing-shown", "-"),
    "another scheme": ({"Authorization": "Bearer x"}, "unreadable", "-"),
    "no Base64": ({"Authorization": "Basic \xe9"}, "unreadable", "-"),
    "nobody": (basic("mallory", "sesame"), "unknown-user", "-"),
    "a password for a name": (basic("open wide", ""), "unknown-user", "-"),
    "a wrong password": (basic("alice", "open wide"), "wrong-password", "alice"),
}


@pytest.mark.parametrize(("headers", "reason", "user"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_login_is_told_to_auditors_once_and_counted(
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
    reason: str,
    user: str,
) -> None:
    before = counted(cloud, reason)
    caplog.clear()
    answer = get(cloud, headers)
    assert answer.status_code == 401
    text = f"Login refused: mode=http_basic reason={reason} user={user} client={HERE}"
    # The library that reads the header may say something as well.
    own = [one.name for one in caplog.records if one.name.startswith("freehold")]
    assert own == ["freehold.requests", AUDIT]
    assert told(caplog) == [text]
    assert counted(cloud, reason) == before + 1


def test_neither_what_strangers_typed_nor_a_password_is_written_down(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    for name, password in (("typed-secret", "x"), ("alice", "typed-secret")):
        headers = basic(name, password)
        assert get(cloud, headers).status_code == 401
        assert headers["Authorization"].removeprefix("Basic ") not in caplog.text
    assert len(told(caplog)) == 2
    assert "typed-secret" not in caplog.text


def test_who_is_let_in_is_not_told_as_refused(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    assert get(cloud, basic(*ALICE)).status_code == 200
    assert cloud.get("/").status_code == 200
    assert told(caplog) == []


def test_auditors_are_told_even_if_requests_are_not_logged(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "freehold.requests")
    caplog.handler.setLevel(logging.NOTSET)  # of which the same was said
    get(cloud)
    assert [one.name for one in caplog.records] == [AUDIT]


def test_a_user_s_name_is_one_word_of_the_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = "it's me client=192.0.2.1"
    cloud = Cloud(tmp_path)
    cloud.write(line(name, "x"), f'"{name}": {{project_id: p, roles: []}}')
    get(cloud, basic(name, "wrong"))
    [text] = told(caplog)
    assert text.split() == [
        "Login",
        "refused:",
        "mode=http_basic",
        "reason=wrong-password",
        r"user=it\x27s\x20me\x20client\x3d192.0.2.1",
        f"client={HERE}",
    ]


def test_a_masked_log_has_neither_names_nor_addresses_of_refused_logins(cloud: Cloud) -> None:
    with watching() as watch:
        get(cloud, basic("alice", "wrong"))
        get(cloud, basic("mallory", "wrong"))
    written = watch.log.getvalue()
    assert "Login refused: mode=http_basic reason=wrong-password user=*** client=***" in written
    assert "Login refused: mode=http_basic reason=unknown-user user=- client=***" in written
    for hidden in ("alice", "mallory", HERE):
        assert hidden not in written
    documents = [json.loads(one) for one in written.splitlines() if one.startswith("{")]
    extra = next(one["extra"] for one in documents if one["name"] == AUDIT)
    assert extra == {
        "event": "login_refused",
        "mode": "http_basic",
        "reason": "wrong-password",
        "user": "***",
        "client": "***",
    }


FORWARDED = {
    "X-Forwarded-For": "198.51.100.66, 192.0.2.7",
    "X-Forwarded-Proto": "https",
}


def test_a_client_is_where_the_proxy_has_seen_it_if_there_is_one(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    behind = LinkSettings(enable_proxy_headers_parsing=True)
    for links, headers in (
        (LinkSettings(), FORWARDED),
        (behind, FORWARDED),
        (behind, {}),
        (behind, {"X-Forwarded-For": "192.0.2.7, \xe9 user=boss"}),
    ):
        client = TestClient(seen_from_outside(cloud.app, links))
        answer = client.simulate_get(NETWORKS, headers=headers, extras={"REMOTE_ADDR": HERE})
        assert answer.status_code == 401
    found = [text.rpartition("client=")[2] for text in told(caplog)]
    assert found == [HERE, "192.0.2.7", HERE, "-"]


def test_a_user_of_one_file_only_is_not_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = Cloud(tmp_path)
    cloud.write("".join(LINES.values()), ACCOUNTS.replace("alice:", "bob:"))
    for name in ("alice", "bob"):
        get(cloud, basic(name, "wrong"))
    assert [text.split()[3:5] for text in told(caplog)] == [["reason=unknown-user", "user=-"]] * 2


def test_without_authentication_no_login_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    client = make_client()
    assert client.simulate_get(NETWORKS, headers=basic("alice", "wrong")).status_code == 200
    assert told(caplog) == []
    series = {
        labels: count
        for (name, labels), count in samples(client.simulate_get("/metrics").text).items()
        if name == COUNT
    }
    assert len(series) == sum(map(len, REASONS.values()))
    assert set(series.values()) == {0}


def test_there_are_reasons_for_each_mode_that_refuses_anybody() -> None:
    assert set(REASONS) == set(AuthStrategy) - {AuthStrategy.NOAUTH}
