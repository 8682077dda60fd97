"""Drivers are found through the entry points of what is installed."""

from ipaddress import ip_network
from pathlib import Path
from random import Random

import pytest
from stevedore import ExtensionManager

from freehold.drivers.memory import MemoryDriver
from freehold.drivers.reference import ReferenceDriver
from freehold.errors import DriverNotFound
from freehold.ipam.driver import Surroundings
from freehold.ipam.loader import NAMESPACE, load_driver
from freehold.ipam.requests import AnyAddressRequest, SpecificSubnetRequest

ENTRY_POINTS = f"""[{NAMESPACE}]
from-memory = freehold.drivers.memory:MemoryDriver
plain = freehold.drivers.reference:ReferenceDriver
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a distribution that brings two drivers, for the time of a test."""
    info = tmp_path / "made_for_a_test-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-for-a-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(ExtensionManager, "ENTRY_POINT_CACHE", {})


def test_a_driver_is_made_by_the_name_it_is_installed_under() -> None:
    assert isinstance(load_driver("from-memory"), MemoryDriver)
    assert isinstance(load_driver("plain"), ReferenceDriver)


def test_a_driver_is_given_its_surroundings() -> None:
    assert first_address(Random(1)) == first_address(Random(1))
    assert first_address(Random(1)) != first_address(Random(2))


def first_address(random: Random) -> object:
    """Return the first address that a new driver with this source of randomness picks."""
    driver = load_driver("from-memory", Surroundings(random))
    assert isinstance(driver, MemoryDriver)
    request = SpecificSubnetRequest(subnet_id="s1", cidr=ip_network("10.0.0.0/8"))
    return driver.open().allocate_subnet(request).allocate(AnyAddressRequest())


def test_a_name_that_nobody_brings_is_told_with_those_that_are_there() -> None:
    with pytest.raises(DriverNotFound) as caught:
        load_driver("infoblox")
    assert "'infoblox'" in caught.value.message
    assert "from-memory, plain" in caught.value.message
