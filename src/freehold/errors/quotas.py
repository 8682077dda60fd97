"""Errors about quotas: how many resources a project may have.

How much of a subnet pool a project may have is the pool's to say, in `subnet_pools`.
"""

from collections.abc import Iterable

from freehold.errors.base import BadRequest, Conflict, FreeholdError, NotFound


class QuotaBelowUsage(BadRequest):
    """A limit that is less than what the project has."""

    def __init__(self, resource: str, limit: int, used: int) -> None:
        FreeholdError.__init__(
            self,
            f"Quota limit {limit} for {resource} must be greater than or equal to already used "
            f"{used}",
        )


class TenantQuotaNotFound(NotFound):
    """The project has no limits of its own."""

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Quota for project {project_id} could not be found.")


class OverQuota(Conflict):
    """A project would have more resources than it may."""

    def __init__(self, resources: Iterable[str], *, detail: str = "") -> None:
        super().__init__(f"Quota exceeded for resources: {list(resources)}.", detail=detail)
