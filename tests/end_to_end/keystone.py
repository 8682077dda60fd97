"""As much of an identity service as the ``openstack`` command asks before it manages quotas.

It knows one user, any project by its id, and where the Networking API is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Document = dict[str, Any]


@contextmanager
def identity_service(network_url: str) -> Iterator[str]:
    """Serve on the loopback, and tell the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{server.server_port}/v3"
    _Handler.endpoints = {"identity": url, "network": network_url}
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    server.server_close()
    thread.join()


def credentials(url: str) -> dict[str, str]:
    """Return the environment of a client of it."""
    return {
        "OS_AUTH_URL": url,
        "OS_USERNAME": "admin",
        "OS_PASSWORD": "secret",
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_IDENTITY_API_VERSION": "3",
    }


class _Handler(BaseHTTPRequestHandler):
    endpoints: dict[str, str]

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["v3", "projects"] and len(parts) == 3:
            self._answer(200, {"project": {"id": parts[2], "name": parts[2]}})
        else:
            link = {"rel": "self", "href": self.endpoints["identity"]}
            self._answer(200, {"version": {"id": "v3.14", "status": "stable", "links": [link]}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        catalog = [
            {
                "type": kind,
                "name": kind,
                "endpoints": [
                    {"interface": "public", "url": url, "region": "one", "region_id": "one"}
                ],
            }
            for kind, url in self.endpoints.items()
        ]
        admin = {"id": "admin", "name": "admin", "domain": {"id": "default", "name": "Default"}}
        token: Document = {
            "methods": ["password"],
            "user": admin,
            "project": admin,
            "roles": [{"id": "admin", "name": "admin"}],
            "catalog": catalog,
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
        }
        self._answer(201, {"token": token}, {"X-Subject-Token": "token"})

    def _answer(self, status: int, document: Document, headers: Document | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""
