"""How the processes of one service count together.

Each process counts in files of its own, mapped into its memory, by the multiprocess mode
of prometheus_client; whichever is asked adds up all of them. The files are in a folder that
the first process makes, and are called by the number of a place among the processes. A
place is kept by a lock that the kernel takes back when its process ends, however it
ends. So whoever takes the place of a process that was killed goes on counting where that one
stopped: nothing is lost, and there are never more files than processes at a time.

What is true of a living process only (gauges) goes with it: `drop_gauges_of_the_dead`.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from prometheus_client import values

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks for the folder."""

_NEW = "freehold-new-metrics-"
_PREFIX = "freehold-metrics-"
_OWNER = "owner.lock"


@contextmanager
def shared_folder() -> Iterator[Path]:
    """Make a folder for the processes of a service, and remove it when it is over.

    Of services that were killed, those of the same user are removed as well.
    """
    for left in Path(gettempdir()).glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    new = Path(mkdtemp(prefix=_NEW))
    lock = _locked(new / _OWNER)
    # Whoever looks for what is left finds it by this name, and not before it is locked.
    folder = new.rename(new.with_name(_PREFIX + new.name.removeprefix(_NEW)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def take_place(folder: Path) -> int:
    """Have what this process counts from now on be in files of its own in the folder.

    It is to be called before the first metric is made, and once: the place is kept
    as long as the process lives.

    Returns:
        The number of the place.
    """
    place = 0
    while _locked(_lock_of(folder, place)) is None:
        place += 1
    _remove_gauges(folder, place)
    os.environ[FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: place)
    return place


def drop_gauges_of_the_dead(folder: Path) -> None:
    """Remove what is true of living processes only, of those that live no more."""
    for path in folder.glob("*.place"):
        lock = _locked(path)
        if lock is not None:
            _remove_gauges(folder, int(path.stem))
            os.close(lock)


def _lock_of(folder: Path, place: int) -> Path:
    return folder / f"{place}.place"


def _remove_gauges(folder: Path, place: int) -> None:
    for path in folder.glob(f"gauge_live*_{place}.db"):
        path.unlink(missing_ok=True)


def _locked(path: Path) -> int | None:
    """Return a descriptor that keeps a file locked; None if somebody else does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_if_left(folder: Path) -> None:
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            return
        lock = _locked(folder / _OWNER)
    except OSError:
        return  # it is just being removed
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
