"""What callers of each sort try with what belongs to whom: the requests of the matrix of access.

The same requests can be sent to a Neutron: they need nothing but a way of sending them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

JSON = dict[str, Any]
Send = Callable[[str, str, JSON | None, Mapping[str, str]], tuple[int, Any]]
"""Verb, path below ``/v2.0/``, body and headers; status and answer."""

MINE = "11111111-1111-4111-8111-111111111111"
OTHERS = "22222222-2222-4222-8222-222222222222"
STRANGE = "33333333-3333-4333-8333-333333333333"
CLOUDS = "44444444-4444-4444-8444-444444444444"

NOWHERE = "77777777-7777-4777-8777-777777777777"

PROVIDER = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
BINDING = ("binding:profile", "binding:vif_type", "binding:vif_details")

_NUMBERS = count(1)
"""Of names that are used once."""

CALLERS: Mapping[str, tuple[str, str]] = {
    "admin": (CLOUDS, "admin,manager,member,reader"),
    "manager": (MINE, "manager,member,reader"),
    "member": (MINE, "member,reader"),
    "reader": (MINE, "reader"),
    "none": (MINE, "guest"),
    "stranger": (STRANGE, "member,reader"),
    "service": (CLOUDS, "service"),
}
"""Project and roles of each sort of caller."""


def headers_of(project: str, roles: str) -> dict[str, str]:
    return {"X-Project-Id": project, "X-Roles": roles, "X-User-Id": "user"}


@dataclass(frozen=True)
class Attempt:
    """One request that callers try.

    Attributes:
        verb: its method.
        path: below ``/v2.0/``.
        body: its body.
        looks_for: an id; what counts is whether the answer names it, and not its status.
        shows: attributes; what counts is whether the answer has one of them.
    """

    verb: str
    path: str
    body: JSON | None = None
    looks_for: str = ""
    shows: Collection[str] = ()


class World:
    """What an administrator has made, so that callers try something with it.

    Args:
        send: how a request is sent.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def tried(self, caller: str, attempt: Attempt) -> str:
        """Return what comes of an attempt of a caller's."""
        headers = headers_of(*CALLERS[caller])
        status, answer = self._send(attempt.verb, attempt.path, attempt.body, headers)
        if attempt.looks_for and status == 200:
            [listed] = (answer[name] for name in answer if not name.endswith("_links"))
            named = {one.get("id") or one["network_id"] for one in listed}
            return "seen" if attempt.looks_for in named else "-"
        if attempt.shows and status == 200:
            [resource] = answer.values()
            return "shown" if resource.keys() & attempt.shows else "hidden"
        return str(status)

    def limit(self, project: str) -> None:
        """Give a project limits of its own, as an administrator."""
        body = {"quota": {"port": 900}}
        status, answer = self._send("PUT", f"quotas/{project}", body, headers_of(*CALLERS["admin"]))
        assert status == 200, answer

    def tag(self, path: str) -> None:
        """Give a resource the tag ``b``, as an administrator."""
        status, answer = self._send("PUT", f"{path}/tags/b", None, headers_of(*CALLERS["admin"]))
        assert status == 201, answer

    def make(self, name: str, path: str, values: JSON) -> str:
        """Create a resource as an administrator, and return its id."""
        status, answer = self._send("POST", path, {name: values}, headers_of(*CALLERS["admin"]))
        assert status == 201, answer
        made: str = answer[name]["id"]
        return made

    def name(self) -> str:
        return f"n{next(_NUMBERS)}"

    def share(self, object_type: str, object_id: str, target: str, owner: str = OTHERS) -> str:
        return self.make(
            "rbac_policy",
            "rbac-policies",
            {
                "object_type": object_type,
                "object_id": object_id,
                "action": "access_as_shared",
                "target_tenant": target,
                "project_id": owner,
            },
        )

    def _owned(self, name: str, path: str, whose: str, values: JSON) -> str:
        owner = MINE if whose == "own" else OTHERS
        all_may = {"shared": True} if whose == "shared" else {}
        made = self.make(name, path, {"project_id": owner, **all_may, **values})
        if whose == "granted":
            self.share(name, made, MINE)
        return made

    def network(self, whose: str) -> str:
        if whose == "external":
            values = {"project_id": OTHERS, "router:external": True}
            return self.make("network", "networks", values)
        return self._owned("network", "networks", whose, {"name": self.name()})

    def subnet_on(self, network: str, owner: str = OTHERS) -> str:
        values = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
        return self.make("subnet", "subnets", {**values, "project_id": owner})

    def subnet(self, whose: str) -> str:
        return self.subnet_on(self.network(whose), MINE if whose == "own" else OTHERS)

    def pool(self, whose: str) -> str:
        values = {"name": self.name(), "prefixes": ["10.0.0.0/8"], "default_prefixlen": 24}
        return self._owned("subnetpool", "subnetpools", whose, values)

    def scope(self, whose: str) -> str:
        values = {"name": self.name(), "ip_version": 4}
        return self._owned("address_scope", "address-scopes", whose, values)

    def port(self, whose: str) -> str:
        """Create a port: ``mine on shared``, ``others on mine`` and so on."""
        owner, _, network = whose.partition(" on ")
        on = {"mine": "own", "others": "foreign"}.get(network, network)
        values = {"network_id": self.network(on), "fixed_ips": []}
        values["project_id"] = MINE if owner == "mine" else OTHERS
        return self.make("port", "ports", values)

    def segment(self, whose: str) -> str:
        values = {"network_id": self.network(whose), "physical_network": self.name()}
        return self.make(
            "segment", "segments", {**values, "network_type": "vlan", "segmentation_id": 7}
        )

    def rbac_policy(self, whose: str) -> str:
        network = self.network("own" if whose == "own" else "foreign")
        return self.share("network", network, STRANGE, MINE if whose == "own" else OTHERS)


