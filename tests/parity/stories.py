"""The requests that are sent to a Neutron and to a Freehold, and how an answer is kept.

Each file of ``requests/`` is a story of its own: both services are empty at first,
and get its requests in order. A request has a name (``do``), a verb with its URL,
and perhaps a ``body`` (JSON), a ``raw`` body (text) or ``headers``: an administrator sends it,
or who ``X-User-Id``, ``X-Project-Id`` and ``X-Roles`` say together. ``keep`` names
parts of the answer, and ``${name}`` stands for what was kept; ``${a256}`` is 256
times the letter a.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, Protocol

from gabbi.utils import load_yaml

FOLDER = Path(__file__).parent
STORIES = sorted((FOLDER / "requests").glob("*.yaml"))
UNKNOWN = "11111111-2222-4333-8444-555555555555"

Headers = Mapping[str, str | None]

_VERBS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_REPEATED = re.compile(r"([a-z])([0-9]+)")


@dataclass(frozen=True)
class Request:
    """A request of a story.

    Attributes:
        name: what it is called, unique in the story.
        verb: GET and so on.
        path: of its URL, with the query.
        body: what it sends; None for nothing.
        headers: beside those that every request has; None for one that it is not to have.
        keep: names for parts of the answer, such as ``subnetpools.0.id``.
    """

    name: str
    verb: str
    path: str
    body: str | None
    headers: Headers
    keep: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What a service answered.

    Attributes:
        status: its status.
        body: its JSON; None for none.
    """

    status: int
    body: Any


class Service(Protocol):
    """Something that answers requests."""

    def send(self, verb: str, path: str, body: str | None, headers: Headers) -> Answer:
        """Return the answer to a request."""


def read(story: Path) -> list[Request]:
    """Return the requests of a story."""
    found = []
    for told in load_yaml(yaml_file=str(story)):
        verb = next(verb for verb in _VERBS if verb in told)
        body = json.dumps(told["body"]) if "body" in told else told.get("raw")
        found.append(
            Request(
                name=str(told["do"]),
                verb=verb,
                path=told[verb],
                body=body,
                headers=told.get("headers", {}),
                keep=told.get("keep", {}),
            )
        )
    return found


class _Kept(dict[str, str]):
    """What stands for the names in requests; a name that was not kept is an unknown id."""

    def __missing__(self, name: str) -> str:
        letters = _REPEATED.fullmatch(name)
        return letters[1] * int(letters[2]) if letters else UNKNOWN


@dataclass
class Teller:
    """Sends the requests of one story to one service.

    Attributes:
        service: the service.
        asked: all that the story has said so far, in lower case.
        labels: of each id that was made, what stands for it in a comparison.
        chosen: of each port, by its id, the addresses that it has because they were asked
            for; others were picked at random.
    """

    service: Service
    asked: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, frozenset[str]] = field(default_factory=dict)
    _kept: _Kept = field(default_factory=_Kept)

    def tell(self, request: Request) -> Answer:
        """Send a request, and return the answer."""
        path = Template(request.path).substitute(self._kept)
        body = None if request.body is None else Template(request.body).substitute(self._kept)
        self.asked += f"{request.path} {request.body} ".lower()
        answer = self.service.send(request.verb, path, body, request.headers)
        if request.verb == "POST" and answer.status == 201:
            for number, made in enumerate(_resources(answer.body)):
                self.labels.setdefault(str(made.get("id")), f"<{request.name} {number}>")
        if body is not None:
            self._learn(answer.body, body)
        for name, where in request.keep.items():
            part = _part(answer.body, where)
            if part is not None:
                self._kept[name] = part
        return answer

    def _learn(self, answer: Any, sent: str) -> None:
        for port in _resources(answer):
            name = str(port.get("id"))
            held = {one["ip_address"] for one in port.get("fixed_ips", ())}
            named = {address for address in held if f'"{address}"' in sent}
            self.chosen[name] = frozenset(named | (self.chosen.get(name, frozenset()) & held))


def _resources(body: Any) -> Iterator[Mapping[str, Any]]:
    for value in body.values() if isinstance(body, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield one


def _part(body: Any, where: str) -> str | None:
    """Return a part of an answer, such as ``subnetpools.0.id``; None if it is not there."""
    for step in where.split("."):
        try:
            body = body[int(step) if step.isdigit() else step]
        except (IndexError, KeyError, TypeError):
            return None
    return str(body)
