"""What a subnet pool is going to be, and what may be cut out of it for whom.

Each check has Neutron's outcome for the same input.

Rules: the prefixes of a pool are of one IP version and only ever grow by a
plain update; its lengths are in order, ``min <= default <= max``; the pools of an
address scope share no address; the subnets that a network has of one IP version
are all of one pool, or all of pools of one scope, or all of none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from freehold.addresses.prefixes import compact, covers, prefix_at
from freehold.addresses.ranges import IPNetwork
from freehold.addresses.taken_prefixes import TakenPrefixes
from freehold.errors import (
    AddressScopePrefixConflict,
    BadRequest,
    EmptySubnetPoolPrefixList,
    IllegalSubnetPoolIpVersionAssociationToAddressScope,
    IllegalSubnetPoolPrefixBounds,
    IllegalSubnetPoolPrefixUpdate,
    InvalidInput,
    MaxPrefixSubnetAllocationError,
    MinPrefixSubnetAllocationError,
    NetworkAddressScopeAffinityError,
    NetworkSubnetPoolAffinityError,
    PrefixVersionMismatch,
    SubnetPoolQuotaExceeded,
)
from freehold.networking.plan.subnets import check_version
from freehold.networking.pool_values import (
    ADDRESS_BITS,
    QUOTA_UNIT_LENGTH,
    AddressScope,
    SubnetPool,
    SubnetPoolChange,
    SubnetPoolDraft,
)
from freehold.networking.values import (
    KEEP,
    FromPool,
    Gateway,
    Network,
    Subnet,
    SubnetDraft,
    changed_attributes,
)

LARGEST_BY_DEFAULT = {4: 8, 6: 64}
"""The prefix length of the largest subnet of a pool that does not say it."""


def plan_new_pool(pool_id: str, draft: SubnetPoolDraft) -> SubnetPool:
    """Return the subnet pool that a draft describes.

    Raises:
        EmptySubnetPoolPrefixList: it has no prefixes.
        PrefixVersionMismatch: its prefixes are of both IP versions.
        IllegalSubnetPoolPrefixBounds: its lengths are not in order.
    """
    version = _version_of(draft.prefixes)
    least = LARGEST_BY_DEFAULT[version] if draft.min_prefixlen is None else draft.min_prefixlen
    pool = SubnetPool(
        id=pool_id,
        project_id=draft.project_id,
        name=draft.name,
        ip_version=version,
        prefixes=compact(draft.prefixes),
        min_prefixlen=least,
        max_prefixlen=(
            ADDRESS_BITS[version] if draft.max_prefixlen is None else draft.max_prefixlen
        ),
        default_prefixlen=least if draft.default_prefixlen is None else draft.default_prefixlen,
        default_quota=draft.default_quota,
        shared=draft.shared,
        is_default=draft.is_default,
        address_scope_id=draft.address_scope_id,
        description=draft.description,
    )
    _check_lengths(pool)
    return pool


def plan_pool_change(pool: SubnetPool, change: SubnetPoolChange) -> SubnetPool:
    """Return what a subnet pool is going to be after a change.

    Raises:
        IllegalSubnetPoolPrefixUpdate: the pool would lose addresses.
        PrefixVersionMismatch: its prefixes would be of both IP versions.
        IllegalSubnetPoolPrefixBounds: its lengths would not be in order.
    """
    # The attributes' own names and types are those of the change: see pool_values.
    wanted = replace(pool, **changed_attributes(change))  # type: ignore[arg-type]
    if change.prefixes is not KEEP:
        wanted = replace(wanted, prefixes=_grown(pool, wanted.prefixes))
    _check_lengths(wanted)
    return wanted


def check_scope(pool: SubnetPool, scope: AddressScope, taken: TakenPrefixes) -> None:
    """Refuse a subnet pool that an address scope cannot have.

    Args:
        pool: what is to belong to the scope.
        scope: the scope.
        taken: the prefixes of the scope's other pools.

    Raises:
        IllegalSubnetPoolIpVersionAssociationToAddressScope: their IP versions differ.
        AddressScopePrefixConflict: another pool has some of its addresses.
    """
    if pool.ip_version != scope.ip_version:
        raise IllegalSubnetPoolIpVersionAssociationToAddressScope(
            pool.id, scope.id, scope.ip_version
        )
    if taken.have_any_of(pool.prefixes):
        raise AddressScopePrefixConflict


def check_shared_scope(pool: SubnetPool, scope: AddressScope) -> None:
    """Refuse a new pool that all may use in an address scope that they may not.

    Raises:
        InvalidInput: it is shared, and its scope is not.
    """
    if pool.shared and not scope.shared:
        raise InvalidInput(
            f"subnetpool {pool.id} cannot be shared, since its address scope {scope.id} is not"
        )


def plan_prefix(pool: SubnetPool, draft: SubnetDraft, asked: FromPool) -> IPNetwork | int:
    """Return which prefix of a pool a subnet is to have, or of which length.

    Raises:
        BadRequest: the pool is of the other IP version.
        InvalidInput: the CIDR or the gateway is of the other IP version.
        MinPrefixSubnetAllocationError, MaxPrefixSubnetAllocationError: the pool
            has no subnets of this length.
    """
    if draft.ip_version != pool.ip_version:
        raise BadRequest(
            "subnets",
            f"Cannot allocate IPv{draft.ip_version} subnet from IPv{pool.ip_version} subnet pool",
        )
    if draft.cidr is not None:
        check_version(draft.ip_version, draft.cidr, "cidr")
        _check_bounds(pool, draft.cidr.prefixlen)
        return draft.cidr
    length = pool.default_prefixlen if asked.prefixlen is None else asked.prefixlen
    _check_bounds(pool, length)
    if draft.gateway_ip is None or isinstance(draft.gateway_ip, Gateway):
        return length
    check_version(draft.ip_version, draft.gateway_ip, "gateway_ip")
    return prefix_at(draft.ip_version, int(draft.gateway_ip), length)


def check_quota(pool: SubnetPool, used: Mapping[int, int], length: int) -> None:
    """Refuse a further subnet to a project that has its share of a pool.

    Args:
        pool: the pool.
        used: how many subnets of each prefix length the project has of it.
        length: the prefix length of the further one.

    Raises:
        SubnetPoolQuotaExceeded: it would be more than the quota.
    """
    if not pool.default_quota:
        return
    bits = ADDRESS_BITS[pool.ip_version]
    unit = 1 << (bits - QUOTA_UNIT_LENGTH[pool.ip_version])
    held = sum(count << (bits - prefixlen) for prefixlen, count in used.items())
    if held + (1 << (bits - length)) > pool.default_quota * unit:
        of = "IPv4 addresses" if pool.ip_version == 4 else "IPv6 prefixes of 64 bits"
        raise SubnetPoolQuotaExceeded(
            detail=f"The project holds {held / unit:g} of {pool.default_quota} {of}."
        )


def check_affinity(
    network: Network, siblings: Sequence[Subnet], new: Subnet, pool: SubnetPool | None
) -> None:
    """Refuse a new subnet that is from elsewhere than its network's others.

    Args:
        network: the network.
        siblings: its subnets, without the new one.
        new: the new one.
        pool: the pool that the new one is from, if any.

    Raises:
        NetworkAddressScopeAffinityError: the network has an address scope, and
            the pool belongs to another one or to none.
        NetworkSubnetPoolAffinityError: the others are of another pool, or of
            none, or the new one is of none.
    """
    scope = network.ipv4_address_scope if new.ip_version == 4 else network.ipv6_address_scope
    others = {one.subnetpool_id for one in siblings if one.ip_version == new.ip_version}
    if pool is None:
        foreign = bool(others - {None})
    elif scope is None:
        foreign = bool(others - {pool.id})
    elif pool.address_scope_id != scope:
        raise NetworkAddressScopeAffinityError
    else:
        foreign = False
    if foreign:
        raise NetworkSubnetPoolAffinityError


def _version_of(prefixes: Sequence[IPNetwork]) -> int:
    versions = {prefix.version for prefix in prefixes}
    if not versions:
        raise EmptySubnetPoolPrefixList
    if len(versions) > 1:
        raise PrefixVersionMismatch
    return versions.pop()


def _grown(pool: SubnetPool, prefixes: Sequence[IPNetwork]) -> tuple[IPNetwork, ...]:
    own = [prefix for prefix in prefixes if prefix.version == pool.ip_version]
    if not covers(own, pool.prefixes):
        raise IllegalSubnetPoolPrefixUpdate(
            "Existing prefixes must be a subset of the new prefixes"
        )
    if not prefixes:
        raise EmptySubnetPoolPrefixList
    if len(own) < len(prefixes):
        raise PrefixVersionMismatch
    return compact(own)


def _check_lengths(pool: SubnetPool) -> None:
    least, most, default = pool.min_prefixlen, pool.max_prefixlen, pool.default_prefixlen
    if least > most:
        raise IllegalSubnetPoolPrefixBounds("min_prefixlen", least, "max_prefixlen", most)
    if most > ADDRESS_BITS[pool.ip_version]:
        raise IllegalSubnetPoolPrefixBounds(
            "max_prefixlen", most, "ip_version_max", ADDRESS_BITS[pool.ip_version]
        )
    if default < least:
        raise IllegalSubnetPoolPrefixBounds("default_prefixlen", default, "min_prefixlen", least)
    if default > most:
        raise IllegalSubnetPoolPrefixBounds("default_prefixlen", default, "max_prefixlen", most)


def _check_bounds(pool: SubnetPool, length: int) -> None:
    if length > pool.max_prefixlen:
        raise MaxPrefixSubnetAllocationError(length, pool.max_prefixlen)
    if length < pool.min_prefixlen:
        raise MinPrefixSubnetAllocationError(length, pool.min_prefixlen)
