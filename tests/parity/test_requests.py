"""The requests that are compared with a Neutron's are each an answer of Freehold's, good or bad."""

import json
from pathlib import Path
from string import Template
from typing import Any

from gabbi.utils import load_yaml

from tests.api.service import make_client

REQUESTS = Path(__file__).parent / "subnetpools.yaml"
VERBS = ("GET", "POST", "PUT", "DELETE")


def look_up(answer: Any, path: str) -> str:
    """Return a part of an answer, such as ``subnetpools.0.id``."""
    for step in path.split("."):
        answer = answer[int(step) if step.isdigit() else step]
    return str(answer)


def test_none_of_them_fails() -> None:
    client = make_client()
    kept: dict[str, str] = {}
    failed: list[str] = []
    statuses: set[int] = set()
    for request in load_yaml(yaml_file=str(REQUESTS)):
        verb = next(verb for verb in VERBS if verb in request)
        body = Template(json.dumps(request["body"])).substitute(kept) if "body" in request else None
        answer = client.simulate_request(verb, Template(request[verb]).substitute(kept), body=body)
        statuses.add(answer.status_code)
        if answer.status_code >= 500:
            failed.append(f"{request['do']}: {answer.text}")
        for name, path in request.get("keep", {}).items():
            kept[name] = look_up(answer.json, path)
    assert not failed
    assert statuses == {200, 201, 204, 400, 404, 405, 409}
