"""Neutron's API in a process of its own: ``python server_process.py PORT FOLDER DRIVER URL``.

It is Neutron's own WSGI application with the ML2 plugin, without authentication,
agents and message queue, on a database that is there, with the IPAM driver that is
asked for. Requests are served side by side, as by Neutron's own server.
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
[oslo_concurrency]
lock_path = {folder}
"""


def configure(folder: Path, driver: str, url: str) -> None:
    """Have Neutron configured, and make those of its tables that are not there."""
    import neutron.db.migration.models.head  # noqa: F401  # it makes all tables known
    from neutron.common import config
    from neutron_lib.db import api, model_base
    from sqlalchemy.orm import configure_mappers

    file = folder / "neutron.conf"
    paste = Path(sys.prefix, "etc/neutron/api-paste.ini")
    file.write_text(CONFIGURATION.format(folder=folder, paste=paste, driver=driver, url=url))
    config.register_common_config_options()
    config.init(["--config-file", str(file)])
    config.setup_logging()
    config.set_config_defaults()
    # Neutron's list of ports fails if it is the first thing that a process is asked for.
    configure_mappers()
    model_base.BASEV2.metadata.create_all(api.CONTEXT_WRITER.get_engine())


class Handler(WSGIRequestHandler):
    """A connection."""

    def log_message(self, *_details: object) -> None:
        """Write nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """A server with a thread for each connection."""

    daemon_threads = True
    request_queue_size = 64


def serve(port: int) -> None:
    """Serve Neutron's API for good."""
    from neutron.server import api

    application = api.api_server()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # An unread body would be taken for the next request.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        return [b"".join(application(environ, start_response))]

    server = Server(("127.0.0.1", port), Handler)
    server.set_app(answer)
    server.serve_forever()


if __name__ == "__main__":
    number, place, name, where = sys.argv[1:]
    # Neutron reads the arguments by itself.
    del sys.argv[1:]
    configure(Path(place), name, where)
    serve(int(number))
