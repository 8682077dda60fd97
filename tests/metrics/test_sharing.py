"""Places among the processes that count together, and folders that are left."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.api.metrics import sharing
from freehold.api.metrics.sharing import drop_gauges_of_the_dead, shared_folder

COUNT = """
import sys
from pathlib import Path
from freehold.api.metrics.sharing import take_place
place = take_place(Path(sys.argv[1]))
from prometheus_client import Counter, Gauge
Counter("things_total", "Things.", registry=None).inc(int(sys.argv[2]))
Gauge("now", "Now.", registry=None, multiprocess_mode="livesum").set(1)
print(place, flush=True)
sys.stdin.read()
"""

SUM = """
import sys
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
registry = CollectorRegistry()
MultiProcessCollector(registry, sys.argv[1])
print(generate_latest(registry).decode())
"""


class Counting:
    """A process that counts, and stays."""

    def __init__(self, folder: Path, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(folder), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.place = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def told(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SUM, str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(autouse=True)
def _temporary_files_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_who_replaces_a_killed_process_goes_on_counting_where_it_stopped() -> None:
    with shared_folder() as folder:
        first, second = Counting(folder, 3), Counting(folder, 4)
        assert {first.place, second.place} == {0, 1}
        first.kill()
        third = Counting(folder, 5)
        assert third.place == first.place
        found = told(folder)
        assert "things_total 12.0" in found
        assert "now 2.0" in found
        second.kill()
        drop_gauges_of_the_dead(folder)
        found = told(folder)
        assert "things_total 12.0" in found
        assert "now 1.0" in found
        third.kill()
    assert not folder.exists()


def test_the_folder_is_its_owner_s_alone() -> None:
    with shared_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_service_left_is_removed_and_what_another_uses_is_not(
    tmp_path: Path,
) -> None:
    left = tmp_path / "freehold-metrics-left"
    used = tmp_path / "freehold-metrics-used"
    for folder in (left, used):
        folder.mkdir()
        (folder / "owner.lock").touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "freehold-metrics-link").symlink_to(elsewhere)
    descriptor = os.open(used / "owner.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with shared_folder():
            assert not left.exists()
            assert used.exists()
            assert elsewhere.exists()
    finally:
        os.close(descriptor)
