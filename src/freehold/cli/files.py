"""Files that several commands may change at once, and that the service reads meanwhile.

Invariants: whoever opens such a file finds the old text or the new one and nothing
between, also after a power failure; and no change is lost to another that was made
at the same time.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other command changes files of a folder, and keep others waiting.

    The folder itself is locked, so that nothing has to be left there for it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_text(path: Path, text: str) -> None:
    """Give a file a new text.

    A new file is for its owner only. One that is there keeps owner and mode: the
    service may run as somebody else than its administrator.

    Raises:
        OSError: the file cannot be written.
    """
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            _be_like(target, file.fileno())
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    _sync(target.parent)


def _be_like(target: Path, descriptor: int) -> None:
    try:
        there = target.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, PRIVATE)
        return
    if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, there.st_uid, there.st_gid)
    os.fchmod(descriptor, there.st_mode & 0o777)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
