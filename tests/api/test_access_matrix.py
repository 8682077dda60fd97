"""Who may do what: every operation and sensitive attribute, by role and by whose the thing is.

The table in docs/access-matrix.md is what is expected, and the test fails when the service answers
otherwise. It was compared with what a Neutron answers to the same requests, and read; ``python -m
tests.api.test_access_matrix`` writes it anew.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import TestClient

from freehold.api.policies import list_rules
from tests.api.matrix import ATTEMPTS, CALLERS, JSON, outcomes, whose_of
from tests.api.service import UNLIMITED, make_client

PAGE = Path(__file__).parents[2] / "docs" / "access-matrix.md"
MARK = "<!-- the table -->\n"

Table = dict[tuple[str, str], dict[str, str]]


def measured(attempt: str, client: TestClient) -> Table:
    """Return what comes of an attempt by anybody, whosever the thing is."""

    def send(
        verb: str, path: str, body: JSON | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        answer = client.simulate_request(verb, f"/v2.0/{path}", json=body, headers=dict(headers))
        return answer.status_code, answer.json if answer.text else None

    return {(attempt, whose): outcomes(send, attempt, whose) for whose in whose_of(attempt)}


def expected() -> Table:
    def rows() -> Iterator[list[str]]:
        for line in PAGE.read_text().partition(MARK)[2].splitlines():
            if line.startswith("| "):
                yield [cell.strip() for cell in line.strip("|").split("|")]

    head, *below = rows()
    return {(row[0], row[1]): dict(zip(head[2:], row[2:], strict=True)) for row in below}


def render(table: Table) -> str:
    head = ["Attempt", "On what", *CALLERS]
    lines = [head, ["---"] * len(head)]
    lines += [[attempt, whose, *found.values()] for (attempt, whose), found in table.items()]
    return "".join(f"| {' | '.join(line)} |\n".replace("| --- ", "|---") for line in lines)


EXPECTED = expected()


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A service in which there is room for all that is tried."""
    return make_client(UNLIMITED)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_service_answers_as_the_table_says(client: TestClient, attempt: str) -> None:
    found = measured(attempt, client)
    assert found == {key: said for key, said in EXPECTED.items() if key[0] == attempt}


def test_the_table_has_all_that_is_tried() -> None:
    assert [*EXPECTED] == [(one, whose) for one in ATTEMPTS for whose in whose_of(one)]


def test_nobody_but_administrators_may_what_the_rules_keep_for_them() -> None:
    kept = {rule.name for rule in list_rules() if str(rule.check_str) == "rule:admin_only"}
    assert {"create_network:shared", "update_network:router:external", "get_segment"} <= kept
    refused = ("create shared", "create external", "create provider", "share ", "open ")
    for (attempt, _), found in EXPECTED.items():
        if attempt.startswith(refused):
            others = {status for caller, status in found.items() if caller != "admin"}
            assert others <= {"403", "404"}, attempt


if __name__ == "__main__":
    table: Table = {}
    service = make_client(UNLIMITED)
    for attempt in ATTEMPTS:
        table |= measured(attempt, service)
    PAGE.write_text(PAGE.read_text().partition(MARK)[0] + MARK + "\n" + render(table))
