"""What Prometheus makes of a running service, of the alert rules and of the dashboard."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from freehold.api.metrics.state import StateCollector, Watch
from freehold.config import Settings
from freehold.db.database import Database
from freehold.db.state import DatabaseState, Galera
from tests.docs.test_documentation import rows
from tests.end_to_end.service import Service
from tests.metrics.scraping import families, names, value
from tests.servers.process import HOST, Process, find, free_ports

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
RULES_TEST = ROOT / "deploy" / "prometheus" / "alerts_test.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "freehold.json"
PAGE = ROOT / "docs" / "metrics.md"

NAME = re.compile(r"\bfreehold_[a-z_]+")
PATIENCE_SECONDS = 60


class Watched:
    """A service with a listener for Prometheus, and what has been done with it.

    Args:
        folder: where its files go.
    """

    def __init__(self, folder: Path) -> None:
        [self.port] = free_ports(1)
        configuration = folder / "freehold.conf"
        configuration.write_text(
            f"[metrics]\nport = {self.port}\ncache_seconds = 1\n"
            "[healthcheck]\ndatabase_timeout = 10\n"
        )
        self.service = Service(folder, "--workers", "2", "--config-file", str(configuration))

    def scrape(self) -> str:
        """Read the metrics."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/metrics", timeout=30) as answer:
            told: str = answer.read().decode()
        return told


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A service that has handed out an address, taken back one and refused one."""
    made = Watched(tmp_path_factory.mktemp("watched"))
    made.service.start()
    client = made.service.client()
    network_id = client.create("network")["id"]
    client.create("subnet", network_id=network_id, cidr="192.0.2.0/30", ip_version=4)
    client.create("subnetpool", name="p", prefixes=["10.0.0.0/8"])
    port = client.create("port", network_id=network_id)
    assert client.call("POST", "/v2.0/ports", {"port": {"network_id": network_id}}).status == 409
    client.call("DELETE", f"/v2.0/ports/{port['id']}")
    client.close()
    yield made
    made.service.end()


@pytest.fixture(scope="module")
def exposition(watched: Watched) -> str:
    return watched.scrape()


def promtool(*arguments: object, text: str | None = None) -> str:
    """Run promtool, and return what it says."""
    done = subprocess.run(
        [str(find("promtool")), *(str(one) for one in arguments)],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def only_on_galera() -> frozenset[str]:
    """Return the names of what is told of Galera's nodes only."""
    settings = Settings(database_url="sqlite://")
    watch = Watch(settings, Database("sqlite://"))

    def told(galera: Galera | None) -> set[str]:
        state = DatabaseState(0.1, watch.needed, galera)
        return {family.name for family in StateCollector(watch, settings).of_database(state)}

    return frozenset(told(Galera("Synced", 3, True, True)) - told(None))


def expressions() -> Mapping[str, str]:
    """Return each PromQL expression of the dashboard, by panel and place."""
    dashboard = json.loads(DASHBOARD.read_text())
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    }


def test_promtool_likes_what_is_told(exposition: str) -> None:
    assert promtool("check", "metrics", text=exposition) == ""


def test_the_alert_rules_are_sound_and_fire_when_they_should_and_not_else() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    promtool("test", "rules", RULES_TEST)


def test_each_alert_is_tested_and_documented() -> None:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    alerts = {rule["alert"] for rule in group["rules"]}
    tests = yaml.safe_load(RULES_TEST.read_text())["tests"]
    fired: set[str] = set()
    silent: set[str] = set()
    for one in (one for test in tests for one in test["alert_rule_test"]):
        (fired if one["exp_alerts"] else silent).add(one["alertname"])
    assert fired == silent == alerts
    assert {cells[0] for cells in rows("docs/metrics.md") if cells[0].startswith("Freehold")} == (
        alerts
    )


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert {"title", "uid", "schemaVersion", "templating", "time", "panels"} <= dashboard.keys()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    variables = {one["name"] for one in dashboard["templating"]["list"]}
    asked = "".join(expressions().values())
    assert set(re.findall(r"\$(?!__)\{?(\w+)", asked)) | {"datasource"} == variables
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert panel["targets"]


def test_each_expression_of_the_dashboard_can_be_parsed(tmp_path: Path) -> None:
    filled = [
        one.replace("$__rate_interval", "1m").replace("$job", "j").replace("$instance", ".*")
        for one in expressions().values()
    ]
    rules = [{"record": f"panel:{place}", "expr": one} for place, one in enumerate(filled)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


def test_whatever_is_asked_for_is_told(exposition: str) -> None:
    told = names(exposition) | only_on_galera()
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    asked = {rule["alert"]: rule["expr"] for rule in group["rules"]}
    unknown = {
        where: found
        for where, text in {**asked, **expressions()}.items()
        if (found := {*NAME.findall(text)} - told)
    }
    assert unknown == {}


def test_the_page_names_each_metric_and_no_other(exposition: str) -> None:
    documented = {cells[0] for cells in rows("docs/metrics.md") if NAME.match(cells[0])}
    assert documented == families(exposition) | only_on_galera()
    assert {*NAME.findall(PAGE.read_text())} - names(exposition) - only_on_galera() == set()


def test_a_real_prometheus_reads_the_service_and_knows_the_alerts(
    watched: Watched, tmp_path: Path
) -> None:
    [port] = free_ports(1)
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "freehold", "static_configs": [{"targets": [f"{HOST}:{watched.port}"]}]}
        ],
    }
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration))
    command = [
        find("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={HOST}:{port}",
    ]
    process = Process(command, user=None, log=tmp_path / "log")

    def ask(path: str) -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{port}/api/v1/{path}", timeout=30) as answer:
            return json.load(answer)["data"]

    def has_read() -> bool:
        try:
            return bool(ask("query?query=freehold_addresses_allocated_total")["result"])
        except OSError:
            return False

    try:
        process.wait_until(has_read)
        [allocated] = ask("query?query=freehold_addresses_allocated_total")["result"]
        assert (allocated["metric"]["job"], allocated["value"][1]) == ("freehold", "1")
        [workers] = ask("query?query=freehold_workers")["result"]
        assert workers["value"][1] == "2"
        [group] = ask("rules")["groups"]
        assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}
    finally:
        process.stop(signal.SIGTERM)


def test_what_a_killed_process_has_counted_stays(watched: Watched) -> None:
    """The last test of the module: it kills one of the two."""
    before = watched.scrape()
    [first, *_] = watched.service.workers()
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while value(watched_now := _scrape_again(watched), "freehold_worker_starts_total") < 3:
        assert time.monotonic() < deadline
    assert value(watched_now, "freehold_workers") == 2
    for name in ("freehold_addresses_allocated_total", "freehold_addresses_released_total"):
        assert value(watched_now, name) == value(before, name) == 1
    of_ports = {"method": "POST", "route": "/v2.0/ports"}
    name = "freehold_http_request_duration_seconds_count"
    assert value(watched_now, name, **of_ports) == 2


def _scrape_again(watched: Watched) -> str:
    # A connection that was waiting for the killed process ends with it.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return watched.scrape()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
