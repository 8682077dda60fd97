"""What can be done with a subnet pool besides changing its attributes.

The bodies of these requests are not wrapped into the name of a resource, and
neither are the answers: so it is in Neutron.
"""

from collections.abc import Sequence
from typing import Protocol

from falcon import Request, Response

from freehold.addresses.ranges import IPNetwork
from freehold.api.attributes import MOST_ITEMS
from freehold.api.bodies import BodyLimits, read_object
from freehold.api.guards import Guard
from freehold.api.refusals import HTTPBadRequest
from freehold.api.standard import expected_revision
from freehold.api.subnet_pools import prefixes_of
from freehold.errors import InvalidInput, NetworkNotFound
from freehold.networking.pool_values import SubnetPool
from freehold.networking.subnet_pools import SubnetPools

_INVALID = "Request body contains invalid data"


class PrefixChange(Protocol):
    """Adds prefixes to the pool of an id, or removes them; see `SubnetPools`."""

    def __call__(
        self, pool_id: str, prefixes: Sequence[IPNetwork], revision: int | None, /
    ) -> SubnetPool:
        """Do so, if the pool has that revision."""


class ChangePrefixes:
    """``/v2.0/subnetpools/{resource_id}/add_prefixes`` and ``.../remove_prefixes``.

    Args:
        change: adds prefixes to the pool of an id, or removes them.
        limits: what a request's body may measure.
        guard: who may do what with subnet pools.
        rule: the rule of doing it.
    """

    def __init__(self, change: PrefixChange, limits: BodyLimits, guard: Guard, rule: str) -> None:
        self._change = change
        self._limits = limits
        self._guard = guard
        self._rule = rule

    def on_put(self, request: Request, response: Response, resource_id: str) -> None:
        """Change the prefixes, and tell all that there are then."""
        prefixes = _prefixes(request, self._limits)
        self._guard.check(self._guard.caller(request), resource_id, self._rule)
        pool = self._change(resource_id, prefixes, expected_revision(request))
        response.media = {"prefixes": [str(prefix) for prefix in pool.prefixes]}


class Onboard:
    """``/v2.0/subnetpools/{resource_id}/onboard_network_subnets``.

    Args:
        pools: the pools.
        limits: what a request's body may measure.
        guard: who may do what with subnet pools.
        networks: who may do what with networks.
    """

    def __init__(
        self, pools: SubnetPools, limits: BodyLimits, guard: Guard, networks: Guard
    ) -> None:
        self._pools = pools
        self._limits = limits
        self._guard = guard
        self._networks = networks

    def on_put(self, request: Request, response: Response, resource_id: str) -> None:
        """Have a network's subnets belong to the pool, and tell which these are."""
        network_id = read_object(request, self._limits).get("network_id")
        if not network_id:
            raise InvalidInput("network_id must be specified.")
        if not isinstance(network_id, str):
            raise NetworkNotFound(str(network_id))
        caller = self._guard.caller(request)
        for guard, one in ((self._guard, resource_id), (self._networks, network_id)):
            guard.check(caller, one, "onboard_network_subnets")
        subnets = self._pools.onboard(resource_id, network_id, expected_revision(request))
        response.media = [{"id": subnet.id, "cidr": str(subnet.cidr)} for subnet in subnets]


def _prefixes(request: Request, limits: BodyLimits) -> Sequence[IPNetwork]:
    texts = read_object(request, limits).get("prefixes")
    if not texts or not isinstance(texts, list) or len(texts) > MOST_ITEMS:
        raise HTTPBadRequest(_INVALID)
    for text in texts:
        if not isinstance(text, str):
            raise HTTPBadRequest(
                f"Invalid input for prefixes. Reason: '{text}' is not a valid IP subnet."
            )
    return prefixes_of("prefixes", texts)
