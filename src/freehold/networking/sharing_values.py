"""Who may see and use what beside its owner, as frozen values; see `freehold.networking.values`.

Names: OpenStack Networking API v2.0, *RBAC policies*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from freehold.networking.values import KEEP, Filter, Keep

ALL_PROJECTS = "*"

VISIBLE = "visible"
"""The attribute of a filter whose value is the `Sight` by which a list is to be restricted."""


SELECTIVE = frozenset(
    {
        "id",
        "name",
        "network_id",
        "device_id",
        "mac_address",
        "host_id",
        "subnetpool_id",
        "object_id",
        "fixed_ips.ip_address",
        "fixed_ips.subnet_id",
    }
)
"""What few resources have in common, and has an index: a filter by it leaves few of them."""


class ObjectType(StrEnum):
    """What can be shared."""

    NETWORK = "network"
    SUBNET_POOL = "subnetpool"
    ADDRESS_SCOPE = "address_scope"


class Action(StrEnum):
    """What a project is allowed with it.

    What is external can be seen, and routers get their gateways there.
    """

    SHARED = "access_as_shared"
    EXTERNAL = "access_as_external"


ACTIONS: Mapping[ObjectType, tuple[Action, ...]] = {
    ObjectType.NETWORK: (Action.SHARED, Action.EXTERNAL),
    ObjectType.SUBNET_POOL: (Action.SHARED,),
    ObjectType.ADDRESS_SCOPE: (Action.SHARED,),
}
"""What can be allowed with each type of object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RbacPolicy:
    """That a project, or all of them, may use what is another one's.

    Attributes:
        project_id: who owns this policy; the object may be another one's.
        target_project: who may use the object; ``*`` for all.
    """

    id: str
    project_id: str
    object_type: ObjectType
    object_id: str
    action: Action
    target_project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RbacPolicyDraft:
    """An RBAC policy to be."""

    project_id: str
    object_type: ObjectType
    object_id: str
    action: Action
    target_project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RbacPolicyChange:
    """What is to be different about an RBAC policy."""

    target_project: str | Keep = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What somebody may see of the resources of one kind.

    Attributes:
        project_id: in whose name; what is shared with this project is shown as shared.
        everything: whatever there is.
        own: what belongs to the project.
        on_own_networks: what belongs to others, on the project's networks.
        shared: what is shared with the project or with all, or is on such a network.
        external: what is external for the project or for all, or is on such a network.
        among_few: whether other filters leave few resources, each of which can be looked at;
            the answer is the same.
    """

    project_id: str
    everything: bool = False
    own: bool = False
    on_own_networks: bool = False
    shared: bool = False
    external: bool = False
    among_few: bool = False

    @property
    def nothing(self) -> bool:
        """Whether no resource can be seen, whichever there are."""
        return not (
            self.everything or self.own or self.on_own_networks or self.shared or self.external
        )


def sight_of(filters: Sequence[Filter]) -> Sight | None:
    """Return by what a list is restricted; None for nothing."""
    for condition in filters:
        if condition.attribute == VISIBLE:
            for value in condition.values:
                if isinstance(value, Sight):
                    return value
    return None
