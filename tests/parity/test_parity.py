"""A Neutron and a Freehold get the same requests, and answer alike but for what is listed.

``differences.yaml`` lists each difference with its reason. What is not listed
fails, and so does what is listed and not there any more.
"""

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from freehold.config import Settings
from tests.api.service import make_client
from tests.parity import known
from tests.parity.comparing import Difference, compare
from tests.parity.stories import STORIES, Answer, Headers, Teller, read
from tests.servers import neutron as neutron_servers
from tests.servers.neutron import Neutron
from tests.servers.process import HOST

KNOWN = known.load()
DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
PROJECT = "fake_project_id"
"""Who makes requests without authentication, according to Neutron."""

DOMAIN = "cloud.test."
"""In which ports have names, on both sides."""


class OverHttp:
    """A Neutron."""

    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, verb: str, path: str, body: str | None, headers: Headers) -> Answer:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=120)
        try:
            connection.request(
                verb,
                path,
                None if body is None else body.encode(),
                _sent(headers),
            )
            answer = connection.getresponse()
            return Answer(answer.status, _json(answer.read()))
        finally:
            connection.close()


class InProcess:
    """A Freehold with an empty database."""

    def __init__(self) -> None:
        self._client = make_client(Settings(database_url="sqlite://", dns_domain=DOMAIN))

    def send(self, verb: str, path: str, body: str | None, headers: Headers) -> Answer:
        answer = self._client.simulate_request(
            verb,
            path,
            body=body,
            headers=_sent({"X-Project-Id": PROJECT, **headers}),
        )
        return Answer(answer.status_code, _json(answer.content))


def _sent(headers: Headers) -> dict[str, str]:
    """Return the headers of a request: the usual ones, except for those that are to be none."""
    usual = {"Accept": "application/json", "Content-Type": "application/json"}
    return {name: value for name, value in {**usual, **headers}.items() if value is not None}


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


class Comparison:
    """The differences in the answers to each story, which is told once."""

    def __init__(self, neutron: Neutron) -> None:
        self._neutron = neutron
        self._found: dict[str, dict[str, list[Difference]]] = {}

    def of(self, story: Path) -> Mapping[str, list[Difference]]:
        """Return the differences by the names of the requests."""
        if story.stem not in self._found:
            self._found[story.stem] = self._tell(story)
        return self._found[story.stem]

    def _tell(self, story: Path) -> dict[str, list[Difference]]:
        tellers = Teller(OverHttp(self._neutron.port)), Teller(InProcess())
        found = {}
        for request in read(story):
            theirs, ours = (teller.tell(request) for teller in tellers)
            assert ours.status < 500, f"{story.stem}: {request.name}: {ours}"
            found[request.name] = compare(request, (tellers[0], theirs), (tellers[1], ours))
        self._neutron.empty()
        return found


@pytest.fixture(scope="module")
def comparison() -> Iterator[Comparison]:
    server = neutron_servers.start()
    yield Comparison(server)
    server.stop()


def by_story(story: Path) -> str:
    return story.stem


@pytest.mark.parametrize("story", STORIES, ids=by_story)
def test_the_answers_differ_as_listed_and_nowhere_else(comparison: Comparison, story: Path) -> None:
    problems = []
    for name, differences in comparison.of(story).items():
        listed = KNOWN.requests.get((story.stem, name), {})
        for one in differences:
            if known.attribute_in(one) in KNOWN.attributes:
                continue
            if listed.get(one.where, ()) not in (None, (one.neutron, one.freehold)):
                problems.append(f"{name}: {one.where}: {one.neutron} / {one.freehold}")
        gone = set(listed) - {one.where for one in differences}
        problems += [f"{name}: {where}: listed, but not there any more" for where in gone]
    assert not problems, "\n".join(problems)


def test_each_listed_attribute_is_shown_by_one_of_the_two_only(comparison: Comparison) -> None:
    found = {
        known.attribute_in(difference)
        for story in STORIES
        for differences in comparison.of(story).values()
        for difference in differences
    }
    assert found >= KNOWN.attributes


def test_each_listed_request_is_sent_and_named_once() -> None:
    names = [(story.stem, request.name) for story in STORIES for request in read(story)]
    assert len(names) == len(set(names))
    assert set(names) >= set(KNOWN.requests)


def test_each_difference_is_explained_and_recorded() -> None:
    for why, see in KNOWN.explanations:
        assert why
        assert (DECISIONS / see).exists()
