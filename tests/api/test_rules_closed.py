"""Routes, rules and attributes belong together: none of them is new without a word about who may.

What is compared, fails as well where it should: each comparison is tried with a route, a rule or an
attribute too many.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from falcon import App, Request, Response
from falcon.inspect import inspect_routes
from falcon.testing import TestClient
from oslo_policy.policy import DocumentedRuleDefault, RuleDefault

from freehold.api.access_log import action_of
from freehold.api.app import make_app
from freehold.api.audit import NOTHING
from freehold.api.backends import make_backend
from freehold.api.bodies import BodyLimits
from freehold.api.callers import Caller
from freehold.api.policies import list_rules
from freehold.api.policies.base import documented
from freehold.api.policy import Policy
from freehold.api.resources import Collection
from freehold.api.routes import routes
from freehold.config import PolicyFiles, Settings
from freehold.db.database import Database
from freehold.networking.backend import Backend
from tests.api.matrix import ATTEMPTS, MINE, World, headers_of, whose_of
from tests.api.service import IN_MEMORY, PATHS, UNLIMITED, make_client
from tests.api.test_nothing_learnt import by_path
from tests.api.two_clouds import Asked, Cloud

OPEN = {
    ("GET", "/"): "which versions of the API there are",
    ("GET", "/v2.0"): "that this is one of them",
    ("GET", "/v2.0/"): "what kinds of resources there are",
    ("GET", "/v2.0/extensions"): "what the service can do",
    ("GET", "/v2.0/extensions/{}"): "what the service can do",
    ("GET", "/v2.0/quotas/project"): "one's own project's id",
    ("GET", "/v2.0/quotas/tenant"): "one's own project's id",
    ("GET", "/openapi.json"): "how requests look",
    ("GET", "/docs"): "how requests look",
    ("GET", "/healthcheck"): "whether the service is ready",
    ("HEAD", "/healthcheck"): "whether the service is ready",
    ("GET", "/healthcheck/live"): "that it answers",
    ("HEAD", "/healthcheck/live"): "that it answers",
}
"""What anybody may ask, and what is learnt by it: the operations without a rule."""

BESIDE = {("GET", "/metrics"): "get_metrics"}
"""The rules of operations that are no part of the API (tests/metrics)."""

ORDINARY = {
    "network": {
        "name", "admin_state_up", "tenant_id", "project_id", "description", "mtu", "dns_domain",
        "vlan_transparent", "tags", "id", "status", "subnets", "created_at", "updated_at",
        "revision_number", "ipv4_address_scope", "ipv6_address_scope", "l2_adjacency",
    },
    "subnet": {
        "name", "network_id", "ip_version", "cidr", "gateway_ip", "allocation_pools",
        "dns_nameservers", "host_routes", "enable_dhcp", "ipv6_ra_mode", "ipv6_address_mode",
        "subnetpool_id", "prefixlen", "use_default_subnetpool", "tenant_id", "project_id",
        "description", "tags", "id", "created_at", "updated_at", "revision_number", "shared",
    },
    "port": {
        "name", "network_id", "admin_state_up", "tenant_id", "project_id", "description",
        "dns_name", "dns_assignment", "extra_dhcp_opts", "tags", "id", "status", "created_at",
        "updated_at", "revision_number", "ip_allocation",
    },
    "segment": {
        "name", "network_id", "network_type", "physical_network", "segmentation_id",
        "description", "freehold:hosts", "tags", "id", "created_at", "updated_at",
        "revision_number", "tenant_id", "project_id",
    },
    "subnetpool": {
        "name", "prefixes", "min_prefixlen", "max_prefixlen", "default_prefixlen",
        "default_quota", "address_scope_id", "ip_version", "tenant_id", "project_id",
        "description", "tags", "id", "created_at", "updated_at", "revision_number",
    },
    "address_scope": {"name", "ip_version", "tenant_id", "project_id", "id"},
    "rbac_policy": {
        "object_type", "object_id", "action", "tenant_id", "project_id", "id",
    },
}  # fmt: skip
"""The attributes that whoever may do an operation may see and say in it."""

FOR_POLICY_FILES = {"admin_owner_or_network_owner", "regular_user", "default"}
"""Rules that nothing asks for: files written for Neutron refer to them, or oslo.policy does."""


@pytest.fixture(scope="module")
def app() -> App[Request, Response]:
    return make_app(IN_MEMORY, make_backend(IN_MEMORY, Database("sqlite://")))


@pytest.fixture(scope="module")
def table() -> Mapping[str, object]:
    backend = make_backend(IN_MEMORY, Database("sqlite://"))
    return routes(backend, BodyLimits(1, 1, 1), Policy(IN_MEMORY))


def _plain(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _template(path: str) -> str:
    """Return the route of a path that was asked for."""
    path = re.sub("[0-9a-f]{8}-[-0-9a-f]{27}", "{}", f"/v2.0/{path}".partition("?")[0])
    return re.sub("/tags/.+", "/tags/{}", path)


def served(app: App[Request, Response]) -> set[tuple[str, str]]:
    """Return the operations of a service, wherever they were added to it."""
    return {
        (method.method, _plain(route.path))
        for route in inspect_routes(app)
        for method in route.methods
        if not method.internal
    }


def ruled(rules: Iterable[RuleDefault]) -> set[tuple[str, str]]:
    """Return the operations of which some rules say that they decide them."""
    return {
        (operation["method"], _plain(f"/v2.0{operation['path']}"))
        for rule in rules
        if isinstance(rule, DocumentedRuleDefault)
        for operation in rule.operations
    }


def undecided(kinds: Iterable[Any], rules: Iterable[RuleDefault]) -> set[tuple[str, str]]:
    """Return the attributes of which nobody has said who may see or say them."""
    names = {rule.name for rule in rules}
    return {
        (kind.name, name)
        for kind in kinds
        for name in kind.attributes.definition
        if name not in ORDINARY[kind.name]
        and not any(
            rule == f"{verb}_{kind.name}:{name}" or rule.startswith(f"{verb}_{kind.name}:{name}:")
            for verb in ("create", "get", "update")
            for rule in names
        )
    }


def kinds_of(table: Mapping[str, object]) -> list[Any]:
    return [one.kind for one in table.values() if isinstance(one, Collection)]


def test_each_operation_has_a_rule_or_is_open_and_each_rule_an_operation(
    app: App[Request, Response],
) -> None:
    assert served(app) - ruled(list_rules()) == OPEN.keys() | BESIDE.keys()
    assert {*BESIDE.values()} <= {rule.name for rule in list_rules()}
    assert ruled(list_rules()) <= served(app)


def test_the_log_tells_of_each_operation_the_rule_that_it_is_under(
    app: App[Request, Response],
) -> None:
    unnamed = {one for one in served(app) if action_of(*one) == NOTHING}
    assert unnamed == OPEN.keys()
    assert {one: action_of(*one) for one in BESIDE} == BESIDE


class Thing:
    def on_get(self) -> None: ...

    def on_patch(self) -> None: ...


def test_a_route_a_verb_or_a_rule_too_many_is_noticed() -> None:
    app = make_app(IN_MEMORY, make_backend(IN_MEMORY, Database("sqlite://")))
    before = served(app)
    app.add_route("/v2.0/things/{thing_id}", Thing())
    found = served(app) - ruled(list_rules())
    assert found - OPEN.keys() - BESIDE.keys() == {
        ("GET", "/v2.0/things/{}"),
        ("PATCH", "/v2.0/things/{}"),
    }
    stale = documented("get_thing", "@", "See a thing.", ("GET", "/things"))
    assert ruled([*list_rules(), stale]) - before == {("GET", "/v2.0/things")}


def test_of_each_attribute_it_is_said_who_may_see_and_say_it(table: Mapping[str, object]) -> None:
    assert undecided(kinds_of(table), list_rules()) == set()
    known = {kind.name: set(kind.attributes.definition) for kind in kinds_of(table)}
    assert {kind: names - known[kind] for kind, names in ORDINARY.items()} == {
        kind: set() for kind in known
    }


def test_an_attribute_too_many_is_noticed(table: Mapping[str, object]) -> None:
    network = next(kind for kind in kinds_of(table) if kind.name == "network")
    definition = {**network.attributes.definition, "secret": {"is_visible": True}}
    more = SimpleNamespace(name="network", attributes=SimpleNamespace(definition=definition))
    assert undecided([more], list_rules()) == {("network", "secret")}


def test_each_rule_of_an_attribute_is_of_an_attribute_that_there_is(
    table: Mapping[str, object],
) -> None:
    known = {
        f"{verb}_{kind.name}:{name}"
        for kind in kinds_of(table)
        for name in kind.attributes.definition
        for verb in ("create", "get", "update", "delete")
    }
    for rule in list_rules():
        if ":" in rule.name:
            assert rule.name in known or rule.name.rpartition(":")[0] in known, rule.name


def test_the_matrix_of_access_has_each_operation_and_asks_for_each_rule(
    monkeypatch: pytest.MonkeyPatch, app: App[Request, Response]
) -> None:
    asked: set[str] = set()
    tried: set[tuple[str, str]] = set()
    answers = Policy.allows

    def noting(policy: Policy, rule: str, caller: Caller, about: Mapping[str, object]) -> bool:
        asked.add(rule)
        return answers(policy, rule, caller, about)

    monkeypatch.setattr(Policy, "allows", noting)
    client = make_client(UNLIMITED)

    def send(verb: str, path: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        answer = client.simulate_request(verb, f"/v2.0/{path}", json=body, headers=dict(headers))
        return answer.status_code, answer.json if answer.text else None

    for attempt, make in ATTEMPTS.items():
        world = World(send)
        for caller in ("admin", "manager"):
            one = make(world, whose_of(attempt)[0])
            tried.add((one.verb, _template(one.path)))
            world.tried(caller, one)
    assert tried == served(app) - OPEN.keys() - BESIDE.keys()
    parts = {name for rule in list_rules() for name in re.findall(r"rule:(\w+)", rule.check_str)}
    names = {rule.name for rule in list_rules()}
    assert names - asked - parts - {*BESIDE.values()} == FOR_POLICY_FILES


def with_nothing_allowed(folder: Path, backend: Backend) -> TestClient:
    file = folder / "policy.yaml"
    named = {rule.name for rule in list_rules() if isinstance(rule, DocumentedRuleDefault)}
    file.write_text(json.dumps(dict.fromkeys(named, "!")))
    settings = Settings(database_url="sqlite://", policy_files=PolicyFiles(str(file)))
    return TestClient(make_app(settings, backend))


def on_collections(cloud: Cloud) -> Iterator[Asked]:
    """Create one of each kind, really and for a try, and list them."""
    network, owner = cloud.theirs["network"]["id"], {"project_id": MINE}
    for kind, values in (
        ("network", {}),
        ("subnet", {"network_id": network, "ip_version": 4, "cidr": "10.77.0.0/24"}),
        ("port", {"network_id": network}),
        ("segment", {"network_id": network, "network_type": "local"}),
        ("subnetpool", {"name": "n", "prefixes": ["10.0.0.0/8"]}),
        ("address_scope", {"name": "n", "ip_version": 4}),
        (
            "rbac_policy",
            {
                "object_type": "network",
                "object_id": network,
                "action": "access_as_shared",
                "target_tenant": "x",
            },
        ),
    ):
        yield Asked("POST", PATHS[kind], {kind: {**values, **owner}})
        if kind in {"subnet", "port"}:
            yield Asked("POST", f"freehold/dry-run/{PATHS[kind]}", {kind: {**values, **owner}})
        yield Asked("GET", PATHS[kind])
    for path in ("address-holdings?ip_address=10.9.0.9", "network-ip-availabilities", "quotas"):
        yield Asked("GET", path)


def on_own_project() -> Iterator[Asked]:
    """See and change the limits of one's own project."""
    for below in ("", "/default", "/details"):
        yield Asked("GET", f"quotas/{MINE}{below}")
    yield Asked("PUT", f"quotas/{MINE}", {"quota": {"port": 1}})
    yield Asked("DELETE", f"quotas/{MINE}")


def test_where_no_rule_allows_anything_not_even_administrators_get_anything(
    tmp_path: Path, app: App[Request, Response]
) -> None:
    """So nothing is done without asking a rule, whatever the rules say that they are for."""
    cloud = Cloud(others=True)
    asked = [*by_path(cloud.own, cloud.theirs), *on_collections(cloud), *on_own_project()]
    service = with_nothing_allowed(tmp_path, cloud.backend)
    tried = set()
    for one in asked:
        answer = service.simulate_request(
            one.verb,
            f"/v2.0/{one.path}",
            json=one.body,
            headers={**headers_of(MINE, "admin,manager,member,reader,service"), **one.headers},
        )
        tried.add((one.verb, _template(one.path)))
        refused = answer.status_code in {403, 404} or one.body == {"nosuch": 1}
        listed = answer.status_code == 200 and list(answer.json.values()) == [[]]
        assert refused or listed, (one, answer.text)
    assert tried == served(app) - OPEN.keys() - BESIDE.keys()
