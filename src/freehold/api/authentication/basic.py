"""HTTP Basic authentication by two files: passwords, and projects with roles.

The files are looked at with each request, and read when they have changed, so
that whoever is removed from either is refused at once. While one of them cannot be
read nobody is let in: what it should say is not known.

Source: RFC 7617.
"""

import logging
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from oslo_middleware import basic_auth
from webob.exc import HTTPException

from freehold.api.authentication.accounts import Account, parse_accounts
from freehold.api.authentication.claims import AUTHORIZATION, Environ, identify
from freehold.api.authentication.passwords import Passwords, hash_of_nobody, parse_passwords
from freehold.api.logins import RefusedLogin, Why
from freehold.api.refusals import AuthenticationUnavailable, HTTPUnauthorized
from freehold.config import Authentication, AuthStrategy
from freehold.errors import ConfigurationError

log = logging.getLogger(__name__)

CHALLENGE = 'Basic realm="Freehold", charset="UTF-8"'

USER_FILE = "http_basic_auth_user_file"
ROLES_FILE = "http_basic_auth_roles_file"

_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Users:
    """Who is in both files.

    Attributes:
        hashes: of each user, the password's hash.
        accounts: of each user, project and roles.
        nobody: the hash with which the password of anybody else is compared.
    """

    hashes: Mapping[str, bytes] = field(repr=False)
    accounts: Mapping[str, Account]
    nobody: bytes


class Basic:
    """Lets in whoever sends the name and the password of a user.

    Args:
        settings: where the files are.
        passwords: tells whether passwords are right.

    Raises:
        ConfigurationError: a file cannot be read, or makes no sense.
    """

    def __init__(self, settings: Authentication, passwords: Passwords | None = None) -> None:
        self._files = Files(
            Path(settings.http_basic_auth_user_file), Path(settings.http_basic_auth_roles_file)
        )
        self._passwords = passwords or Passwords(
            settings.http_basic_auth_cache_time, time.monotonic
        )
        self._files.refresh()

    def authenticate(self, environ: Environ) -> None:
        """Find out who makes a request.

        Raises:
            HTTPUnauthorized: whoever it is does not show that.
            AuthenticationUnavailable: a file cannot be read, or too many are trying.
        """
        name, password = _credentials(str(environ.pop(AUTHORIZATION, "")))
        users = self._files.users()
        hashed = users.hashes.get(name)
        right = self._passwords.are_right(password, hashed or users.nobody)
        if hashed is None:
            raise _refusal(Why.UNKNOWN_USER)
        if not right:
            raise _refusal(Why.WRONG_PASSWORD, name)
        account = users.accounts[name]
        identify(environ, user_id=name, project_id=account.project_id, roles=account.all_roles)


def _credentials(header: str) -> tuple[str, bytes]:
    """Return the user's name and the password that a header holds.

    Raises:
        HTTPUnauthorized: it holds none.
    """
    scheme, _, token = header.strip().partition(" ")
    if not scheme:
        raise _refusal(Why.NOTHING_SHOWN)
    if scheme.lower() != "basic":
        raise _refusal(Why.UNREADABLE)
    try:
        name, password = basic_auth.parse_token(token.strip())
    except HTTPException as error:
        raise _refusal(Why.UNREADABLE) from error
    return name, password


def _refusal(why: Why, user: str | None = None) -> HTTPUnauthorized:
    return HTTPUnauthorized(CHALLENGE, RefusedLogin(AuthStrategy.HTTP_BASIC, why, user))


class Files:
    """The two files, and what was in them when they were last looked at.

    Args:
        passwords: the file of the passwords' hashes.
        accounts: the file of the projects and roles.
    """

    def __init__(self, passwords: Path, accounts: Path) -> None:
        self._paths = {USER_FILE: passwords, ROLES_FILE: accounts}
        self._lock = Lock()
        self._stamps: list[_Stamp | None] = []
        self._users: Users | None = None

    def users(self) -> Users:
        """Return who is in the files by now.

        Raises:
            AuthenticationUnavailable: a file cannot be read, or makes no sense.
        """
        with self._lock:
            try:
                self.refresh()
            except ConfigurationError as error:
                log.error("Nobody is let in: %s", error.message)  # noqa: TRY400  # it says all
            if self._users is None:
                raise AuthenticationUnavailable
            return self._users

    def refresh(self) -> None:
        """Read the files if they have changed.

        Raises:
            ConfigurationError: a file cannot be read, or makes no sense. That is told once.
        """
        stamps = [_stamp(path) for path in self._paths.values()]
        if stamps != self._stamps:
            # In this order: what cannot be read now is nobody's.
            self._stamps, self._users = stamps, None
            self._users = self._read()

    def _read(self) -> Users:
        hashes = parse_passwords(read_file(self._paths[USER_FILE], USER_FILE), USER_FILE)
        accounts = parse_accounts(read_file(self._paths[ROLES_FILE], ROLES_FILE), ROLES_FILE)
        lacking = [(name, ROLES_FILE) for name in sorted(hashes.keys() - accounts)]
        lacking += [(name, USER_FILE) for name in sorted(accounts.keys() - hashes)]
        for name, option in lacking:
            log.warning("User %r is not in %s, and so is not let in.", name, self._paths[option])
        both = hashes.keys() & accounts
        return Users(
            {name: hashes[name] for name in both},
            {name: accounts[name] for name in both},
            hash_of_nobody(hashes),
        )


def read_file(path: Path, option: str) -> str:
    """Return what is in a file.

    Raises:
        ConfigurationError: it cannot be read, or anybody can write it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except OSError as error:
        raise ConfigurationError(
            option,
            f"'{path}' cannot be read ({error.strerror}); 'freehold user add' makes it",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(option, f"'{path}' is not UTF-8") from error
    if mode & stat.S_IWOTH:
        raise ConfigurationError(option, f"everybody can write '{path}'")
    if option == USER_FILE and mode & stat.S_IROTH:
        log.warning("Everybody can read %s, which has the hashes of passwords.", path)
    return text


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
