"""Files of users and passwords as Apache's ``htpasswd -B`` writes them, and looking in them.

bcrypt takes a fifth of a second on purpose. So that a client that sends its password
with each request does not pay for each, it is known for a while that a password was
right: not the password is kept, but a digest that only this process can make, of
the password and of the hash that it was compared with. What was right of a hash
that is not in the file any more is therefore worth nothing.

Whoever guesses waits for a turn, of which there are few, so that guessing does
not take the processor from everybody else. Who goes on working needs no turn again, however many
guess: what was right is known until it was not used for a while. To be refused takes the
same work whether there is such a user or not.

Source: Apache HTTP Server, *Password Formats*; oslo.middleware reads the lines.
"""

import hashlib
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

import bcrypt
from oslo_middleware import basic_auth
from webob.exc import HTTPException

from freehold.api.refusals import AuthenticationUnavailable
from freehold.errors import ConfigurationError

LONGEST_PASSWORD = 72
"""In bytes: what bcrypt looks at."""

MOST_REMEMBERED = 10_000
MOST_WAITING = 32
TURN_SECONDS = 5
_DEFAULT_COST = 12

_HASH = re.compile(rb"\$2[aby]\$(?:0[4-9]|1[0-7])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""Of a cost that somebody can wait for; with a salt that is one."""


def parse_passwords(text: str, option: str) -> dict[str, bytes]:
    """Read a file of users and their passwords' hashes.

    Args:
        text: what is in it.
        option: what names the file, for errors.

    Raises:
        ConfigurationError: a line is not ``name:hash``, the hash is not bcrypt's, or a
            user is there twice.
    """
    found: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        try:
            name, hashed = basic_auth.parse_entry(entry)
        except (HTTPException, ValueError) as error:
            raise _not_an_entry(option, number) from error
        if not _HASH.fullmatch(hashed):
            raise _not_an_entry(option, number)
        if not name or name in found:
            raise ConfigurationError(option, f"line {number} of the file names no new user")
        found[name] = hashed
    return found


def _not_an_entry(option: str, number: int) -> ConfigurationError:
    # Not the line itself is told: it may hold a password where the hash should be.
    return ConfigurationError(
        option, f"line {number} of the file is not a name, a colon and a bcrypt hash"
    )


def hash_password(password: str, cost: int = _DEFAULT_COST) -> str:
    """Return what the file has of a password."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def name_of(line: str) -> str | None:
    """Return whose line it is; None for nobody's."""
    entry = line.strip()
    return None if not entry or entry.startswith("#") else entry.partition(":")[0]


def hash_of_nobody(others: Mapping[str, bytes]) -> bytes:
    """Return a hash that takes as long to compare with as the slowest of others."""
    cost = max((int(hashed[4:6]) for hashed in others.values()), default=_DEFAULT_COST)
    return b"$2b$%02d$%s" % (cost, b"." * 53)


class Passwords:
    """Tells whether passwords are right.

    Args:
        seconds: how long it is known that one was, from when it was last used.
        clock: tells seconds.
        compare: tells whether a password has a hash.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float],
        compare: Callable[[bytes, bytes], bool] = bcrypt.checkpw,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._compare = compare
        self._key = secrets.token_bytes(32)
        self._right_until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()
        self._turns = Turns(max(1, (os.cpu_count() or 1) // 2), MOST_WAITING, TURN_SECONDS)

    def are_right(self, password: bytes, hashed: bytes) -> bool:
        """Compare a password with a hash.

        Raises:
            AuthenticationUnavailable: too many passwords are being compared.
        """
        digest = hashlib.blake2b(hashed + b"\0" + password, key=self._key).digest()
        if self._is_known(digest):
            return True
        with self._turns.one():
            try:
                right = self._compare(password, hashed)
            except ValueError:
                # It is longer than bcrypt takes.
                right = False
        if right and self._seconds:
            self._remember(digest)
        return right

    def _is_known(self, digest: bytes) -> bool:
        with self._lock:
            until, now = self._right_until.pop(digest, None), self._clock()
            if until is None or until <= now:
                return False
            # At the end, so that who is forgotten when there are many is who was away longest.
            self._right_until[digest] = now + self._seconds
            return True

    def _remember(self, digest: bytes) -> None:
        with self._lock:
            self._right_until[digest] = self._clock() + self._seconds
            if len(self._right_until) > MOST_REMEMBERED:
                self._right_until.popitem(last=False)


class Turns:
    """Lets few do something at once, and not too many wait for it.

    Args:
        at_once: how many do it.
        waiting: how many wait.
        seconds: how long they wait.

    Attributes:
        free: how many more may come.
    """

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self.free = at_once + waiting
        self._seconds = seconds
        self._lock = Lock()
        self._turn = BoundedSemaphore(at_once)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Have a turn.

        Raises:
            AuthenticationUnavailable: too many wait already, or it takes too long.
        """
        with self._lock:
            if not self.free:
                raise AuthenticationUnavailable
            self.free -= 1
        try:
            if not self._turn.acquire(timeout=self._seconds):
                raise AuthenticationUnavailable
            try:
                yield
            finally:
                self._turn.release()
        finally:
            with self._lock:
                self.free += 1
