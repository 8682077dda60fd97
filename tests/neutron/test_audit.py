"""The audit finds each contradiction, tells nothing else, and repairs what is still there."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, Engine, delete, event, insert, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection

from freehold.cli.main import main
from freehold.neutron.audit import audit, look
from freehold.neutron.connecting import open_engine
from freehold.neutron.findings import Finding, Kind
from freehold.neutron.repairs import repair, repair_all
from freehold.neutron.tables import (
    ip_allocations,
    ipam_allocations,
    ipam_pools,
    ipam_subnets,
    ports,
    subnet_ranges,
    subnets,
)
from tests.neutron.cloud import Cloud, whole

POOL = ("10.0.0.2", "10.0.0.250")


def a_subnet(cloud: Cloud, cidr: str = "10.0.0.0/24") -> str:
    """Return a subnet of which both tables have the pools."""
    subnet_id = cloud.add_subnet(cidr, POOL)
    with cloud.engine.begin() as connection:
        connection.execute(
            insert(subnet_ranges),
            {
                "id": str(uuid4()),
                "subnet_id": subnet_id,
                "first_ip": POOL[0],
                "last_ip": POOL[1],
            },
        )
    return subnet_id


def a_port(cloud: Cloud, subnet_id: str, address: str, *, held: bool = True) -> str:
    """Return a port with an address, which the driver holds or not."""
    port_id = str(uuid4())
    held_row = row(cloud, subnet_id, address)
    with cloud.engine.begin() as connection:
        connection.execute(
            insert(ports), {"id": port_id, "network_id": "n1", "device_owner": "compute:nova"}
        )
        connection.execute(insert(ip_allocations), shown(subnet_id, address, port_id))
        if held:
            connection.execute(insert(ipam_allocations), held_row)
    return port_id


def shown(subnet_id: str, address: str, port_id: str | None) -> dict[str, object]:
    return {
        "port_id": port_id,
        "ip_address": address,
        "subnet_id": subnet_id,
        "network_id": "n1",
    }


def row(cloud: Cloud, subnet_id: str, address: str) -> dict[str, object]:
    with cloud.engine.connect() as connection:
        ipam_id = connection.execute(
            select(ipam_subnets.c.id).where(ipam_subnets.c.neutron_subnet_id == subnet_id)
        ).scalar_one()
    return {"ip_address": address, "status": "ALLOCATED", "ipam_subnet_id": ipam_id}


def found(cloud: Cloud) -> list[Finding]:
    return audit(cloud.engine, lambda: None)


def repaired(cloud: Cloud) -> list[bool]:
    return [repair(cloud.engine, finding) for finding in found(cloud)]


@pytest.fixture
def in_order(cloud: Cloud) -> tuple[Cloud, str]:
    """A cloud with a subnet and two ports, in which nothing is wrong."""
    subnet_id = a_subnet(cloud)
    for last in (10, 251):
        a_port(cloud, subnet_id, f"10.0.0.{last}")
    assert found(cloud) == []
    return cloud, subnet_id


def test_an_address_that_no_port_has_is_a_leak_and_is_freed(
    in_order: tuple[Cloud, str],
) -> None:
    cloud, subnet_id = in_order
    address = cloud.allocate(subnet_id)
    assert found(cloud) == [Finding(kind=Kind.LEAK, subnet_id=subnet_id, address=address)]
    assert repaired(cloud) == [True]
    assert cloud.held(subnet_id) == {"10.0.0.10", "10.0.0.251"}


def test_a_ports_address_that_nobody_holds_is_a_ghost_and_is_held(
    in_order: tuple[Cloud, str],
) -> None:
    cloud, subnet_id = in_order
    port_id = a_port(cloud, subnet_id, "10.0.0.20", held=False)
    assert found(cloud) == [
        Finding(
            kind=Kind.GHOST,
            subnet_id=subnet_id,
            address="10.0.0.20",
            port_id=port_id,
            detail="compute:nova",
        )
    ]
    assert repaired(cloud) == [True]
    assert "10.0.0.20" in cloud.held(subnet_id)
    assert found(cloud) == []


def test_a_subnet_that_neutron_does_not_have_is_forgotten(in_order: tuple[Cloud, str]) -> None:
    cloud, _ = in_order
    gone = cloud.add_subnet("10.1.0.0/24")
    cloud.allocate(gone)
    with cloud.engine.begin() as connection:
        connection.execute(delete(subnets).where(subnets.c.id == gone))
    [finding] = found(cloud)
    assert (finding.kind, finding.subnet_id) == (Kind.ORPHAN, gone)
    assert repaired(cloud) == [True]
    assert [cloud.rows(one) for one in (ipam_subnets, ipam_pools, ipam_allocations)] == [1, 1, 2]


def test_a_subnet_that_the_driver_does_not_know_is_taken_up(in_order: tuple[Cloud, str]) -> None:
    cloud, subnet_id = in_order
    with cloud.transaction() as admin:
        for table in (ipam_allocations, ipam_pools, ipam_subnets):
            admin.session.execute(delete(table))
    assert [one.kind for one in found(cloud)] == [Kind.UNKNOWN_SUBNET]
    assert repaired(cloud) == [True]
    assert found(cloud) == []
    assert cloud.held(subnet_id) == {"10.0.0.10", "10.0.0.251"}
    assert cloud.allocate(subnet_id).startswith("10.0.0.")


def test_pools_that_differ_become_those_that_the_subnet_shows(
    in_order: tuple[Cloud, str],
) -> None:
    cloud, subnet_id = in_order
    with cloud.engine.begin() as connection:
        connection.execute(update(subnet_ranges).values(first_ip="10.0.0.5", last_ip="10.0.0.5"))
    [finding] = found(cloud)
    assert (finding.kind, finding.detail) == (Kind.POOLS, "10.0.0.5-10.0.0.5")
    assert repaired(cloud) == [True]
    assert found(cloud) == []
    assert cloud.allocate(subnet_id) == "10.0.0.5"


def test_what_has_more_than_one_way_out_is_told_and_left_alone(
    in_order: tuple[Cloud, str],
) -> None:
    cloud, subnet_id = in_order
    a_port(cloud, subnet_id, "10.9.0.1")
    twice = {"id": str(uuid4()), "neutron_subnet_id": subnet_id}
    held_row = row(cloud, subnet_id, "10.0.0.30")
    with cloud.engine.begin() as connection:
        connection.execute(insert(ip_allocations), shown(subnet_id, "10.0.0.30", None))
        connection.execute(insert(ipam_allocations), held_row)
        connection.execute(insert(ipam_subnets), twice)
        connection.execute(
            insert(ipam_pools),
            {
                "id": str(uuid4()),
                "ipam_subnet_id": twice["id"],
                "first_ip": POOL[0],
                "last_ip": POOL[1],
            },
        )
    assert [(one.kind, one.address, one.repair) for one in found(cloud)] == [
        (Kind.OUTSIDE, "10.9.0.1", None),
        (Kind.PORTLESS, "10.0.0.30", None),
        (Kind.TWICE, "", None),
    ]


def test_what_only_one_of_the_two_looks_shows_is_no_finding(in_order: tuple[Cloud, str]) -> None:
    cloud, subnet_id = in_order
    lasting = cloud.allocate(subnet_id)
    passing = cloud.allocate(subnet_id)
    late: list[str] = []

    def meanwhile() -> None:
        cloud.release(subnet_id, passing)
        late.append(cloud.allocate(subnet_id))

    both = audit(cloud.engine, meanwhile)
    assert [one.address for one in both] == [lasting]
    assert {one.address for one in look(cloud.engine)} == {lasting, *late}


def test_what_is_in_order_by_the_time_of_the_repair_is_left_alone(
    in_order: tuple[Cloud, str],
) -> None:
    cloud, subnet_id = in_order
    leaked = cloud.allocate(subnet_id)
    port_id = a_port(cloud, subnet_id, "10.0.0.253", held=False)
    orphan = Finding(kind=Kind.ORPHAN, subnet_id=subnet_id, detail="not an orphan any more")
    pools = Finding(kind=Kind.POOLS, subnet_id=subnet_id, detail="others")
    unknown = Finding(kind=Kind.UNKNOWN_SUBNET, subnet_id=subnet_id)
    plan = found(cloud)
    with cloud.engine.begin() as connection:
        connection.execute(insert(ports), {"id": "p2", "network_id": "n1", "device_owner": ""})
        connection.execute(insert(ip_allocations), shown(subnet_id, leaked, "p2"))
        connection.execute(delete(ip_allocations).where(ip_allocations.c.port_id == port_id))
    before = cloud.held(subnet_id)
    assert len(plan) == 2
    assert not any(repair(cloud.engine, one) for one in [*plan, orphan, pools, unknown])
    assert cloud.held(subnet_id) == before
    assert found(cloud) == []


def test_an_address_that_was_held_for_a_port_about_to_lose_it_is_freed_again(
    in_order: tuple[Cloud, str],
) -> None:
    """Neutron had released it before the repair, and deletes it from the port afterwards."""
    cloud, subnet_id = in_order
    losing = a_port(cloud, subnet_id, "10.0.0.20", held=False)
    a_port(cloud, subnet_id, "10.0.0.21", held=False)

    def neutron_goes_on() -> None:
        assert "10.0.0.20" in cloud.held(subnet_id)
        with cloud.engine.begin() as connection:
            connection.execute(delete(ip_allocations).where(ip_allocations.c.port_id == losing))

    ghosts = found(cloud)
    told = [(one.address, done) for one, done in repair_all(cloud.engine, ghosts, neutron_goes_on)]
    assert told == [("10.0.0.20", True), ("10.0.0.21", True), ("10.0.0.20", False)]
    assert found(cloud) == []
    assert "10.0.0.21" in cloud.held(subnet_id)


def test_a_leak_that_becomes_a_ports_address_meanwhile_is_not_freed(server_cloud: Cloud) -> None:
    """A request that releases the address, and hands it out to a port, is waited for."""
    cloud = server_cloud
    subnet_id = a_subnet(cloud)
    address = cloud.allocate(subnet_id)
    [leak] = found(cloud)
    held_row = row(cloud, subnet_id, address)
    engine = open_engine(cloud.engine.url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(1) as threads, cloud.engine.connect() as other:
        other.execute(delete(ipam_allocations).where(ipam_allocations.c.ip_address == address))
        repairing = threads.submit(repair, engine, leak)
        other.execute(insert(ports), {"id": "p3", "network_id": "n1", "device_owner": ""})
        other.execute(insert(ipam_allocations), held_row)
        other.execute(insert(ip_allocations), shown(subnet_id, address, "p3"))
        other.commit()
        assert not repairing.result()
    engine.dispose()
    assert cloud.held(subnet_id) == {address}


def test_a_repair_that_the_database_ended_is_made_again(in_order: tuple[Cloud, str]) -> None:
    """Here since a lock was not granted; a deadlock, or another node's commit, is told likewise."""
    cloud, subnet_id = in_order
    address = cloud.allocate(subnet_id)
    [leak] = found(cloud)
    attempts: list[str] = []
    with cloud.engine.connect() as other, patient_for_no_lock(cloud.engine.url) as engine:
        this_row = ipam_allocations.c.ip_address == address
        other.execute(update(ipam_allocations).where(this_row).values(status="CHANGED"))

        @event.listens_for(engine, "begin")
        def let_go(_connection: Connection) -> None:
            if attempts:
                other.rollback()
            attempts.append("begun")

        assert repair(engine, leak)
    assert len(attempts) == 2
    assert found(cloud) == []


