"""Links lead back the way that the client came, and nowhere else."""

import json
import re
from typing import Any

import pytest
from falcon.testing import TestClient as Client
from hypothesis import given
from hypothesis import strategies as st

from freehold.api.outside import seen_from_outside
from freehold.config.links import LinkSettings
from freehold.errors import ConfigurationError
from tests.api.service import make_app

APP = make_app()
PROXIED = Client(seen_from_outside(APP, LinkSettings(enable_proxy_headers_parsing=True)))
PLAIN = Client(seen_from_outside(APP, LinkSettings()))
PREFIXED = Client(
    seen_from_outside(APP, LinkSettings(network_link_prefix="https://cloud.example/network/"))
)

LIST = "/v2.0/networks"
SOUND = re.compile(
    r"https?://[A-Za-z0-9._\[\]:-]+(?:/[A-Za-z0-9._~-]+)*/v2\.0(?:/[a-z-]*)?(?:\?.*)?"
)

FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "cloud.example:8443",
    "X-Forwarded-Prefix": "/network",
}


def links(client: Client, path: str = "/", **headers: str) -> list[str]:
    """Return all links in an answer."""
    answer = client.simulate_get(path, headers=headers)
    assert answer.status_code in (200, 400), answer.text
    return re.findall(r'"href": ("[^"]*")', answer.text)


def root(client: Client, headers: dict[str, str]) -> str:
    answer = client.simulate_get("/", headers=headers)
    assert answer.status_code == 200
    href: str = answer.json["versions"][0]["links"][0]["href"]
    return href


def test_links_begin_with_what_the_client_has_used() -> None:
    assert root(PLAIN, {"Host": "here.example:9696"}) == "http://here.example:9696/v2.0/"
    assert root(PLAIN, {"Host": "[::1]:9696"}) == "http://[::1]:9696/v2.0/"


@pytest.mark.parametrize(
    "headers",
    [
        FORWARDED,
        {"Forwarded": "proto=https;host=evil.example"},
        {"X-Forwarded-Server": "evil.example", "X-Forwarded-Port": "1"},
        {"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil"},
    ],
)
def test_nobody_is_believed_to_be_a_proxy(headers: dict[str, str]) -> None:
    assert root(PLAIN, {"Host": "here.example", **headers}) == "http://here.example/v2.0/"


def test_a_proxy_is_believed_where_there_is_one() -> None:
    assert root(PROXIED, FORWARDED) == "https://cloud.example:8443/network/v2.0/"
    forwarded = {"Forwarded": "for=192.0.2.1;proto=https;host=cloud.example"}
    assert root(PROXIED, forwarded) == "https://cloud.example/v2.0/"


def test_a_configured_prefix_wins_over_all_headers() -> None:
    headers = {"Host": "evil.example", **FORWARDED}
    assert root(PREFIXED, headers) == "https://cloud.example/network/v2.0/"


def test_links_to_pages_lead_the_same_way() -> None:
    for name in "ab":
        assert PLAIN.simulate_post(LIST, json={"network": {"name": name}}).status_code == 201
    answer = PROXIED.simulate_get(LIST, params={"limit": "1"}, headers=FORWARDED)
    hrefs = [link["href"] for link in answer.json["networks_links"]]
    assert len(hrefs) == 2
    assert all(
        href.startswith("https://cloud.example:8443/network/v2.0/networks?") for href in hrefs
    )
    assert PROXIED.simulate_get(hrefs[0].partition("/network")[2]).json["networks"] != []


HOSTILE = [
    "evil.example/path",
    'evil"><script>',
    "evil.example\\@here",
    "user@evil.example",
    "a,b",
    "a b",
    "evil.example:port",
    "evil.example:123456",
    "[::1",
    "javascript:alert(1)//",
    "%0d%0aSet-Cookie:x",
    "a" * 300,
    "?",
    "#",
    "",
    "\N{FULLWIDTH LATIN SMALL LETTER E}vil".encode().decode("latin-1"),
]


@pytest.mark.parametrize("host", HOSTILE)
def test_a_host_that_is_none_is_refused(host: str) -> None:
    for client, header in ((PLAIN, "Host"), (PROXIED, "X-Forwarded-Host")):
        if header == "X-Forwarded-Host" and not host:
            continue  # as if it were not there
        answer = client.simulate_get("/", headers={header: host})
        assert answer.status_code == 400, (header, answer.text)
        assert set(answer.json["NeutronError"]) == {"type", "message", "detail"}
        assert not host or host not in answer.text


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Proto", "https, http"),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Forwarded-Prefix", "evil"),
        ("X-Forwarded-Prefix", '/"onload='),
        ("Forwarded", "host=evil/;proto=https"),
        ("Forwarded", "proto=file"),
    ],
)
def test_what_a_careless_proxy_passes_on_gets_into_no_link(header: str, value: str) -> None:
    assert PROXIED.simulate_get("/", headers={header: value}).status_code == 400


ANY = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))


@given(
    host=ANY,
    forwarded=st.dictionaries(
        st.sampled_from([*FORWARDED, "Forwarded", "X-Forwarded-For"]), ANY, max_size=3
    ),
)
def test_links_hold_nothing_but_scheme_host_and_path(host: str, forwarded: dict[str, str]) -> None:
    for client in (PLAIN, PROXIED, PREFIXED):
        for path in ("/", "/v2.0", "/v2.0/", f"{LIST}?limit=1"):
            for href in links(client, path, Host=host, **forwarded):
                assert SOUND.fullmatch(json.loads(href)), href


@pytest.mark.parametrize(
    "prefix",
    ["cloud", "//cloud", "ftp://cloud", "https://", "https://a/?b", "https://a b", "http://u@h"],
)
def test_a_prefix_that_is_none_keeps_the_service_from_starting(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="network_link_prefix"):
        LinkSettings(network_link_prefix=prefix)


def test_links_are_the_requests_own_by_default() -> None:
    settings: Any = LinkSettings()
    assert settings.prefix is None
    assert seen_from_outside(APP, settings) is APP
