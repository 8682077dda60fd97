"""What an operator's rules change, what is hidden, what is not learnt of others, what it costs."""

import json
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from freehold.api.app import create_app
from freehold.api.backends import make_backend
from freehold.api.bodies import BodyLimits
from freehold.api.callers import Caller
from freehold.api.guarded import Guards
from freehold.api.guards import Guard
from freehold.api.policies import list_rules
from freehold.api.policy import LONGEST_KEPT, MOST_CALLERS, Policy, get_enforcer
from freehold.api.ports import PORT
from freehold.api.resources import Collection
from freehold.api.routes import routes
from freehold.api.tags import TagsOfItem
from freehold.config import PolicyFiles, Settings, load_settings
from freehold.db.database import Database
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import ConfigurationError
from freehold.ipam.driver import Surroundings
from tests.api.matrix import MINE, OTHERS, STRANGE, World, headers_of
from tests.api.service import IN_MEMORY, make_client
from tests.api.test_statements import Cost, counting
from tests.end_to_end.service import clean_environment, tool

UNKNOWN = "99999999-9999-4999-8999-999999999999"
ROOT = Path(__file__).parents[2]

MEMBER = headers_of(MINE, "member,reader")
READER = headers_of(MINE, "reader")
STRANGER = headers_of(STRANGE, "member,reader")

JSON = dict[str, Any]


