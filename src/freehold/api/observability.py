"""What a process tells of itself: whether it is well, and what it has counted."""

from collections.abc import Mapping
from pathlib import Path

import falcon
from falcon import App, Request, Response

from freehold.api import health
from freehold.api.faults import install_faults
from freehold.api.metrics import serving
from freehold.api.metrics.meters import Meters
from freehold.api.metrics.monitoring import Monitoring
from freehold.api.metrics.state import Watch
from freehold.api.middleware import RequestIds
from freehold.api.policy import Policy
from freehold.config import Settings
from freehold.networking.backend import Backend


class Observability:
    """The means by which a process is watched.

    Args:
        settings: what is to be told.
        backend: what is done on the database.
        counts: the folder in which the processes of the service count together; None
            for a process that is the only one.
    """

    def __init__(self, settings: Settings, backend: Backend, counts: Path | None = None) -> None:
        self._health = settings.health
        self._watch = Watch(settings, backend.database)
        self._monitoring = (
            Monitoring(settings, backend, self._watch, counts) if settings.metrics.enabled else None
        )

    @property
    def middleware(self) -> tuple[Meters, ...]:
        """What each request passes first and last."""
        return () if self._monitoring is None else (self._monitoring.meters,)

    def routes(self, policy: Policy | None) -> Mapping[str, object]:
        """Return the resource behind each URL.

        Args:
            policy: who may do what; None where nobody comes who may not know all.
        """
        tells = policy is None
        table: dict[str, object] = {
            health.READY_URL: health.ready(self._watch, self._health, tells_reasons=tells),
            health.ALIVE_URL: health.alive(self._watch, self._health),
        }
        if self._monitoring is not None:
            table[serving.URL] = serving.Metrics(self._monitoring, policy)
        return table

    def app(self) -> App[Request, Response]:
        """Return an application that tells all of it to whoever reaches it."""
        app: App[Request, Response] = falcon.App(middleware=[RequestIds()])
        # Falcon's own answer to what nobody expected writes it past the log.
        install_faults(app)
        for url, resource in self.routes(None).items():
            app.add_route(url, resource)
        return app
