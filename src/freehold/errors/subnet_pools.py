"""Errors about subnet pools and address scopes: which prefixes subnets may be made of.

An address scope is a set of subnet pools that share no address, so what is
refused of one is refused for the sake of the other.
"""

from freehold.errors.base import BadRequest, Conflict, FreeholdError, NotFound


class AddressScopeUpdateError(BadRequest):
    """An address scope cannot be changed like this."""

    def __init__(self, address_scope_id: str, reason: str) -> None:
        FreeholdError.__init__(
            self, f"Unable to update address scope {address_scope_id} : {reason}."
        )


class EmptySubnetPoolPrefixList(BadRequest):
    """A subnet pool without prefixes."""

    def __init__(self) -> None:
        FreeholdError.__init__(self, "Empty subnet pool prefix list.")


class PrefixVersionMismatch(BadRequest):
    """A subnet pool with prefixes of both IP versions."""

    def __init__(self) -> None:
        FreeholdError.__init__(self, "Cannot mix IPv4 and IPv6 prefixes in a subnet pool.")


class IllegalSubnetPoolPrefixBounds(BadRequest):
    """One prefix length of a subnet pool is on the wrong side of another."""

    def __init__(self, name: str, prefixlen: int, bound_name: str, bound: int) -> None:
        FreeholdError.__init__(
            self, f"Illegal prefix bounds: {name}={prefixlen}, {bound_name}={bound}."
        )


class IllegalSubnetPoolPrefixUpdate(BadRequest):
    """The prefixes of a subnet pool cannot become these."""

    def __init__(self, reason: str, *, detail: str = "") -> None:
        FreeholdError.__init__(self, f"Illegal update to prefixes: {reason}.", detail=detail)


class IllegalSubnetPoolUpdate(BadRequest):
    """A subnet pool cannot be changed like this."""

    def __init__(self, reason: str) -> None:
        FreeholdError.__init__(self, f"Illegal subnetpool update : {reason}.")


class IllegalSubnetPoolIpVersionAssociationToAddressScope(BadRequest):
    """A subnet pool and its address scope are of different IP versions."""

    def __init__(self, subnetpool_id: str, address_scope_id: str, ip_version: int) -> None:
        FreeholdError.__init__(
            self,
            f"Illegal subnetpool association: subnetpool {subnetpool_id} cannot associate with "
            f"address scope {address_scope_id} because subnetpool ip_version is not {ip_version}.",
        )


class MinPrefixSubnetAllocationError(BadRequest):
    """A subnet larger than its pool allows."""

    def __init__(self, prefixlen: int, min_prefixlen: int) -> None:
        FreeholdError.__init__(
            self,
            f"Unable to allocate subnet with prefix length {prefixlen}, minimum allowed prefix is "
            f"{min_prefixlen}.",
        )


class MaxPrefixSubnetAllocationError(BadRequest):
    """A subnet smaller than its pool allows."""

    def __init__(self, prefixlen: int, max_prefixlen: int) -> None:
        FreeholdError.__init__(
            self,
            f"Unable to allocate subnet with prefix length {prefixlen}, maximum allowed prefix is "
            f"{max_prefixlen}.",
        )


class NetworkSubnetPoolAffinityError(BadRequest):
    """The subnets of a network would come from different subnet pools."""

    def __init__(self) -> None:
        FreeholdError.__init__(
            self,
            "Subnets hosted on the same network must be allocated from the same subnet pool.",
        )


class NetworkAddressScopeAffinityError(BadRequest):
    """The subnets of a network would be of different address scopes."""

    def __init__(self) -> None:
        FreeholdError.__init__(
            self,
            "Subnets of the same address family hosted on the same network must all participate "
            "in the same address scope.",
        )


class SubnetPoolDeleteError(BadRequest):
    """A subnet pool that subnets come from."""

    def __init__(self) -> None:
        FreeholdError.__init__(
            self, "Unable to delete subnet pool: Subnet pool has existing allocations."
        )


class AddressScopeNotFound(NotFound):
    """There is no address scope with this id."""

    def __init__(self, address_scope_id: str) -> None:
        super().__init__(f"Address scope {address_scope_id} could not be found.")


class SubnetPoolNotFound(NotFound):
    """There is no subnet pool with this id."""

    def __init__(self, subnetpool_id: str) -> None:
        super().__init__(f"Subnet pool {subnetpool_id} could not be found.")


class AddressScopeInUse(Conflict):
    """Subnet pools belong to the address scope."""

    def __init__(self, address_scope_id: str) -> None:
        super().__init__(
            f"Unable to complete operation on address scope {address_scope_id}. There are one or "
            "more subnet pools in use on the address scope."
        )


class AddressScopePrefixConflict(Conflict):
    """Two subnet pools of an address scope would share an address."""

    def __init__(self) -> None:
        super().__init__(
            "Failed to associate address scope: subnetpools within an address scope must have "
            "unique prefixes."
        )


class SubnetAllocationError(Conflict):
    """A subnet pool has no free prefix of the length asked for, or not the one asked for."""

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(f"Failed to allocate subnet: {reason}.", detail=detail)


class SubnetPoolQuotaExceeded(Conflict):
    """A project would hold more of a subnet pool than the pool allows each project."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("Per-project subnet pool prefix quota exceeded.", detail=detail)
