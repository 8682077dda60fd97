"""The guards of all kinds of resources, and what resources refer to.

To add a kind, add its guard here, and its rules in `freehold.api.policies`.
"""

from collections.abc import Mapping, Sequence

from freehold.api.abouts import is_given
from freehold.api.address_scopes import ADDRESS_SCOPE
from freehold.api.attributes import Checked
from freehold.api.callers import Caller
from freehold.api.guards import Guard, Nature
from freehold.api.kinds import Kind
from freehold.api.networks import NETWORK
from freehold.api.policy import Policy
from freehold.api.rbac_policies import RBAC_POLICY, object_type_of
from freehold.api.segments import SEGMENT
from freehold.api.sights import EXTERNAL, ON_OWN_NETWORKS, OWN, SHARED
from freehold.api.subnet_pools import SUBNET_POOL
from freehold.api.subnets import SUBNET
from freehold.errors import (
    AddressScopeNotFound,
    BadRequest,
    InvalidInput,
    NetworkNotFound,
    PortNotFound,
    RbacPolicyNotFound,
    SegmentNotFound,
    SubnetNotFound,
    SubnetPoolNotFound,
)
from freehold.networking.backend import Backend
from freehold.networking.sharing_values import ObjectType
from freehold.networking.values import Filter, Port, PortChange, PortDraft

_ON_NETWORKS = (OWN, ON_OWN_NETWORKS, SHARED, EXTERNAL)


class Guards:
    """Who may do what with the resources of each kind.

    Args:
        policy: the rules.
        backend: the resources.
        ports: what ports are.

    Attributes:
        policy: the rules.
    """

    def __init__(self, policy: Policy, backend: Backend, ports: Kind[Port, PortDraft, PortChange]):
        self.policy = policy
        self.networks = Guard(
            policy,
            Nature(NETWORK, backend.networks, NetworkNotFound, (OWN, SHARED, EXTERNAL), True),
        )
        self.subnet_pools = Guard(
            policy,
            Nature(SUBNET_POOL, backend.subnet_pools, SubnetPoolNotFound, (OWN, SHARED), True),
            refers=self._from_pool,
        )
        self.address_scopes = Guard(
            policy,
            Nature(
                ADDRESS_SCOPE, backend.address_scopes, AddressScopeNotFound, (OWN, SHARED), True
            ),
        )
        self.subnets = Guard(
            policy,
            Nature(SUBNET, backend.subnets, SubnetNotFound, _ON_NETWORKS),
            self.networks,
            self._from_subnet,
        )
        self.ports = Guard(
            policy,
            Nature(ports, backend.ports, PortNotFound, _ON_NETWORKS),
            self.networks,
            self._from_port,
        )
        self.rbac_policies = Guard(
            policy,
            Nature(RBAC_POLICY, backend.rbac_policies, RbacPolicyNotFound, (OWN,)),
            refers=self._from_rbac_policy,
        )
        self.segments = Guard(
            policy,
            Nature(SEGMENT, backend.segments, SegmentNotFound, ()),
            self.networks,
        )
        self._objects = {
            ObjectType.NETWORK: (self.networks, "networks"),
            ObjectType.SUBNET_POOL: (self.subnet_pools, "objects"),
            ObjectType.ADDRESS_SCOPE: (self.address_scopes, "objects"),
        }

    def _from_subnet(
        self, caller: Caller, items: Sequence[Checked], _abouts: Sequence[Mapping[str, object]]
    ) -> None:
        self.subnet_pools.check_there(caller, _named(items, "subnetpool_id"))
        by_default = {
            one["ip_version"]
            for one in items
            # With both, it is refused for that.
            if one.get("use_default_subnetpool") and not _named([one], "subnetpool_id")
        }
        if not by_default or self.subnet_pools.seen(caller).sight.everything:
            return
        defaults = self.subnet_pools.find(caller, [Filter("is_default", (True,))])
        for version in sorted(by_default - {pool.ip_version for pool in defaults}):
            raise BadRequest("subnets", f"No default subnetpool found for IPv{version}")

    def _from_port(
        self, caller: Caller, items: Sequence[Checked], _abouts: Sequence[Mapping[str, object]]
    ) -> None:
        asked = [
            one for item in items if is_given(item, "fixed_ips") for one in item["fixed_ips"] or ()
        ]
        self.subnets.check_there(caller, _named(asked, "subnet_id"))

    def _from_pool(
        self, caller: Caller, items: Sequence[Checked], _abouts: Sequence[Mapping[str, object]]
    ) -> None:
        self.address_scopes.check_there(caller, _named(items, "address_scope_id"))

    def _from_rbac_policy(
        self, caller: Caller, _items: Sequence[Checked], abouts: Sequence[Mapping[str, object]]
    ) -> None:
        if caller.is_admin:
            return
        for about in abouts:
            guard, objects = self._objects[object_type_of(str(about["object_type"]))]
            if not guard.allows(caller, str(about["object_id"]), "create_rbac_policy"):
                raise InvalidInput(
                    f"Only admins can manipulate policies on {objects} they do not own"
                )


def _named(items: Sequence[Mapping[str, object]], name: str) -> list[str]:
    """Return what stands in an attribute of some resources, each once."""
    return list(
        dict.fromkeys(
            str(item[name]) for item in items if is_given(item, name) and item[name] is not None
        )
    )
