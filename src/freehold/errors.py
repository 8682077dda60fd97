"""Everything that Freehold refuses or fails with, in one tree.

::

    FreeholdError                                     500
    ├── BadRequest                                    400
    │   ├── InvalidInput
    │   │   └── AllocationOnAutoAddressSubnet
    │   ├── InvalidAllocationPool
    │   ├── OutOfBoundsAllocationPool
    │   ├── InvalidIpForNetwork
    │   ├── InvalidIpForSubnet
    │   ├── InvalidSubnetRequest
    │   ├── DNSNameServersExhausted
    │   ├── HostRoutesExhausted
    │   ├── AddressScopeUpdateError
    │   ├── EmptySubnetPoolPrefixList
    │   ├── PrefixVersionMismatch
    │   ├── IllegalSubnetPoolPrefixBounds
    │   ├── IllegalSubnetPoolPrefixUpdate
    │   ├── IllegalSubnetPoolUpdate
    │   ├── IllegalSubnetPoolIpVersionAssociationToAddressScope
    │   ├── MinPrefixSubnetAllocationError
    │   ├── MaxPrefixSubnetAllocationError
    │   ├── NetworkSubnetPoolAffinityError
    │   ├── NetworkAddressScopeAffinityError
    │   ├── SubnetPoolDeleteError
    │   ├── AllowedAddressPairExhausted
    │   ├── QuotaBelowUsage
    │   ├── DuplicateAddressPairInRequest
    │   ├── InvalidActionForType
    │   ├── RbacPolicyInitError
    │   ├── SubnetsNotAllAssociatedWithSegments
    │   ├── NoUpdateSubnetWhenMultipleSegmentsOnNetwork
    │   ├── SubnetSegmentAssociationChangeNotAllowed
    │   ├── NetworkIdsDontMatch
    │   └── FixedIpsSubnetsNotOnSameSegment
    ├── PolicyNotAuthorized                           403
    ├── NotFound                                      404
    │   ├── NetworkNotFound
    │   ├── SubnetNotFound
    │   ├── PortNotFound
    │   ├── AddressScopeNotFound
    │   ├── SubnetPoolNotFound
    │   ├── SegmentNotFound
    │   ├── TagNotFound
    │   ├── RbacPolicyNotFound
    │   ├── TenantQuotaNotFound
    │   └── IpAddressAllocationNotFound
    ├── Conflict                                      409
    │   ├── OverlappingAllocationPools
    │   ├── GatewayConflictWithAllocationPools
    │   ├── GatewayIpInUse
    │   ├── NetworkInUse
    │   ├── SubnetInUse
    │   ├── SubnetAlreadyExists
    │   ├── InvalidSharedSetting
    │   ├── ExternalNetworkInUse
    │   ├── NetworkMTUSubnetConflict
    │   ├── MacAddressInUse
    │   ├── PortInUse
    │   ├── UnsupportedPortDeviceOwner
    │   ├── HistoryNotKept
    │   ├── AddressScopeInUse
    │   ├── AddressScopePrefixConflict
    │   ├── SubnetAllocationError
    │   ├── SubnetPoolQuotaExceeded
    │   ├── SegmentInUse
    │   ├── HostNotConnectedToAnySegment
    │   ├── HostNotCompatibleWithFixedIps
    │   ├── DuplicateRbacPolicy
    │   ├── RbacPolicyInUse
    │   ├── OverQuota
    │   ├── IdempotentRequestInProgress
    │   ├── IpAddressAlreadyAllocated
    │   └── IpAddressGenerationFailure
    │       ├── IpAddressGenerationFailureAllSubnets
    │       └── IpAddressGenerationFailureNoMatchingSubnet
    ├── RevisionNumberConstraintFailed                412
    ├── IdempotencyKeyReused                          422
    ├── ServiceUnavailable                            503
    │   ├── AllocationContention
    │   ├── DatabaseUnavailable
    │   ├── DatabaseNotUpgraded
    │   ├── RequestTimedOut
    │   └── MacAddressGenerationFailure
    ├── ConfigurationError                            500
    └── DriverNotFound                                500

The name of a class is the ``type`` that a client of the Networking API sees,
``status`` is the HTTP status, ``message`` is Neutron's text for Neutron's
errors (clients and tests compare it), ``detail`` is what Freehold knows
beyond that, and ``refusals`` is the same knowledge as data.

Source of names, texts and statuses: the OpenStack Networking API v2.0 as
neutron-lib and Neutron answer it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus


class Reason(StrEnum):
    """Why one subnet could not serve one request for an address."""

    POOL_EXHAUSTED = "pool-exhausted"
    NO_POOL = "no-allocation-pool"
    ADDRESS_HELD = "address-held"
    ADDRESS_COOLING = "address-cooling"
    ADDRESS_OUTSIDE_SUBNET = "address-outside-subnet"
    ADDRESS_RESERVED = "address-reserved"
    OTHER_IP_VERSION = "other-ip-version"
    AUTOMATIC_ADDRESSES_ONLY = "automatic-addresses-only"
    SUBNET_GONE = "subnet-gone"
    NO_SUBNET = "no-subnet"
    OTHER_SEGMENT = "other-segment"
    OTHER_OWNERS = "other-device-owners"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One candidate subnet's answer to a request that it could not serve.

    Attributes:
        reason: the reason, for programs.
        text: the same for people, one sentence.
        subnet_id: the subnet that refused; None if there was none to ask.
        cidr: that subnet's CIDR.
        figures: numbers and addresses behind the reason, such as ``total`` and
            ``held`` of an exhausted pool.
    """

    reason: Reason
    text: str
    subnet_id: str | None = None
    cidr: str | None = None
    figures: Mapping[str, int | str] = field(default_factory=dict)


