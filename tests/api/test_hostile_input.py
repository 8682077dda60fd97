"""Hostile requests in each mode: refused in JSON, without an error of ours, and without effect.

What is tried here is what the fuzz of attributes (`tests.api.test_fuzz`) cannot make, since it
sends proper JSON to proper URLs.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from falcon.testing import Result, TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from freehold.api.app import make_app
from freehold.api.backends import make_backend
from freehold.api.openapi.serving import PAGE_URL
from freehold.db.database import Database
from freehold.db.schema import upgrade
from freehold.db.tables import metadata
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Surroundings
from tests.api.modes import MODES
from tests.api.service import PATHS

JSON = {"Content-Type": "application/json"}
SQL = ("' OR '1'='1", "'; DROP TABLE ports; --", "1) UNION SELECT 1 --", "%", "_", "\\", '"', "`")
HTML = ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg/onload=x>', "&lt;")
ODD = ("\u202e\u2066", "\ufeff", "\u0000", "é" * 300, "a\r\nX-Injected: yes", "{0}", "%s%n", "${x}")


class Service:
    """A service in one mode, with one resource of each kind."""

    def __init__(self, mode: Any) -> None:
        self._database = Database(mode.settings.database_url)
        upgrade(self._database)
        driver = ReferenceDriver(Surroundings())
        backend = make_backend(mode.settings, self._database, driver)
        self._client = TestClient(make_app(mode.settings, backend))
        self._headers = mode.headers
        network = self._make("network", {"name": "n"})
        on = {"network_id": network}
        pool = {"name": "p", "prefixes": ["10.0.0.0/8"], "default_prefixlen": 24}
        grant = {"object_type": "network", "object_id": network, "action": "access_as_shared"}
        self.new: Mapping[str, Mapping[str, object]] = {
            "network": {"name": "n"},
            "subnet": {**on, "ip_version": 4, "cidr": "192.0.2.0/24"},
            "port": {**on, "fixed_ips": [{"ip_address": "198.51.100.9"}]},
            "segment": {**on, "network_type": "local"},
            "subnetpool": pool,
            "address_scope": {"name": "s", "ip_version": 4},
            "rbac_policy": {**grant, "target_tenant": "x"},
        }
        self.ids = {"network": network}
        self.ids["subnet"] = self._make(
            "subnet", {**on, "ip_version": 4, "cidr": "198.51.100.0/24"}
        )
        for kind in ("port", "segment", "subnetpool", "address_scope"):
            values = {**on} if kind == "port" else self.new[kind]
            self.ids[kind] = self._make(kind, values)
        assert sum(map(len, self.stored().values())) > len(PATHS)
        self.ids["rbac_policy"] = self._make("rbac_policy", {**grant, "target_tenant": "y"})

    def ask(
        self,
        verb: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON,
        query: str = "",
    ) -> Result:
        """Send a request, of which nothing is made better beforehand."""
        return self._client.simulate_request(
            verb, path, body=body, headers={**self._headers, **headers}, query_string=query
        )

    def stored(self) -> Mapping[str, list[tuple[object, ...]]]:
        """Return the rows of all tables."""
        with self._database.engine.connect() as connection:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(table))), key=repr
                )
                for table in metadata.sorted_tables
            }

    def refuses(self, answer: Result, before: object) -> None:
        """Check that a refusal is one, and that it had no effect."""
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "x-injected" not in answer.headers
        assert set(answer.json["NeutronError"]) >= {"type", "message", "detail"}
        assert self.stored() == before

    def _make(self, kind: str, values: Mapping[str, object]) -> str:
        body = json.dumps({kind: values}).encode()
        answer = self.ask("POST", f"/v2.0/{PATHS[kind]}", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json[kind]["id"])


@pytest.fixture(scope="module", params=MODES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(MODES[request.param](tmp_path_factory.mktemp(request.param)))


FUZZ = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

no_values = st.one_of(
    st.sampled_from(
        [
            "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 30, "-" + "9" * 5000, "01",
            "0x1", "1_000", "+1", ".5", "1.", "tru", "None", "'a'", '"\\ud800"', '"\\u0000"',
            '"\\udc00\\ud800"', '"\\x41"', '"a\nb"', '"unfinished', "[1,]", "{,}", '{"a":1,"a":2}',
            "[" * 5000, '{"a":' * 5000, "[" * 5000 + "]" * 5000, "/**/1", "\ufeff1", "",
        ]
    ),
    st.integers(10**21, 10**60).map(str),
    st.integers(33, 3000).map(lambda depth: "[" * depth + "]" * depth),
    st.text(max_size=4).map(lambda name: json.dumps({name: 1})[:-1] + f",{json.dumps(name)}:1}}"),
)  # fmt: skip
"""Texts that are no value of JSON, or none that is taken."""

no_texts = st.sampled_from(
    [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xff\xfe{\x00}\x00", b"\x80", b"\xfe"]
)
"""Bytes that are not UTF-8."""


@FUZZ
@given(kind=st.sampled_from([*PATHS]), value=no_values, verb=st.sampled_from(["POST", "PUT"]))
def test_what_is_no_json_or_none_that_can_be_meant_is_refused(
    service: Service, kind: str, value: str, verb: str
) -> None:
    """A name that stands twice in an object is refused, too: nobody can tell what was meant."""
    path = f"/v2.0/{PATHS[kind]}" + (f"/{service.ids[kind]}" if verb == "PUT" else "")
    proper = json.dumps(service.new[kind])[1:-1]
    before = service.stored()
    for body in (
        f'{{"{kind}": {{{proper}, "description": {value}}}}}',
        f'{{"{kind}": {{{proper}}}, "more": {value}}}',
        f'{{"{kind}s": [{{{proper}}}, {{{proper}, "name": {value}}}]}}',
    ):
        service.refuses(service.ask(verb, path, body.encode("utf-8", "surrogatepass")), before)


@FUZZ
@given(
    kind=st.sampled_from([*PATHS]),
    name=st.sampled_from(["name", "description", "project_id", "no such", "id"]),
    value=no_texts,
)
def test_what_is_no_text_is_refused(service: Service, kind: str, name: str, value: bytes) -> None:
    proper = json.dumps(service.new[kind])[1:-1]
    before = service.stored()
    body = f'{{"{kind}": {{{proper}, "{name}": "'.encode() + value + b'"}}'
    service.refuses(service.ask("POST", f"/v2.0/{PATHS[kind]}", body), before)


@FUZZ
@given(kind=st.sampled_from([*PATHS]), data=st.data())
def test_of_many_of_which_one_is_wrong_none_is_created(
    service: Service, kind: str, data: st.DataObject
) -> None:
    wrong: dict[str, object] = data.draw(
        st.sampled_from(
            [
                {"name": "\0"},
                {"id": "x"},
                {"project_id": ["x"]},
                {"network_id": service.ids["port"], "ip_version": 5, "object_id": "x"},
                {"<script>": 1},
                {"description": "x" * 256},
            ]
        )
    )
    proper = dict(service.new[kind])
    items = [proper, proper, {**proper, **wrong}]
    before = service.stored()
    body = json.dumps({f"{kind}s": data.draw(st.permutations(items))})
    if kind == "rbac_policy":
        body = body.replace("rbac_policys", "rbac_policies")
    service.refuses(service.ask("POST", f"/v2.0/{PATHS[kind]}", body.encode()), before)


def test_many_that_cannot_all_be_are_none(service: Service) -> None:
    """What is wrong with them shows when some have been written."""
    on = {"network_id": service.ids["network"]}
    before = service.stored()
    for kind, items in (
        ("port", [{**on, "fixed_ips": [{"ip_address": "198.51.100.77"}]}] * 2),
        ("port", [{**on, "mac_address": "02:00:00:00:00:01"}] * 2),
        ("port", [on, {**on, "fixed_ips": [{"ip_address": "203.0.113.1"}]}]),
        ("subnet", [{**on, "ip_version": 4, "cidr": "192.0.2.0/24"}] * 2),
        ("network", [{"name": "n", "project_id": "p"}] * 101),
    ):
        body = json.dumps({f"{kind}s": items}).encode()
        service.refuses(service.ask("POST", f"/v2.0/{PATHS[kind]}", body), before)


@FUZZ
@given(kind=st.sampled_from([*PATHS]), text=st.sampled_from([*SQL, *HTML, *ODD]), data=st.data())
def test_a_filter_is_compared_and_nothing_else(
    service: Service, kind: str, text: str, data: st.DataObject
) -> None:
    names = ["name", "id", "network_id", "tags", "project_id", "description", "object_id"]
    name = data.draw(st.sampled_from([*names, "fixed_ips", "cidr", "sort_key", "marker", "fields"]))
    before = service.stored()
    asked = f"ip_address_substr={text}" if name == "fixed_ips" else text
    query = f"{quote(name)}={quote(asked)}" + ("&limit=1" if name == "marker" else "")
    answer = service.ask("GET", f"/v2.0/{PATHS[kind]}", None, {}, query)
    if answer.status_code != 200:
        service.refuses(answer, before)
        return
    [found] = (items for key, items in answer.json.items() if not key.endswith("_links"))
    if name == "fields":
        assert found in ([{}], [{}, {}]), found
    else:
        assert found == []
    assert service.stored() == before


@pytest.mark.parametrize("text", [*SQL, *HTML, *ODD])
def test_a_text_is_stored_and_told_as_it_is_or_refused(service: Service, text: str) -> None:
    before = service.stored()
    body = json.dumps({"network": {"name": text}}).encode()
    answer = service.ask("POST", "/v2.0/networks", body)
    if answer.status_code != 201:
        service.refuses(answer, before)
        return
    assert answer.json["network"]["name"] == text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    path = f"/v2.0/networks/{answer.json['network']['id']}"
    assert service.ask("GET", path, None, {}).json["network"]["name"] == text
    found = service.ask("GET", "/v2.0/networks", None, {}, f"name={quote(text)}&fields=name")
    assert found.json == {"networks": [{"name": text}]}
    assert service.ask("DELETE", path, None, {}).status_code == 204


def paths() -> Iterator[str]:
    for trick in (
        "/../docs", "/%2e%2e/docs", "/..%2fdocs", "/./x", "//x", "/%00", "/a%00b", "/%ff%fe",
        "/%c0%af", "/x;y=z", "/%3cscript%3e", "/'%20OR%201=1", "/%0d%0aX-Injected:%20yes",
        "/x" * 500, "/" + "x" * 5000, "/%25%30%30", "/\u202e", "/*", "/%2a", "/x%20",
        "/tags", "/x/tags/y",
    ):  # fmt: skip
        yield from (f"/v2.0/{path}{trick}" for path in ("networks", "ports", "quotas/x"))
    yield from ("/v2.0/../v2.0/nosuch", "//v2.0/networks/x", "/v2.0\\networks", "/V2.0/networks")


@pytest.mark.parametrize("path", [*paths()], ids=lambda path: repr(path)[:40])
def test_a_path_that_means_nothing_is_answered_as_such(service: Service, path: str) -> None:
    before = service.stored()
    body = json.dumps({"network": {"name": "changed"}}).encode()
    for verb, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
        answer = service.ask(verb, path, sent, JSON if sent else {})
        if path.startswith("/v2.0/quotas/x") and answer.status_code < 300:
            continue  # it is a project's name, of which anything is one
        service.refuses(answer, before)


@FUZZ
@given(
    name=st.sampled_from(
        [
            "If-Match", "Idempotency-Key", "Accept", "Host", "X-Forwarded-Host", "Forwarded",
            "Range", "X-HTTP-Method-Override", "X-Openstack-Request-Id", "Content-Encoding",
            "Expect", "Transfer-Encoding", "Accept-Language", "Cookie", "Origin", "Content-Type",
        ]
    ),
    value=st.one_of(
        st.sampled_from(["*", "revision_number=-1", "gzip", "bytes=0-0", "DELETE", "null", "a,b"]),
        st.sampled_from([*SQL, *HTML]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    ),
)  # fmt: skip
def test_any_header_is_passed_over_or_refused(service: Service, name: str, value: str) -> None:
    before = service.stored()
    body = json.dumps({"port": {"network_id": "nosuch"}}).encode()
    service.refuses(service.ask("POST", "/v2.0/ports", body, {**JSON, name: value}), before)


def test_the_page_shows_nothing_of_the_request(service: Service) -> None:
    usual = service.ask("GET", PAGE_URL, None, {})
    odd = {"Origin": "<script>", "Referer": "<script>", "User-Agent": "<script>"}
    same = service.ask("GET", PAGE_URL, None, odd, "q=<script>alert(1)</script>")
    assert same.content == usual.content
    assert "default-src 'none'" in same.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in same.headers["content-security-policy"]
    assert same.headers["x-content-type-options"] == "nosniff"


def test_no_answer_is_kept_by_caches_on_the_way(service: Service) -> None:
    for path in ("/v2.0/networks", "/v2.0/nosuch", "/"):
        assert service.ask("GET", path, None, {}).headers["cache-control"] == "no-store"
