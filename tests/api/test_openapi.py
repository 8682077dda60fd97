"""The OpenAPI document is valid, and tells all that there is: each route, verb and attribute."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import pytest
import schemathesis
from falcon.testing import TestClient

from freehold.api.bodies import BodyLimits
from freehold.api.ip_availability import FILTERS
from freehold.api.openapi.answers import SHOWN
from freehold.api.openapi.describing import describe
from freehold.api.openapi.document import document_of
from freehold.api.openapi.operations import words
from freehold.api.openapi.page import page_of
from freehold.api.openapi.schemas import OWN, VALIDATORS
from freehold.api.openapi.serving import DOCUMENT_URL, PAGE_URL
from freehold.api.openapi.texts import ATTRIBUTES, attribute_text, tag_text
from freehold.api.paging import PARAMETERS
from freehold.api.policy import Policy
from freehold.api.quotas import FILTERS as QUOTA_FILTERS
from freehold.api.resources import Collection, Item
from freehold.api.routes import routes
from freehold.config import Settings
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Surroundings
from tests.api.service import make_client

Document = Mapping[str, Any]


@pytest.fixture(scope="module")
def client() -> TestClient:
    return make_client()


@pytest.fixture(scope="module")
def document(client: TestClient) -> Document:
    answer = client.simulate_get(DOCUMENT_URL)
    assert answer.headers["content-type"] == "application/json"
    found: Document = answer.json
    return found


@pytest.fixture(scope="module")
def table(client: TestClient) -> Mapping[str, object]:
    from freehold.db.database import Database
    from freehold.networking.backend import Backend

    backend = Backend(Database("sqlite://"), ReferenceDriver(Surroundings()))
    policy = Policy(Settings(database_url="sqlite://"))
    return routes(backend, BodyLimits(size=1, depth=1, bulk=1), policy)


def operations(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for url, path in document["paths"].items():
        for verb, operation in path.items():
            if verb != "parameters":
                yield url, verb, operation


def test_the_document_is_valid(document: Document) -> None:
    schemathesis.openapi.from_dict(dict(document)).validate()


def test_each_reference_leads_somewhere(document: Document) -> None:
    for target in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found: Any = document
        for step in target.split("/"):
            found = found[step]


def test_each_route_has_a_description(table: Mapping[str, object], document: Document) -> None:
    """A route that is missing here wants its class registered in api/openapi/describing.py."""
    undescribed = [url for url, resource in table.items() if describe(resource, url) is None]
    assert undescribed == [DOCUMENT_URL, PAGE_URL]
    assert [*document["paths"], DOCUMENT_URL, PAGE_URL] == list(table)


def test_each_verb_of_a_route_is_described_and_no_other(
    table: Mapping[str, object], document: Document
) -> None:
    for url, path in document["paths"].items():
        served = {name.removeprefix("on_") for name in dir(table[url]) if name.startswith("on_")}
        assert {*path} - {"parameters"} == served, url


def test_each_part_of_a_url_is_described(document: Document) -> None:
    for url, path in document["paths"].items():
        told = {parameter["name"] for parameter in path.get("parameters", [])}
        assert told == set(re.findall(r"\{(\w+)\}", url)), url


def test_each_operation_has_a_name_of_its_own(document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_an_rbac_policy_is_called_so(document: Document) -> None:
    [one] = document["paths"]["/v2.0/rbac-policies/{resource_id}"]["parameters"]
    assert one["description"] == "The id of the RBAC policy."
    summaries = [
        operation["summary"]
        for url, _, operation in operations(document)
        if url.startswith("/v2.0/rbac-policies")
    ]
    assert summaries == [
        "List RBAC policies",
        "Create an RBAC policy, or several together",
        "Show an RBAC policy",
        "Change an RBAC policy",
        "Delete an RBAC policy",
    ]


def test_each_resource_is_called_the_same_where_its_id_is_told(
    table: Mapping[str, object], document: Document
) -> None:
    for url, resource in table.items():
        if isinstance(resource, Item):
            [one] = document["paths"][url]["parameters"]
            assert one["description"] == f"The id of the {words(resource.kind.name)}."


def test_each_group_is_explained(document: Document) -> None:
    assert [tag["name"] for tag in document["tags"] if not tag_text(tag["name"])] == []


def kinds(table: Mapping[str, object]) -> Iterator[Any]:
    yield from (one.kind for one in table.values() if isinstance(one, Collection))


def test_each_attribute_is_explained(table: Mapping[str, object]) -> None:
    """One that is missing here wants a sentence in api/openapi/texts.py."""
    names = [(kind.name, name) for kind in kinds(table) for name in kind.attributes.definition]
    invisible = [("subnet", "shared")]
    assert [one for one in names if not attribute_text(*one) and one not in invisible] == []


def test_each_part_of_what_is_counted_is_explained(document: Document) -> None:
    for name in (
        "network_ip_availability",
        "subnet_ip_availability",
        "ip_availability_details",
        "quota",
        "listed_quota",
    ):
        properties = document["components"]["schemas"][name]["properties"]
        assert properties
        assert [one for one in properties if not properties[one].get("description")] == [], name


def test_nothing_is_told_of_attributes_that_are_not_there(
    table: Mapping[str, object], document: Document
) -> None:
    of_kinds = {
        attribute
        for kind in kinds(table)
        for one in kind.attributes.definition
        for attribute in (one, f"{kind.name}.{one}")
    }
    of_schemas = {
        f"{name}.{one}"
        for name, schema in document["components"]["schemas"].items()
        for one in schema.get("properties", {})
    }
    assert {*SHOWN} - of_kinds == set()
    assert {*ATTRIBUTES} - of_kinds - of_schemas == set()


def test_each_rule_that_checks_an_attribute_is_in_its_schema(table: Mapping[str, object]) -> None:
    """One that is missing here wants a schema in api/openapi/schemas.py."""
    unknown = [
        (kind.name, name, rule)
        for kind in kinds(table)
        for name, spec in kind.attributes.definition.items()
        for rule in spec.get("validate", {})
        if name not in OWN and rule not in VALIDATORS
    ]
    assert unknown == []


def test_answers_have_just_the_attributes_that_the_document_has(
    client: TestClient, table: Mapping[str, object], document: Document
) -> None:
    schemas = document["components"]["schemas"]
    network, routed = (
        client.simulate_post("/v2.0/networks", json={"network": {}}).json["network"]["id"]
        for _ in range(2)
    )
    bodies: Mapping[str, Mapping[str, object]] = {
        "network": {},
        "subnet": {"network_id": network, "ip_version": 4, "cidr": "192.0.2.0/24"},
        "port": {"network_id": network},
        "segment": {"network_id": routed, "network_type": "local"},
        "address_scope": {"ip_version": 4},
        "subnetpool": {"name": "pool", "prefixes": ["10.0.0.0/8"]},
        "rbac_policy": {
            "object_type": "network",
            "object_id": network,
            "action": "access_as_shared",
            "target_tenant": "p",
        },
    }
    assert {*bodies} == {kind.name for kind in kinds(table)}
    for kind in kinds(table):
        url = f"/v2.0/{kind.collection.replace('_', '-')}"
        shown = client.simulate_post(url, json={kind.name: bodies[kind.name]}).json[kind.name]
        assert set(shown) == set(schemas[kind.name]["properties"])


def test_answers_have_just_the_counts_that_the_document_has(
    client: TestClient, document: Document
) -> None:
    schemas = document["components"]["schemas"]
    network = client.simulate_post("/v2.0/networks", json={"network": {}}).json["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "192.0.2.0/24"}
    client.simulate_post("/v2.0/subnets", json={"subnet": subnet})
    client.simulate_put("/v2.0/quotas/p", json={"quota": {"port": 7}})
    answer = client.simulate_get(f"/v2.0/network-ip-availabilities/{network}").json
    of_network = answer["network_ip_availability"]
    [of_subnet] = of_network["subnet_ip_availability"]
    [listed] = client.simulate_get("/v2.0/quotas").json["quotas"]
    for name, shown in {
        "network_ip_availability": of_network,
        "subnet_ip_availability": of_subnet,
        "ip_availability_details": of_subnet["ip_availability_details"],
        "listed_quota": listed,
        "quota": client.simulate_get("/v2.0/quotas/p").json["quota"],
    }.items():
        assert set(shown) == set(schemas[name]["properties"]), name


@pytest.mark.parametrize(
    ("url", "filters", "sort_key"),
    [
        ("/v2.0/network-ip-availabilities", FILTERS, "network_id"),
        ("/v2.0/quotas", QUOTA_FILTERS, "project_id"),
    ],
)
def test_each_parameter_of_a_list_of_counts_is_told_and_taken(
    client: TestClient, document: Document, url: str, filters: Mapping[str, object], sort_key: str
) -> None:
    told = {one["name"] for one in document["paths"][url]["get"]["parameters"]}
    assert told == {*filters, *PARAMETERS, "fields"}
    values = {"sort_key": sort_key, "sort_dir": "asc", "page_reverse": "false"}
    query = {name: values.get(name, "4") for name in told - {"marker"}}
    assert client.simulate_get(url, params=query).status_code == 200


def test_what_is_shared_and_how_is_told_as_a_choice(document: Document) -> None:
    properties = document["components"]["schemas"]["new_rbac_policy"]["properties"]
    assert properties["object_type"]["enum"] == ["network", "subnetpool", "address_scope"]
    assert properties["action"]["enum"] == ["access_as_shared", "access_as_external"]


def test_the_page_shows_each_operation_refusal_and_schema(
    client: TestClient, document: Document
) -> None:
    answer = client.simulate_get(PAGE_URL)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    ids = set(re.findall(r'<details id="([^"]+)"', answer.text))
    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    names = {operation["operationId"] for _, _, operation in operations(document)}
    assert ids == schemas | names | set(document["components"]["responses"])
    assert {*re.findall(r'href="#([^"]+)"', answer.text)} <= {
        *re.findall(r'id="([^"]+)"', answer.text)
    }


def test_the_page_needs_nothing_from_anywhere(client: TestClient) -> None:
    answer = client.simulate_get(PAGE_URL)
    assert not re.search(r"<script|<link|<img|@import|url\(|https?:", answer.text)
    style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)
    allowed = re.search("style-src 'sha256-([^']+)'", answer.headers["content-security-policy"])
    assert style is not None
    assert allowed is not None
    assert sha256(style[1].encode()).digest() == b64decode(allowed[1])


def test_the_page_takes_nothing_of_the_document_for_html(table: Mapping[str, object]) -> None:
    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoilt(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [spoilt(inner) for inner in value]
        return f"{value}<evil>&'\"" if isinstance(value, str) and value.count(" ") else value

    page = page_of(spoilt(document_of(table)), DOCUMENT_URL)
    assert "&lt;evil&gt;" in page
    assert "<evil>" not in page
