"""The request that a thread is at, by which each record is known that is written meanwhile."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

LONGEST_ID = 255

_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Current:
    """A request.

    Attributes:
        request_id: its own id, made here.
        global_request_id: the id that the client gave it; empty for none.
        environ: of WSGI. Who makes the request is read in it when it is asked for, since
            that may become known only after the request has begun.
    """

    request_id: str
    global_request_id: str
    environ: Mapping[str, object]

    @property
    def project_id(self) -> str:
        """The project in whose name it is made; empty for none."""
        return self._header("HTTP_X_PROJECT_ID")

    @property
    def user_id(self) -> str:
        """The user who makes it; empty for none."""
        return self._header("HTTP_X_USER_ID")

    def _header(self, name: str) -> str:
        text = self.environ.get(name)
        if not isinstance(text, str):
            return ""
        # WSGI hands each byte of a header over as the Latin-1 character of its value.
        return text.encode("latin-1", "replace").decode("utf-8", "replace")[:LONGEST_ID]


current: ContextVar[Current | None] = ContextVar("request", default=None)


def global_id(header: str | None) -> str:
    """Return the id that a client gave a request, if it has the form of one, or else nothing.

    Source: oslo.context, which takes no other either.
    """
    return header if header is not None and _REQUEST_ID.fullmatch(header) else ""
