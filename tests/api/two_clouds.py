"""Two services that differ in nothing but in what other projects have.

What a project is answered has to be the same in both, but for what it may know of others: so
nothing is learnt, be it from a status, a message, a count, a conflict or the work behind an answer.
A request is sent to both in the same words, so that ids of the one mean nothing in the other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from falcon.testing import TestClient
from sqlalchemy import Engine, event

from freehold.api.app import make_app
from freehold.db.database import Database
from freehold.db.schema import upgrade
from freehold.drivers.reference import ReferenceDriver
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend, Limits
from tests.api.matrix import JSON, OTHERS, STRANGE, World, headers_of
from tests.api.service import IN_MEMORY, PATHS

MEMBER = headers_of(STRANGE, "manager,member,reader")
READER = headers_of(STRANGE, "reader")
ADMIN = headers_of(OTHERS, "admin,manager,member,reader")

FOREIGN_NAME = "the others' own"


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        verb: its method.
        path: below ``/v2.0/``.
        body: its body.
        headers: beside those that say who asks.
    """

    verb: str
    path: str
    body: JSON | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.verb} {self.path} {self.body or ''} {self.headers or ''}"


@dataclass(frozen=True)
class Observed:
    """All that can be told from outside of how a request was answered, and of the work behind."""

    status: int
    headers: Mapping[str, str]
    text: str
    statements: tuple[str, ...]


class Cloud:
    """A service with what one project has, and with others' things or without.

    Args:
        others: whether there is anything of others.

    Attributes:
        backend: what is behind the service.
        made: the ids of whatever a test has made, by names of its own.
        own: the ids of what belongs to the project, by kind.
        theirs: of what belongs to others, as an administrator sees it, by kind.
    """

    def __init__(self, *, others: bool) -> None:
        # What is made up is the same in both: ids, MAC addresses, times.
        self._random = Random()
        surroundings = Surroundings(
            random=self._random, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
        )
        database = Database("sqlite://")
        upgrade(database)
        driver = ReferenceDriver(surroundings)
        self.backend = Backend(database, driver, Limits(), surroundings)
        self._client = TestClient(make_app(IN_MEMORY, self.backend))
        self.world = World(self._send)
        self._random.seed("what both have")
        self.own: dict[str, str] = {}
        self._fill(STRANGE, "own", self.own)
        shared = {"project_id": OTHERS, "shared": True}
        self.own["shared network"] = self.world.make("network", "networks", shared)
        self.made = dict(self.own)
        self.theirs: dict[str, JSON] = {}
        if others:
            made: dict[str, str] = {}
            self._fill(OTHERS, FOREIGN_NAME, made)
            self.theirs = {kind: self._shown(kind, made[kind]) for kind in PATHS}

    def ask(self, asked: Asked, headers: Mapping[str, str]) -> Observed:
        """Send a request, and return what is seen of its answer."""
        self._random.seed(f"{asked} {headers}")
        with _statements() as statements:
            answer = self._client.simulate_request(
                asked.verb,
                f"/v2.0/{asked.path}",
                json=asked.body,
                headers={**headers, **asked.headers},
            )
        seen = {name: value for name, value in answer.headers.items() if "request-id" not in name}
        return Observed(answer.status_code, seen, answer.text, tuple(statements))

    def _send(
        self, verb: str, path: str, body: JSON | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        answer = self._client.simulate_request(
            verb, f"/v2.0/{path}", json=body, headers=dict(headers)
        )
        return answer.status_code, answer.json if answer.text else None

    def _shown(self, kind: str, resource_id: str) -> JSON:
        _, answer = self._send("GET", f"{PATHS[kind]}/{resource_id}", None, ADMIN)
        shown: JSON = answer[kind]
        return shown

    def _fill(self, project: str, name: str, made: dict[str, str]) -> None:
        """Create one resource of each kind for a project."""
        octet = 9 if name == FOREIGN_NAME else 1

        def make(kind: str, **values: Any) -> str:
            named = {} if kind == "rbac_policy" else {"name": name}
            return self.world.make(kind, PATHS[kind], {**named, "project_id": project, **values})

        network = made["network"] = make("network", description=name)
        made["subnet"] = make("subnet", network_id=network, ip_version=4, cidr=f"10.{octet}.0.0/24")
        made["port"] = make(
            "port",
            network_id=network,
            mac_address=f"02:00:00:00:00:0{octet}",
            device_id=name,
            device_owner=f"compute:{octet}",
            fixed_ips=[{"ip_address": f"10.{octet}.0.{octet}"}],
        )
        segments = self._send("GET", f"segments?network_id={network}", None, ADMIN)[1]["segments"]
        made["segment"] = segments[0]["id"]
        scope = made["address_scope"] = make("address_scope", ip_version=4)
        made["subnetpool"] = make(
            "subnetpool", prefixes=[f"172.{octet}.0.0/16"], address_scope_id=scope
        )
        made["rbac_policy"] = self.world.share("network", network, "a third", project)
        for kind in ("network", "subnet", "port", "subnetpool"):
            tags = {"tags": [f"{name} tag"]}
            self._send("PUT", f"{PATHS[kind]}/{made[kind]}/tags", tags, ADMIN)


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Collect the texts of all statements, the values in them aside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