Make = Callable[[World, str], Attempt]


def _item(name: str, path: str, make: Callable[[World, str], str]) -> dict[str, Make]:
    """Return what can be tried with a resource of any kind."""

    def tried(verb: str, below: str = "", body: JSON | None = None) -> Make:
        return lambda world, whose: Attempt(verb, f"{path}/{make(world, whose)}{below}", body)

    def listed(world: World, whose: str) -> Attempt:
        made = make(world, whose)
        return Attempt("GET", f"{path}?fields=id", looks_for=made)

    def counted(world: World, whose: str) -> Attempt:
        made = make(world, whose)
        return Attempt("GET", f"{path}?limit=1&id={made}&fields=id", looks_for=made)

    def tagged(verb: str) -> Make:
        def attempt(world: World, whose: str) -> Attempt:
            one = f"{path}/{make(world, whose)}"
            world.tag(one)
            return Attempt(verb, f"{one}/tags/b")

        return attempt

    with_tags: dict[str, Make] = {}
    if name not in {"address_scope", "rbac_policy"}:
        with_tags = {
            f"see tags of {name}": tried("GET", "/tags"),
            f"replace tags of {name}": tried("PUT", "/tags", {"tags": ["a"]}),
            f"add tags to {name}": tried("POST", "/tags", {"tags": ["a"]}),
            f"add a tag to {name}": tried("PUT", "/tags/a"),
            f"see a tag of {name}": tagged("GET"),
            f"remove a tag of {name}": tagged("DELETE"),
            f"remove tags of {name}": tried("DELETE", "/tags"),
        }
    return {
        f"see {name}": tried("GET"),
        f"list {name}": listed,
        f"page of {name}": counted,
        f"delete {name}": tried("DELETE"),
        **with_tags,
    }


def _change(kind: str, path: str, make: Callable[[World, str], str], **values: Any) -> Make:
    names = {key.replace("__", ":"): value for key, value in values.items()}
    return lambda world, whose: Attempt("PUT", f"{path}/{make(world, whose)}", {kind: names})


def _shown(path: str, make: Callable[[World, str], str], *names: str) -> Make:
    return lambda world, whose: Attempt("GET", f"{path}/{make(world, whose)}", shows=names)