class FreeholdError(Exception):
    """Any refusal or failure of Freehold's.

    Attributes:
        status: the HTTP status that tells it.
        message: one sentence for the client.
        detail: what is known beyond the message; may be empty.
        refusals: what each candidate subnet answered; may be empty.
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, message: str, *, detail: str = "", refusals: Iterable[Refusal] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.refusals = tuple(refusals)
        self.detail = detail or " ".join(refusal.text for refusal in self.refusals)


# 400


class BadRequest(FreeholdError):
    """The request cannot be meant as it was sent."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, resource: str, reason: str) -> None:
        super().__init__(f"Bad {resource} request: {reason}.")


class InvalidInput(BadRequest):
    """A value is well-formed but not valid where it stands."""

    def __init__(self, reason: str, *, refusals: Iterable[Refusal] = ()) -> None:
        FreeholdError.__init__(self, f"Invalid input for operation: {reason}.", refusals=refusals)


class AllocationOnAutoAddressSubnet(InvalidInput):
    """An address on an auto-address subnet that is not the EUI-64 one."""

    def __init__(self, ip: str, subnet_id: str, *, refusals: Iterable[Refusal] = ()) -> None:
        FreeholdError.__init__(
            self,
            f"IPv6 address {ip} cannot be directly assigned to a port on subnet {subnet_id} "
            "as the subnet is configured for automatic addresses",
            refusals=refusals,
        )


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


class QuotaBelowUsage(BadRequest):
    """A limit that is less than what the project has."""

    def __init__(self, resource: str, limit: int, used: int) -> None:
        FreeholdError.__init__(
            self,
            f"Quota limit {limit} for {resource} must be greater than or equal to already used "
            f"{used}",
        )


class AllowedAddressPairExhausted(BadRequest):
    """More address pairs than a port may have."""

    def __init__(self, quota: int) -> None:
        FreeholdError.__init__(
            self, f"The number of allowed address pair exceeds the maximum {quota}."
        )


class DuplicateAddressPairInRequest(BadRequest):
    """Two address pairs of a port are the same."""

    def __init__(self, mac_address: str | None, ip_address: str) -> None:
        FreeholdError.__init__(
            self,
            f"Request contains duplicate address pair: mac_address {mac_address} ip_address "
            f"{ip_address}.",
        )


class SubnetsNotAllAssociatedWithSegments(BadRequest):
    """Some subnets of a network would be on segments, and others not."""

    def __init__(self, network_id: str) -> None:
        FreeholdError.__init__(
            self,
            f"All of the subnets on network '{network_id}' must either all be associated with "
            "segments or all not associated with any segment.",
        )


class NoUpdateSubnetWhenMultipleSegmentsOnNetwork(BadRequest):
    """A subnet that is there moves onto a segment only where there is one segment."""

    def __init__(self, network_id: str) -> None:
        FreeholdError.__init__(
            self,
            f"The network '{network_id}' has multiple segments, it is only possible to associate "
            "an existing subnet with a segment on networks with a single segment.",
        )


class SubnetSegmentAssociationChangeNotAllowed(BadRequest):
    """A subnet that is on a segment stays there."""

    def __init__(self) -> None:
        FreeholdError.__init__(
            self,
            "A subnet that is already associated with a segment cannot have its segment "
            "association changed.",
        )


