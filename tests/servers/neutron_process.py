"""Neutron's API in a process of its own: ``neutron_process.py PORT FOLDER DRIVER URL [all]``.

Neutron keeps its configuration, its plugins and its database connection in
globals of the process, so it gets one for itself; `tests.servers.neutron` starts
it. It is Neutron's own WSGI application with the ML2 plugin, without authentication,
agents and message queue, on a database that is there, with the IPAM driver that is
asked for, and with ``all`` with what of its extensions is compared with Freehold's.
Who sends ``X-Roles`` has these roles, in the project of ``X-Project-Id``; all others are
administrators. Requests are served side by side, as by Neutron's own server, but on SQLite.
"""

import io
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Lock
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from sqlalchemy import Engine, event

CONFIGURATION = """
[DEFAULT]
core_plugin = ml2
service_plugins =
auth_strategy = noauth
transport_url = fake:/
state_path = {folder}
api_paste_config = {paste}
ipam_driver = {driver}
dhcp_agent_notification = false
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
log_file = {folder}/neutron.log
[ml2]
type_drivers = local
tenant_network_types = local
mechanism_drivers =
extension_drivers =
[database]
connection = {url}
[quotas]
quota_network = -1
quota_subnet = -1
quota_port = -1
quota_security_group = -1
quota_security_group_rule = -1
[oslo_concurrency]
lock_path = {folder}
"""

WITH_ALL_EXTENSIONS = """
[DEFAULT]
service_plugins = router,segments,network_ip_availability
dns_domain = cloud.test.
vlan_transparent = true
use_stderr = true
[ml2]
type_drivers = local,flat,vlan,vxlan
extension_drivers = dns,tag_ports_during_bulk_creation
[ml2_type_flat]
flat_networks = *
[ml2_type_vlan]
network_vlan_ranges = physnet1
[ml2_type_vxlan]
vni_ranges = 1:10000
[quotas]
quota_network = 100
quota_subnet = 100
quota_port = 500
"""
"""What comes to that, or instead of it: the last value of an option holds."""


def configure(folder: Path, driver: str, url: str, more: str = "") -> None:
    """Have Neutron configured, and make those of its tables that are not there.

    Args:
        folder: for its files.
        driver: the IPAM driver.
        url: the database's.
        more: further configuration.
    """
    import neutron.db.migration.models.head  # noqa: F401  # it makes all tables known
    from neutron.common import config
    from neutron_lib.db import api, model_base
    from sqlalchemy.orm import configure_mappers

    file = folder / "neutron.conf"
    paste = Path(sys.prefix, "etc/neutron/api-paste.ini")
    values = {"folder": folder, "paste": paste, "driver": driver, "url": url}
    file.write_text(CONFIGURATION.format(**values) + more)
    config.register_common_config_options()
    config.init(["--config-file", str(file)])
    config.setup_logging()
    config.set_config_defaults()
    # Neutron's list of ports fails if it is the first thing that a process is asked for.
    configure_mappers()
    engine = api.CONTEXT_WRITER.get_engine()
    if is_sqlite(url):
        _enforce_references(engine)
    model_base.BASEV2.metadata.create_all(engine)


def is_sqlite(url: str) -> bool:
    """Tell whether a database has one writer at a time."""
    return url.startswith("sqlite")


def _enforce_references(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")

    engine.dispose()


class Handler(WSGIRequestHandler):
    """A connection."""

    def log_message(self, *_details: object) -> None:
        """Write nothing."""

    def get_environ(self) -> dict[str, Any]:
        """Return what WSGI tells of a request, without a media type that nobody named."""
        environ = super().get_environ()
        if self.headers.get("Content-Type") is None:
            environ["CONTENT_TYPE"] = ""
        return environ


class Server(ThreadingMixIn, WSGIServer):
    """A server with a thread for each connection."""

    daemon_threads = True
    request_queue_size = 64


def serve(port: int, *, one_at_a_time: bool) -> None:
    """Serve Neutron's API for good."""
    from neutron.server import api
    from neutron_lib.context import Context

    application = api.api_server()
    turn = Lock() if one_at_a_time else nullcontext()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # An unread body would be taken for the next request.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        if "HTTP_X_ROLES" in environ:
            # Neutron's substitute for authentication leaves a request alone that names a project.
            environ["neutron.context"] = Context.from_environ(environ)
        with turn:
            return [b"".join(application(environ, start_response))]

    server = Server(("127.0.0.1", port), Handler)
    server.set_app(answer)
    server.serve_forever()


if __name__ == "__main__":
    number, place, name, where, *all_extensions = sys.argv[1:]
    # Neutron reads the arguments by itself.
    del sys.argv[1:]
    configure(Path(place), name, where, WITH_ALL_EXTENSIONS if all_extensions else "")
    serve(int(number), one_at_a_time=is_sqlite(where))
