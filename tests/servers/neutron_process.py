"""Neutron's API in a process of its own: ``python neutron_process.py PORT FOLDER``.

Neutron keeps its configuration, its plugins and its database connection in
globals of the process, so it gets one for itself; `tests.servers.neutron` starts
it. It is Neutron's own WSGI application with the ML2 plugin on SQLite, without
authentication, agents and message queue.
"""

import io
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

CONFIGURATION = """
[DEFAULT]
core_plugin = ml2
service_plugins = router,segments,network_ip_availability
auth_strategy = noauth
transport_url = fake:/
state_path = {folder}
api_paste_config = {paste}
dns_domain = cloud.test.
ipam_driver = internal
dhcp_agent_notification = false
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
vlan_transparent = true
use_stderr = true
[ml2]
type_drivers = local,flat,vlan,vxlan
tenant_network_types = local
mechanism_drivers =
extension_drivers = dns,tag_ports_during_bulk_creation
[ml2_type_flat]
flat_networks = *
[ml2_type_vlan]
network_vlan_ranges = physnet1
[ml2_type_vxlan]
vni_ranges = 1:10000
[database]
connection = sqlite:///{folder}/neutron.sqlite
[quotas]
quota_network = -1
quota_subnet = -1
quota_port = -1
quota_security_group = -1
quota_security_group_rule = -1
[oslo_concurrency]
lock_path = {folder}
"""


def configure(folder: Path) -> None:
    """Have Neutron configured, with an empty database."""
    import neutron.db.migration.models.head  # noqa: F401  # it makes all tables known
    from neutron.common import config
    from neutron_lib.db import api, model_base
    from sqlalchemy import event

    file = folder / "neutron.conf"
    paste = Path(sys.prefix, "etc/neutron/api-paste.ini")
    file.write_text(CONFIGURATION.format(folder=folder, paste=paste))
    config.register_common_config_options()
    config.init(["--config-file", str(file)])
    config.setup_logging()
    config.set_config_defaults()
    engine = api.CONTEXT_WRITER.get_engine()

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")

    engine.dispose()
    model_base.BASEV2.metadata.create_all(engine)


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


def serve(port: int) -> None:
    """Serve Neutron's API for good."""
    from neutron.server import api

    application, one_at_a_time = api.api_server(), threading.Lock()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # An unread body would be taken for the next request.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with one_at_a_time:
            return [b"".join(application(environ, start_response))]

    server = Server(("127.0.0.1", port), Handler)
    server.set_app(answer)
    server.serve_forever()


if __name__ == "__main__":
    number, place = sys.argv[1:]
    # Neutron reads the arguments by itself.
    del sys.argv[1:]
    configure(Path(place))
    serve(int(number))
