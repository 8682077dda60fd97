"""Errors about addresses: which cannot be had, and why, and who held them.

Most are raised where subnets are known and ports are not, and carry what each
candidate subnet answered.
"""

from collections.abc import Iterable

from freehold.errors.base import (
    BadRequest,
    Conflict,
    FreeholdError,
    InvalidInput,
    NotFound,
    ServiceUnavailable,
)
from freehold.errors.reasons import Refusal


class AllocationOnAutoAddressSubnet(InvalidInput):
    """An address on an auto-address subnet that is not the EUI-64 one."""

    def __init__(self, ip: str, subnet_id: str, *, refusals: Iterable[Refusal] = ()) -> None:
        FreeholdError.__init__(
            self,
            f"IPv6 address {ip} cannot be directly assigned to a port on subnet {subnet_id} "
            "as the subnet is configured for automatic addresses",
            refusals=refusals,
        )


class InvalidIpForNetwork(BadRequest):
    """No subnet of the network contains the address."""

    def __init__(self, ip_address: str, *, refusals: Iterable[Refusal] = ()) -> None:
        FreeholdError.__init__(
            self,
            f"IP address {ip_address} is not a valid IP for any of the subnets on the "
            "specified network.",
            refusals=refusals,
        )


class InvalidIpForSubnet(BadRequest):
    """The subnet does not contain the address, or reserves it."""

    def __init__(self, ip_address: str, *, refusals: Iterable[Refusal] = ()) -> None:
        FreeholdError.__init__(
            self,
            f"IP address {ip_address} is not a valid IP for the specified subnet.",
            refusals=refusals,
        )


class IpAddressAllocationNotFound(NotFound):
    """An address was given back that nobody holds."""

    def __init__(self, ip: str, subnet_id: str) -> None:
        super().__init__(f"IP address {ip} is not allocated in subnet {subnet_id}")


class IpAddressAlreadyAllocated(Conflict):
    """Somebody holds the address, or it was released too lately."""

    def __init__(self, ip: str, subnet_id: str, *, refusals: Iterable[Refusal] = ()) -> None:
        super().__init__(
            f"IP address {ip} already allocated in subnet {subnet_id}", refusals=refusals
        )


class IpAddressGenerationFailure(Conflict):
    """Nothing is left to hand out; ``refusals`` say so subnet by subnet."""

    @classmethod
    def on_network(
        cls, network_id: str, refusals: Iterable[Refusal]
    ) -> "IpAddressGenerationFailure":
        """Tell that no candidate subnet of a network could serve."""
        return cls(f"No more IP addresses available on network {network_id}.", refusals=refusals)

    @classmethod
    def in_subnet(cls, subnet_id: str, refusal: Refusal) -> "IpAddressGenerationFailure":
        """Tell that one subnet could not serve."""
        return cls(f"No more IP addresses available for subnet {subnet_id}.", refusals=(refusal,))


class IpAddressGenerationFailureAllSubnets(IpAddressGenerationFailure):
    """No subnet of a subnet group could serve."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        super().__init__("No more IP addresses available.", refusals=refusals)


class IpAddressGenerationFailureNoMatchingSubnet(IpAddressGenerationFailure):
    """All subnets of the network serve ports of other device owners only."""

    def __init__(self, network_id: str, device_owner: str, refusals: Iterable[Refusal]) -> None:
        super().__init__(
            "No valid service subnet for the given device owner, network "
            f"{network_id}, service type {device_owner}.",
            refusals=refusals,
        )


class AllocationContention(ServiceUnavailable):
    """Others claimed each address that was proposed, again and again."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(
            f"Too many others are taking addresses of subnet {subnet_id} at this moment; try again."
        )


class HistoryNotKept(Conflict):
    """Nobody remembers who held which address, so that no answer would be true."""

    def __init__(self) -> None:
        super().__init__("No history of addresses is kept here.")
