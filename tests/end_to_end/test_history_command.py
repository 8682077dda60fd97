"""``freehold history`` and ``freehold forget-history``, beside a service and without one."""

import json
from pathlib import Path
from typing import Any

import pytest

from freehold.db import schema
from freehold.db.database import Database
from tests.end_to_end.conftest import Start
from tests.end_to_end.service import Service, run_freehold
from tests.end_to_end.test_command import check_failure


def ask(service: Service, *words: str) -> str:
    done = run_freehold(
        service.folder, "history", *words, "--database", f"sqlite:///{service.file}"
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def held_twice(service: Service) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Have an address held by one port, and then by another; return its subnet and the ports."""
    client = service.client()
    network = client.create("network")["id"]
    subnet = client.create("subnet", network_id=network, ip_version=4, cidr="10.0.0.0/24")
    ports = []
    for name in ("first", "second"):
        wanted = [{"ip_address": "10.0.0.9"}]
        ports.append(client.create("port", network_id=network, name=name, fixed_ips=wanted))
        if name == "first":
            assert client.call("DELETE", f"/v2.0/ports/{ports[0]['id']}").status == 204
    return subnet, ports


def test_who_held_an_address_is_told_while_the_service_runs_and_afterwards(start: Start) -> None:
    service = start()
    subnet, (first, second) = held_twice(service)
    head, now, past = (line.split() for line in ask(service, "10.0.0.9").splitlines())
    assert head == ["subnet_id", "holder", "since", "until"]
    assert now[:2] == [subnet["id"], second["id"]]
    assert past[:2] == [subnet["id"], first["id"]]
    assert now[3] == "-"
    assert past[2] < past[3] < now[2]
    answer = service.client().call("GET", "/v2.0/address-holdings?ip_address=10.0.0.9")
    assert service.stop() == 0
    assert json.loads(ask(service, "10.0.0.9", "--json")) == answer.body["address_holdings"]
    [held] = json.loads(ask(service, "10.0.0.9", "--json", "--at", past[2]))
    assert held["holder"] == first["id"]
    assert len(ask(service, "10.0.0.9", "--subnet", subnet["id"]).splitlines()) == 3
    for words in (("10.0.0.8",), ("10.0.0.9", "--subnet", "x"), ("10.0.0.9", "--at", past[3])):
        assert ask(service, *words) == f"Nobody is known to have held {words[0]}.\n"
    assert json.loads(ask(service, "10.0.0.8", "--json")) == []


def test_what_is_old_is_forgotten_when_the_operator_says_so(start: Start) -> None:
    service = start()
    _, (_, second) = held_twice(service)
    where = ("--database", f"sqlite:///{service.file}")

    def forget(days: str) -> str:
        return run_freehold(service.folder, "forget-history", "--older-than", days, *where).stdout

    assert forget("1") == "0 forgotten.\n"
    assert forget("0") == "1 forgotten.\n"
    assert [one["holder"] for one in json.loads(ask(service, "10.0.0.9", "--json"))] == [
        second["id"]
    ]


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("history", "10.0.0.256"), 2, "10.0.0.256"),
        (("history", "10.0.0.9", "--at", "2026-03-01T12:00:00"), 2, "zone"),
        (("history", "10.0.0.9", "--at", "noon"), 2, "noon"),
        (("forget-history", "--older-than", "-1"), 2, "36500"),
        (("forget-history", "--older-than", "36501"), 2, "36500"),
        (("history", "10.0.0.9"), 1, "does not exist"),
        (("forget-history", "--older-than", "1"), 1, "does not exist"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_line(
    tmp_path: Path, words: tuple[str, ...], code: int, reason: str
) -> None:
    check_failure(run_freehold(tmp_path, *words), code, reason)
    # Python's packages keep there which entry points they have found.
    assert [one for one in tmp_path.iterdir() if one.name != ".cache"] == []


def test_a_database_of_another_version_is_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    database = Database(url)
    schema.upgrade(database, "0001")
    words = ("--database", url)
    check_failure(run_freehold(tmp_path, "history", "10.0.0.9", *words), 1, "0001", "db upgrade")
    assert schema.current(database) == "0001"
    database.dispose()


def test_nothing_is_told_where_nothing_is_kept(start: Start) -> None:
    service = start()
    held_twice(service)
    forgetful = {"OS_DEFAULT__HISTORY_DAYS": "0"}
    where = ("--database", f"sqlite:///{service.file}")
    ended = run_freehold(service.folder, "history", "10.0.0.9", *where, environment=forgetful)
    check_failure(ended, 1, "No history of addresses is kept here")
