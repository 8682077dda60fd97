"""What is counted against a project's quota.

To count another kind of resource: give it a name here, its table in
`freehold.networking.store.quotas`, an option in `freehold.config`, and have what creates
it be counted and what deletes it give back; see `freehold.networking.quotas`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

UNLIMITED = -1
LARGEST_LIMIT = (1 << 31) - 1


class Counted(StrEnum):
    """A kind of resource of which a project may have so many only, by the API's name for it."""

    NETWORK = "network"
    SUBNET = "subnet"
    PORT = "port"
    SUBNETPOOL = "subnetpool"
    ADDRESS_SCOPE = "address_scope"


class Account(NamedTuple):
    """What one project has of one kind of resource."""

    resource: Counted
    project_id: str


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """How many a project may have of each kind of resource.

    Attributes:
        most: by kind; any number of those that are not in it.
    """

    most: Mapping[Counted, int] = field(default_factory=dict)

    def of(self, resource: Counted) -> int:
        """Return how many there may be; `UNLIMITED` for any number."""
        return self.most.get(resource, UNLIMITED)

    def with_own(self, own: Mapping[Counted, int]) -> "QuotaLimits":
        """Return the limits of a project that has some of its own."""
        return QuotaLimits({**self.most, **own})

    def __iter__(self) -> Iterator[tuple[Counted, int]]:
        """Yield each kind of resource and its limit."""
        return ((resource, self.of(resource)) for resource in Counted)


class Usage(NamedTuple):
    """How many of a kind of resource a project may have, and has."""

    limit: int
    used: int
