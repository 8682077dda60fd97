"""A line of processes at a file, in which each draws a number and waits for the one before it.

SQLite lets one process write at a time, and has no line: who finds it busy looks again
after a while, and who has just written is the first to find it free.

The file holds the next number to be drawn. Whoever has drawn a number keeps a lock on
the byte of that number until their turn is over, and looks whether the byte before it is
still locked. The locks are the open file's (``F_OFD_SETLK``, fcntl(2)), and the kernel takes them
back when a process ends, however it ends: so who is killed keeps nobody waiting.

Invariants: as long as nobody leaves the line, turns are in the order in which numbers were
drawn, and one has the turn at a time. Who leaves it lets the next one go ahead, as if it
had had its turn: nothing that must not happen twice may rest on a turn.
"""

import fcntl
import os
import struct
import weakref
from contextlib import suppress
from pathlib import Path

_DRAWING = 0
"""The byte that is locked by who draws a number; that of number n is n bytes further."""

_FIRST = 1
_END = 2**62
"""One more than the last number. The bytes need not be in the file, to be locked."""

_NEXT = struct.Struct("<q")
_LOCK = struct.Struct("hhqqi")
"""``struct flock``: kind, whence, start, length, process."""

SUFFIX = "-turns"


class Tickets:
    """The file, opened; each opening of it has a place of its own in the line.

    Args:
        database: the SQLite file that the line is for. The line's is beside it, and is
            made if it is missing, with the owner and the permissions of the database.

    Raises:
        OSError: it cannot be made, or not be used.
    """

    def __init__(self, database: Path) -> None:
        self._file = _open(database)
        self._closing = weakref.finalize(self, os.close, self._file)
        self._closing.atexit = False

    def close(self) -> None:
        """Close the file, and leave the line."""
        self._closing()

    def draw(self) -> int:
        """Draw a number. It is to be given back.

        Raises:
            BlockingIOError: somebody else is drawing one.
            OSError: the file cannot be used.
        """
        self._lock(fcntl.F_WRLCK, _DRAWING)
        try:
            written = os.pread(self._file, _NEXT.size, 0)
            number = _NEXT.unpack(written)[0] if len(written) == _NEXT.size else _FIRST
            if not _FIRST <= number < _END:
                number = _FIRST
            os.pwrite(self._file, _NEXT.pack(number + 1), 0)
            self._lock(fcntl.F_WRLCK, number)
        finally:
            self._unlock(_DRAWING)
        return number

    def is_up(self, number: int) -> bool:
        """Tell whether it is the turn of a number that was drawn here.

        Raises:
            OSError: the file cannot be used.
        """
        if number == _FIRST:
            return True
        try:
            # Locked as by a reader: this is not to keep anybody else waiting.
            self._lock(fcntl.F_RDLCK, number - 1)
        except BlockingIOError:
            return False
        self._unlock(number - 1)
        return True

    def give_back(self, number: int) -> None:
        """End the turn of a number, or take it out of the line.

        Raises:
            OSError: the file cannot be used.
        """
        self._unlock(number)

    def _lock(self, kind: int, byte: int) -> None:
        lock = _LOCK.pack(kind, os.SEEK_SET, byte, 1, 0)
        fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, lock)

    def _unlock(self, byte: int) -> None:
        lock = _LOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, byte, 1, 0)
        fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, lock)


def _open(database: Path) -> int:
    # Where the database is a link, all have to come to one file.
    target = database.resolve()
    path = target.with_name(target.name + SUFFIX)
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        like = target.stat()
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    try:
        if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.fchown(file, like.st_uid, like.st_gid)
        os.fchmod(file, like.st_mode & 0o777)
    except OSError:
        os.close(file)
        raise
    return file
