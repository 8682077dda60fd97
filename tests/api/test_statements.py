"""How many SQL statements a request costs: few, and as many on a full network as on an empty one.

The same goes for a subnet pool that many subnets are from.

The table in docs/statements.md is what is measured here, and the test fails
when it is not. ``python -m tests.api.test_statements`` writes it anew.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from falcon.testing import TestClient
from sqlalchemy import Engine, create_engine, delete, event, insert

from freehold.addresses.encoding import number_to_bytes, to_bytes
from freehold.addresses.prefixes import prefix_at, subtract
from freehold.api.app import create_app
from freehold.config import Settings
from freehold.db.tables import fixed_ips, ports, subnetpool_gaps, subnetpool_usage, subnets
from freehold.ledger.tables import allocations

PAGE = Path(__file__).parents[2] / "docs" / "statements.md"

HELD_FEW = 10
HELD_MANY = 10_000
SOME = 10
MANY = 1_000
WARMING_UP = 100

_BEYOND = ip_address("10.200.0.0")

JSON = dict[str, Any]


@dataclass
class Cost:
    """Statements of one request, BEGIN and COMMIT aside."""

    reads: int = 0
    writes: int = 0


class Cloud:
    """A service with one network, on whose IPv4 subnet so many addresses are held."""

    def __init__(self, path: Path, held: int, cidr: str = "10.0.0.0/16", **subnet: Any) -> None:
        self.client = TestClient(create_app(Settings(database_url=f"sqlite:///{path}")))
        self.network = self.post("networks", {"name": "n"})["id"]
        self.v4 = self.post(
            "subnets", {"network_id": self.network, "ip_version": 4, "cidr": cidr, **subnet}
        )["id"]
        _hold(path, self.network, self.v4, held)
        self.warm_up()

    def warm_up(self) -> None:
        # A service that has run for a while has lost a claim, and has hints since then.
        for _ in range(WARMING_UP):
            self.post("ports", {"network_id": self.network})

    def request(
        self, verb: str, path: str, body: JSON | None = None, headers: JSON | None = None
    ) -> JSON:
        answer = self.client.simulate_request(verb, f"/v2.0/{path}", json=body, headers=headers)
        assert answer.status_code in {200, 201, 204}, answer.text
        return json.loads(answer.text or "{}")  # type: ignore[no-any-return]  # an object

    def post(self, collection: str, values: JSON) -> JSON:
        name = collection.removesuffix("s")
        path = collection.replace("_", "-")
        created: JSON = self.request("POST", path, {name: values})[name]
        return created

    def port(self, **values: Any) -> str:
        created: str = self.post("ports", {"network_id": self.network, **values})["id"]
        return created

    def add_ipv6(self) -> None:
        for cidr, mode in (("2001:db8:1::/64", "dhcpv6-stateful"), ("2001:db8:2::/64", "slaac")):
            self.post(
                "subnets",
                {
                    "network_id": self.network,
                    "ip_version": 6,
                    "cidr": cidr,
                    "ipv6_ra_mode": mode,
                    "ipv6_address_mode": mode,
                },
            )


def _hold(path: Path, network: str, subnet: str, held: int, name: str = "port") -> None:
    """Store ports that hold one address each, every third one of the subnet."""
    engine = create_engine(f"sqlite:///{path}")
    now = datetime(2026, 1, 1)  # noqa: DTZ001  # the tables' times are UTC without an offset
    numbers = range(held)
    with engine.begin() as connection:
        connection.execute(
            insert(ports),
            [
                {
                    "id": f"{name}-{number}",
                    "network_id": network,
                    "project_id": "",
                    "name": "",
                    "description": "",
                    "admin_state_up": True,
                    "mac_address": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
                    "device_id": "",
                    "device_owner": "compute:nova",
                    "status": "DOWN",
                    "created_at": now,
                    "updated_at": now,
                }
                for number in numbers
            ],
        )
        held_addresses = [ip_address("10.0.0.9") + 3 * number for number in numbers]
        taken = [{"subnet_id": subnet, "address": to_bytes(one)} for one in held_addresses]
        connection.execute(
            insert(allocations),
            [{**row, "holder": f"{name}-{n}", "allocated_at": now} for n, row in enumerate(taken)],
        )
        connection.execute(
            insert(fixed_ips),
            [
                {**row, "port_id": f"{name}-{n}", "position": 0, "ip_address": str(one)}
                for n, (row, one) in enumerate(zip(taken, held_addresses, strict=True))
            ],
        )
    engine.dispose()


def cut_out(path: Path, pool: str, network: str, count: int) -> None:
    """Store so many subnets of a pool of 10.0.0.0/8, every third /28."""
    engine = create_engine(f"sqlite:///{path}")
    held = [prefix_at(4, (10 << 24) + 48 * number, 28) for number in range(count)]
    base = {"subnetpool_id": pool, "project_id": "", "prefixlen": 28}
    with engine.begin() as connection:
        connection.execute(
            insert(subnets),
            [
                {
                    "id": f"subnet-{number}",
                    "network_id": network,
                    "subnetpool_id": pool,
                    "project_id": "",
                    "name": "",
                    "ip_version": 4,
                    "cidr": str(cidr),
                    "allocation_pools": [],
                    "dns_nameservers": [],
                    "host_routes": [],
                    "enable_dhcp": True,
                    "created_at": datetime(2026, 1, 1),  # noqa: DTZ001  # as above
                }
                for number, cidr in enumerate(held)
            ],
        )
        connection.execute(delete(subnetpool_gaps))
        connection.execute(
            insert(subnetpool_gaps),
            [
                {
                    "subnetpool_id": pool,
                    "first": number_to_bytes(4, int(gap.network_address)),
                    "prefixlen": gap.prefixlen,
                }
                for gap in subtract([ip_network("10.0.0.0/8")], held)
            ],
        )
        connection.execute(insert(subnetpool_usage).values(**base, subnets=count))
    engine.dispose()


@contextmanager
def counting() -> Iterator[Cost]:
    cost = Cost()

    def count(
        _connection: object,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _executemany: bool,
    ) -> None:
        verb = statement.split()[0]
        cost.reads += verb == "SELECT"
        cost.writes += verb in {"INSERT", "UPDATE", "DELETE"}

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield cost
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def _measure(
    cloud: Cloud, verb: str, path: str, body: JSON | None = None, headers: JSON | None = None
) -> Cost:
    with counting() as cost:
        cloud.request(verb, path, body, headers)
    return cost


def measure(cloud: Cloud) -> dict[str, Cost]:
    """Return what each operation costs on this cloud."""
    network, v4 = cloud.network, cloud.v4
    costs: dict[str, Cost] = {}

    def record(name: str, verb: str, path: str, body: JSON | None = None) -> None:
        costs[name] = _measure(cloud, verb, path, body)

    def port(**values: Any) -> JSON:
        return {"port": {"network_id": network, **values}}

    record("POST /v2.0/ports: one IPv4 address", "POST", "ports", port())
    given = port(fixed_ips=[{"ip_address": "10.0.255.1"}])
    record("POST /v2.0/ports: a given address", "POST", "ports", given)
    record("POST /v2.0/ports: no address", "POST", "ports", port(fixed_ips=[]))
    several = {"ports": [port()["port"] for _ in range(10)]}
    record("POST /v2.0/ports: 10 in one request", "POST", "ports", several)
    taker = cloud.port()
    record("PUT /v2.0/ports/{id}: name", "PUT", f"ports/{taker}", {"port": {"name": "x"}})
    more = [{"subnet_id": v4}, {"subnet_id": v4}]
    record(
        "PUT /v2.0/ports/{id}: one more address",
        "PUT",
        f"ports/{taker}",
        {"port": {"fixed_ips": more}},
    )
    record(
        "PUT /v2.0/ports/{id}: back to one address",
        "PUT",
        f"ports/{taker}",
        {"port": {"fixed_ips": more[:1]}},
    )
    record("GET /v2.0/ports/{id}: by id", "GET", f"ports/{taker}")
    record("DELETE /v2.0/ports/{id}: one IPv4 address", "DELETE", f"ports/{taker}")
    cloud.port(device_id="vm-1")
    record("GET /v2.0/ports: filtered, one port found", "GET", "ports?device_id=vm-1")
    record("GET /v2.0/ports: a page of 10", "GET", "ports?limit=10")
    [first] = cloud.request("GET", "ports?limit=1")["ports"]
    by_name = f"ports?limit=10&sort_key=name&sort_dir=asc&marker={first['id']}"
    record("GET /v2.0/ports: the next page, by name", "GET", by_name)
    record("GET /v2.0/networks: a page of 10", "GET", "networks?limit=10")
    tags = f"ports/{first['id']}/tags"
    record("PUT /v2.0/ports/{id}/tags: two tags", "PUT", tags, {"tags": ["a", "b"]})
    record("PUT /v2.0/ports/{id}/tags/{tag}: one more", "PUT", f"{tags}/c")
    record("GET /v2.0/subnets/{id}: by id", "GET", f"subnets/{v4}")
    record("GET /v2.0/networks/{id}: by id", "GET", f"networks/{network}")
    narrow = {"subnet": {"allocation_pools": [{"start": "10.0.0.9", "end": "10.0.254.1"}]}}
    record("PUT /v2.0/subnets/{id}: allocation pools", "PUT", f"subnets/{v4}", narrow)
    record("POST /v2.0/networks: one", "POST", "networks", {"network": {"name": "other"}})
    other = cloud.post("networks", {"name": "another"})["id"]
    subnet = {"network_id": other, "ip_version": 4, "cidr": "10.0.0.0/24"}
    record("POST /v2.0/subnets: one", "POST", "subnets", {"subnet": subnet})
    [found] = cloud.request("GET", f"subnets?network_id={other}")["subnets"]
    record("DELETE /v2.0/subnets/{id}: no address held", "DELETE", f"subnets/{found['id']}")
    record("DELETE /v2.0/networks/{id}: empty", "DELETE", f"networks/{other}")
    return costs


def measure_dual_stack(cloud: Cloud) -> dict[str, Cost]:
    """Return what ports cost on IPv4, stateful IPv6 and SLAAC subnets at once."""
    cloud.add_ipv6()
    cloud.warm_up()  # the hints went with the former pools
    body = {"port": {"network_id": cloud.network}}
    made = _measure(cloud, "POST", "ports", body)
    taker = cloud.port()
    moved = _measure(cloud, "PUT", f"ports/{taker}", {"port": {"mac_address": "02:00:00:ff:0:1"}})
    gone = _measure(cloud, "DELETE", f"ports/{taker}")
    return {
        "POST /v2.0/ports: IPv4, stateful IPv6 and SLAAC": made,
        "PUT /v2.0/ports/{id}: MAC address, with a SLAAC address": moved,
        "DELETE /v2.0/ports/{id}: IPv4, stateful IPv6 and SLAAC": gone,
    }


def measure_limited(cloud: Cloud) -> dict[str, Cost]:
    """Return what is done for projects with and without a quota, and under a key."""
    cloud.warm_up()
    costs: dict[str, Cost] = {}
    for project_id, most, case in (("free", -1, "no quota"), ("p", 1000, "a quota")):
        cloud.request("PUT", f"quotas/{project_id}", {"quota": {"port": most, "network": most}})
        values = {"network_id": cloud.network, "project_id": project_id}
        gone = cloud.port(project_id=project_id)
        network = {"network": {"project_id": project_id}}
        cloud.request("POST", "networks", network)
        one = f"one, of a project with {case}"
        costs[f"POST /v2.0/ports: {one}"] = _measure(cloud, "POST", "ports", {"port": values})
        costs[f"DELETE /v2.0/ports/{{id}}: {one}"] = _measure(cloud, "DELETE", f"ports/{gone}")
        costs[f"POST /v2.0/networks: {one}"] = _measure(cloud, "POST", "networks", network)
    keyed = {"port": {"network_id": cloud.network}}
    for case in ("with an idempotency key", "with the same key again"):
        costs[f"POST /v2.0/ports: {case}"] = _measure(
            cloud, "POST", "ports", keyed, {"Idempotency-Key": "k"}
        )
    asked = "POST /v2.0/freehold/dry-run/ports: one IPv4 address"
    costs[asked] = _measure(cloud, "POST", "freehold/dry-run/ports", keyed)
    whole = "GET /v2.0/network-ip-availabilities: all networks"
    costs[whole] = _measure(cloud, "GET", "network-ip-availabilities")
    costs["GET /v2.0/quotas/{project}: by project"] = _measure(cloud, "GET", "quotas/p")
    costs["GET /v2.0/quotas/{project}/details: by project"] = _measure(
        cloud, "GET", "quotas/p/details"
    )
    return costs


def measure_pools(path: Path, count: int) -> dict[str, Cost]:
    """Return what address scopes and subnet pools cost when so many subnets are from one."""
    cloud = Cloud(path, 1)
    crowd = cloud.post("networks", {"name": "crowd"})["id"]
    scope = cloud.post("address_scopes", {"ip_version": 4})["id"]
    values = {"name": "p", "prefixes": ["10.0.0.0/8"], "default_quota": 1 << 24}
    pool = cloud.post("subnetpools", {**values, "address_scope_id": scope})["id"]
    cut_out(path, pool, crowd, count)
    costs: dict[str, Cost] = {}

    def record(name: str, verb: str, path: str, body: JSON | None = None) -> JSON:
        with counting() as cost:
            answer = cloud.request(verb, path, body)
        costs[name] = cost
        return answer

    def subnet(**values: Any) -> JSON:
        network = cloud.post("networks", {})["id"]
        given = {"network_id": network, "ip_version": 4, "subnetpool_id": pool, **values}
        return {"subnet": given}

    cloud.post(
        "subnets", subnet(prefixlen=30)["subnet"]
    )  # the first of this length is counted anew
    any_length = "POST /v2.0/subnets: out of a pool with a quota, by prefix length"
    made = record(any_length, "POST", "subnets", subnet(prefixlen=30))["subnet"]
    given = "POST /v2.0/subnets: out of a pool with a quota, by CIDR"
    record(given, "POST", "subnets", subnet(cidr="10.255.255.252/30"))
    gone = f"subnets/{made['id']}"
    record("DELETE /v2.0/subnets/{id}: out of a pool, no address held", "DELETE", gone)
    record("GET /v2.0/subnetpools/{id}: by id", "GET", f"subnetpools/{pool}")
    renamed = {"subnetpool": {"name": "x"}}
    record("PUT /v2.0/subnetpools/{id}: name", "PUT", f"subnetpools/{pool}", renamed)
    more = {"prefixes": ["11.0.0.0/8"]}
    adding, removing = (f"subnetpools/{pool}/{verb}_prefixes" for verb in ("add", "remove"))
    record("PUT /v2.0/subnetpools/{id}/add_prefixes: one, with a scope", "PUT", adding, more)
    record("PUT /v2.0/subnetpools/{id}/remove_prefixes: one", "PUT", removing, more)
    other = {"subnetpool": {**values, "prefixes": ["12.0.0.0/8"], "address_scope_id": scope}}
    found = record("POST /v2.0/subnetpools: one, with a scope", "POST", "subnetpools", other)
    empty = f"subnetpools/{found['subnetpool']['id']}"
    record("DELETE /v2.0/subnetpools/{id}: no subnet is from it", "DELETE", empty)
    return costs


def measure_routed(path: Path, count: int) -> dict[str, Cost]:
    """Return what segments cost, and ports on them, when so many addresses are held on one."""
    cloud = Cloud(path, 1)
    network = cloud.post("networks", {})["id"]
    [first] = cloud.request("GET", f"segments?network_id={network}")["segments"]
    segment = {"network_id": network, "network_type": "local", "freehold:hosts": ["h2"]}
    values = {"network_id": network, "ip_version": 4, "segment_id": first["id"]}
    held = cloud.post("subnets", {**values, "cidr": "10.0.0.0/16"})["id"]
    _hold(path, network, held, count, "routed")
    costs: dict[str, Cost] = {}

    def record(name: str, verb: str, path: str, body: JSON | None = None) -> JSON:
        with counting() as cost:
            answer = cloud.request(verb, path, body)
        costs[name] = cost
        return answer

    made = record("POST /v2.0/segments: one with a host", "POST", "segments", {"segment": segment})
    other = f"segments/{made['segment']['id']}"
    hosts = {"segment": {"freehold:hosts": ["h1", "h3"]}}
    record("PUT /v2.0/segments/{id}: its hosts", "PUT", f"segments/{first['id']}", hosts)
    record("GET /v2.0/segments: by a host", "GET", "segments?freehold:hosts=h1")
    record("DELETE /v2.0/segments/{id}: no subnet is on it", "DELETE", other)
    for _ in range(WARMING_UP):
        cloud.post("ports", {"network_id": network, "binding:host_id": "h1"})
    waiting = {"port": {"network_id": network}}
    on_host = {"port": {"network_id": network, "binding:host_id": "h1"}}
    record("POST /v2.0/ports: on a host of a routed network", "POST", "ports", on_host)
    found = record("POST /v2.0/ports: addresses deferred", "POST", "ports", waiting)["port"]["id"]
    deferred = {"port": {"binding:host_id": "h1"}}
    record(
        "PUT /v2.0/ports/{id}: the host, for deferred addresses", "PUT", f"ports/{found}", deferred
    )
    moved = {"port": {"binding:host_id": "h3"}}
    record("PUT /v2.0/ports/{id}: another host", "PUT", f"ports/{found}", moved)
    elsewhere = cloud.post("segments", {"network_id": network, "network_type": "local"})["id"]
    beside = {**values, "segment_id": elsewhere}
    body = {"subnet": {**beside, "cidr": "10.1.0.0/16"}}
    made = record("POST /v2.0/subnets: beside one on another segment", "POST", "subnets", body)
    subnet = f"subnets/{made['subnet']['id']}"
    several = [{**beside, "cidr": f"10.{number}.0.0/16"} for number in range(2, 12)]
    name = "POST /v2.0/subnets: 10 in one request, beside one on another segment"
    record(name, "POST", "subnets", {"subnets": several})
    without = {"subnet": {"gateway_ip": None}}
    record("PUT /v2.0/subnets/{id}: the gateway, on a segment", "PUT", subnet, without)
    record("DELETE /v2.0/subnets/{id}: on a segment, no address held", "DELETE", subnet)
    return costs


def measure_bulk(path: Path, count: int) -> dict[str, Cost]:
    """Return what it costs to create so many resources by one request."""
    # In so large a subnet the rows that are read at a random place are never the last ones.
    below = [{"start": "10.0.0.2", "end": str(_BEYOND - 1)}]
    cloud = Cloud(path, HELD_MANY, "10.0.0.0/8", allocation_pools=below)
    scope = cloud.post("address_scopes", {"ip_version": 4})["id"]
    values = {"name": "p", "prefixes": ["172.16.0.0/12"], "default_quota": 1 << 20}
    pool = cloud.post("subnetpools", {**values, "address_scope_id": scope})["id"]
    costs: dict[str, Cost] = {}

    def record(case: str, collection: str, drafts: list[JSON]) -> list[JSON]:
        url = collection.replace("_", "-")
        with counting() as cost:
            made: list[JSON] = cloud.request("POST", url, {collection: drafts})[collection]
        costs[f"POST /v2.0/{url}: {count:,} in one request{case}"] = cost
        assert len(made) == count
        return made

    port = {"network_id": cloud.network}
    # Of so many that are made up, two are the same too often: that costs another look.
    macs = [
        f"02:01:00:{kind:02x}:{n >> 8:02x}:{n & 255:02x}" for kind in (0, 1) for n in range(count)
    ]
    record("", "ports", [{**port, "mac_address": mac} for mac in macs[:count]])
    named = [
        {
            **port,
            "mac_address": mac,
            "tags": ["a", "b"],
            "fixed_ips": [{"ip_address": str(_BEYOND + number)}],
        }
        for number, mac in enumerate(macs[count:])
    ]
    record(", a given address and two tags each", "ports", named)
    networks = [one["id"] for one in record("", "networks", [{"name": "n"}] * count)]
    spread = [{"network_id": one, "ip_version": 4} for one in networks]
    record(", on a network each", "subnets", [{**one, "cidr": "10.0.0.0/24"} for one in spread])
    others = [
        one["id"]
        for one in cloud.request("POST", "networks", {"networks": [{}] * count})["networks"]
    ]
    pooled = [
        {"network_id": one, "ip_version": 4, "subnetpool_id": pool, "prefixlen": 28}
        for one in others
    ]
    record(", on a network each, out of a pool with a quota", "subnets", pooled)
    record("", "subnetpools", [{"name": "p", "prefixes": ["10.0.0.0/8"]}] * count)
    apart = [f"10.{number >> 8}.{number & 255}.0/24" for number in range(count)]
    scoped = [{"name": "p", "prefixes": [one], "address_scope_id": scope} for one in apart]
    record(", with one scope", "subnetpools", scoped)
    scopes = [{"name": "s", "ip_version": 4}] * count
    made = record("", "address_scopes", scopes)
    each = [{**pool, "address_scope_id": one["id"]} for pool, one in zip(scoped, made, strict=True)]
    record(", with a scope each", "subnetpools", each)
    sharing = {"object_type": "network", "object_id": cloud.network, "action": "access_as_shared"}
    targets = [{**sharing, "target_tenant": f"p{number}"} for number in range(count)]
    record(", for one network", "rbac_policies", targets)
    segment = {"network_id": cloud.network, "network_type": "local", "freehold:hosts": ["h"]}
    record(", on one network, with a host each", "segments", [segment] * count)
    return costs


def render(costs: dict[str, Cost]) -> str:
    """Return the table of docs/statements.md."""
    lines = ["| Request | Case | Reads | Writes |", "|---|---|---|---|"]
    for name, cost in costs.items():
        request, _, case = name.partition(": ")
        lines.append(f"| `{request}` | {case} | {cost.reads} | {cost.writes} |")
    return "\n".join(lines) + "\n"


def measure_all(folder: Path, held: int) -> dict[str, Cost]:
    """Return what each operation costs when so many addresses or prefixes are held."""
    cloud = Cloud(folder / f"{held}.sqlite", held)
    of_pools = measure_pools(folder / f"{held}-subnets.sqlite", held)
    routed = measure_routed(folder / f"{held}-routed.sqlite", held)
    of_network = measure(cloud)
    limited = measure_limited(cloud)
    return {**of_network, **measure_dual_stack(cloud), **of_pools, **limited, **routed}


def measure_bulks(folder: Path) -> dict[str, Cost]:
    """Return what it costs to create some and many resources by one request."""
    of_some = measure_bulk(folder / "some.sqlite", SOME)
    of_many = measure_bulk(folder / "many.sqlite", MANY)
    pairs = zip(of_some.items(), of_many.items(), strict=True)
    return dict(one for pair in pairs for one in pair)


def test_a_request_costs_few_statements_as_many_at_10_as_at_10_000_held(tmp_path: Path) -> None:
    few = measure_all(tmp_path, HELD_FEW)
    many = measure_all(tmp_path, HELD_MANY)
    assert many == few
    for name, cost in few.items():
        if name.startswith(("POST /v2.0/ports: one", "PUT /v2.0/ports", "DELETE /v2.0/ports")):
            assert cost.reads + cost.writes <= 9, name
    assert render(few) in PAGE.read_text(), "docs/statements.md is not what was measured"


def test_a_request_for_1_000_costs_hardly_more_statements_than_one_for_10(tmp_path: Path) -> None:
    costs = measure_bulks(tmp_path)
    told = PAGE.read_text().splitlines()
    for row in render(costs).splitlines():
        assert row in told, "docs/statements.md is not what was measured"
    for name, cost in costs.items():
        assert cost.reads + cost.writes <= 20, name


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = render({**measure_all(folder, HELD_MANY), **measure_bulks(folder)})
    head, mark, _ = PAGE.read_text().partition("<!-- measured -->\n")
    PAGE.write_text(head + mark + "\n" + table)
