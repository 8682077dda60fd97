"""What has to be well so that a service is ready: backends of oslo.middleware's Healthcheck.

They look at what is known of the database, and wait no longer than that may take
(`freehold.api.metrics.watching`). They are loaded when the first probe comes.
"""

from typing import TYPE_CHECKING, Any

from oslo_config import cfg
from oslo_middleware.healthcheck.pluginbase import HealthcheckBaseExtension, HealthcheckResult

from freehold.api.health import WATCH

if TYPE_CHECKING:
    from freehold.api.metrics.state import Watch


class Check(HealthcheckBaseExtension):
    """Looks at what is known of the database."""

    def __init__(self, oslo_conf: cfg.ConfigOpts, conf: dict[str, Any]) -> None:
        super().__init__(oslo_conf, conf)
        self.watch: Watch = conf[WATCH]


class DatabaseAnswers(Check):
    """Whether the database answers in time."""

    def healthcheck(self, _server_port: int) -> HealthcheckResult:
        """Return whether it does."""
        if self.watch.state.fresh() is None:
            return HealthcheckResult(False, "database: no answer")
        return HealthcheckResult(True, "database: answers")


class SchemaIsCurrent(Check):
    """Whether the database has the schema of this version."""

    def healthcheck(self, _server_port: int) -> HealthcheckResult:
        """Return whether it has; of a database that does not answer it is not known."""
        state = self.watch.state.fresh()
        if state is None:
            return HealthcheckResult(False, "schema: unknown")
        found, needed = state.value.revision, self.watch.needed
        if found != needed:
            return HealthcheckResult(False, f"schema: {found or 'none'} instead of {needed}")
        return HealthcheckResult(True, f"schema: {found}")


class GaleraIsSynced(Check):
    """Whether the node of a Galera cluster has what the cluster has."""

    def healthcheck(self, _server_port: int) -> HealthcheckResult:
        """Return whether it has; no cluster is as good as one."""
        state = self.watch.state.fresh()
        galera = None if state is None else state.value.galera
        if galera is None:
            return HealthcheckResult(True, "")
        return HealthcheckResult(galera.is_ready and galera.is_synced, f"galera: {galera.state}")
