"""The memory of the service under good and hostile requests in turn: it must not grow.

Each hostile request is another one: texts, ids, callers, keys and sizes that have not been sent
before, so that whatever is kept by what a client sends shows. Where users log in, half of the
hostile requests come with a right login, and half with a wrong one.
"""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from bench.doors import DOORS, Headers
from bench.service import running_service

REQUESTS = 100_000
POINTS = 10
SEED = 5
ANSWER_SECONDS = 30

Asked = tuple[str, str, bytes | None, Headers]
"""Verb, path, body and headers."""

_JSON = {"Content-Type": "application/json"}
_KINDS = ("networks", "subnets", "ports", "subnetpools", "address-scopes", "segments")
_ODD = (
    "\u202e",
    "'; DROP TABLE ports; --",
    "<script>",
    "%00",
    "\ufffd",
    "{0}",
    "\r\nX: y",
    "é" * 99,
)


def resident_bytes(pids: list[int]) -> int:
    """Return how much of some processes is in the machine's memory (Linux)."""
    lines = (
        line
        for pid in pids
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    )
    return sum(int(line.split()[1]) * 1024 for line in lines)


class Attacker:
    """Makes requests up, each of them once.

    Args:
        random: by which.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ways: tuple[Callable[[], Asked], ...] = (
            self._path,
            self._filter,
            self._body,
            self._caller,
            self._deep,
            self._cut,
            self._number,
            self._key,
            self._header,
            self._method,
        )

    def next(self) -> Asked:
        """Make one up."""
        return self._random.choice(self._ways)()

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128)))

    def _text(self) -> str:
        return self._random.choice(_ODD) + self._id()

    def _url(self) -> str:
        return f"/v2.0/{self._random.choice(_KINDS)}"

    def _path(self) -> Asked:
        odd = self._random.choice(("/../", "//", "/%2e%2e/", "/%ff", "/a%00b", "/", "/.json", "/;"))
        return "GET", f"{self._url()}{odd}{self._id()}", None, {}

    def _filter(self) -> Asked:
        name = self._random.choice(("name", "id", "cidr", "nosuch", "fixed_ips", "limit", "fields"))
        text = "".join(f"%{byte:02x}" for byte in self._text().encode())
        more = self._random.choice(
            ("", f"&sort_key={self._id()[:2]}", f"&marker={self._id()}&limit=1")
        )
        return "GET", f"{self._url()}?{name}={text}{more}", None, {}

    def _body(self) -> Asked:
        values = {"name": self._text(), self._id(): self._text(), "network_id": self._id()}
        kind = self._random.choice(("network", "subnet", "port", "subnetpool"))
        return "POST", f"/v2.0/{kind}s", json.dumps({kind: values}).encode(), _JSON

    def _caller(self) -> Asked:
        roles = ",".join(self._id() for _ in range(self._random.randrange(80)))
        who = {"X-Project-Id": self._id(), "X-User-Id": self._id(), "X-Roles": roles}
        return "GET", self._url(), None, who

    def _deep(self) -> Asked:
        depth = self._random.randrange(10_000)
        return "POST", self._url(), b'{"port":' + b"[" * depth, _JSON

    def _cut(self) -> Asked:
        return "POST", self._url(), self._random.randbytes(self._random.randrange(5000)), _JSON

    def _number(self) -> Asked:
        digits = "9" * self._random.randrange(5000)
        number = self._random.choice((f"1{digits}", f"-1e{digits or 1}", "NaN", "1e999"))
        body = f'{{"subnet": {{"ip_version": {number}, "network_id": "{self._id()}"}}}}'
        return "POST", "/v2.0/subnets", body.encode(), _JSON

    def _key(self) -> Asked:
        body = json.dumps({"port": {"network_id": self._id()}}).encode()
        return (
            "POST",
            "/v2.0/ports",
            body,
            {**_JSON, "Idempotency-Key": self._random.choice(("", '"')) + self._id()},
        )

    def _header(self) -> Asked:
        accepted = self._random.choice(("*/*", self._id()))
        return "GET", self._url(), None, {f"X-{self._id()}": "x" * 2000, "Accept": accepted}

    def _method(self) -> Asked:
        return f"M{self._random.randrange(10**6)}", self._url(), None, {}


class Friend:
    """Sends what a client would: takes an address, looks, and gives it back.

    Args:
        ask: sends a request, and returns the status and the answer.
    """

    def __init__(self, ask: Callable[[Asked], tuple[int, Any]]) -> None:
        self._ask = ask
        self._network = self._create("network", {"name": "office"})
        values = {"network_id": self._network, "ip_version": 4, "cidr": "192.0.2.0/24"}
        self._create("subnet", values)

    def visit(self) -> int:
        """Do so, and return how many requests that were."""
        port = self._create("port", {"network_id": self._network})
        for verb, wanted in (("GET", 200), ("DELETE", 204)):
            status, answer = self._ask((verb, f"/v2.0/ports/{port}", None, {}))
            if status != wanted:
                raise RuntimeError(f"{status}: {answer}")
        return 3

    def _create(self, kind: str, values: Mapping[str, object]) -> str:
        body = json.dumps({kind: values}).encode()
        status, answer = self._ask(("POST", f"/v2.0/{kind}s", body, _JSON))
        if status != http.client.CREATED:
            raise RuntimeError(f"{status}: {answer}")
        made: str = answer[kind]["id"]
        return made


def growth(
    mode: str = "noauth", requests: int = REQUESTS, points: int = POINTS
) -> Iterator[tuple[int, int]]:
    """Yield at some points how many requests there were, and how many bytes are in use.

    Args:
        mode: of authentication, one of `DOORS`.
        requests: how many are sent.
        points: at how many points.

    Raises:
        RuntimeError: a hostile request made the service fail, a good one was refused, or one
            with a wrong login was not.
    """
    random = Random(SEED)
    with (
        TemporaryDirectory(prefix="freehold-bench-") as name,
        DOORS[mode](Path(name), random) as door,
        running_service(f"sqlite:///{Path(name) / 'freehold.sqlite'}", *door.words) as service,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=ANSWER_SECONDS)

        def send(asked: Asked, login: Headers) -> tuple[int, Any]:
            verb, path, body, headers = asked
            connection.request(verb, path, body, {**headers, **login})
            answer = connection.getresponse()
            content = answer.read()
            good = answer.status < http.client.BAD_REQUEST
            return answer.status, json.loads(content) if content and good else content

        def attack(asked: Asked) -> None:
            stranger = door.wrong is not None and random.random() < 0.5
            login = door.wrong() if door.wrong is not None and stranger else door.right()
            status, answer = send(asked, login)
            failed = status >= http.client.INTERNAL_SERVER_ERROR
            if failed or (stranger and status < http.client.BAD_REQUEST):
                raise RuntimeError(f"{asked}: {status} {answer!r}")
            if stranger:
                # The service has not read the body, and so does not go on with the connection.
                connection.close()

        attacker, friend = Attacker(random), Friend(lambda asked: send(asked, door.right()))
        done, next_point = 0, requests // points
        while done < requests:
            done += friend.visit()
            for _ in range(3):
                attack(attacker.next())
                done += 1
            if done >= next_point:
                yield next_point, resident_bytes(service.workers())
                next_point += requests // points
        connection.close()
