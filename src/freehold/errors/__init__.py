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

The modules of this package have a theme each, and are nobody else's to import:
one place to import from is what lets a caller catch an error without knowing
its theme. `base` and `reasons` lie below the themes, which do not know each other.
"""

from freehold.errors.access import (
    DuplicateRbacPolicy,
    InvalidActionForType,
    PolicyNotAuthorized,
    RbacPolicyInitError,
    RbacPolicyInUse,
    RbacPolicyNotFound,
)
from freehold.errors.addresses import (
    AllocationContention,
    AllocationOnAutoAddressSubnet,
    HistoryNotKept,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureAllSubnets,
    IpAddressGenerationFailureNoMatchingSubnet,
)
from freehold.errors.base import (
    BadRequest,
    Conflict,
    FreeholdError,
    InvalidInput,
    NotFound,
    ServiceUnavailable,
)
from freehold.errors.networks import (
    ExternalNetworkInUse,
    InvalidSharedSetting,
    NetworkInUse,
    NetworkMTUSubnetConflict,
    NetworkNotFound,
)
from freehold.errors.ports import (
    AllowedAddressPairExhausted,
    DuplicateAddressPairInRequest,
    MacAddressGenerationFailure,
    MacAddressInUse,
    PortInUse,
    PortNotFound,
    UnsupportedPortDeviceOwner,
)
from freehold.errors.quotas import OverQuota, QuotaBelowUsage, TenantQuotaNotFound
from freehold.errors.reasons import Reason, Refusal
from freehold.errors.requests import (
    IdempotencyKeyReused,
    IdempotentRequestInProgress,
    RequestTimedOut,
    RevisionNumberConstraintFailed,
    TagNotFound,
)
from freehold.errors.segments import (
    FixedIpsSubnetsNotOnSameSegment,
    HostNotCompatibleWithFixedIps,
    HostNotConnectedToAnySegment,
    NetworkIdsDontMatch,
    NoUpdateSubnetWhenMultipleSegmentsOnNetwork,
    SegmentInUse,
    SegmentNotFound,
    SubnetSegmentAssociationChangeNotAllowed,
    SubnetsNotAllAssociatedWithSegments,
)
from freehold.errors.service import (
    ConfigurationError,
    DatabaseNotUpgraded,
    DatabaseUnavailable,
    DriverNotFound,
)
from freehold.errors.subnet_pools import (
    AddressScopeInUse,
    AddressScopeNotFound,
    AddressScopePrefixConflict,
    AddressScopeUpdateError,
    EmptySubnetPoolPrefixList,
    IllegalSubnetPoolIpVersionAssociationToAddressScope,
    IllegalSubnetPoolPrefixBounds,
    IllegalSubnetPoolPrefixUpdate,
    IllegalSubnetPoolUpdate,
    MaxPrefixSubnetAllocationError,
    MinPrefixSubnetAllocationError,
    NetworkAddressScopeAffinityError,
    NetworkSubnetPoolAffinityError,
    PrefixVersionMismatch,
    SubnetAllocationError,
    SubnetPoolDeleteError,
    SubnetPoolNotFound,
    SubnetPoolQuotaExceeded,
)
from freehold.errors.subnets import (
    DNSNameServersExhausted,
    GatewayConflictWithAllocationPools,
    GatewayIpInUse,
    HostRoutesExhausted,
    InvalidAllocationPool,
    InvalidSubnetRequest,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
    SubnetAlreadyExists,
    SubnetInUse,
    SubnetNotFound,
)

__all__ = [
    "AddressScopeInUse",
    "AddressScopeNotFound",
    "AddressScopePrefixConflict",
    "AddressScopeUpdateError",
    "AllocationContention",
    "AllocationOnAutoAddressSubnet",
    "AllowedAddressPairExhausted",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "DNSNameServersExhausted",
    "DatabaseNotUpgraded",
    "DatabaseUnavailable",
    "DriverNotFound",
    "DuplicateAddressPairInRequest",
    "DuplicateRbacPolicy",
    "EmptySubnetPoolPrefixList",
    "ExternalNetworkInUse",
    "FixedIpsSubnetsNotOnSameSegment",
    "FreeholdError",
    "GatewayConflictWithAllocationPools",
    "GatewayIpInUse",
    "HistoryNotKept",
    "HostNotCompatibleWithFixedIps",
    "HostNotConnectedToAnySegment",
    "HostRoutesExhausted",
    "IdempotencyKeyReused",
    "IdempotentRequestInProgress",
    "IllegalSubnetPoolIpVersionAssociationToAddressScope",
    "IllegalSubnetPoolPrefixBounds",
    "IllegalSubnetPoolPrefixUpdate",
    "IllegalSubnetPoolUpdate",
    "InvalidActionForType",
    "InvalidAllocationPool",
    "InvalidInput",
    "InvalidIpForNetwork",
    "InvalidIpForSubnet",
    "InvalidSharedSetting",
    "InvalidSubnetRequest",
    "IpAddressAllocationNotFound",
    "IpAddressAlreadyAllocated",
    "IpAddressGenerationFailure",
    "IpAddressGenerationFailureAllSubnets",
    "IpAddressGenerationFailureNoMatchingSubnet",
    "MacAddressGenerationFailure",
    "MacAddressInUse",
    "MaxPrefixSubnetAllocationError",
    "MinPrefixSubnetAllocationError",
    "NetworkAddressScopeAffinityError",
    "NetworkIdsDontMatch",
    "NetworkInUse",
    "NetworkMTUSubnetConflict",
    "NetworkNotFound",
    "NetworkSubnetPoolAffinityError",
    "NoUpdateSubnetWhenMultipleSegmentsOnNetwork",
    "NotFound",
    "OutOfBoundsAllocationPool",
    "OverQuota",
    "OverlappingAllocationPools",
    "PolicyNotAuthorized",
    "PortInUse",
    "PortNotFound",
    "PrefixVersionMismatch",
    "QuotaBelowUsage",
    "RbacPolicyInUse",
    "RbacPolicyInitError",
    "RbacPolicyNotFound",
    "Reason",
    "Refusal",
    "RequestTimedOut",
    "RevisionNumberConstraintFailed",
    "SegmentInUse",
    "SegmentNotFound",
    "ServiceUnavailable",
    "SubnetAllocationError",
    "SubnetAlreadyExists",
    "SubnetInUse",
    "SubnetNotFound",
    "SubnetPoolDeleteError",
    "SubnetPoolNotFound",
    "SubnetPoolQuotaExceeded",
    "SubnetSegmentAssociationChangeNotAllowed",
    "SubnetsNotAllAssociatedWithSegments",
    "TagNotFound",
    "TenantQuotaNotFound",
    "UnsupportedPortDeviceOwner",
]

# Logs, tracebacks and pickles name an error by where it is imported from.
for _name in __all__:
    globals()[_name].__module__ = __name__
