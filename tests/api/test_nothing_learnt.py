"""Nobody learns what others have: not from an answer, nor from the work behind it.

Each request is sent to two services, of which one has things of others that the other has not
(`tests.api.two_clouds`). What may be learnt, since the API's meaning has it, is tested below as
well, and told in SECURITY.md.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest

from freehold.api.backends import make_backend
from freehold.api.bodies import BodyLimits
from freehold.api.policy import Policy
from freehold.api.resources import Collection
from freehold.api.routes import routes
from freehold.db.database import Database
from tests.api.matrix import JSON, OTHERS, STRANGE, headers_of
from tests.api.service import IN_MEMORY, PATHS
from tests.api.two_clouds import FOREIGN_NAME, MEMBER, READER, Asked, Cloud

CHANGES: Mapping[str, JSON] = {
    "networks": {"network": {"name": "x"}},
    "subnets": {"subnet": {"name": "x", "gateway_ip": "192.0.2.1"}},
    "ports": {"port": {"name": "x", "fixed_ips": [{"ip_address": "10.9.0.9"}]}},
    "segments": {"segment": {"name": "x"}},
    "subnetpools": {"subnetpool": {"prefixes": ["172.9.0.0/15"]}},
    "address-scopes": {"address_scope": {"name": "x"}},
    "rbac-policies": {"rbac_policy": {"target_tenant": "x"}},
    "quotas": {"quota": {"port": 3}},
    "tags": {"tags": ["x"]},
    "add_prefixes": {"prefixes": ["172.16.0.0/16"]},
    "remove_prefixes": {"prefixes": ["172.9.0.0/17"]},
}
"""What is sent to a URL that is about one resource, by what its path ends with, or begins with."""


@pytest.fixture(scope="module")
def full() -> Cloud:
    """The service with things of others."""
    cloud = Cloud(others=True)
    theirs = headers_of(OTHERS, "member,reader")
    assert cloud.ask(KEY_OF_OTHERS, theirs).status == 201
    return cloud


@pytest.fixture(scope="module")
def empty() -> Cloud:
    """The service without."""
    return Cloud(others=False)


@cache
def table() -> Mapping[str, object]:
    backend = make_backend(IN_MEMORY, Database("sqlite://"))
    return routes(backend, BodyLimits(1, 1, 1), Policy(IN_MEMORY))


def by_path(own: Mapping[str, str], theirs: Mapping[str, JSON]) -> Iterator[Asked]:
    """Name others' things in each URL that names one."""
    changes = {**CHANGES, "onboard_network_subnets": {"network_id": own["network"]}}
    kinds = {path: kind for kind, path in PATHS.items()}
    for url, resource in table().items():
        parts = url.removeprefix("/v2.0/").split("/")
        if "{" not in url or parts[0] == "extensions":
            continue
        if parts[0] == "quotas":
            one = OTHERS
        else:
            kind = "network" if parts[0] == "network-ip-availabilities" else kinds[parts[0]]
            one = theirs[kind]["id"]
        path = re.sub(r"\{\w+_id\}", one, "/".join(parts)).replace("{tag}", quote("x tag"))
        body = changes.get(parts[-1], changes.get(parts[0]))
        for verb in ("get", "put", "post", "delete"):
            if hasattr(resource, f"on_{verb}"):
                sent = body if verb in {"put", "post"} and "{tag}" not in url else None
                yield Asked(verb.upper(), path, sent)
                yield Asked(verb.upper(), path, sent, {"If-Match": "revision_number=0"})
                if sent:
                    yield Asked(verb.upper(), path, {"nosuch": 1})


