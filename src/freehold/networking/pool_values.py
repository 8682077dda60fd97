"""Address scopes and subnet pools as frozen values; see `freehold.networking.values`."""

from dataclasses import dataclass

from freehold.addresses.ranges import IPNetwork
from freehold.networking.records import UNSTORED, Record
from freehold.networking.values import KEEP, Keep

ADDRESS_BITS = {4: 32, 6: 128}

QUOTA_UNIT_LENGTH = {4: 32, 6: 64}
"""The prefix length of what a quota counts: addresses in IPv4, /64s in IPv6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressScope:
    """Subnet pools whose addresses are each used once only."""

    id: str
    project_id: str
    name: str
    ip_version: int
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressScopeDraft:
    """An address scope to be."""

    project_id: str
    ip_version: int
    name: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressScopeChange:
    """What is to be different about an address scope."""

    name: str | Keep = KEEP
    shared: bool | Keep = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPool:
    """Prefixes out of which the CIDRs of subnets are cut.

    Attributes:
        prefixes: maximal ones, ascending; see `freehold.addresses.prefixes`.
        min_prefixlen: the length of the largest subnet.
        max_prefixlen: the length of the smallest subnet.
        default_prefixlen: the length of a subnet for which none is asked.
        default_quota: how much each project may hold, in IPv4 addresses or in
            IPv6 prefixes of 64 bits; None or 0 for as much as there is.
        is_default: whether subnets come from here that ask for no certain pool.
        address_scope_id: None for none.
    """

    id: str
    project_id: str
    name: str
    ip_version: int
    prefixes: tuple[IPNetwork, ...]
    min_prefixlen: int
    max_prefixlen: int
    default_prefixlen: int
    default_quota: int | None = None
    shared: bool = False
    is_default: bool = False
    address_scope_id: str | None = None
    description: str = ""
    record: Record = UNSTORED


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPoolDraft:
    """A subnet pool to be.

    Attributes:
        prefixes: any, in any order.
        min_prefixlen: None for 8 in IPv4 and 64 in IPv6.
        max_prefixlen: None for all bits of an address.
        default_prefixlen: None for the smallest one.
    """

    project_id: str
    name: str
    prefixes: tuple[IPNetwork, ...]
    min_prefixlen: int | None = None
    max_prefixlen: int | None = None
    default_prefixlen: int | None = None
    default_quota: int | None = None
    shared: bool = False
    is_default: bool = False
    address_scope_id: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPoolChange:
    """What is to be different about a subnet pool."""

    name: str | Keep = KEEP
    description: str | Keep = KEEP
    prefixes: tuple[IPNetwork, ...] | Keep = KEEP
    min_prefixlen: int | Keep = KEEP
    max_prefixlen: int | Keep = KEEP
    default_prefixlen: int | Keep = KEEP
    default_quota: int | Keep = KEEP
    is_default: bool | Keep = KEEP
    address_scope_id: str | Keep | None = KEEP