def _new(name: str, path: str, **values: Any) -> Make:
    names = {key.replace("__", ":"): value for key, value in values.items()}
    return lambda world, whose: Attempt("POST", path, {name: {"name": world.name(), **names}})


def _port_on(*fixed_ips: str, **values: Any) -> Make:
    names = {key.replace("__", ":"): value for key, value in values.items()}

    def attempt(world: World, whose: str) -> Attempt:
        network = world.network(whose)
        subnet = world.subnet_on(network, MINE if whose == "own" else OTHERS)
        asked = [
            {"subnet_id": subnet} if entry == "subnet" else {"ip_address": entry}
            for entry in fixed_ips
        ]
        given = {"fixed_ips": asked} if asked else {}
        return Attempt("POST", "ports", {"port": {"network_id": network, **names, **given}})

    return attempt


def _vlan(world: World) -> JSON:
    return dict(zip(PROVIDER, ("vlan", world.name(), 7), strict=True))


def _subnet_on(path: str = "subnets", **values: Any) -> Make:
    names = {key.replace("__", ":"): value for key, value in values.items()}

    def attempt(world: World, whose: str) -> Attempt:
        usual = {"network_id": world.network(whose), "ip_version": 4, "cidr": "10.9.0.0/24"}
        return Attempt("POST", path, {"subnet": {**usual, **names}})

    return attempt


def _dry_port(world: World, whose: str) -> Attempt:
    return Attempt("POST", "freehold/dry-run/ports", {"port": {"network_id": world.network(whose)}})


def _of_project(verb: str, below: str = "", body: JSON | None = None) -> Make:
    """Return what is tried with the quotas of one's own project, or of another one."""

    def attempt(world: World, whose: str) -> Attempt:
        project = MINE if whose == "own" else OTHERS
        world.limit(project)
        return Attempt(verb, f"quotas/{project}{below}", body)

    return attempt


def _availability(world: World, whose: str) -> Attempt:
    return Attempt("GET", f"network-ip-availabilities/{world.network(whose)}")


def _availabilities(world: World, whose: str) -> Attempt:
    network = world.network(whose)
    return Attempt("GET", f"network-ip-availabilities?network_id={network}", looks_for=network)


def _always(path: str) -> Make:
    return lambda _world, _whose: Attempt("GET", path)


def _subnet_of_pool(world: World, whose: str) -> Attempt:
    values = {"network_id": world.network("own"), "ip_version": 4}
    values["subnetpool_id"] = world.pool(whose)
    return Attempt("POST", "subnets", {"subnet": values})


def _pool_in_scope(world: World, whose: str) -> Attempt:
    values = {"name": world.name(), "prefixes": ["10.0.0.0/8"]}
    values["address_scope_id"] = world.scope(whose)
    return Attempt("POST", "subnetpools", {"subnetpool": values})


def _segment_of(world: World, whose: str) -> Attempt:
    values = {"network_id": world.network(whose), "network_type": "local"}
    return Attempt("POST", "segments", {"segment": values})


def _policy(
    target: str,
    object_type: str = "network",
    make: Callable[[World, str], str] = World.network,
) -> Make:
    def attempt(world: World, whose: str) -> Attempt:
        values = {"object_type": object_type, "object_id": make(world, whose)}
        values |= {"action": "access_as_shared", "target_tenant": target}
        return Attempt("POST", "rbac-policies", {"rbac_policy": values})

    return attempt


def _on_pool(below: str, body: Callable[[World], JSON]) -> Make:
    return lambda world, whose: Attempt(
        "PUT", f"subnetpools/{world.pool(whose)}/{below}", body(world)
    )