def texts_of(name: str, value: Any) -> Iterator[str]:
    """Yield how a list is filtered by the value of an attribute."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, Mapping):
                yield from (f"{key}={inner}" for key, inner in one.items())
            else:
                yield str(one)
    elif value is not None and not isinstance(value, Mapping):
        yield str(value)


def by_query(_own: Mapping[str, str], theirs: Mapping[str, JSON]) -> Iterator[Asked]:
    """Name others' things in each filter, and as markers."""
    for url, resource in table().items():
        if not isinstance(resource, Collection):
            continue
        path = url.removeprefix("/v2.0/")
        values = theirs[resource.kind.name]
        yield Asked("GET", path)
        yield Asked("GET", f"{path}?limit=1&marker={values['id']}")
        yield Asked("GET", f"{path}?limit=1&marker={values['id']}&page_reverse=True")
        for name in resource.kind.filters:
            attribute = {"tags-any": "tags", "not-tags": "tags", "not-tags-any": "tags"}.get(
                name, name
            )
            for text in texts_of(name, values.get(attribute)):
                yield Asked("GET", f"{path}?{quote(name)}={quote(text)}")
                yield Asked("GET", f"{path}?{quote(name)}={quote(text)}&limit=1&fields=id")
        for name in sorted(resource.kind.attributes.sort_keys):
            yield Asked("GET", f"{path}?sort_key={quote(name)}&sort_dir=asc&limit=1")
    for query in ("ip_address=10.9.0.9", f"ip_address=10.9.0.9&subnet_id={theirs['subnet']['id']}"):
        yield Asked("GET", f"address-holdings?{query}")
    yield Asked("GET", f"network-ip-availabilities?network_id={theirs['network']['id']}")
    yield Asked("GET", "quotas")


def by_body(own: Mapping[str, str], theirs: Mapping[str, JSON]) -> Iterator[Asked]:
    """Name others' things in bodies, where each id may stand, and where each may not."""
    ids = {kind: values["id"] for kind, values in theirs.items()}
    for one in ids.values():
        for kind, values in (
            ("port", {"network_id": one}),
            ("port", {"network_id": one, "fixed_ips": [{"ip_address": "10.9.0.9"}]}),
            ("port", {"network_id": one, "mac_address": "02:00:00:00:00:09"}),
            ("port", {"network_id": own["network"], "fixed_ips": [{"subnet_id": one}]}),
            (
                "port",
                {
                    "network_id": own["network"],
                    "fixed_ips": [{"subnet_id": one, "ip_address": "10.9.0.9"}],
                },
            ),
            ("port", {"network_id": own["network"], "device_id": one}),
            ("subnet", {"network_id": one, "ip_version": 4, "cidr": "10.9.0.0/24"}),
            ("subnet", {"network_id": own["network"], "ip_version": 4, "subnetpool_id": one}),
            (
                "subnet",
                {
                    "network_id": own["network"],
                    "ip_version": 4,
                    "subnetpool_id": one,
                    "cidr": "172.9.1.0/24",
                },
            ),
            (
                "subnet",
                {
                    "network_id": own["network"],
                    "ip_version": 4,
                    "cidr": "10.5.0.0/24",
                    "segment_id": one,
                },
            ),
            ("segment", {"network_id": one, "network_type": "local"}),
            (
                "subnetpool",
                {"name": "x", "prefixes": ["172.9.0.0/16"], "address_scope_id": one},
            ),
            *(
                (
                    "rbac_policy",
                    {
                        "object_type": object_type,
                        "object_id": one,
                        "action": action,
                        "target_tenant": target,
                    },
                )
                for object_type in ("network", "subnetpool", "address_scope")
                for action in ("access_as_shared", "access_as_external")
                for target in ("x", "*")
            ),
        ):
            path = PATHS[kind]
            yield Asked("POST", path, {kind: values})
            if f"/v2.0/freehold/dry-run/{path}" in table():
                yield Asked("POST", f"freehold/dry-run/{path}", {kind: values})
            beside = {"network_id": own["network"]} if kind == "port" else values
            yield Asked("POST", path, {f"{kind}s": [beside, values]})
        for path, body in (
            (f"ports/{own['port']}", {"port": {"fixed_ips": [{"subnet_id": one}]}}),
            (f"subnets/{own['subnet']}", {"subnet": {"segment_id": one}}),
            (f"subnetpools/{own['subnetpool']}", {"subnetpool": {"address_scope_id": one}}),
            (f"rbac-policies/{own['rbac_policy']}", {"rbac_policy": {"object_id": one}}),
            (f"subnetpools/{own['subnetpool']}/onboard_network_subnets", {"network_id": one}),
        ):
            yield Asked("PUT", path, body)


