"""``freehold user``: who may log in with a password (``auth_strategy = http_basic``).

A password is never a word of the command: those can be seen by everybody on the machine.

A user is let in who is in both files. So a new one is written into the one with the
roles first, and one who goes is taken out of the one with the passwords first.
"""

import getpass
import secrets
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from socket import getfqdn

from freehold.api.authentication.accounts import (
    Account,
    format_accounts,
    is_name,
    is_role,
    is_user_name,
    parse_accounts,
)
from freehold.api.authentication.basic import ROLES_FILE, USER_FILE, read_file
from freehold.api.authentication.passwords import (
    LONGEST_PASSWORD,
    hash_password,
    name_of,
    parse_passwords,
)
from freehold.cli.failure import CommandFailed, ExitCode
from freehold.cli.files import alone_in, replace_text
from freehold.config import AuthStrategy, Settings

SHORTEST_PASSWORD = 8
GENERATED_BYTES = 24


_NOT_ASKED = """
Passwords are asked for with auth_strategy = http_basic in the group DEFAULT of the
configuration, or OS_DEFAULT__AUTH_STRATEGY=http_basic in the service's environment."""

_WAYS = """
To log in (without OS_PASSWORD, openstack asks for it):

{exports}
    openstack network list

or, with all that said at once:

    openstack --os-auth-type http_basic --os-endpoint {endpoint} --os-username {name} network list

or in clouds.yaml, for openstack --os-cloud freehold and openstacksdk:

    clouds:
      freehold:
        auth_type: http_basic
        auth:
          endpoint: {endpoint}
          username: {yaml_name}
          password: {yaml_password}"""


class UserFiles:
    """The two files, whose text is read, and written when it is changed.

    Args:
        settings: where they are.
    """

    def __init__(self, settings: Settings) -> None:
        self._passwords = Path(settings.authentication.http_basic_auth_user_file)
        self._roles = Path(settings.authentication.http_basic_auth_roles_file)

    @property
    def paths(self) -> tuple[Path, Path]:
        """Where they are."""
        return self._passwords, self._roles

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands from changing them, and make the folders that they are in.

        Raises:
            CommandFailed: a file cannot be read or written.
        """
        try:
            for path in self.paths:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone_in(self._passwords.parent):
                yield
        except OSError as error:
            raise CommandFailed(f"{error.filename}: {error.strerror}.") from error

    def names(self) -> list[str]:
        """Return who is in the file with the passwords."""
        return list(parse_passwords(self._text(self._passwords, USER_FILE), USER_FILE))

    def accounts(self) -> dict[str, Account]:
        """Return who is in the file with the roles, and how."""
        return parse_accounts(self._text(self._roles, ROLES_FILE), ROLES_FILE)

    def set_account(self, name: str, account: Account | None) -> None:
        """Write a user's project and roles; None for no such user."""
        others = {one: said for one, said in self.accounts().items() if one != name}
        changed = others if account is None else {**others, name: account}
        replace_text(self._roles, format_accounts(changed))

    def set_hash(self, name: str, hashed: str | None) -> None:
        """Write the hash of a user's password; None for no such user."""
        lines = self._text(self._passwords, USER_FILE).splitlines()
        kept = [line for line in lines if name_of(line) != name]
        if hashed is not None:
            kept.append(f"{name}:{hashed}")
        replace_text(self._passwords, "".join(f"{line}\n" for line in kept))

    def _text(self, path: Path, option: str) -> str:
        return read_file(path, option) if path.exists() else ""


def add(settings: Settings, options: Namespace) -> str:
    """Make a user, or with ``--replace`` give one another password, project and roles.

    Returns:
        What to tell the operator: how that user logs in.

    Raises:
        CommandFailed, ConfigurationError: it cannot be done.
    """
    name, account = options.name, Account(options.project_id, tuple(options.roles or ["member"]))
    _require_sense(name, account)
    files = UserFiles(settings)
    with files.alone():
        _refuse_if_there(files, name, options)
    generated = secrets.token_urlsafe(GENERATED_BYTES) if options.generate else None
    hashed = hash_password(generated or _ask_password())
    with files.alone():
        # Somebody may have been faster while the password was typed.
        _refuse_if_there(files, name, options)
        files.set_account(name, account)
        files.set_hash(name, hashed)
    return _how_to_log_in(settings, name, account, generated)