class NetworkIdsDontMatch(BadRequest):
    """The segment that a subnet is to be on is another network's."""

    def __init__(self, subnet_network: str, segment_id: str) -> None:
        FreeholdError.__init__(
            self,
            f"The subnet's network id, '{subnet_network}', doesn't match the network_id of "
            f"segment '{segment_id}'",
        )


class FixedIpsSubnetsNotOnSameSegment(BadRequest):
    """A port without a host would have addresses of several segments."""

    def __init__(self) -> None:
        FreeholdError.__init__(self, "Cannot allocate addresses from different segments.")


class InvalidActionForType(BadRequest):
    """An object of this type cannot be used like this."""

    def __init__(self, action: str, object_type: str, valid: Iterable[str]) -> None:
        FreeholdError.__init__(
            self,
            f"Invalid action '{action}' for object type '{object_type}'. Valid actions: "
            f"{tuple(valid)}",
        )


class RbacPolicyInitError(BadRequest):
    """An object cannot be shared like this."""

    def __init__(self, object_id: str, reason: str) -> None:
        FreeholdError.__init__(
            self, f"Failed to create RBAC policy on object {object_id} because {reason}."
        )


# 403


class PolicyNotAuthorized(FreeholdError):
    """Whoever asks may not do this, and may know that."""

    status = HTTPStatus.FORBIDDEN

    def __init__(self, rule: str) -> None:
        super().__init__(f"{rule} is disallowed by policy")


# 404


class NotFound(FreeholdError):
    """What the request names does not exist."""

    status = HTTPStatus.NOT_FOUND


class NetworkNotFound(NotFound):
    """There is no network with this id."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Network {network_id} could not be found.")


class SubnetNotFound(NotFound):
    """There is no subnet with this id, or not any more."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"Subnet {subnet_id} could not be found.")


class PortNotFound(NotFound):
    """There is no port with this id."""

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Port {port_id} could not be found.")


class AddressScopeNotFound(NotFound):
    """There is no address scope with this id."""

    def __init__(self, address_scope_id: str) -> None:
        super().__init__(f"Address scope {address_scope_id} could not be found.")


class SubnetPoolNotFound(NotFound):
    """There is no subnet pool with this id."""

    def __init__(self, subnetpool_id: str) -> None:
        super().__init__(f"Subnet pool {subnetpool_id} could not be found.")


class SegmentNotFound(NotFound):
    """There is no segment with this id."""

    def __init__(self, segment_id: str) -> None:
        super().__init__(f"Segment {segment_id} could not be found.")


class TagNotFound(NotFound):
    """The resource does not have this tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"Tag {tag} could not be found.")


class RbacPolicyNotFound(NotFound):
    """There is no RBAC policy with this id."""

    def __init__(self, policy_id: str) -> None:
        super().__init__(f"RBAC policy of type unknown with ID {policy_id} not found")


class TenantQuotaNotFound(NotFound):
    """The project has no limits of its own."""

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Quota for project {project_id} could not be found.")


class IpAddressAllocationNotFound(NotFound):
    """An address was given back that nobody holds."""

    def __init__(self, ip: str, subnet_id: str) -> None:
        super().__init__(f"IP address {ip} is not allocated in subnet {subnet_id}")


# 409


class Conflict(FreeholdError):
    """The request is valid and the present state does not allow it."""

    status = HTTPStatus.CONFLICT


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


class NetworkInUse(Conflict):
    """The network still has ports that do not go with it."""

    def __init__(self, network_id: str, reason: str) -> None:
        super().__init__(f"Unable to complete operation on network {network_id}. {reason}.")


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


class InvalidSharedSetting(Conflict):
    """A network cannot be un-shared while others than its owner use it."""

    def __init__(self, network: str) -> None:
        super().__init__(
            f"Unable to reconfigure sharing settings for network {network}. Multiple projects "
            "are using it."
        )


class ExternalNetworkInUse(Conflict):
    """A network stays external while routers have their gateways on it."""

    def __init__(self, network_id: str) -> None:
        super().__init__(
            f"External network {network_id} cannot be updated to be made non-external, since it "
            "has existing gateway ports."
        )


class NetworkMTUSubnetConflict(Conflict):
    """The MTU of a network is smaller than its subnets' IP version needs."""

    def __init__(self, network_id: str, least: int) -> None:
        super().__init__(f"MTU of {network_id} is not valid, subnet requires a minimum of {least}")


class MacAddressInUse(Conflict):
    """Another port of the network has this MAC address."""

    def __init__(self, network_id: str, mac: str) -> None:
        super().__init__(
            f"Unable to complete operation for network {network_id}. The mac address {mac} is "
            "in use."
        )