def by_value(own: Mapping[str, str], theirs: Mapping[str, JSON]) -> Iterator[Asked]:
    """Have one's own things be like others', by what might be thought to be taken."""
    on_own = {"network_id": own["network"]}
    mac, cidr, address = "02:00:00:00:00:09", "10.9.0.0/24", "10.9.0.9"
    for kind, values in (
        ("network", {"name": FOREIGN_NAME, "dns_domain": "others.example."}),
        ("subnet", {**on_own, "ip_version": 4, "cidr": cidr}),
        ("port", {**on_own, "mac_address": mac, "fixed_ips": [{"ip_address": address}]}),
        (
            "port",
            {**on_own, "device_id": FOREIGN_NAME, "device_owner": "compute:9", "fixed_ips": []},
        ),
        ("address_scope", {"name": FOREIGN_NAME, "ip_version": 4}),
        ("subnetpool", {"name": FOREIGN_NAME, "prefixes": theirs["subnetpool"]["prefixes"]}),
        (
            "rbac_policy",
            {
                "object_type": "network",
                "object_id": own["network"],
                "action": "access_as_shared",
                "target_tenant": OTHERS,
            },
        ),
        ("rbac_policy", {"object_type": "network", "object_id": own["shared network"]}),
    ):
        yield Asked("POST", PATHS[kind], {kind: values})
    yield Asked("PUT", f"ports/{own['port']}", {"port": {"mac_address": mac}})
    yield Asked("PUT", f"ports/{own['port']}", {"port": {"name": FOREIGN_NAME}})
    for tag in ("the others' own tag", "own tag"):
        yield Asked("GET", f"networks/{own['network']}/tags/{quote(tag)}")
    yield Asked("GET", f"networks/{own['shared network']}")
    yield Asked("GET", "networks?shared=True")
    yield KEY_OF_OTHERS
    yield replace(KEY_OF_OTHERS, body={"network": {"name": "another body"}})


KEY_OF_OTHERS = Asked(
    "POST", "networks", {"network": {"name": "n"}}, {"Idempotency-Key": "the others' key"}
)


@pytest.mark.parametrize(
    ("requests", "headers"),
    [
        *((requests, MEMBER) for requests in (by_path, by_query, by_body, by_value)),
        *((requests, READER) for requests in (by_path, by_body)),
    ],
)
def test_what_others_have_changes_no_answer(
    full: Cloud, empty: Cloud, requests: Any, headers: Mapping[str, str]
) -> None:
    assert full.own == empty.own
    different = []
    for asked in requests(full.own, full.theirs):
        seen = [cloud.ask(asked, headers) for cloud in (full, empty)]
        assert {one.status for one in seen} < set(range(200, 500)), asked
        if seen[0] != seen[1]:
            different.append((str(asked), *seen))
    assert different == []


Use = Callable[[Cloud], None]


@dataclass(frozen=True)
class Learnt:
    """What may be learnt of others, since it is what something shared means.

    Attributes:
        use: what others do, which is learnt.
        asked: the request whose answer tells it.
        told: the type of the refusal that tells it.
    """

    use: Use
    asked: Callable[[Cloud], Asked]
    told: str


def _take_addresses(cloud: Cloud) -> None:
    network = cloud.own["shared network"]
    for _ in range(2):
        cloud.world.make("port", "ports", {"network_id": network, "project_id": OTHERS})


def _take_prefix(cloud: Cloud) -> None:
    values = {"network_id": cloud.made["others' network"], "ip_version": 4}
    values |= {"subnetpool_id": cloud.made["shared pool"], "cidr": "172.20.7.0/24"}
    cloud.world.make("subnet", "subnets", {**values, "project_id": OTHERS})