ATTEMPTS: Mapping[str, Make] = {
    "create network": _new("network", "networks"),
    "create shared network": _new("network", "networks", shared=True),
    "create external network": _new("network", "networks", router__external=True),
    "create provider network": _new("network", "networks", provider__network_type="local"),
    "create network in a VLAN": lambda world, _: Attempt(
        "POST", "networks", {"network": _vlan(world)}
    ),
    "create network of others": _new("network", "networks", project_id=OTHERS),
    **_item("network", "networks", World.network),
    "change network": _change("network", "networks", World.network, name="x"),
    "share network": _change("network", "networks", World.network, shared=True),
    "open network": _change("network", "networks", World.network, router__external=True),
    "see what realises network": _shown("networks", World.network, *PROVIDER),
    "change what realises network": lambda world, whose: Attempt(
        "PUT", f"networks/{world.network(whose)}", {"network": _vlan(world)}
    ),
    "create segment": _segment_of,
    **_item("segment", "segments", World.segment),
    "change segment": _change("segment", "segments", World.segment, name="x"),
    "create subnet on network": _subnet_on(),
    "rehearse subnet on network": _subnet_on("freehold/dry-run/subnets"),
    "create subnet on segment of network": _subnet_on(segment_id=NOWHERE),
    "create subnet of service on network": _subnet_on(service_types=["compute:x"]),
    "create subnet with strategy on network": _subnet_on(
        freehold__allocation_strategy="next", freehold__cool_down=60
    ),
    "create subnet of pool": _subnet_of_pool,
    **_item("subnet", "subnets", World.subnet),
    "change subnet": _change("subnet", "subnets", World.subnet, name="x"),
    "see segment of subnet": _shown("subnets", World.subnet, "segment_id"),
    "change segment of subnet": _change("subnet", "subnets", World.subnet, segment_id=None),
    "change services of subnet": _change(
        "subnet", "subnets", World.subnet, service_types=["compute:x"]
    ),
    "change strategy of subnet": _change(
        "subnet",
        "subnets",
        World.subnet,
        freehold__allocation_strategy="next",
        freehold__cool_down=60,
    ),
    "create port": _port_on(),
    "rehearse port": _dry_port,
    "create port with MAC": _port_on(mac_address="fa:16:3e:00:00:01"),
    "create port with address": _port_on("10.0.0.9"),
    "create port with subnet": _port_on("subnet"),
    "create port of device": _port_on(device_id="d", device_owner="compute:x"),
    "create port of service": _port_on(device_owner="network:dhcp"),
    "create port on host": _port_on(binding__host_id="h"),
    "create port with profile": _port_on(binding__profile={"a": "b"}),
    "create port with pair": _port_on(allowed_address_pairs=[{"ip_address": "10.0.0.7"}]),
    "create port with pair of MAC": _port_on(
        allowed_address_pairs=[{"ip_address": "10.0.0.7", "mac_address": "fa:16:3e:00:00:03"}]
    ),
    "create port with kind of card": _port_on(binding__vnic_type="direct"),
    "create port of others": _port_on(project_id=OTHERS),
    **_item("port", "ports", World.port),
    "change port": _change("port", "ports", World.port, name="x"),
    "change MAC of port": _change("port", "ports", World.port, mac_address="fa:16:3e:00:00:02"),
    "change addresses of port": _change("port", "ports", World.port, fixed_ips=[]),
    "change device of port": _change("port", "ports", World.port, device_id="d"),
    "change service of port": _change("port", "ports", World.port, device_owner="network:dhcp"),
    "change host of port": _change("port", "ports", World.port, binding__host_id="h"),
    "change pairs of port": _change(
        "port", "ports", World.port, allowed_address_pairs=[{"ip_address": "10.0.0.7"}]
    ),
    "change an address of port": _change(
        "port", "ports", World.port, fixed_ips=[{"ip_address": "10.0.0.9"}]
    ),
    "change a subnet of port": _change(
        "port", "ports", World.port, fixed_ips=[{"subnet_id": NOWHERE}]
    ),
    "change pair of MAC of port": _change(
        "port",
        "ports",
        World.port,
        allowed_address_pairs=[{"ip_address": "10.0.0.7", "mac_address": "fa:16:3e:00:00:03"}],
    ),
    "change kind of card of port": _change(
        "port", "ports", World.port, binding__vnic_type="direct"
    ),
    "change profile of port": _change("port", "ports", World.port, binding__profile={"a": "b"}),
    "see host of port": _shown("ports", World.port, "binding:host_id"),
    "see binding of port": _shown("ports", World.port, *BINDING),
    "create pool": _new("subnetpool", "subnetpools", prefixes=["10.0.0.0/8"]),
    "create shared pool": _new("subnetpool", "subnetpools", prefixes=["10.0.0.0/8"], shared=True),
    "create default pool": _new(
        "subnetpool", "subnetpools", prefixes=["10.0.0.0/8"], is_default=True
    ),
    "create pool in scope": _pool_in_scope,
    **_item("subnetpool", "subnetpools", World.pool),
    "change pool": _change("subnetpool", "subnetpools", World.pool, name="x"),
    "make pool the default": _change("subnetpool", "subnetpools", World.pool, is_default=False),
    "add prefixes": _on_pool("add_prefixes", lambda _: {"prefixes": ["172.16.0.0/16"]}),
    "remove prefixes": _on_pool("remove_prefixes", lambda _: {"prefixes": ["10.1.0.0/16"]}),
    "onboard own network": _on_pool(
        "onboard_network_subnets", lambda world: {"network_id": world.network("own")}
    ),
    "onboard shared network": _on_pool(
        "onboard_network_subnets", lambda world: {"network_id": world.network("shared")}
    ),
    "onboard foreign network": _on_pool(
        "onboard_network_subnets", lambda world: {"network_id": world.network("foreign")}
    ),
    "create scope": _new("address_scope", "address-scopes", ip_version=4),
    "create shared scope": _new("address_scope", "address-scopes", ip_version=4, shared=True),
    **_item("address_scope", "address-scopes", World.scope),
    "change scope": _change("address_scope", "address-scopes", World.scope, name="x"),
    "share scope": _change("address_scope", "address-scopes", World.scope, shared=True),
    "see holders of an address": _always("address-holdings?ip_address=10.0.0.9"),
    "see use of network": _availability,
    "list use of network": _availabilities,
    "see limits of all projects": _always("quotas"),
    "see limits": _of_project("GET"),
    "see configured limits": _of_project("GET", "/default"),
    "see use of limits": _of_project("GET", "/details"),
    "change limits": _of_project("PUT", "", {"quota": {"port": 901}}),
    "reset limits": _of_project("DELETE"),
    "grant network": _policy(STRANGE),
    "grant network to all": _policy("*"),
    "grant subnetpool": _policy(STRANGE, "subnetpool", World.pool),
    "grant address_scope": _policy(STRANGE, "address_scope", World.scope),
    **_item("rbac_policy", "rbac-policies", World.rbac_policy),
    "change policy": _change(
        "rbac_policy", "rbac-policies", World.rbac_policy, target_tenant=CLOUDS
    ),
    "change policy to all": _change(
        "rbac_policy", "rbac-policies", World.rbac_policy, target_tenant="*"
    ),
}