class Cloud:
    """A service, what an administrator has made in it, and others who ask."""

    def __init__(self, client: TestClient | None = None) -> None:
        self.client = client or make_client()
        self.world = World(
            lambda verb, path, body, headers: self._answered(self.ask(verb, path, body, headers))
        )

    @staticmethod
    def _answered(answer: Result) -> tuple[int, Any]:
        return answer.status_code, answer.json if answer.text else None

    def ask(self, verb: str, path: str, body: JSON | None = None, headers: Any = MEMBER) -> Result:
        return self.client.simulate_request(verb, f"/v2.0/{path}", json=body, headers=dict(headers))

    def get(self, path: str, headers: Any = MEMBER) -> Any:
        answer = self.ask("GET", path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json


def with_rules(folder: Path, rules: dict[str, str]) -> Cloud:
    """Start a service with rules of an operator's."""
    file = folder / "policy.yaml"
    file.write_text(json.dumps(rules))
    settings = Settings(database_url="sqlite://", policy_files=PolicyFiles(str(file)))
    return Cloud(TestClient(create_app(settings, driver=ReferenceDriver(Surroundings()))))


def refused(answer: Result) -> tuple[int, str, str]:
    error = answer.json["NeutronError"]
    return answer.status_code, error["type"], error["message"]


def test_whoever_sends_no_roles_may_everything() -> None:
    cloud = Cloud()
    everybody = {"X-Project-Id": MINE}
    network = cloud.world.network("foreign")
    made = cloud.ask(
        "POST",
        "ports",
        {"port": {"network_id": network, "binding:profile": {"a": "b"}, "project_id": OTHERS}},
        everybody,
    )
    assert made.status_code == 201
    assert made.json["port"]["binding:profile"] == {"a": "b"}
    assert cloud.ask("DELETE", f"networks/{network}", None, everybody).status_code == 409


def test_roles_are_the_same_in_capitals() -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    for roles in ("Reader", "x, READER ,y"):
        cloud.get(f"networks/{network}", headers_of(MINE, roles))


def test_who_has_no_project_owns_nothing_not_even_what_is_nobodys() -> None:
    cloud = Cloud()
    body = {"network": {"name": "nobodys"}}
    made = cloud.ask("POST", "networks", body, {}).json["network"]
    assert made["project_id"] == ""
    without = {"X-Roles": "member,reader"}
    assert cloud.get("networks", without) == {"networks": []}
    assert cloud.ask("GET", f"networks/{made['id']}", None, without).status_code == 404
    assert cloud.ask("POST", "networks", body, without).status_code == 403


def test_a_refusal_names_the_rules_as_oslo_policy_does() -> None:
    cloud = Cloud()
    network = cloud.world.network("shared")
    body = {"port": {"network_id": network, "fixed_ips": [{"ip_address": "10.0.0.9"}]}}
    named = "rule:create_port:fixed_ips"
    assert refused(cloud.ask("POST", "ports", body)) == (
        403,
        "PolicyNotAuthorized",
        f"(rule:create_port and ({named} and ({named}:ip_address))) is disallowed by policy",
    )
    assert refused(cloud.ask("DELETE", f"networks/{network}")) == (
        403,
        "PolicyNotAuthorized",
        "rule:delete_network is disallowed by policy",
    )


def test_of_many_new_ones_each_has_to_be_allowed() -> None:
    cloud = Cloud()
    own, shared = cloud.world.network("own"), cloud.world.network("shared")
    ports = [{"network_id": own}, {"network_id": shared, "mac_address": "fa:16:3e:00:00:01"}]
    assert cloud.ask("POST", "ports", {"ports": ports}).status_code == 403
    assert cloud.get("ports") == {"ports": []}
    ports = [{"network_id": own}, {"network_id": UNKNOWN}]
    assert refused(cloud.ask("POST", "ports", {"ports": ports}))[1] == "NetworkNotFound"


def test_what_may_not_be_seen_of_a_resource_is_left_out() -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    port = cloud.world.make(
        "port", "ports", {"network_id": network, "binding:host_id": "h", "project_id": MINE}
    )
    provider = {"provider:network_type", "provider:physical_network", "provider:segmentation_id"}
    hidden = {"binding:host_id", "binding:profile", "binding:vif_type", "binding:vif_details"}
    for headers in (MEMBER, READER, headers_of(MINE, "manager,member,reader")):
        assert not provider & cloud.get(f"networks/{network}", headers)["network"].keys()
        assert not provider & cloud.get("networks", headers)["networks"][0].keys()
        shown = cloud.get(f"ports/{port}", headers)["port"]
        assert not hidden & shown.keys()
        assert shown["binding:vnic_type"] == "normal"
    changed = cloud.ask("PUT", f"ports/{port}", {"port": {"name": "x"}}).json["port"]
    assert not hidden & changed.keys()
    assert cloud.get(f"ports/{port}?fields=binding:host_id&fields=name") == {"port": {"name": "x"}}
    admin = headers_of(STRANGE, "admin,manager,member,reader")
    assert hidden <= cloud.get(f"ports/{port}", admin)["port"].keys()


def test_an_answer_that_an_administrator_got_is_not_given_to_others_under_the_same_key() -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    body = {"port": {"network_id": network}}
    key = {"Idempotency-Key": "k"}
    admin = headers_of(MINE, "admin,member,reader")
    made = cloud.ask("POST", "ports", body, {**admin, **key}).json["port"]
    assert cloud.ask("POST", "ports", body, {**admin, **key}).json["port"] == made
    others = cloud.ask("POST", "ports", body, {**MEMBER, **key}).json["port"]
    assert others["id"] != made["id"]
    assert "binding:host_id" in made.keys() - others.keys()


def test_a_refusal_stays_under_its_key_though_it_would_be_allowed_by_now() -> None:
    cloud = Cloud()
    key = {"Idempotency-Key": "k"}
    network = cloud.world.network("foreign")
    asked = ("POST", "ports", {"port": {"network_id": network}})
    first = cloud.ask(*asked, {**MEMBER, **key})
    assert first.status_code == 404
    shared = {"network": {"shared": True}}
    assert cloud.ask("PUT", f"networks/{network}", shared, {}).status_code == 200
    again = cloud.ask(*asked, {**MEMBER, **key})
    assert (again.status_code, again.json) == (404, first.json)
    assert cloud.ask(*asked, MEMBER).status_code == 201


def test_an_answer_stays_under_its_key_though_what_it_is_about_is_gone() -> None:
    cloud = Cloud()
    key = {"Idempotency-Key": "k"}
    network = cloud.world.network("own")
    asked = ("POST", "ports", {"port": {"network_id": network}})
    first = cloud.ask(*asked, {**MEMBER, **key})
    cloud.ask("DELETE", f"ports/{first.json['port']['id']}")
    assert cloud.ask("DELETE", f"networks/{network}").status_code == 204
    again = cloud.ask(*asked, {**MEMBER, **key})
    assert (again.status_code, again.json) == (201, first.json)
    other = ("POST", "ports", {"port": {"network_id": UNKNOWN}})
    assert cloud.ask(*other, {**MEMBER, **key}).status_code == 422


@pytest.mark.parametrize("query", ["tags=red", "tags-any=red,blue", "not-tags=blue"])
def test_whoever_sees_tags_can_search_for_them(query: str) -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    assert cloud.ask("PUT", f"networks/{network}/tags/red").status_code == 201
    for headers in (MEMBER, READER, {}):
        found = cloud.get(f"networks?{query}", headers)["networks"]
        assert [one["id"] for one in found] == [network]


def test_a_service_s_answer_asks_for_each_network_once() -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    service = headers_of(MINE, "service,member,reader")
    body = {"ports": [{"network_id": network} for _ in range(20)]}
    assert cloud.ask("POST", "ports", body, service).status_code == 201
    few, many = (reads(cloud, f"ports?limit={limit}", service) for limit in (2, 20))
    assert few == many


def test_a_member_s_bulk_reads_its_networks_together() -> None:
    cloud = Cloud()
    few, many = (
        [cloud.world.make("network", "networks", {"project_id": MINE}) for _ in range(count)]
        for count in (2, 20)
    )

    def cost(networks: list[str], headers: Any) -> int:
        body = {"ports": [{"network_id": network, "project_id": MINE} for network in networks]}
        with counting() as counted:
            assert cloud.ask("POST", "ports", body, headers).status_code == 201
        return counted.reads

    for networks in (few, many):
        assert cost(networks, MEMBER) - cost(networks, {}) <= 5


def test_a_refusal_does_not_name_segments() -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    [segment] = cloud.get(f"segments?network_id={network}", {})["segments"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.7.0.0/24"}
    cloud.world.make("subnet", "subnets", {**subnet, "segment_id": segment["id"]})
    port = {"network_id": network, "binding:host_id": "h", "project_id": MINE}
    answer = cloud.ask("POST", "ports", {"port": port}, {})
    assert refused(answer)[:2] == (409, "HostNotConnectedToAnySegment")
    assert segment["id"] not in answer.text


def test_quotas_and_availability_are_seen_by_whom_rules_allow_it(tmp_path: Path) -> None:
    cloud = Cloud()
    quotas = [f"quotas/{OTHERS}", f"quotas/{OTHERS}/details"]
    for path in quotas:
        assert refused(cloud.ask("GET", path, None, READER))[:2] == (403, "PolicyNotAuthorized")
    use = f"network-ip-availabilities/{cloud.world.network('own')}"
    assert cloud.get("network-ip-availabilities", READER) == {"network_ip_availabilities": []}
    assert refused(cloud.ask("GET", use, None, READER))[:2] == (404, "NetworkNotFound")
    allowed = {"get_quota": "role:reader", "get_network_ip_availability": "role:reader"}
    cloud = with_rules(tmp_path, {**allowed, "update_quota": "role:member"})
    use = f"network-ip-availabilities/{cloud.world.network('own')}"
    for path in (*quotas, "network-ip-availabilities", use):
        cloud.get(path, READER)
    body = {"quota": {"port": 3}}
    assert cloud.ask("PUT", f"quotas/{OTHERS}", body, READER).status_code == 403
    assert cloud.ask("PUT", f"quotas/{OTHERS}", body, MEMBER).json["quota"]["port"] == 3


@pytest.mark.parametrize(
    "query", ["ports?binding:host_id=h", "networks?provider:physical_network=rack"]
)
def test_what_is_hidden_cannot_be_searched_for(query: str) -> None:
    cloud = Cloud()
    assert refused(cloud.ask("GET", query))[:2] == (403, "PolicyNotAuthorized")
    cloud.get(query, headers_of(STRANGE, "admin"))


def new_port(network: str, **values: Any) -> JSON:
    return {"port": {"network_id": network, **values}}


def test_nobody_learns_that_what_he_may_not_see_is_there() -> None:
    cloud = Cloud()
    world = cloud.world
    own, foreign = world.network("own"), world.network("foreign")
    there = {
        "networks": foreign,
        "subnets": world.subnet_on(foreign),
        "ports": world.port("others on others"),
        "subnetpools": world.pool("foreign"),
        "address-scopes": world.scope("foreign"),
        "rbac-policies": world.rbac_policy("foreign"),
    }
    own_pool = world.pool("own")
    own_port = world.port("mine on mine")

    def answers(of: JSON) -> list[tuple[int, str]]:
        asked = [
            *(("GET", f"{path}/{one}", None) for path, one in of.items()),
            *(("DELETE", f"{path}/{one}", None) for path, one in of.items()),
            *(("GET", f"{path}?limit=1&marker={one}", None) for path, one in of.items()),
            *(
                ("PUT", f"{path}/{one}/tags/a", None)
                for path, one in of.items()
                if path not in {"address-scopes", "rbac-policies"}
            ),
            ("POST", "ports", new_port(of["networks"])),
            ("POST", "ports", new_port(own, fixed_ips=[{"subnet_id": of["subnets"]}])),
            ("PUT", f"ports/{own_port}", {"port": {"fixed_ips": [{"subnet_id": of["subnets"]}]}}),
            ("POST", "subnets", {"subnet": {"network_id": of["networks"], "ip_version": 4}}),
            (
                "POST",
                "subnets",
                {
                    "subnet": {
                        "network_id": own,
                        "ip_version": 4,
                        "cidr": "10.1.0.0/24",
                        "subnetpool_id": of["subnetpools"],
                    }
                },
            ),
            (
                "PUT",
                f"subnetpools/{own_pool}",
                {"subnetpool": {"address_scope_id": of["address-scopes"]}},
            ),
            *(
                (
                    "POST",
                    "rbac-policies",
                    {
                        "rbac_policy": {
                            "object_type": kind,
                            "object_id": of[path],
                            "action": "access_as_shared",
                            "target_tenant": MINE,
                        }
                    },
                )
                for kind, path in (
                    ("network", "networks"),
                    ("subnetpool", "subnetpools"),
                    ("address_scope", "address-scopes"),
                )
            ),
            (
                "PUT",
                f"subnetpools/{own_pool}/onboard_network_subnets",
                {"network_id": of["networks"]},
            ),
        ]
        return [
            (answer.status_code, answer.text.replace(one, "it"))
            for verb, path, body in asked
            for one in [next((v for v in of.values() if v in f"{path}{body}"), "")]
            for answer in [cloud.ask(verb, path, body)]
        ]

    # Each unknown id is another one, so that it can be told which of them an answer names.
    unknown = {path: UNKNOWN[:-1] + str(number) for number, path in enumerate(there)}
    assert answers(there) == answers(unknown)
    assert {status for status, _ in answers(there)} <= {403, 404}


def test_a_default_pool_that_is_not_shared_is_nobodys_default() -> None:
    cloud = Cloud()
    network = cloud.world.network("own")
    values = {"name": "p", "prefixes": ["10.0.0.0/8"], "default_prefixlen": 24}
    pool = cloud.world.make(
        "subnetpool", "subnetpools", {**values, "is_default": True, "project_id": OTHERS}
    )
    body = {"subnet": {"network_id": network, "ip_version": 4, "use_default_subnetpool": True}}
    assert refused(cloud.ask("POST", "subnets", body)) == (
        400,
        "BadRequest",
        "Bad subnets request: No default subnetpool found for IPv4.",
    )
    cloud.world.share("subnetpool", pool, MINE)
    made = cloud.ask("POST", "subnets", body)
    assert made.json["subnet"]["subnetpool_id"] == pool


def test_shared_is_shown_to_who_may_use_it() -> None:
    cloud = Cloud()
    for path, make in (
        ("networks", cloud.world.network),
        ("subnetpools", cloud.world.pool),
        ("address-scopes", cloud.world.scope),
    ):
        made = make("granted")
        [found] = cloud.get(f"{path}?shared=true&fields=id&fields=shared").popitem()[1]
        assert found == {"id": made, "shared": True}
        assert cloud.get(f"{path}?shared=false").popitem()[1] == []
        own = make("own")
        [found] = cloud.get(f"{path}?shared=false&fields=id").popitem()[1]
        assert found == {"id": own}
        if path != "networks":
            sorted_by = f"{path}?sort_key=shared&sort_dir=desc&fields=id"
            ids = [one["id"] for one in cloud.get(sorted_by).popitem()[1]]
            assert ids == [made, own]
            paged = cloud.get(f"{sorted_by}&limit=1&marker={made}")
            assert [one["id"] for one in next(iter(paged.values()))] == [own]


def test_rules_of_the_operators_replace_the_defaults(tmp_path: Path) -> None:
    cloud = with_rules(
        tmp_path,
        {
            "create_port:mac_address": "role:member",
            "get_network": "rule:admin_only or role:auditor",
            "get_port:binding:host_id": "rule:admin_or_owner",
            "delete_network": "!",
        },
    )
    auditor = headers_of(STRANGE, "auditor")
    own, foreign = cloud.world.network("own"), cloud.world.network("foreign")
    assert cloud.ask("GET", f"networks/{own}").status_code == 404
    ids = {one["id"] for one in cloud.get("networks", auditor)["networks"]}
    assert ids == {own, foreign}
    admin = headers_of(STRANGE, "admin")
    assert cloud.ask("DELETE", f"networks/{own}", None, admin).status_code == 403
    assert cloud.ask("DELETE", f"networks/{own}", None, {}).status_code == 403
    port = {"network_id": own, "binding:host_id": "h", "project_id": MINE}
    made = cloud.world.make("port", "ports", port)
    theirs = cloud.world.make("port", "ports", {**port, "project_id": OTHERS})
    assert cloud.get(f"ports/{made}")["port"]["binding:host_id"] == "h"
    assert "binding:host_id" not in cloud.get(f"ports/{theirs}")["port"]


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        # It looks at what the database is not restricted by.
        ("field:networks:name=open", {"open"}),
        ("role:reader and project_id:%(project_id)s and not rule:shared", {"own", "open"}),
        ("rule:shared and project_id:%(project_id)s", {"own shared"}),
        ("not rule:shared", {"own", "open", "foreign"}),
        ("@", {"own", "open", "foreign", "own shared", "shared"}),
        ("!", set()),
    ],
)
def test_a_rule_of_any_form_restricts_lists(tmp_path: Path, rule: str, names: set[str]) -> None:
    cloud = with_rules(tmp_path, {"get_network": rule})
    made = {}
    for name, owner, shared in (
        ("own", MINE, False),
        ("open", MINE, False),
        ("foreign", OTHERS, False),
        ("own shared", MINE, True),
        ("shared", OTHERS, True),
    ):
        values = {"name": name, "project_id": owner, "shared": shared}
        made[name] = cloud.ask("POST", "networks", {"network": values}, {}).json["network"]["id"]
    assert {one["name"] for one in cloud.get("networks")["networks"]} == names
    for name, one in made.items():
        status = cloud.ask("GET", f"networks/{one}").status_code
        assert status == (200 if name in names else 404), name