def _pool_in(scope: str, prefix: str) -> Use:
    def use(cloud: Cloud) -> None:
        values = {"name": "theirs", "prefixes": [prefix], "project_id": OTHERS}
        cloud.world.make(
            "subnetpool", "subnetpools", {**values, "address_scope_id": cloud.made[scope]}
        )

    return use


def _new(kind: str, **values: Any) -> Callable[[Cloud], Asked]:
    """Return a POST; a value that names something of a cloud's stands for its id."""
    return lambda cloud: Asked(
        "POST",
        PATHS[kind],
        {kind: {name: cloud.made.get(str(one), one) for name, one in values.items()}},
    )


def _delete(kind: str, named: str) -> Callable[[Cloud], Asked]:
    return lambda cloud: Asked("DELETE", f"{PATHS[kind]}/{cloud.made[named]}")


def _port_on_granted(cloud: Cloud) -> None:
    values = {"network_id": cloud.own["network"], "project_id": "a third", "fixed_ips": []}
    cloud.world.make("port", "ports", values)


LEARNT: Mapping[str, Learnt] = {
    "that a shared network has no free address": Learnt(
        _take_addresses, _new("port", network_id="shared network"), "IpAddressGenerationFailure"
    ),
    "that a prefix of a shared subnet pool is taken": Learnt(
        _take_prefix,
        _new(
            "subnet",
            network_id="bare network",
            ip_version=4,
            subnetpool_id="shared pool",
            cidr="172.20.7.0/24",
        ),
        "SubnetAllocationError",
    ),
    "that a prefix of a shared address scope is another pool's": Learnt(
        _pool_in("shared scope", "172.30.0.0/16"),
        _new(
            "subnetpool",
            name="mine",
            prefixes=["172.30.0.0/15"],
            address_scope_id="shared scope",
        ),
        "AddressScopePrefixConflict",
    ),
    "that others use what one shared with them": Learnt(
        _port_on_granted, _delete("rbac_policy", "rbac_policy"), "RbacPolicyInUse"
    ),
    "that others' pools are in one's own address scope": Learnt(
        _pool_in("granted scope", "172.40.0.0/16"),
        _delete("address_scope", "granted scope"),
        "AddressScopeInUse",
    ),
}


@pytest.fixture(scope="module")
def used() -> Cloud:
    """A service in which others use what is shared."""
    return with_shared_things()


@pytest.fixture(scope="module")
def unused() -> Cloud:
    """A service in which they do not."""
    return with_shared_things()


def with_shared_things() -> Cloud:
    cloud = Cloud(others=False)
    world, network = cloud.world, cloud.own["shared network"]
    values: JSON = {"network_id": network, "ip_version": 4, "cidr": "10.3.0.0/30"}
    world.make("subnet", "subnets", {**values, "gateway_ip": None, "project_id": OTHERS})
    cloud.made["bare network"] = world.make("network", "networks", {"project_id": STRANGE})
    shared: JSON = {"shared": True, "project_id": OTHERS}
    prefixes = ["172.20.0.0/16"]
    cloud.made["others' network"] = world.make("network", "networks", {"project_id": OTHERS})
    cloud.made["shared pool"] = world.make(
        "subnetpool", "subnetpools", {"name": "p", "prefixes": prefixes, **shared}
    )
    cloud.made["shared scope"] = world.make(
        "address_scope", "address-scopes", {"name": "s", "ip_version": 4, **shared}
    )
    granted = {"name": "g", "ip_version": 4, "project_id": STRANGE}
    cloud.made["granted scope"] = world.make("address_scope", "address-scopes", granted)
    world.share("address_scope", cloud.made["granted scope"], OTHERS, STRANGE)
    return cloud


@pytest.mark.parametrize("what", LEARNT)
def test_what_may_be_learnt_of_others_is_no_more_than_this(
    used: Cloud, unused: Cloud, what: str
) -> None:
    case = LEARNT[what]
    case.use(used)
    seen = [cloud.ask(case.asked(cloud), MEMBER) for cloud in (used, unused)]
    assert json.loads(seen[0].text)["NeutronError"]["type"] == case.told
    assert OTHERS not in seen[0].text
    assert seen[1].status in {201, 204}
