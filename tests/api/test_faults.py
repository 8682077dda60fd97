"""Answers to what goes wrong on our side, and what is written to the log of a request."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import falcon
import pytest
from falcon import App, Request, Response
from falcon.testing import TestClient as Client

from freehold.api.app import MIDDLEWARE
from freehold.api.faults import INTERNAL_ERROR, install_faults
from freehold.errors import DatabaseUnavailable, FreeholdError, Reason, Refusal
from tests.api.service import make_client

SECRET = "tr0ub4dor"


class Failing:
    """A resource that raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def on_get(self, _request: Request, _response: Response) -> None:
        raise self._error


def client_of(error: Exception) -> Client:
    app: App[Request, Response] = falcon.App(middleware=list(MIDDLEWARE))
    install_faults(app)
    app.add_route("/failing", Failing(error))
    return Client(app)


def test_an_unexpected_error_tells_the_client_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = client_of(RuntimeError(SECRET)).simulate_get("/failing")
    assert answer.status_code == 500
    assert answer.json == {
        "NeutronError": {
            "type": "HTTPInternalServerError",
            "message": INTERNAL_ERROR,
            "detail": "",
        }
    }
    request_id = answer.headers["x-openstack-request-id"]
    (logged,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert request_id in logged.getMessage()
    assert logged.exc_info is not None


def test_an_outage_asks_the_client_to_come_back() -> None:
    answer = client_of(DatabaseUnavailable()).simulate_get("/failing")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json["NeutronError"]["type"] == "DatabaseUnavailable"


def test_refusals_are_rendered_in_full() -> None:
    class Refused(FreeholdError):
        status = HTTPStatus.CONFLICT

    refusal = Refusal(Reason.POOL_EXHAUSTED, "It is full.", "s1", "10.0.0.0/30", {"total": 1})
    answer = client_of(Refused("No.", refusals=[refusal])).simulate_get("/failing")
    assert answer.status_code == 409
    assert answer.json == {
        "NeutronError": {
            "type": "Refused",
            "message": "No.",
            "detail": "It is full.",
            "refusals": [
                {
                    "reason": "pool-exhausted",
                    "text": "It is full.",
                    "subnet_id": "s1",
                    "cidr": "10.0.0.0/30",
                    "figures": {"total": 1},
                }
            ],
        }
    }


@pytest.mark.parametrize("wants", [{}, {"Accept": "text/html, */*;q=0.1"}])
def test_answers_are_json_whatever_the_client_prefers(wants: Mapping[str, str]) -> None:
    answer = make_client().simulate_get("/nosuch", headers=dict(wants))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["NeutronError"]["type"] == "HTTPNotFound"


def test_the_log_of_a_request_tells_its_route_and_outcome_and_no_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="freehold")
    answer = make_client().simulate_put(
        f"/v2.0/networks/{SECRET}",
        params={"fields": SECRET},
        headers={"X-Auth-Token": SECRET, "X-Project-Id": SECRET},
        json={"network": {"name": SECRET}},
    )
    assert answer.status_code == 404
    (line,) = [
        record.getMessage() for record in caplog.records if record.name == "freehold.requests"
    ]
    assert line.startswith("PUT /v2.0/networks/{resource_id} 404 action=update_network ")
    assert " id=- number=- error=NetworkNotFound " in line
    assert not any(SECRET in record.getMessage() for record in caplog.records)


def test_each_request_has_an_id_of_its_own() -> None:
    client = make_client()
    ids = {client.simulate_get("/").headers["x-openstack-request-id"] for _ in range(5)}
    assert len(ids) == 5