def _refuse_if_there(files: UserFiles, name: str, options: Namespace) -> None:
    if name in files.names() and not options.replace:
        raise CommandFailed(
            f"There is a user {name} already; say --replace to change the password, the "
            "project and the roles."
        )


def remove(settings: Settings, name: str) -> str:
    """Remove a user, who is refused from then on.

    Raises:
        CommandFailed, ConfigurationError: it cannot be done.
    """
    files = UserFiles(settings)
    with files.alone():
        there = {*files.names(), *files.accounts()}
        if name not in there:
            raise CommandFailed(f"There is no user {name}.")
        files.set_hash(name, None)
        files.set_account(name, None)
    return f"User {name} is removed, and is not let in any more."


def list_all(settings: Settings) -> str:
    """Tell who the users are.

    Raises:
        ConfigurationError: a file cannot be read, or makes no sense.
    """
    files = UserFiles(settings)
    names, accounts = files.names(), files.accounts()
    lines = [_line(name, name in names, accounts.get(name)) for name in sorted({*names, *accounts})]
    return "\n".join(lines) or "There are no users."


def _line(name: str, has_password: bool, account: Account | None) -> str:
    if account is None:
        return f"{name}: is not let in, for lack of a project and roles"
    told = f"{name}: {', '.join(account.roles)} of project {account.project_id}"
    return told if has_password else f"{told}; is not let in, for lack of a password"


def _require_sense(name: str, account: Account) -> None:
    if not is_user_name(name):
        raise CommandFailed(f"{name!r} cannot be a user's name.", ExitCode.MISUSED)
    if not is_name(account.project_id):
        raise CommandFailed(f"{account.project_id!r} cannot be a project.", ExitCode.MISUSED)
    for role in account.roles:
        if not is_role(role):
            raise CommandFailed(f"{role!r} cannot be a role.", ExitCode.MISUSED)


def _ask_password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandFailed("These were two different passwords.")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if not SHORTEST_PASSWORD <= len(password.encode()) <= LONGEST_PASSWORD:
        raise CommandFailed(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes; it comes from the "
            "terminal or from standard input, or is made up with --generate.",
            ExitCode.MISUSED,
        )
    if not password.isprintable():
        raise CommandFailed("A password has no control characters.", ExitCode.MISUSED)
    return password


def _how_to_log_in(settings: Settings, name: str, account: Account, generated: str | None) -> str:
    told = [f"User {name} is {', '.join(account.roles)} of project {account.project_id}."]
    if generated:
        told.append(f"The password is shown this once: {generated}")
    if settings.authentication.auth_strategy != AuthStrategy.HTTP_BASIC:
        told.append(_NOT_ASKED)
    endpoint = _endpoint(settings)
    exported = {"OS_AUTH_TYPE": "http_basic", "OS_ENDPOINT": endpoint, "OS_USERNAME": name}
    exported |= {"OS_PASSWORD": generated} if generated else {}
    exports = [f"    export {variable}={quote(text)}" for variable, text in exported.items()]
    ways = _WAYS.format(
        exports="\n".join(exports),
        endpoint=endpoint,
        name=quote(name),
        yaml_name=_in_yaml(name),
        yaml_password=_in_yaml(generated or "..."),
    )
    return "\n".join([*told, ways])


def _in_yaml(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _endpoint(settings: Settings) -> str:
    try:
        address = ip_address(settings.bind_host)
    except ValueError:
        host = settings.bind_host
    else:
        # Clients need one of the machine's addresses where the service listens on all.
        host = getfqdn() if address.is_unspecified else str(address)
        host = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.tls.enabled else "http"
    return f"{scheme}://{host}:{settings.bind_port}"
