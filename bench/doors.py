"""The modes of authentication in which hostile requests are sent, and logins for each of them.

Right logins are many as well, since a service may remember whom it has let in. Wrong ones are each
another one.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID

import bcrypt

from tests.servers import keystone as keystone_servers
from tests.servers.process import free_ports

Headers = Mapping[str, str]

USERS = 1000
CHEAP = 4
"""A cost of bcrypt by which passwords are compared quickly: memory is measured, not time."""

USES = 100
"""Of a token, before there is a new one."""


@dataclass(frozen=True, slots=True)
class Door:
    """How those who make requests say who they are.

    Attributes:
        words: what the service is told, so that they can.
        right: returns the headers of an administrator's request.
        wrong: returns those of a request that is to be refused; None if none is.
    """

    words: Sequence[str]
    right: Callable[[], Headers]
    wrong: Callable[[], Headers] | None


@contextmanager
def _open(_folder: Path, _random: Random) -> Iterator[Door]:
    yield Door((), dict, None)


@contextmanager
def _passwords(folder: Path, random: Random) -> Iterator[Door]:
    """Have a thousand users, and have strangers guess."""
    users, roles = folder / "htpasswd", folder / "users.yaml"
    # Each with a salt of its own: what is known of a password is kept by its hash.
    hashes = (bcrypt.hashpw(b"sesame", bcrypt.gensalt(CHEAP)).decode() for _ in range(USERS))
    users.write_text("".join(f"user{number}:{hashed}\n" for number, hashed in enumerate(hashes)))
    users.chmod(0o600)
    roles.write_text(
        "".join(f"user{number}: {{project_id: p, roles: [admin]}}\n" for number in range(USERS))
    )

    def right() -> Headers:
        return _basic(f"user{random.randrange(USERS)}:sesame".encode())

    def wrong() -> Headers:
        made_up = _text(random).encode()
        known = f"user{random.randrange(USERS)}:".encode()
        shown = (known + made_up, made_up + b":sesame", made_up, random.randbytes(50))
        bearer = {"Authorization": f"Bearer {_text(random)}"}
        return random.choice((*map(_basic, shown), bearer, {}))

    configuration = (
        "[DEFAULT]\nauth_strategy = http_basic\n"
        f"http_basic_auth_user_file = {users}\nhttp_basic_auth_roles_file = {roles}\n"
    )
    yield Door(_configured(folder, configuration), right, wrong)


@contextmanager
def _tokens(folder: Path, random: Random) -> Iterator[Door]:
    """Have a Keystone, ask it for a new token now and then, and have strangers make some up."""
    keystone = keystone_servers.start(free_ports(1)[0])
    try:
        uses, token = count(), ""

        def right() -> Headers:
            nonlocal token
            if next(uses) % USES == 0:
                token = keystone.token("admin", project="admin")
            return {"X-Auth-Token": token}

        def wrong() -> Headers:
            # As Fernet tokens look; one too long; a right one with something behind it.
            made_up = (f"gAAAAA{_text(random) * 5}", _text(random) * 250, token + _text(random))
            service = {"X-Auth-Token": token, "X-Service-Token": _text(random)}
            return random.choice((*({"X-Auth-Token": one} for one in made_up), service, {}))

        yield Door(_configured(folder, keystone.configuration()), right, wrong)
    finally:
        keystone.stop()


DOORS: Mapping[str, Callable[[Path, Random], AbstractContextManager[Door]]] = {
    "noauth": _open,
    "http_basic": _passwords,
    "keystone": _tokens,
}
"""Each mode by its name, with a folder for the files that it needs."""


def _configured(folder: Path, text: str) -> Sequence[str]:
    """Write a configuration file, and return what has the service read it."""
    file = folder / "freehold.conf"
    file.write_text(text)
    file.chmod(0o600)
    return "--config-file", str(file)


def _basic(said: bytes) -> Headers:
    return {"Authorization": f"Basic {b64encode(said).decode()}"}


def _text(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128)))
