"""Keystone in a process of its own: ``keystone_process.py PORT FOLDER PASSWORD NETWORK_URL``.

Keystone keeps its configuration and its drivers in globals of the process, so it gets one for
itself; `tests.servers.keystone` starts it. It is Keystone's own WSGI application on an SQLite file
that it fills as ``keystone-manage bootstrap`` does, with Fernet keys of its own. It keeps what it
knows of users and roles in memory, since each token takes hundreds of statements otherwise.
"""

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

CONFIGURATION = """
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///{folder}/keystone.sqlite
sqlite_synchronous = false
[identity]
password_hash_algorithm = bcrypt
password_hash_rounds = 4
[token]
provider = fernet
caching = false
expiration = 3600
allow_expired_window = 3600
[fernet_tokens]
key_repository = {folder}/fernet-keys
[credential]
key_repository = {folder}/credential-keys
[fernet_receipts]
key_repository = {folder}/fernet-keys
[cache]
enabled = true
backend = dogpile.cache.memory
"""


def prepare(folder: Path, url: str, password: str, network_url: str) -> Any:
    """Make its files, and return its WSGI application.

    Args:
        folder: for its files.
        url: its own root.
        password: the administrator's.
        network_url: where the Networking API is, for the catalogue.
    """
    from keystone import server
    from keystone.cmd.bootstrap import Bootstrapper
    from keystone.common import fernet_utils, sql
    from keystone.common.sql.core import ModelBase
    from keystone.server.flask import application, core

    file = folder / "keystone.conf"
    file.write_text(CONFIGURATION.format(folder=folder))
    server.configure(config_files=[str(file)])
    for group in ("fernet", "credential"):
        keys = folder / f"{group}-keys"
        keys.mkdir(mode=0o700)
        fernet_utils.FernetUtils(str(keys), 3, f"{group}_tokens").initialize_key_repository()
    first = Bootstrapper()
    with sql.session_for_write() as session:
        ModelBase.metadata.create_all(session.connection())
    first.admin_password = password
    first.admin_username = first.admin_role_name = first.project_name = "admin"
    first.service_name, first.region_id = "keystone", "one"
    first.public_url = first.internal_url = first.admin_url = f"{url}/v3"
    first.bootstrap()
    _add_to_catalogue(network_url)
    return core.setup_app_middleware(application.application_factory("public"))


def _add_to_catalogue(url: str) -> None:
    from keystone.common import provider_api

    catalogue = provider_api.ProviderAPIs.catalog_api
    service = {"id": "network", "type": "network", "name": "freehold", "enabled": True}
    catalogue.create_service("network", service)
    endpoint = {
        "id": "network",
        "service_id": "network",
        "interface": "public",
        "region_id": "one",
        "url": url,
        "enabled": True,
    }
    catalogue.create_endpoint("network", endpoint)


class Handler(WSGIRequestHandler):
    """A connection."""

    def log_message(self, *_details: object) -> None:
        """Write nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """A server with a thread for each connection."""

    daemon_threads = True
    request_queue_size = 64


def serve(port: int, application: Any) -> None:
    """Serve for good."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # An unread body would be taken for the next request.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        return application(environ, start_response)  # type: ignore[no-any-return]

    server = Server(("127.0.0.1", port), Handler)
    server.set_app(answer)
    server.serve_forever()


if __name__ == "__main__":
    number, place, secret, where = sys.argv[1:]
    # Keystone reads the arguments by itself.
    del sys.argv[1:]
    address = f"http://127.0.0.1:{number}"
    serve(int(number), prepare(Path(place), address, secret, where))
