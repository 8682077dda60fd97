"""What the page on the log says, compared with the code."""

import json
import re
from dataclasses import fields

from falcon.testing import TestClient

from freehold.config.logs import NOT_OFFERED, LogSettings
from tests.api.service import make_app
from tests.docs.test_documentation import ROOT, rows
from tests.logs.watching import watching

PAGE = "docs/logging.md"


def told() -> str:
    return (ROOT / PAGE).read_text()


def test_every_option_of_the_log_is_documented_with_its_default() -> None:
    defaults = {field.name: str(field.default) for field in fields(LogSettings)}
    documented = {cells[0]: cells[1] for cells in rows(PAGE) if cells[0] in defaults}
    assert documented == {name: defaults[name] for name in documented}
    assert [name for name in defaults if f"`{name}`" not in told()] == []
    refused = {"log_config_append", "publish_errors", "use_journal", "log_rotation_type"}
    assert refused <= NOT_OFFERED
    assert [name for name in refused if f"`{name}`" not in told()] == []


def test_every_field_of_a_request_is_documented_and_in_the_example() -> None:
    with watching() as watch:
        TestClient(make_app()).simulate_get("/v2.0/ports")
    documents = [
        json.loads(line) for line in watch.log.getvalue().splitlines() if line.startswith("{")
    ]
    request = next(one for one in documents if one["name"] == "freehold.requests")
    described = re.findall(r"`([a-z_]+)`", "".join(f"`{cells[0]}`" for cells in rows(PAGE)))
    assert set(request["extra"]) <= set(described)
    example = re.search(r"^    (\{\"message\".*?\}\})$", told(), re.MULTILINE | re.DOTALL)
    assert example is not None
    shown = json.loads(example[1])
    assert shown.keys() == request.keys()
    assert shown["extra"].keys() == request["extra"].keys()
    assert shown["context"].keys() == request["context"].keys()
