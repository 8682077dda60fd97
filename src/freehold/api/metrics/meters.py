"""What is counted while requests are answered: by a middleware.

Labels are bounded: the template of a route and never a path, a method that there is, the
class of a status, the type of an error and the reason of a refusal.

A request costs a few microseconds here; nothing is read, and nothing is sent.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from falcon import HTTP_METHODS, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Engine, QueuePool

from freehold.accounts import Account
from freehold.api.logins import REASONS, RefusedLogin
from freehold.api.refusals import HTTPRefusal
from freehold.errors import FreeholdError, Reason

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The bounds of the histogram of latencies, in seconds."""

NO_ROUTE = "none"


@dataclass(frozen=True, slots=True)
class _Of:
    """The children of the metrics of one sort of requests, found once."""

    count: Counter
    seconds: Histogram


class Meters:
    """All that a process counts.

    Args:
        registry: where it is told; None if that is done by way of files.
    """

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._requests = Counter(
            "freehold_http_requests_total",
            "Requests that were answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "freehold_http_request_duration_seconds",
            "How long requests took to be answered.",
            ("route", "method"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._in_progress = Gauge(
            "freehold_http_requests_in_progress",
            "Requests that are being worked on.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._refusals = Counter(
            "freehold_refusals_total",
            "Requests that were refused or failed, by the type of the error.",
            ("type",),
            registry=registry,
        )
        self._reasons = Counter(
            "freehold_address_refusals_total",
            "Requests for an address that a subnet could not serve, by its reason.",
            ("reason",),
            registry=registry,
        )
        self._logins = Counter(
            "freehold_logins_refused_total",
            "Requests of whoever did not show who it is, by the mode and the reason.",
            ("mode", "reason"),
            registry=registry,
        )
        self._allocated = Counter(
            "freehold_addresses_allocated_total", "Addresses handed out.", registry=registry
        )
        self._released = Counter(
            "freehold_addresses_released_total", "Addresses taken back.", registry=registry
        )
        self._lost_races = Counter(
            "freehold_lost_races_total",
            "Claims of an address or looks at a subnet that others were faster with.",
            registry=registry,
        )
        self._retries = Counter(
            "freehold_database_retries_total",
            "Transactions that were run again, as the database asked for it.",
            registry=registry,
        )
        self._statements = Counter(
            "freehold_database_statements_total",
            "SQL statements that requests sent to the database.",
            registry=registry,
        )
        self._connections = Gauge(
            "freehold_database_connections_in_use",
            "Connections to the database that are in use.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._most_connections = Gauge(
            "freehold_database_connections_max",
            "Connections to the database that may be in use at once.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._workers = Gauge(
            "freehold_workers",
            "Processes that serve requests.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._starts = Counter(
            "freehold_worker_starts_total",
            "Processes that began to serve requests.",
            registry=registry,
        )
        self._pool: QueuePool | None = None
        self._pool_lock = Lock()
        self._in_use = 0
        self._of: dict[tuple[str, str, int], _Of] = {}
        for name in _types(FreeholdError):
            self._refusals.labels(name)
        for reason in Reason:
            self._reasons.labels(reason.value)
        for mode, reasons in REASONS.items():
            for why in reasons:
                self._logins.labels(mode.value, why.value)

    def start(self, engine: Engine, most_connections: int) -> None:
        """Count this process, and the connections of an engine's pool.

        Args:
            engine: that on which requests are worked on.
            most_connections: how many connections it has at the most.
        """
        self._starts.inc()
        self._workers.set(1)
        self._most_connections.set(most_connections)
        self._connections.set(0)
        if isinstance(engine.pool, QueuePool):
            self._pool = engine.pool

    def process_request(self, request: Request, _response: Response) -> None:
        """Take the time."""
        self._in_progress.inc()
        self._look_at_pool()
        request.context.metered_since = time.perf_counter()

    def process_response(
        self, request: Request, response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """Count the request, and what it did and cost."""
        seconds = time.perf_counter() - request.context.metered_since
        self._in_progress.dec()
        self._look_at_pool()
        key = (request.uri_template or NO_ROUTE, request.method, response.status_code // 100)
        of = self._of.get(key) or self._children(*key)
        of.count.inc()
        of.seconds.observe(seconds)
        error_type = getattr(request.context, "error_type", None)
        if error_type is not None:
            self._refusals.labels(error_type).inc()
            for reason in request.context.reasons:
                self._reasons.labels(reason.value).inc()
        login: RefusedLogin | None = getattr(request.context, "refused_login", None)
        if login is not None:
            self._logins.labels(login.mode.value, login.why.value).inc()
        account = getattr(request.context, "account", None)
        if account is not None:
            self._add(account)

    def _look_at_pool(self) -> None:
        """Tell how many connections are in use, which costs nothing as long as it is the same.

        Each request looks before and after its own use of them, so that what is told is
        right when nothing goes on, and right enough when much does.
        """
        if self._pool is not None:
            with self._pool_lock:
                in_use = self._pool.checkedout()
                if in_use != self._in_use:
                    self._in_use = in_use
                    self._connections.set(in_use)

    def _add(self, account: Account) -> None:
        if account.statements:
            self._statements.inc(account.statements)
        if account.allocated:
            self._allocated.inc(account.allocated)
        if account.released:
            self._released.inc(account.released)
        if account.lost_races:
            self._lost_races.inc(account.lost_races)
        if account.runs_again:
            self._retries.inc(account.runs_again)

    def _children(self, route: str, verb: str, hundreds: int) -> _Of:
        method = verb if verb in HTTP_METHODS else "other"
        of = _Of(
            self._requests.labels(route, method, f"{hundreds}xx"),
            self._seconds.labels(route, method),
        )
        if method == verb:  # whoever makes up methods is not remembered
            self._of[route, verb, hundreds] = of
        return of


def _types(kind: type[FreeholdError]) -> Iterator[str]:
    """Yield the types of error of Freehold's own below one in the tree."""
    for below in kind.__subclasses__():
        if below.__module__ in (FreeholdError.__module__, HTTPRefusal.__module__):
            yield below.__name__
            yield from _types(below)
