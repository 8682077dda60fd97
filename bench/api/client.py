"""Asking a WSGI application what a client would ask by HTTP."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from falcon.testing import create_environ

JSON = dict[str, Any]
Application = Callable[..., Iterable[bytes]]


class Client:
    """A client of one application.

    Args:
        application: a Networking API.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def get(self, path: str, query: str = "") -> JSON:
        """Return what a resource or a list is."""
        return self._request("GET", path, query, None)

    def post(self, path: str, body: JSON) -> JSON:
        """Create something, and return it."""
        return self._request("POST", path, "", body)

    def create(self, kind: str, **attributes: Any) -> JSON:
        """Create one resource, and return it."""
        made: JSON = self.post(f"{kind}s", {kind: {"project_id": "p", **attributes}})[kind]
        return made

    def delete(self, path: str) -> None:
        """Delete a resource."""
        self._request("DELETE", path, "", None)

    def _request(self, method: str, path: str, query: str, body: JSON | None) -> JSON:
        text = None if body is None else json.dumps(body)
        environ = create_environ(
            f"/v2.0/{path}",
            query_string=query,
            method=method,
            body=text or "",
            headers=None if text is None else {"Content-Type": "application/json"},
        )
        statuses: list[str] = []

        def start(status: str, _headers: object, _error: object = None) -> None:
            statuses.append(status)

        answer = self._application(environ, start)
        content = b"".join(answer)
        if (close := getattr(answer, "close", None)) is not None:
            close()
        if not statuses[0].startswith("2"):
            raise RuntimeError(f"{method} {path}: {statuses[0]}: {content[:500]!r}")
        return json.loads(content or "{}")  # type: ignore[no-any-return]  # an object
