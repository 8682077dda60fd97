"""``/metrics`` on the API's port: for those whom a rule allows it."""

from falcon import Request, Response

from freehold.api.metrics.monitoring import CONTENT_TYPE, Monitoring
from freehold.api.policy import Policy

URL = "/metrics"
RULE = "get_metrics"


class Metrics:
    """All metrics of the service.

    Args:
        monitoring: tells them.
        policy: who may read them; None for whoever reaches them.
    """

    def __init__(self, monitoring: Monitoring, policy: Policy | None) -> None:
        self._monitoring = monitoring
        self._policy = policy

    def on_get(self, request: Request, response: Response) -> None:
        """Tell them."""
        if self._policy is not None:
            self._policy.require(RULE, self._policy.caller_of(request), {})
        response.content_type = CONTENT_TYPE
        response.cache_control = ["no-store"]
        response.data = self._monitoring.exposition()
