"""How Keystone is asked, as it is configured; and what is answered when it cannot be."""

from dataclasses import replace
from pathlib import Path

import pytest
from falcon.testing import TestClient

from freehold.api.app import create_app
from freehold.api.authentication import authenticator_of
from freehold.config import Settings, load_settings
from freehold.errors import ConfigurationError
from tests.servers.process import free_ports

ENOUGH = """
[DEFAULT]
auth_strategy = keystone
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = freehold
password = sesame
project_name = service
user_domain_id = default
project_domain_id = default
http_request_max_retries = 0
"""

NETWORKS = "/v2.0/networks"


def settings_of(folder: Path, text: str) -> Settings:
    file = folder / "freehold.conf"
    file.write_text(text)
    return replace(load_settings([file]), database_url="sqlite://")


def test_options_come_from_files_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_KEYSTONE_AUTHTOKEN__USERNAME", "somebody")
    authentication = settings_of(tmp_path, ENOUGH).authentication
    group = authentication.keystone_configuration().keystone_authtoken
    assert (group.username, group.password, group.service_type) == ("somebody", "sesame", "network")
    assert (group.http_connect_timeout, group.http_request_max_retries) == (10, 0)
    assert group.www_authenticate_uri == group.auth_url
    assert "sesame" not in repr(authentication)


def test_a_keystone_that_is_silent_takes_less_time_than_a_request_may(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ENOUGH.replace("http_request_max_retries = 0\n", ""))
    group = settings.authentication.keystone_configuration().keystone_authtoken
    tries, pause = group.http_request_max_retries + 1, 0.5
    assert tries == 2
    assert tries * group.http_connect_timeout + pause < settings.times.request_timeout


def test_no_option_lets_anybody_in_without_a_token(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"{ENOUGH}delay_auth_decision = true\n")
    answer = TestClient(create_app(settings)).simulate_get(NETWORKS)
    assert answer.status_code == 401


def test_what_logs_in_may_stand_in_a_group_of_its_own(tmp_path: Path) -> None:
    text = ENOUGH.replace("[keystone_authtoken]", "[asking]")
    settings = settings_of(tmp_path, f"{text}[keystone_authtoken]\nauth_section = asking\n")
    group = settings.authentication.keystone_configuration().keystone_authtoken
    assert (group.auth_type, group.username, group.password) == ("password", "freehold", "sesame")


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("[DEFAULT]\nauth_strategy = magic\n", "auth_strategy"),
        ("[DEFAULT]\nauth_strategy = keystone\n", "auth_type"),
        (ENOUGH.replace("auth_type = password", "auth_type = magic"), "auth_type"),
        (ENOUGH.replace("auth_url = http://127.0.0.1:1/v3", ""), "auth_url"),
        (ENOUGH.replace("retries = 0", "retries = some"), "the configuration"),
    ],
)
def test_what_cannot_work_keeps_the_service_from_starting(
    tmp_path: Path, text: str, option: str
) -> None:
    with pytest.raises(ConfigurationError, match=option):
        settings_of(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        f"{ENOUGH}memcached_servers = 127.0.0.1:1\nmemcache_security_strategy = ENCRYPT\n",
        ENOUGH.replace("auth_type = password", "auth_type = v3oidcpassword"),
    ],
    ids=["without the key to encrypt with", "without an option of the way to log in"],
)
def test_what_does_not_fit_together_keeps_the_service_from_starting(
    tmp_path: Path, text: str
) -> None:
    settings = settings_of(tmp_path, text)
    with pytest.raises(ConfigurationError, match="keystone_authtoken"):
        authenticator_of(settings.authentication)


@pytest.mark.parametrize("more", ["", "memcached_servers = 127.0.0.1:{}"], ids=["alone", "both"])
def test_while_keystone_and_memcached_cannot_be_reached_clients_are_told_to_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, more: str
) -> None:
    keystone, memcached = free_ports(2)
    text = ENOUGH.replace(":1/", f":{keystone}/") + more.format(memcached)
    client = TestClient(create_app(settings_of(tmp_path, text)))
    answer = client.simulate_get(NETWORKS, headers={"X-Auth-Token": "gAAAAA-a-token"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["NeutronError"]["type"] == "AuthenticationUnavailable"
    assert "a-token" not in caplog.text
    assert client.simulate_get("/").status_code == 200