def test_a_rule_may_ask_for_what_a_kind_is_not_searched_by(tmp_path: Path) -> None:
    cloud = with_rules(tmp_path, {"get_segment": "rule:admin_only or rule:network_owner"})
    own, foreign = cloud.world.network("own"), cloud.world.network("foreign")
    admin = headers_of(STRANGE, "admin")
    seen = {one["network_id"]: one["id"] for one in cloud.get("segments", admin)["segments"]}
    assert seen.keys() == {own, foreign}
    assert [one["id"] for one in cloud.get("segments")["segments"]] == [seen[own]]
    assert cloud.get(f"segments/{seen[own]}")["segment"]["network_id"] == own
    assert cloud.ask("GET", f"segments/{seen[foreign]}").status_code == 404


@pytest.mark.parametrize("text", ["- a list", "{", '"get_network": "rule:nosuch"'])
def test_a_policy_file_that_makes_no_sense_keeps_the_service_from_starting(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    settings = Settings(database_url="sqlite://", policy_files=PolicyFiles(str(file)))
    with pytest.raises(ConfigurationError, match="policy_file"):
        create_app(settings)


def test_policy_files_are_found_where_the_configuration_is(tmp_path: Path) -> None:
    configuration = tmp_path / "freehold.conf"
    configuration.write_text("")
    assert load_settings([configuration], environ={}).policy_files == PolicyFiles()
    (tmp_path / "policy.yaml").write_text("{}")
    (tmp_path / "policy.d").mkdir()
    found = load_settings([configuration], environ={}).policy_files
    assert found == PolicyFiles(str(tmp_path / "policy.yaml"), (str(tmp_path / "policy.d"),))
    configuration.write_text("[oslo_policy]\npolicy_file = mine.yaml\n")
    with pytest.raises(ConfigurationError, match=r"there is no file 'mine\.yaml'"):
        load_settings([configuration], environ={})
    (tmp_path / "mine.yaml").write_text("{}")
    assert load_settings([configuration], environ={}).policy_files.file.endswith("mine.yaml")


def test_files_of_the_folder_add_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text('"delete_network": "!"')
    folder = tmp_path / "policy.d"
    folder.mkdir()
    (folder / "more.yaml").write_text('"update_network": "!"')
    files = PolicyFiles(str(tmp_path / "policy.yaml"), (str(folder),))
    app = create_app(Settings(database_url="sqlite://", policy_files=files))
    cloud = Cloud(TestClient(app))
    network = cloud.world.network("own")
    for verb, body in (("DELETE", None), ("PUT", {"network": {"name": "x"}})):
        assert cloud.ask(verb, f"networks/{network}", body).status_code == 403


def test_every_rule_is_told_for_what_it_is() -> None:
    rules = list_rules()
    names = [rule.name for rule in rules]
    assert len(set(names)) == len(names)
    assert all(rule.description for rule in rules)
    assert get_enforcer().registered_rules.keys() == set(names)


def test_every_kind_of_resource_has_its_rules() -> None:
    names = {rule.name for rule in list_rules()}
    policy = Policy(Settings(database_url="sqlite://"))
    backend = make_backend(IN_MEMORY, Database("sqlite://"))
    guards = vars(Guards(policy, backend, PORT)).values()
    kinds = {one._nature.kind.name for one in guards if isinstance(one, Guard)}
    behind = routes(backend, BodyLimits(1, 1, 1), policy).values()
    assert kinds == {one._kind.name for one in behind if isinstance(one, Collection)}
    for kind in kinds:
        assert {f"{verb}_{kind}" for verb in ("create", "get", "update", "delete")} <= names
    with_tags = {one._guard._name for one in behind if isinstance(one, TagsOfItem)}
    for kind in with_tags:
        assert {f"{verb}_{kind}:tags" for verb in ("create", "get", "update", "delete")} <= names


def test_the_tools_of_oslo_policy_find_the_rules(tmp_path: Path) -> None:
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    installed = tmp_path / "freehold_rules-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: freehold-rules\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in some.items())
            for group, some in entries.items()
            if group.startswith("oslo.policy")
        ).replace("freehold =", "freehold-rules =")
    )
    environment = clean_environment(tmp_path, {"PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}"})

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [tool(arguments[0]), *arguments[1:], "--namespace", "freehold-rules"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    sample = run("oslopolicy-sample-generator")
    assert '#"create_port:fixed_ips:ip_address": "' in sample
    assert "# PUT  /subnetpools/{id}/add_prefixes" in sample
    assert '"get_network:tags": "' in run("oslopolicy-policy-generator")


def reads(cloud: Cloud, path: str, headers: Any) -> Cost:
    with counting() as cost:
        cloud.get(path, headers)
    return cost


@pytest.mark.parametrize("headers", [MEMBER, READER])
@pytest.mark.parametrize("page", ["", "?limit=2", "?limit=2&marker={}"])
def test_what_others_than_administrators_read_costs_one_statement_more_at_most(
    headers: dict[str, str], page: str
) -> None:
    cloud = Cloud()
    world = cloud.world
    made: dict[str, str] = {}
    for _ in range(3):
        network = world.network("granted")
        own = world.network("own")
        made |= {
            "networks": network,
            "subnets": world.subnet_on(network),
            "ports": world.make("port", "ports", {"network_id": own, "project_id": MINE}),
            "subnetpools": world.pool("granted"),
            "address-scopes": world.scope("granted"),
            "rbac-policies": world.rbac_policy("own"),
        }
    for path, one in made.items():
        for asked in (f"{path}/{one}", f"{path}{page.format(one)}"):
            administrators = reads(cloud, asked, {})
            assert reads(cloud, asked, headers).reads <= administrators.reads + 1, asked


def kept_of(caller: Caller) -> int:
    """Return how many callers a policy remembers that has seen many, and this one last."""
    policy = Policy(IN_MEMORY)
    for number in range(MOST_CALLERS + 10):
        policy.allows("get_network", replace(caller, user_id=str(number)), {"shared": False})
        policy.allows("context_is_admin", replace(caller, user_id=str(number)), {})
    return len(policy._remembered)


def test_what_is_remembered_of_callers_is_bounded() -> None:
    few = Caller(is_admin=False, project_id=MINE, roles=frozenset({"member"}))
    assert 0 < kept_of(few) <= MOST_CALLERS
    many = replace(few, roles=frozenset(str(number) for number in range(LONGEST_KEPT)))
    assert kept_of(many) == 0
