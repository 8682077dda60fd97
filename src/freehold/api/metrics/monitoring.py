"""What a process has to tell Prometheus, put together."""

import platform
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from freehold import __version__
from freehold.api.metrics.meters import Meters
from freehold.api.metrics.sharing import drop_gauges_of_the_dead
from freehold.api.metrics.state import StateCollector, Watch
from freehold.config import Settings
from freehold.networking.backend import Backend

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Source: Prometheus' documentation of its exposition formats."""


class Monitoring:
    """The metrics of a service, as one of its processes tells them.

    Args:
        settings: what is to be told.
        backend: that on which requests are worked on.
        watch: its database as it is watched.
        folder: where the processes of the service count, if this one has taken its place
            there (`freehold.api.metrics.sharing`); None if it is the only one.
    """

    def __init__(
        self, settings: Settings, backend: Backend, watch: Watch, folder: Path | None = None
    ) -> None:
        # When a series began is of no use to who reads counters, and would double their number.
        disable_created_metrics()
        self._registry = CollectorRegistry()
        self._before: Callable[[], None] = lambda: None
        if folder is None:
            self.meters = Meters(self._registry)
        else:
            self.meters = Meters(None)
            MultiProcessCollector(self._registry, str(folder))
            self._before = lambda: drop_gauges_of_the_dead(folder)
        self.meters.start(backend.database.engine, settings.api_threads)
        self._registry.register(StateCollector(watch, settings))
        self._registry.register(BuildCollector(watch))

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        self._before()
        return generate_latest(self._registry)


class BuildCollector(Collector):
    """Tells which Freehold this is.

    Args:
        watch: knows which schema it needs.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Yield it: a series whose labels tell it."""
        family = GaugeMetricFamily(
            "freehold_build_info", "Which version this is.", labels=("version", "python", "schema")
        )
        family.add_metric((__version__, platform.python_version(), self._watch.needed), 1)
        yield family
