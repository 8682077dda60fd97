"""A service in each mode of authentication, and how a request says who makes it."""

import atexit
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import bcrypt

from freehold.config import Authentication, Settings, load_settings
from tests.servers import keystone as keystone_servers
from tests.servers.keystone import Keystone
from tests.servers.process import free_ports


@dataclass(frozen=True)
class Mode:
    """A service's settings, and whom it knows.

    Attributes:
        settings: of the service.
        headers: what an administrator's requests have in this mode.
    """

    settings: Settings
    headers: Mapping[str, str] = field(default_factory=dict)


def _noauth(_folder: Path) -> Mode:
    return Mode(Settings(database_url="sqlite://"))


def _http_basic(folder: Path) -> Mode:
    users, roles = folder / "htpasswd", folder / "users.yaml"
    users.write_bytes(b"boss:" + bcrypt.hashpw(b"sesame", bcrypt.gensalt(4)))
    users.chmod(0o600)
    roles.write_text("boss: {project_id: p, roles: [admin]}")
    authentication = Authentication(
        auth_strategy="http_basic",
        http_basic_auth_user_file=str(users),
        http_basic_auth_roles_file=str(roles),
    )
    settings = Settings(database_url="sqlite://", authentication=authentication)
    return Mode(settings, {"Authorization": f"Basic {b64encode(b'boss:sesame').decode()}"})


def _keystone(folder: Path) -> Mode:
    keystone = _running_keystone()
    file = folder / "freehold.conf"
    file.write_text(keystone.configuration())
    file.chmod(0o600)
    settings = replace(load_settings([file]), database_url="sqlite://")
    return Mode(settings, {"X-Auth-Token": keystone.token("admin", project="admin")})


@cache
def _running_keystone() -> Keystone:
    """Start a Keystone, which ends with this process."""
    keystone = keystone_servers.start(free_ports(1)[0])
    atexit.register(keystone.stop)
    return keystone


MODES: Mapping[str, Callable[[Path], Mode]] = {
    "noauth": _noauth,
    "http_basic": _http_basic,
    "keystone": _keystone,
}
"""Each mode by its name, with a folder for the files that it needs."""