@contextmanager
def patient_for_no_lock(url: URL) -> Iterator[Engine]:
    """Give an engine whose connections wait for no lock."""
    no_wait = {
        "sqlite": "PRAGMA busy_timeout = 0",
        "postgresql": "SET lock_timeout = 1",
        "mysql": "SET SESSION innodb_lock_wait_timeout = 0",
    }
    engine = open_engine(url.render_as_string(hide_password=False))

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(no_wait[engine.url.get_backend_name()])
        cursor.close()
        connection.commit()

    yield engine
    engine.dispose()


# The command


@pytest.fixture
def configuration(tmp_path: Path, cloud: Cloud) -> str:
    """A neutron.conf that names the database."""
    file = tmp_path / "neutron.conf"
    url = cloud.engine.url.render_as_string(hide_password=False)
    file.write_text(f"[DEFAULT]\nipam_driver = internal\n[database]\nconnection = {url}\n")
    return str(file)


def audited(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["neutron", "audit", "--pause", "0", *words])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_the_exit_code_says_whether_something_was_found(
    cloud: Cloud, configuration: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subnet_id = a_subnet(cloud)
    at = ("--config-file", configuration)
    assert audited(capsys, *at) == (
        0,
        "Nothing was found: the IPAM driver holds what ports have, and nothing else.\n",
    )
    address = cloud.allocate(subnet_id)
    code, text = audited(capsys, *at)
    assert code == 3
    assert f"{address} subnet {subnet_id}" in text
    assert "How it may have come about: a port was deleted" in text
    assert "Plan" not in text


def test_a_repair_is_planned_and_confirmed(
    cloud: Cloud, configuration: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subnet_id = a_subnet(cloud)
    address = cloud.allocate(subnet_id)
    at = ("--config-file", configuration, "--repair")
    code, text = audited(capsys, *at)
    assert code == 3
    assert f"1. free {address} of subnet {subnet_id}" in text
    assert "say --yes" in text
    assert cloud.held(subnet_id) == {address}
    code, text = audited(capsys, *at, "--yes")
    assert code == 0
    assert text.endswith("1 repaired.\n")
    assert cloud.held(subnet_id) == set()


class Operator:
    """A standard input: somebody at a terminal who takes their time to confirm a plan."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        self._meanwhile()
        return "yes\n"


def test_what_has_changed_since_the_look_and_is_still_wrong_is_not_said_to_be_in_order(
    cloud: Cloud,
    configuration: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subnet_id = a_subnet(cloud)
    leaked = cloud.allocate(subnet_id)

    def show_pools_from(first: str) -> None:
        with cloud.engine.begin() as connection:
            connection.execute(update(subnet_ranges).values(first_ip=first))

    show_pools_from("10.0.0.5")
    monkeypatch.setattr(sys, "stdin", Operator(lambda: show_pools_from("10.0.0.6")))
    at = ("--config-file", configuration, "--repair")
    code, text = audited(capsys, *at)
    assert code == 3
    assert text.endswith(
        "1 repaired.\n1 still there, maybe with other details:\n"
        f"  pools-differ: subnet {subnet_id} (10.0.0.5-10.0.0.250)\n"
    )
    assert leaked not in cloud.held(subnet_id)
    code, text = audited(capsys, *at, "--yes")
    assert (code, text.endswith("1 repaired.\n")) == (0, True)


def test_what_is_in_order_by_the_time_of_the_repair_is_told_as_such(
    cloud: Cloud,
    configuration: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subnet_id = a_subnet(cloud)
    address = cloud.allocate(subnet_id)
    monkeypatch.setattr(sys, "stdin", Operator(lambda: cloud.release(subnet_id, address)))
    code, text = audited(capsys, "--config-file", configuration, "--repair")
    assert code == 0
    assert text.endswith("0 repaired. 1 were in order by then, and left alone.\n")


@pytest.mark.parametrize("cloud", ["sqlite"], indirect=True)
def test_a_repair_that_stops_halfway_tells_what_it_did(
    cloud: Cloud, configuration: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subnet_id = a_subnet(cloud)
    cloud.hold(subnet_id, [whole("10.0.0.0/24").first + last for last in (3, 4, 5)])
    at = ("--config-file", configuration, "--repair", "--yes")
    with cloud.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE DELETE ON ipamallocations "
            "WHEN OLD.ip_address = '10.0.0.4' BEGIN SELECT RAISE(ABORT, 'a broken disk'); END"
        )
    code, text = audited(capsys, *at)
    assert code == 1
    assert text.endswith(
        f"1 repaired.\nStopped at step 2 of 3: free 10.0.0.4 of subnet {subnet_id}.\n"
        "freehold: Neutron's database: a broken disk\n"
    )
    assert cloud.held(subnet_id) == {"10.0.0.4", "10.0.0.5"}
    with cloud.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE ipamallocations SET ip_address = '10.0.0.3' WHERE ip_address = '10.0.0.5'"
        )
    assert main(["neutron", "audit", "--pause", "0", *at, "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert [(one["address"], one["repaired"], one["left"]) for one in listed] == [
        ("10.0.0.3", True, None),
        ("10.0.0.4", None, None),
    ]


def test_a_program_reads_what_was_found(
    cloud: Cloud, configuration: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subnet_id = a_subnet(cloud)
    address = cloud.allocate(subnet_id)
    code, text = audited(capsys, "--config-file", configuration, "--json")
    assert code == 3
    assert f'"address": "{address}"' in text
    assert '"repaired": null' in text
    assert '"left": true' in text


def test_the_environment_names_the_database(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = cloud.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    cloud.allocate(a_subnet(cloud))
    assert audited(capsys)[0] == 3


def test_what_is_not_neutrons_database_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = tmp_path / "neutron.conf"
    nothing.write_text("[DEFAULT]\n")
    at = ("--config-file", str(nothing))
    code, text = audited(capsys, *at)
    assert (code, text.startswith("freehold: No database is named")) == (2, True)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert audited(capsys, *at)[0] == 2
    monkeypatch.setenv("OS_DATABASE__CONNECTION", "mysql+pymysql://n:secret@127.0.0.1:1/neutron")
    code, text = audited(capsys, *at)
    assert code == 1
    assert "secret" not in text
    monkeypatch.setenv("OS_DATABASE__CONNECTION", "nonsense:secret@")
    code, text = audited(capsys, *at)
    assert code == 2
    assert "secret" not in text


@pytest.mark.parametrize("words", [("--yes",), ("--pause", "-1")])
def test_what_makes_no_sense_is_a_misuse(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(capsys, *words)[0] == 2


def test_it_runs_where_the_service_is_not_installed(
    cloud: Cloud, configuration: str, tmp_path: Path
) -> None:
    cloud.allocate(a_subnet(cloud))
    program = "import sys; sys.modules['granian'] = sys.modules['falcon'] = None\n"
    program += "from freehold.cli.entry import main; sys.exit(main())"
    words = ["neutron", "audit", "--pause", "0", "--config-file", configuration]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert "leak: 1." in done.stdout
    done = subprocess.run([sys.executable, "-c", program, "serve"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install '.[service]'" in done.stderr
