"""Errors about subnets: their allocation pools, gateways, DNS servers and routes.

Where a subnet's CIDR comes from is in `subnet_pools`, which of its addresses can
be had in `addresses`.
"""

from freehold.errors.base import BadRequest, Conflict, FreeholdError, NotFound


class InvalidAllocationPool(BadRequest):
    """A pool's ends are in the wrong order or of the wrong IP version."""

    def __init__(self, pool: str, *, detail: str = "") -> None:
        FreeholdError.__init__(self, f"The allocation pool {pool} is not valid.", detail=detail)


class OutOfBoundsAllocationPool(BadRequest):
    """A pool reaches beyond the addresses of its subnet that can be handed out."""

    def __init__(self, pool: str, subnet_cidr: str, *, detail: str = "") -> None:
        FreeholdError.__init__(
            self,
            f"The allocation pool {pool} spans beyond the subnet cidr {subnet_cidr}.",
            detail=detail,
        )


class InvalidSubnetRequest(BadRequest):
    """A driver cannot serve a subnet request of this kind."""

    def __init__(self, reason: str) -> None:
        FreeholdError.__init__(self, f"The subnet request could not be satisfied because: {reason}")


class DNSNameServersExhausted(BadRequest):
    """More DNS servers than a subnet may have."""

    def __init__(self, subnet_id: str, quota: int) -> None:
        FreeholdError.__init__(
            self,
            f"Unable to complete operation for {subnet_id}. The number of DNS nameservers "
            f"exceeds the limit {quota}.",
        )


class HostRoutesExhausted(BadRequest):
    """More host routes than a subnet may have."""

    def __init__(self, subnet_id: str, quota: int) -> None:
        FreeholdError.__init__(
            self,
            f"Unable to complete operation for {subnet_id}. The number of host routes exceeds "
            f"the limit {quota}.",
        )


class SubnetNotFound(NotFound):
    """There is no subnet with this id, or not any more."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"Subnet {subnet_id} could not be found.")


class OverlappingAllocationPools(Conflict):
    """Two pools of a subnet share an address."""

    def __init__(self, pool_1: str, pool_2: str, subnet_cidr: str) -> None:
        super().__init__(
            f"Found overlapping allocation pools: {pool_1} {pool_2} for subnet {subnet_cidr}."
        )


class GatewayConflictWithAllocationPools(Conflict):
    """The gateway's address lies in a pool, from which it could be handed out."""

    def __init__(self, ip_address: str, pool: str) -> None:
        super().__init__(f"Gateway ip {ip_address} conflicts with allocation pool {pool}.")


class GatewayIpInUse(Conflict):
    """The gateway's address cannot change while a router's port holds it."""

    def __init__(self, ip_address: str, port_id: str) -> None:
        super().__init__(
            f"Current gateway ip {ip_address} already in use by port {port_id}. Unable to update."
        )


class SubnetInUse(Conflict):
    """The subnet still has ports that hold its addresses."""

    def __init__(
        self,
        subnet_id: str,
        reason: str = "One or more ports have an IP allocation from this subnet",
    ) -> None:
        super().__init__(f"Unable to complete operation on subnet {subnet_id}: {reason}.")


class SubnetAlreadyExists(Conflict):
    """A ledger or driver already knows a subnet with this id."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"Subnet {subnet_id} already exists.")
