"""Whatever JSON a client sends for whatever attribute: an answer, and never a 5xx."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from falcon.testing import TestClient as Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.api.address_scopes import ADDRESS_SCOPE
from freehold.api.networks import NETWORK
from freehold.api.paging import PARAMETERS
from freehold.api.ports import PORT
from freehold.api.rbac_policies import RBAC_POLICY
from freehold.api.segments import SEGMENT
from freehold.api.subnet_pools import SUBNET_POOL
from freehold.api.subnets import SUBNET
from tests.api.service import make_client

KINDS = {
    kind.name: kind
    for kind in (NETWORK, SUBNET, PORT, ADDRESS_SCOPE, SUBNET_POOL, SEGMENT, RBAC_POLICY)
}
UNKNOWN = "11111111-2222-4333-8444-555555555555"

ATTRIBUTES = {
    "network": [
        "name", "admin_state_up", "shared", "project_id", "tenant_id", "id", "nosuch",
        "description", "tags", "revision_number", "dns_domain",
        "router:external", "provider:network_type", "provider:physical_network",
        "provider:segmentation_id", "mtu", "vlan_transparent",
    ],
    "subnet": [
        "name", "network_id", "ip_version", "cidr", "gateway_ip", "allocation_pools",
        "dns_nameservers", "host_routes", "enable_dhcp", "ipv6_ra_mode", "ipv6_address_mode",
        "subnetpool_id", "prefixlen", "use_default_subnetpool", "project_id", "shared", "id",
        "description", "freehold:allocation_strategy", "freehold:cool_down",
        "segment_id", "service_types",
    ],
    "segment": [
        "name", "network_id", "network_type", "physical_network", "segmentation_id",
        "description", "freehold:hosts", "project_id", "id", "tags",
    ],
    "port": [
        "name", "network_id", "admin_state_up", "mac_address", "fixed_ips", "device_id",
        "device_owner", "project_id", "status", "id", "description", "tags",
        "allowed_address_pairs", "extra_dhcp_opts", "dns_name",
        "binding:host_id", "binding:vnic_type", "binding:profile",
    ],
    "address_scope": ["name", "ip_version", "shared", "project_id", "id"],
    "subnetpool": [
        "name", "prefixes", "min_prefixlen", "max_prefixlen", "default_prefixlen",
        "default_quota", "address_scope_id", "is_default", "shared", "ip_version", "project_id",
        "description",
    ],
    "rbac_policy": ["object_type", "object_id", "action", "target_tenant", "project_id", "id"],
}  # fmt: skip
EVERY_ATTRIBUTE = [(kind, name) for kind, names in ATTRIBUTES.items() for name in names]

addresses = st.one_of(
    st.ip_addresses().map(str),
    st.sampled_from(["10.0.0.1", "10.0.0.0", "10.0.0.255", "2001:db8::1", "::", "::ffff:1.2.3.4"]),
    st.sampled_from(["fe80::1%eth0", "10.0.0.01", "10.0.0.1/24", "1", "", " 10.0.0.1", "0x7f.1"]),
)
cidrs = st.one_of(
    st.builds("{}/{}".format, addresses, st.integers(-1, 130)),
    st.builds("{}/{}".format, addresses, addresses),
)
likely = st.one_of(
    addresses,
    cidrs,
    st.sampled_from([UNKNOWN, "slaac", "dhcpv6-stateful", "network:dhcp", "prefix_delegation"]),
    st.sampled_from(["02:00:00:00:00:01", "020000000001", "02:00:00:00:00:00:00:01", "True"]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(), max_size=20),
    likely,
)
keys = st.one_of(
    st.sampled_from(
        [
            "start",
            "end",
            "destination",
            "nexthop",
            "ip_address",
            "subnet_id",
            "mac_address",
            "opt_name",
            "opt_value",
            "ip_version",
        ]
    ),
    st.text(max_size=5),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)
pairs_of_addresses = st.one_of(
    st.fixed_dictionaries({"start": addresses, "end": addresses}),
    st.fixed_dictionaries({"destination": cidrs, "nexthop": addresses}),
    st.fixed_dictionaries({}, optional={"ip_address": addresses, "subnet_id": st.just(UNKNOWN)}),
    st.fixed_dictionaries({"ip_address": addresses | cidrs}, optional={"mac_address": likely}),
    st.fixed_dictionaries(
        {"opt_name": scalars, "opt_value": scalars}, optional={"ip_version": scalars}
    ),
)
sent = st.one_of(values, st.lists(st.one_of(pairs_of_addresses, addresses), max_size=3))

documents = st.one_of(
    values,
    st.dictionaries(
        st.sampled_from([*KINDS, *(kind.collection for kind in KINDS.values())]),
        values,
        max_size=2,
    ),
)


ACTIONS = ["add_prefixes", "remove_prefixes", "onboard_network_subnets"]


def url(kind: str) -> str:
    return f"/v2.0/{KINDS[kind].collection.replace('_', '-')}"


class World:
    """A service with one resource of each kind, and what creates another of each.

    Args:
        client: of the service, which has none.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        network = self._make("network", {})
        subnet = self._make(
            "subnet", {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
        )
        port = self._make("port", {"network_id": network})
        pool = {"name": "p", "prefixes": ["10.0.0.0/8"]}
        self.ids = {
            "network": network,
            "segment": self._make("segment", {"network_id": network, "network_type": "local"}),
            "subnet": subnet,
            "port": port,
            "address_scope": self._make("address_scope", {"ip_version": 4}),
            "subnetpool": self._make("subnetpool", pool),
        }
        policy = {"object_type": "network", "object_id": network, "action": "access_as_shared"}
        self.ids["rbac_policy"] = self._make("rbac_policy", {**policy, "target_tenant": "q"})
        self.minimal: Mapping[str, Mapping[str, object]] = {
            "network": {},
            "segment": {"network_id": network, "network_type": "local"},
            "subnet": {"network_id": network, "ip_version": 6, "cidr": "2001:db8::/64"},
            "port": {"network_id": network},
            "address_scope": {"ip_version": 4},
            "subnetpool": pool,
            "rbac_policy": {**policy, "target_tenant": "r"},
        }

    def _make(self, kind: str, attributes: Mapping[str, object]) -> str:
        answer = self.client.simulate_post(url(kind), json={kind: attributes})
        assert answer.status_code == 201
        return str(answer.json[kind]["id"])


@pytest.fixture(scope="module")
def world() -> World:
    return World(make_client())


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-openstack-request-id"].startswith("req-")
    if answer.status_code >= 400:
        error = answer.json["NeutronError"]
        assert error["type"] not in {"", "HTTPInternalServerError"}
        assert error["message"]


def send(client: Client, verb: str, path: str, document: object) -> Any:
    return client.simulate_request(
        verb, path, body=json.dumps(document), headers={"Content-Type": "application/json"}
    )


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize(("kind", "attribute"), EVERY_ATTRIBUTE)
@FUZZ
@given(value=sent)
def test_any_value_of_any_attribute_is_answered(
    world: World, kind: str, attribute: str, value: object
) -> None:
    created = send(
        world.client, "POST", url(kind), {kind: {**world.minimal[kind], attribute: value}}
    )
    check(created)
    if created.status_code == 201:
        check(world.client.simulate_delete(f"{url(kind)}/{created.json[kind]['id']}"))
    path = f"{url(kind)}/{world.ids[kind]}"
    check(send(world.client, "PUT", path, {kind: {attribute: value}}))
    check(world.client.simulate_get(path))


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(document=documents)
def test_any_document_is_answered(world: World, kind: str, document: object) -> None:
    check(send(world.client, "POST", url(kind), document))
    check(send(world.client, "PUT", f"{url(kind)}/{world.ids[kind]}", document))


@pytest.mark.parametrize("action", ACTIONS)
@FUZZ
@given(
    document=st.one_of(
        values, st.builds(lambda value: {"prefixes": value, "network_id": value}, sent)
    )
)
def test_any_document_of_an_action_is_answered(world: World, action: str, document: object) -> None:
    pool = send(
        world.client, "POST", "/v2.0/subnetpools", {"subnetpool": world.minimal["subnetpool"]}
    )
    path = f"/v2.0/subnetpools/{pool.json['subnetpool']['id']}"
    check(send(world.client, "PUT", f"{path}/{action}", document))
    check(world.client.simulate_delete(path))


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(body=st.binary(max_size=50))
def test_any_bytes_are_answered(world: World, kind: str, body: bytes) -> None:
    check(world.client.simulate_post(url(kind), body=body))


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(data=st.data())
def test_any_filter_is_answered(world: World, kind: str, data: st.DataObject) -> None:
    names = st.sampled_from([*KINDS[kind].filters, *PARAMETERS, "fields", "nosuch"])
    texts = st.one_of(
        st.sampled_from(
            ["asc", "desc", "name", "id", "gateway_ip", "2", "true", "2026-01-01", "a,b"]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        likely,
        st.builds(
            "{}={}".format, st.sampled_from(["ip_address", "ip_address_substr", "x"]), likely
        ),
    )
    parameters = data.draw(st.dictionaries(names, st.lists(texts, min_size=1, max_size=3)))
    check(world.client.simulate_get(url(kind), params=parameters, params_csv=False))


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(data=st.data())
def test_any_page_is_answered(world: World, kind: str, data: st.DataObject) -> None:
    sortable = sorted(KINDS[kind].attributes.sort_keys)
    keys = data.draw(st.lists(st.sampled_from(sortable), max_size=4))
    parameters = {
        "sort_key": keys,
        "sort_dir": [data.draw(st.sampled_from(["asc", "desc"])) for _ in keys],
        "limit": [str(data.draw(st.integers(0, 3)))],
        "marker": [data.draw(st.sampled_from(["", world.ids[kind]]))],
        "page_reverse": [data.draw(st.sampled_from(["True", "False"]))],
    }
    answer = world.client.simulate_get(url(kind), params=parameters, params_csv=False)
    assert answer.status_code == 200
    for link in answer.json.get(f"{kind}s_links", []):
        path = link["href"].removeprefix("http://falconframework.org")
        assert world.client.simulate_get(path).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(document=documents | st.fixed_dictionaries({"tags": sent}), tag=st.text(max_size=5))
def test_any_tags_are_answered(world: World, kind: str, document: object, tag: str) -> None:
    path = f"{url(kind)}/{world.ids[kind]}/tags"
    for verb in ("POST", "PUT"):
        check(send(world.client, verb, path, document))
    for verb in ("PUT", "GET", "DELETE"):
        check(world.client.simulate_request(verb, f"{path}/{quote(tag, errors='replace')}"))


@FUZZ
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_any_if_match_is_answered(world: World, header: str) -> None:
    path = f"/v2.0/networks/{world.ids['network']}"
    for text in (header, f"revision_number={header}", f'"revision_number={header}"'):
        check(world.client.simulate_put(path, json={"network": {}}, headers={"If-Match": text}))


@FUZZ
@given(
    parameters=st.dictionaries(
        st.sampled_from(["subnet_id", "at", "limit", "fields", "nosuch"]),
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
            st.datetimes(timezones=st.timezones() | st.none()).map(str),
            likely,
        ),
    ),
    address=st.one_of(addresses, st.none()),
)
def test_any_question_about_history_is_answered(
    world: World, parameters: dict[str, str], address: str | None
) -> None:
    asked = parameters if address is None else {**parameters, "ip_address": address}
    check(world.client.simulate_get("/v2.0/address-holdings", params=asked, params_csv=False))


@FUZZ
@given(path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_path_is_answered(world: World, path: str) -> None:
    for verb in ("GET", "PUT", "POST", "DELETE"):
        check(world.client.simulate_request(verb, "/v2.0/" + path.replace("?", "")))


def test_the_fuzz_covers_each_attribute_that_a_client_can_send() -> None:
    for kind, names in ATTRIBUTES.items():
        settable = {
            name
            for name, spec in KINDS[kind].attributes.definition.items()
            if spec["allow_post"] or spec["allow_put"]
        } - {"tenant_id"}
        assert settable <= set(names)


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(
    project=st.text(st.characters(max_codepoint=255), max_size=8),
    roles=st.lists(
        st.sampled_from(["admin", "member", "reader", "SERVICE", "", " "])
        | st.text(st.characters(max_codepoint=255), max_size=5)
    ).map(",".join),
)
def test_whoever_asks_is_answered(world: World, kind: str, project: str, roles: str) -> None:
    headers = {"X-Project-Id": project, "X-Roles": roles, "X-Service-Roles": roles}
    path = f"{url(kind)}/{world.ids[kind]}"
    for verb, where in (("GET", url(kind)), ("GET", path), ("GET", f"{path}/tags")):
        check(world.client.simulate_request(verb, where, headers=headers))
    body = json.dumps({kind: world.minimal[kind]})
    answer = world.client.simulate_request("POST", url(kind), headers=headers, body=body)
    check(answer)
    if answer.status_code == 201:
        check(world.client.simulate_delete(f"{url(kind)}/{answer.json[kind]['id']}"))