ALONE = {
    "create network",
    "create pool",
    "create default pool",
    "create scope",
    "see holders of an address",
    "see limits of all projects",
}


def whose_of(attempt: str) -> tuple[str, ...]:
    """Return whose the thing can be with which something is tried."""
    if attempt in ALONE or attempt.startswith(
        ("create shared ", "create external ", "create provider ", "create network ")
    ):
        return ("-",)
    if attempt.endswith(" port") and not attempt.startswith(("create", "rehearse")):
        return (
            "mine on mine",
            "mine on shared",
            "others on mine",
            "others on shared",
            "others on others",
        )
    if attempt.endswith(("policy", " policy to all", " limits")):
        return ("own", "foreign")
    on_network = ("network", "subnet")
    if attempt.startswith(("create port", "create subnet on", "rehearse", "grant network")) or (
        attempt.startswith(("see", "list", "page")) and attempt.endswith(on_network)
    ):
        return ("own", "shared", "granted", "external", "foreign")
    return ("own", "shared", "granted", "foreign")


def outcomes(send: Send, attempt: str, whose: str) -> dict[str, str]:
    """Return what comes of an attempt for each sort of caller."""
    found = {}
    for caller in CALLERS:
        world = World(send)
        found[caller] = world.tried(caller, ATTEMPTS[attempt](world, whose))
    return found
