"""The log of a real service: what a line says, and that no client can write one."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.end_to_end.service import Service
from tests.logs.watching import Watch

BEGINNING = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ (DEBUG|INFO|WARNING|ERROR) [\w.]+ "
    r"\[(-|\S+ \S+ \S+ \S+ - - - -)\] "
)
HOSTILE = (
    b"\n2026-01-01 00:00:00.000 1 INFO freehold.audit [-] all is well",
    b"\r\x1b[2J\x1b[1;31mred\x07",
    "\x85\u2028\u2029\u202eevil\u2066\u200b".encode(),
    b"\xff\xfe\xc0\xaf\xed\xa0\x80",
    b"%(message)s {0} ${jndi:x} <script>",
)


def started(folder: Path, text: str) -> Service:
    config = folder / "freehold.conf"
    config.write_text(f"[DEFAULT]\nlog_file = {folder / 'service.log'}\n{text}")
    service = Service(folder, "--config-file", str(config))
    service.start()
    return service


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that writes lines."""
    service = started(tmp_path_factory.mktemp("plain"), "debug = true\n")
    yield service
    service.end()


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that writes all there is, as JSON and masked."""
    service = started(
        tmp_path_factory.mktemp("masked"),
        "debug = true\nuse_json = true\nlog_mask_sensitive = true\n"
        "default_log_levels = sqlalchemy.engine=DEBUG,sqlalchemy.pool=DEBUG,oslo_policy=DEBUG\n",
    )
    yield service
    service.end()


def log_of(service: Service) -> str:
    # Not by lines as Python knows them: what a line is, is the question.
    return (service.folder / "service.log").read_bytes().decode("utf-8")


def send(service: Service, method: bytes, target: bytes, headers: bytes, body: bytes) -> bytes:
    """Send a request as it is, and return the beginning of what comes back."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        length = b"Content-Length: %d\r\nConnection: close\r\n" % len(body)
        head = b"%s %s HTTP/1.1\r\nHost: f\r\n" % (method, target)
        connection.sendall(head + headers + length + b"\r\n" + body)
        return connection.recv(100)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.binary(max_size=30), st.text(max_size=20).map(lambda one: quote(one).encode())))
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[2])
@example(HOSTILE[3])
@example(HOSTILE[4])
def test_no_client_makes_a_line_of_its_own_or_commands_a_terminal(
    plain: Service, evil: bytes
) -> None:
    quoted = quote_from_bytes(evil, "").encode() or b"x"
    text = json.dumps(evil.decode("latin-1")).encode()
    value = evil.translate(None, b"\r\n\0")
    headers = b"X-User-Id: %s\r\nX-Project-Id: %s\r\n" % (value, value)
    headers += b"X-OpenStack-Request-Id: req-%s\r\nContent-Type: application/json\r\n" % value
    send(plain, b"GET", b"/v2.0/ports/" + quoted, headers, b"")
    send(plain, b"GET", b"/" + quoted + b"?name=" + quoted + b"&" + quoted + b"=1", headers, b"")
    send(plain, b"PUT", b"/v2.0/quotas/" + quoted, headers, b'{"quota": {"port": 7}}')
    send(plain, b"POST", b"/v2.0/networks", headers, b'{"network": {"name": %s}}' % text)
    send(plain, b"POST", b"/v2.0/networks", headers, b'{"network": {%s: 1}}' % text)
    send(plain, b"POST", b"/v2.0/networks", headers, evil)
    send(plain, evil.translate(None, b"\r\n \0") or b"X", b"/v2.0/networks", headers, b"")
    lines = log_of(plain).removesuffix("\n").split("\n")
    assert [line for line in lines if not BEGINNING.match(line)] == []
    assert [line for line in lines if not line.isprintable()] == []


def test_a_line_says_who_did_what_and_what_it_cost(plain: Service) -> None:
    client_id = f"req-{uuid4()}"
    headers = f"X-OpenStack-Request-Id: {client_id}\r\nX-Project-Id: p7\r\nX-User-Id: u7\r\n"
    body = b'{"network": {"name": "secret-name"}}'
    send(plain, b"POST", b"/v2.0/networks", headers.encode(), body)
    line = next(line for line in log_of(plain).splitlines() if client_id in line)
    assert re.search(
        rf"INFO freehold\.requests \[{client_id} req-[0-9a-f-]{{36}} u7 p7 - - - -\] "
        r"POST /v2\.0/networks 201 action=create_network resource=network id=[0-9a-f-]{36} "
        r"number=- error=- ms=[0-9.]+ statements=[1-9]\d* retries=0 lost_races=0$",
        line,
    )
    assert "secret-name" not in log_of(plain)


