"""A real Neutron over HTTP: ``internal``, then ``freehold``, then ``internal`` again."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection
from openstack.exceptions import ConflictException
from sqlalchemy import Engine, create_engine

from freehold.cli.main import main
from freehold.neutron.audit import look
from tests.conftest import OpenDatabase
from tests.end_to_end.test_story_openstacksdk import connect
from tests.servers.neutron import answers, begin
from tests.servers.process import HOST, free_ports

pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]


@contextmanager
def neutron(folder: Path, driver: str, url: str) -> Iterator[Connection]:
    """Run a Neutron with this driver, and connect to it."""
    [port] = free_ports(1)
    process = begin(port, folder, driver, url)
    try:
        process.wait_until(lambda: answers(port))
        yield connect(f"http://{HOST}:{port}")
    finally:
        process.stop(signal.SIGKILL)


def addresses(cloud: Connection) -> dict[str, list[str]]:
    """Return the addresses of all ports, by their ids."""
    return {
        port.id: sorted(one["ip_address"] for one in port.fixed_ips)
        for port in cloud.network.ports()
    }


class Story:
    """What a cloud's users do at each stage, and what has to be true after it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.known: dict[str, list[str]] = {}
        self.network_id = ""
        self.small_id = ""

    def begin(self, cloud: Connection) -> None:
        network = cloud.network.create_network(name="net")
        self.network_id = network.id
        four = {"allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.99"}]}
        six = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
        for version, cidr, more in ((4, "10.0.0.0/24", four), (6, "2001:db8::/64", six)):
            cloud.network.create_subnet(
                network_id=network.id, ip_version=version, cidr=cidr, **more
            )
        small = cloud.network.create_network(name="small")
        self.small_id = small.id
        cloud.network.create_subnet(network_id=small.id, ip_version=4, cidr="10.9.0.0/28")
        cloud.network.create_subnet_pool(
            name="pool", prefixes=["10.64.0.0/16"], default_prefixlen=24
        )

    def go_on(self, cloud: Connection, stage: int) -> None:
        """Create, change and delete ports and subnets; keep what is to be there afterwards."""
        assert addresses(cloud) == self.known
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: self._port(cloud), range(8)))
        self._port(cloud, fixed_ips=[{"ip_address": f"10.0.0.{200 + stage}"}])
        with pytest.raises(ConflictException, match=rf"10\.0\.0\.{200 + stage}"):
            self._port(cloud, fixed_ips=[{"ip_address": f"10.0.0.{200 + stage}"}])
        first, second = list(cloud.network.ports(network_id=self.network_id))[:2]
        cloud.network.delete_port(first)
        cloud.network.update_port(second, fixed_ips=[{"ip_address": f"10.0.0.{220 + stage}"}])
        pool = cloud.network.find_subnet_pool("pool")
        network = cloud.network.create_network(name=f"of pool {stage}")
        made = [
            cloud.network.create_subnet(network_id=network.id, ip_version=4, subnet_pool_id=pool.id)
            for _ in range(2)
        ]
        cloud.network.delete_subnet(made[0])
        only = str(made[1].cidr).replace(".0/24", ".77")
        cloud.network.update_subnet(made[1], allocation_pools=[{"start": only, "end": only}])
        port = cloud.network.create_port(network_id=network.id)
        assert port.fixed_ips[0]["ip_address"] == only
        self._check(cloud)

    def fill(self, cloud: Connection) -> None:
        """Fill a small subnet to its last address, with several at a time."""
        with ThreadPoolExecutor(4) as threads:
            made = list(threads.map(lambda _: self._try_port(cloud), range(16)))
        got = [port for port in made if port is not None]
        assert len({port.fixed_ips[0]["ip_address"] for port in got}) == len(got) == 13
        for port in got:
            cloud.network.delete_port(port)
        self._check(cloud)

    def _check(self, cloud: Connection) -> None:
        self.known = addresses(cloud)
        of_all = [one for some in self.known.values() for one in some]
        assert len(of_all) == len(set(of_all))
        assert look(self.engine) == set()

    def _port(self, cloud: Connection, **more: Any) -> Any:
        port = cloud.network.create_port(network_id=self.network_id, **more)
        assert len(port.fixed_ips) == 2
        return port

    def _try_port(self, cloud: Connection) -> Any:
        try:
            return cloud.network.create_port(network_id=self.small_id)
        except ConflictException:
            return None


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_nothing_is_lost_by_switching_there_and_back(
    kind: str, open_database: OpenDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = open_database(kind)[0]
    engine = create_engine(url)
    story = Story(engine)
    for stage, driver in enumerate(("internal", "freehold", "internal")):
        folder = tmp_path / str(stage)
        folder.mkdir()
        with neutron(folder, driver, url) as cloud:
            if stage == 0:
                story.begin(cloud)
            story.go_on(cloud, stage)
            if driver == "freehold":
                story.fill(cloud)
        assert "Traceback" not in (folder / "neutron.log").read_text()
    engine.dispose()
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    assert main(["neutron", "audit", "--pause", "0"]) == 0
