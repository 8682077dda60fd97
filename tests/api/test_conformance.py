"""Schemathesis asks whatever the OpenAPI document allows, and more, in each mode.

Answers are as described: no 5xx; no status, media type, header or body that the document does
not have; and nothing that it allows is refused for its form. ``FREEHOLD_API_EXAMPLES`` says how
many requests each operation gets at most: 2000, say, for a long run.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
import schemathesis
from falcon.testing import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from freehold.api.authentication.claims import variable
from freehold.api.openapi.serving import DOCUMENT_URL
from tests.api.modes import MODES
from tests.api.service import make_app

EXAMPLES = int(os.environ.get("FREEHOLD_API_EXAMPLES", "6"))

CONFIGURATION = schemathesis.Config.from_dict(
    {
        "generation": {"allow-x00": False},
        "checks": {
            "enabled": False,
            "not_a_server_error": {"enabled": True},
            "status_code_conformance": {"enabled": True},
            "content_type_conformance": {"enabled": True},
            "response_schema_conformance": {"enabled": True},
            "response_headers_conformance": {"enabled": True},
        },
    }
)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]

OF_ITS_FORM = (
    "Invalid input for ",
    "Unrecognized attribute",
    "Cannot update read-only attribute",
    "Failed to parse request.",
)
"""How refusals begin that do not depend on what is stored."""

NO_SCHEMA_SAYS = "Duplicate IP address"
"""A refusal of the same sort: an address may stand once in a list, whatever is beside it."""

made: list[str] = []
"""The ids of what there is, which requests name more often than any others."""

v4, v6 = st.ip_addresses(v=4), st.ip_addresses(v=6)


def cidr(address: IPv4Address | IPv6Address, length: int) -> str:
    bits = address.max_prefixlen
    kept = length % (bits + 1)
    return f"{type(address)(int(address) >> (bits - kept) << (bits - kept))}/{kept}"


schemathesis.openapi.format(
    "uuid",
    st.one_of(st.integers(0, 99).map(lambda number: made[number % len(made)]), st.uuids().map(str)),
)
schemathesis.openapi.format("cidr", st.builds(cidr, v4 | v6, st.integers(0, 128)))
schemathesis.openapi.format("mac", st.from_regex("02(:[0-9a-f]{2}){5}", fullmatch=True))
schemathesis.openapi.format("name", st.from_regex("([a-z]([a-z ]*[a-z])?)?", fullmatch=True))
schemathesis.openapi.format("dns-name", st.from_regex("([a-z]{1,9})?", fullmatch=True))
schemathesis.openapi.format("domain", st.from_regex(r"([a-z]{1,9}\.){0,3}", fullmatch=True))


def from_administrators(app: WSGI, headers: Mapping[str, str]) -> WSGI:
    """Return an application whose clients send what shows that they are administrators."""
    shown = {variable(name): value for name, value in headers.items()}
    return lambda environ, start_response: app({**environ, **shown}, start_response)


@pytest.fixture(scope="module", params=MODES)
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> schemathesis.BaseSchema:
    """The document of a service in one mode, with some resources of each kind."""
    mode = MODES[request.param](tmp_path_factory.mktemp(request.param))
    app = from_administrators(make_app(mode.settings), mode.headers)
    client = TestClient(app)
    made.clear()

    def make(kind: str, **attributes: object) -> str:
        url = f"/v2.0/{kind.replace('_', '-')}s"
        found = str(client.simulate_post(url, json={kind: attributes}).json[kind]["id"])
        made.append(found)
        return found

    scope = make("address_scope", ip_version=4)
    make("subnetpool", name="pool", prefixes=["10.0.0.0/8"], address_scope_id=scope)
    network = make("network")
    make("subnet", network_id=network, ip_version=4, cidr="192.0.2.0/24")
    make("subnet", network_id=network, ip_version=6, cidr="2001:db8::/64")
    make("port", network_id=network)
    make("segment", network_id=make("network"), network_type="local")
    return schemathesis.openapi.from_wsgi(DOCUMENT_URL, app, config=CONFIGURATION)


def what_is_allowed_is_not_refused_for_its_form(
    _context: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    if (
        case.meta is None
        or not case.meta.generation.mode.is_positive
        or response.status_code != 400
    ):
        return
    error = response.json()["NeutronError"]
    if NO_SCHEMA_SAYS in error["message"]:
        return
    assert error["type"] != "HTTPBadRequest" or not error["message"].startswith(OF_ITS_FORM), error


@pytest.mark.timeout(300 + EXAMPLES)
def test_each_operation_answers_as_described(
    api: schemathesis.BaseSchema, subtests: pytest.Subtests
) -> None:
    operations = [result.ok() for result in api.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) == api.statistic.operations.total
    for operation in operations:
        with subtests.test(operation.label):
            ask_about(operation)


def ask_about(operation: Operation) -> None:
    """Send what the document allows for an operation, and what it does not."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of([operation.as_strategy(mode) for mode in schemathesis.GenerationMode]))
    def ask(case: Case) -> None:
        case.call_and_validate(additional_checks=[what_is_allowed_is_not_refused_for_its_form])

    ask()


@pytest.mark.timeout(300 + EXAMPLES)
def test_what_is_created_is_followed_up_as_described(api: schemathesis.BaseSchema) -> None:
    """Each creation is followed by what the document links to it: show, change, delete."""
    api.as_state_machine().run(
        settings=settings(
            max_examples=EXAMPLES // 2,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
    )