class PortInUse(Conflict):
    """The port is plugged in on a host, and cannot change in this way."""

    def __init__(self, port_id: str, network_id: str, device_id: str) -> None:
        super().__init__(
            f"Unable to complete operation on port {port_id} for network {network_id}. Port "
            f"already has an attached device {device_id}."
        )


class UnsupportedPortDeviceOwner(Conflict):
    """Ports of this device owner do not allow the operation."""

    def __init__(self, op: str, device_owner: str, port_id: str) -> None:
        super().__init__(
            f"Operation {op} is not supported for device_owner {device_owner} on port {port_id}."
        )


class HistoryNotKept(Conflict):
    """Nobody remembers who held which address, so that no answer would be true."""

    def __init__(self) -> None:
        super().__init__("No history of addresses is kept here.")


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


class SegmentInUse(Conflict):
    """Subnets are on the segment."""

    def __init__(self, segment_id: str, subnet_ids: Iterable[str]) -> None:
        super().__init__(
            f"Segment '{segment_id}' cannot be deleted: The segment is still associated with "
            f"subnet(s) {', '.join(subnet_ids)}."
        )


class HostNotConnectedToAnySegment(Conflict):
    """The host is on no segment of the network that has a subnet for the port."""

    def __init__(self, host: str, network_id: str, refusals: Iterable[Refusal]) -> None:
        super().__init__(
            f"Host {host} is not connected to any segments on routed provider network "
            f"'{network_id}'.  It should be connected to one.",
            refusals=refusals,
        )


class HostNotCompatibleWithFixedIps(Conflict):
    """The addresses of a port would not work on the host that it is to move to."""

    def __init__(self, host: str, port_id: str) -> None:
        super().__init__(
            f"Host {host} is not connected to a segment where the existing fixed_ips on port "
            f"{port_id} will function given the routed network topology."
        )


class DuplicateRbacPolicy(Conflict):
    """There is an RBAC policy already that says the same."""

    def __init__(self) -> None:
        super().__init__("An RBAC policy already exists with those values.")


class RbacPolicyInUse(Conflict):
    """A project uses what it may use by this RBAC policy only."""

    def __init__(self, object_id: str, details: str) -> None:
        super().__init__(
            f"RBAC policy on object {object_id} cannot be removed because other objects depend on "
            f"it.\nDetails: {details}"
        )


class OverQuota(Conflict):
    """A project would have more resources than it may."""

    def __init__(self, resources: Iterable[str], *, detail: str = "") -> None:
        super().__init__(f"Quota exceeded for resources: {list(resources)}.", detail=detail)


class IdempotentRequestInProgress(Conflict):
    """The same request, under the same idempotency key, is being worked on."""

    def __init__(self) -> None:
        super().__init__("A request with this idempotency key is being processed.")


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


# 412


class RevisionNumberConstraintFailed(FreeholdError):
    """The resource is not at the revision that the client has seen."""

    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self, expected: int | None, current: int) -> None:
        super().__init__(f"Constrained to {expected}, but current revision is {current}")


# 422


class IdempotencyKeyReused(FreeholdError):
    """An idempotency key that was used for another request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request.")


# 503


class ServiceUnavailable(FreeholdError):
    """Nothing is wrong with the request; it can be sent again later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class AllocationContention(ServiceUnavailable):
    """Others claimed each address that was proposed, again and again."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(
            f"Too many others are taking addresses of subnet {subnet_id} at this moment; try again."
        )


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, or not in time."""

    def __init__(self) -> None:
        super().__init__("The database is not available at the moment; try again.")


class DatabaseNotUpgraded(ServiceUnavailable):
    """The database's schema is not the one that this version needs."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(
            f"The database's schema is at revision {found or 'none'}, and {needed} is needed: "
            "run 'freehold db upgrade'."
        )


class RequestTimedOut(ServiceUnavailable):
    """The request was not done when its time was over, and has changed nothing."""

    def __init__(self) -> None:
        super().__init__("The request took too long and was given up; nothing was changed.")


class MacAddressGenerationFailure(ServiceUnavailable):
    """No unused MAC address was found under the configured prefix."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Unable to generate a unique MAC address on network {network_id}.")


# 500


class ConfigurationError(FreeholdError):
    """The operator set a value that cannot work."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"Wrong value of {option}: {reason}.")


class DriverNotFound(FreeholdError):
    """No IPAM driver of this name is installed."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"There is no IPAM driver '{name}'. Installed: {', '.join(sorted(known)) or 'none'}."
        )