def test_an_id_that_is_none_of_openstacks_is_not_taken_over(plain: Service) -> None:
    for sent in ("req-1", "x" * 300, f"req-{uuid4()}-more"):
        send(plain, b"GET", b"/v2.0/subnets", f"X-OpenStack-Request-Id: {sent}\r\n".encode(), b"")
        line = log_of(plain).splitlines()[-1]
        assert " INFO freehold.requests [- req-" in line
        assert f"{sent} " not in line


def test_changes_of_quotas_and_sharing_and_refusals_are_told_to_auditors(plain: Service) -> None:
    client = plain.client()
    project = uuid4().hex
    client.call("PUT", f"/v2.0/quotas/{project}", {"quota": {"port": 7}})
    client.call("DELETE", f"/v2.0/quotas/{project}")
    network = client.create("network", shared=True)
    policy = {"object_type": "network", "object_id": network["id"], "target_tenant": project}
    made = client.call(
        "POST", "/v2.0/rbac-policies", {"rbac_policy": {**policy, "action": "access_as_shared"}}
    ).body["rbac_policy"]
    client.call("DELETE", f"/v2.0/rbac-policies/{made['id']}")
    body = b'{"network": {"shared": true}}'
    send(plain, b"POST", b"/v2.0/networks", b"X-Roles: member\r\nX-Project-Id: p\r\n", body)
    client.close()
    limits = "network=100 subnet=100 port=7 subnetpool=-1 address_scope=-1"
    told = [line.partition("] ")[2] for line in log_of(plain).splitlines() if ".audit [" in line]
    assert told[-6:] == [
        f"Quota of project {project} is now {limits}",
        f"Quota of project {project} is the default",
        f"network {network['id']}: shared is True",
        f"RBAC policy {made['id']}: access_as_shared to network {network['id']} for {project}",
        f"RBAC policy {made['id']} is deleted",
        "Refused by policy: (rule:create_network and rule:create_network:shared)",
    ]


def storm(service: Service, watch: Watch) -> None:
    """Do a bit of all with names and addresses that are found nowhere else."""
    client = service.client()

    def call(method: str, path: str, document: Any = None) -> Any:
        watch.note(document)
        answer = client.call(method, path, document).body
        watch.note(answer)
        return answer

    name = f"zq-{uuid4().hex[:8]}"
    named = {"name": name, "description": f"{name}-text"}
    network = call("POST", "/v2.0/networks", {"network": named})["network"]["id"]
    for version, cidr in ((4, "198.51.100.0/29"), (6, "2001:db8:77::/64")):
        subnet = {"network_id": network, "ip_version": version, "cidr": cidr, **named}
        call("POST", "/v2.0/subnets", {"subnet": subnet})
    port = {"network_id": network, "device_id": f"{name}-device", "device_owner": "compute:a"}
    for number in range(7):
        call(
            "POST",
            "/v2.0/ports",
            {"port": {**port, **named, "mac_address": f"02:07:00:00:00:0{number}"}},
        )
    fixed = {"fixed_ips": [{"ip_address": "198.51.100.3"}], "mac_address": "02:07:00:00:00:ff"}
    call("POST", "/v2.0/ports", {"port": {**port, **named, **fixed}})
    call("POST", "/v2.0/ports", {"port": {**port, "fixed_ips": [{"ip_address": name}]}})
    for query in (f"name={name}", "fixed_ips=ip_address=198.51.100.3", f"device_id={name}-device"):
        call("GET", f"/v2.0/ports?{query}")
    call("GET", f"/v2.0/networks/{name}")
    call("PUT", f"/v2.0/networks/{network}/tags/{name}-tag")
    call("GET", "/v2.0/address-holdings?ip_address=198.51.100.3")
    call("PUT", f"/v2.0/quotas/{name}", {"quota": {"port": 7}})
    headers = f"X-User-Id: {name}-user\r\nX-Project-Id: {name}\r\nX-Roles: reader\r\n".encode()
    send(service, b"POST", b"/v2.0/networks", headers, json.dumps({"network": named}).encode())
    client.close()


def test_nothing_of_a_users_is_in_a_masked_log_whatever_is_logged(masked: Service) -> None:
    watch = Watch()
    storm(masked, watch)
    text = log_of(masked)
    watch.log.write(text)
    assert len(watch.addresses) > 10
    assert len(watch.names) > 3
    assert watch.told() == {}
    assert "zq-" not in text
    documents = [json.loads(line) for line in text.removesuffix("\n").split("\n")]
    assert any(one["name"].startswith("sqlalchemy.engine") for one in documents)
    lines = [one["extra"] for one in documents if one["name"] == "freehold.requests"]
    assert {"create_port", "get_network", "update_quota"} <= {line["action"] for line in lines}
    assert "IpAddressAlreadyAllocated" in {line["error"] for line in lines}
    created = next(line for line in lines if line["action"] == "create_network")
    assert created["resource_id"]
    assert created["statements"] > 0
