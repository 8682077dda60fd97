"""``/healthcheck``: whether the service is ready, and whether it is alive, by oslo.middleware.

Alive is whoever answers: a process that waits for a database is not to be restarted for
that, so the database is not asked. Ready is whoever can serve: its database answers in time
and has the schema of this version, and the node of a Galera cluster has what the
cluster has. An operator can take a service out of its turn by a file.

The checks are backends of oslo.middleware's Healthcheck (`freehold.api.health_checks`), found
by entry points. On the API's port anybody may ask, and is told nothing but the outcome; the
reasons are told where only those come who may know them.
"""

from functools import cache, cached_property
from http import HTTPStatus
from importlib.metadata import entry_points
from typing import Any

from falcon import MEDIA_JSON, Request, Response

from freehold.api.metrics.state import Watch
from freehold.config.health import HealthSettings

READY_URL = "/healthcheck"
ALIVE_URL = "/healthcheck/live"
OPEN_PATHS = (READY_URL, ALIVE_URL)
"""Paths that anybody may ask without saying who he is."""

BACKENDS = ("freehold_database", "freehold_schema", "freehold_galera")
FILE_BACKEND = "disable_by_file"

WATCH = "freehold_watch"
"""Where the backends find what they look at, in oslo.middleware's configuration."""

OUTCOMES = {True: "OK", False: "NOT READY"}

TEXT = "text/plain"

_GROUP = "oslo.middleware.healthcheck"


class Health:
    """One of the two questions.

    Args:
        backends: what has to be well.
        watch: the database as this process watches it.
        settings: which file says that the service is not ready.
        tells_reasons: whether whoever asks is told what is and what is not well.
    """

    def __init__(
        self,
        backends: tuple[str, ...],
        watch: Watch,
        settings: HealthSettings,
        *,
        tells_reasons: bool,
    ) -> None:
        _require(backends)
        self._tells_reasons = tells_reasons
        self._configuration: dict[str, Any] = {
            # A configuration of its own, which no file has a part in.
            "oslo_config_project": "freehold-healthcheck",
            "oslo_config_file": "/dev/null",
            "backends": list(backends),
            "disable_by_file_path": settings.disable_by_file_path,
            WATCH: watch,
        }

    @cached_property
    def _healthcheck(self) -> Any:
        """Made when it is asked for: to load it, and to look for its backends, takes its time."""
        from oslo_middleware.healthcheck import Healthcheck

        return Healthcheck(None, self._configuration)

    def on_get(self, request: Request, response: Response) -> None:
        """Tell by the status, and in a word."""
        self._answer(request, response)

    def on_head(self, request: Request, response: Response) -> None:
        """Tell by the status."""
        self._answer(request, response)

    def _answer(self, request: Request, response: Response) -> None:
        from webob import Request as Asked

        # Nothing of the request is passed on but whether it wants JSON: in HTML there would be
        # more than is asked for.
        accept = request.client_prefers((TEXT, MEDIA_JSON)) if self._tells_reasons else TEXT
        asked = Asked.blank(READY_URL, method=request.method, accept=accept or TEXT)
        answer = asked.get_response(self._healthcheck)
        response.status = answer.status_int
        response.cache_control = ["no-store"]
        response.content_type = answer.content_type
        well = answer.status_int < HTTPStatus.BAD_REQUEST
        response.text = answer.text if self._tells_reasons else OUTCOMES[well]


def ready(watch: Watch, settings: HealthSettings, *, tells_reasons: bool) -> Health:
    """Return what tells whether this process can serve."""
    by_file = (FILE_BACKEND,) if settings.disable_by_file_path else ()
    return Health((*BACKENDS, *by_file), watch, settings, tells_reasons=tells_reasons)


def alive(watch: Watch, settings: HealthSettings) -> Health:
    """Return what tells that this process answers, and asks nobody."""
    return Health((), watch, settings, tells_reasons=False)


@cache
def _require(backends: tuple[str, ...]) -> None:
    """Refuse to go without a check: oslo.middleware would leave it out, and call all well.

    Raises:
        RuntimeError: this installation has no such entry point.
    """
    for name in backends:
        if not entry_points(group=_GROUP, name=name):
            raise RuntimeError(f"this installation of Freehold has lost its check {name}")
