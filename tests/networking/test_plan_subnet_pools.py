from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from freehold.addresses.taken_prefixes import TakenPrefixes
from freehold.errors import (
    AddressScopePrefixConflict,
    BadRequest,
    EmptySubnetPoolPrefixList,
    FreeholdError,
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
from freehold.networking.plan.subnet_pools import (
    check_affinity,
    check_quota,
    check_scope,
    check_shared_scope,
    plan_new_pool,
    plan_pool_change,
    plan_prefix,
)
from freehold.networking.pool_values import AddressScope, SubnetPool, SubnetPoolChange
from freehold.networking.values import FromPool, Network, Subnet, SubnetDraft
from tests.backends import pool_draft


def planned(*prefixes: str, **values: Any) -> SubnetPool:
    return plan_new_pool("pool", pool_draft(*prefixes, **values))


def texts(pool: SubnetPool) -> list[str]:
    return [str(prefix) for prefix in pool.prefixes]


def lengths(pool: SubnetPool) -> tuple[int, int, int]:
    return pool.min_prefixlen, pool.default_prefixlen, pool.max_prefixlen


def test_a_pool_has_the_lengths_of_its_ip_version_and_the_smallest_is_the_default() -> None:
    assert lengths(planned("10.0.0.0/8")) == (8, 8, 32)
    assert lengths(planned("2001:db8::/32")) == (64, 64, 128)
    assert lengths(planned("10.0.0.0/8", min_prefixlen=20)) == (20, 20, 32)
    chosen = {"min_prefixlen": 0, "default_prefixlen": 24, "max_prefixlen": 28}
    assert lengths(planned("10.0.0.0/8", **chosen)) == (0, 24, 28)


def test_prefixes_are_compacted() -> None:
    asked = ("10.1.0.0/24", "10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25")
    assert texts(planned(*asked)) == ["10.0.0.0/23", "10.1.0.0/24"]


@pytest.mark.parametrize(
    ("prefix", "values", "message"),
    [
        ("10.0.0.0/8", {"min_prefixlen": 25, "max_prefixlen": 24}, "min_prefixlen=25, max_"),
        ("10.0.0.0/8", {"max_prefixlen": 7}, "min_prefixlen=8, max_prefixlen=7."),
        ("10.0.0.0/8", {"max_prefixlen": 33}, "max_prefixlen=33, ip_version_max=32."),
        ("2001:db8::/32", {"max_prefixlen": 129}, "max_prefixlen=129, ip_version_max=128."),
        ("2001:db8::/32", {"max_prefixlen": 63}, "min_prefixlen=64, max_prefixlen=63."),
        ("10.0.0.0/8", {"default_prefixlen": 7}, "default_prefixlen=7, min_prefixlen=8."),
        (
            "10.0.0.0/8",
            {"max_prefixlen": 20, "default_prefixlen": 21},
            "default_prefixlen=21, max_prefixlen=20.",
        ),
    ],
)
def test_lengths_out_of_order_are_refused(
    prefix: str, values: dict[str, int], message: str
) -> None:
    with pytest.raises(IllegalSubnetPoolPrefixBounds) as error:
        planned(prefix, **values)
    assert error.value.message.startswith("Illegal prefix bounds: " + message)


def test_a_pool_needs_prefixes_of_one_ip_version() -> None:
    with pytest.raises(EmptySubnetPoolPrefixList):
        planned()
    with pytest.raises(PrefixVersionMismatch):
        planned("10.0.0.0/8", "2001:db8::/32")


# Changes


def changed(pool: SubnetPool, **values: Any) -> SubnetPool:
    return plan_pool_change(pool, SubnetPoolChange(**values))


def networks(*prefixes: str) -> tuple[Any, ...]:
    return tuple(ip_network(prefix) for prefix in prefixes)


def test_a_change_of_nothing_is_the_pool_itself() -> None:
    pool = planned("10.0.0.0/8")
    assert changed(pool) == pool


def test_prefixes_grow_and_are_compacted() -> None:
    pool = planned("10.0.0.0/8")
    grown = changed(pool, prefixes=networks("11.0.0.0/8", "10.0.0.0/8", "9.0.0.0/8"))
    assert texts(grown) == ["9.0.0.0/8", "10.0.0.0/7"]


@pytest.mark.parametrize(
    ("prefixes", "kind"),
    [
        (("10.0.0.0/9",), IllegalSubnetPoolPrefixUpdate),
        (("11.0.0.0/8",), IllegalSubnetPoolPrefixUpdate),
        ((), IllegalSubnetPoolPrefixUpdate),
        (("2001:db8::/32",), IllegalSubnetPoolPrefixUpdate),
        (("10.0.0.0/7", "2001:db8::/32"), PrefixVersionMismatch),
    ],
)
def test_prefixes_that_would_not_only_grow_are_refused(
    prefixes: tuple[str, ...], kind: type[FreeholdError]
) -> None:
    with pytest.raises(kind):
        changed(planned("10.0.0.0/8"), prefixes=networks(*prefixes))


def test_changed_lengths_are_judged_with_those_that_stay() -> None:
    pool = planned("10.0.0.0/8", min_prefixlen=16, default_prefixlen=20, max_prefixlen=24)
    assert lengths(changed(pool, min_prefixlen=20)) == (20, 20, 24)
    for values in ({"min_prefixlen": 21}, {"max_prefixlen": 19}, {"default_prefixlen": 15}):
        with pytest.raises(IllegalSubnetPoolPrefixBounds):
            changed(pool, **values)


# Address scopes


def scope(ip_version: int = 4, **values: Any) -> AddressScope:
    given = {"id": "scope", "project_id": "p", "name": "", "ip_version": ip_version}
    return AddressScope(**{**given, **values})


def test_the_pools_of_a_scope_share_no_address_and_its_ip_version() -> None:
    pool = planned("10.0.0.0/8", "12.0.0.0/8")
    check_scope(pool, scope(), TakenPrefixes(networks("11.0.0.0/8", "13.0.0.0/8", "9.0.0.0/8")))
    for other in ("10.5.0.0/16", "8.0.0.0/6", "12.0.0.0/8"):
        with pytest.raises(AddressScopePrefixConflict):
            check_scope(pool, scope(), TakenPrefixes(networks("11.0.0.0/8", "1.0.0.0/8", other)))
    with pytest.raises(IllegalSubnetPoolIpVersionAssociationToAddressScope):
        check_scope(pool, scope(6), TakenPrefixes())


def test_a_shared_pool_needs_a_shared_scope() -> None:
    check_shared_scope(planned("10.0.0.0/8"), scope())
    check_shared_scope(planned("10.0.0.0/8", shared=True), scope(shared=True))
    with pytest.raises(InvalidInput):
        check_shared_scope(planned("10.0.0.0/8", shared=True), scope())


# Prefixes


def wanted(
    pool: SubnetPool, prefixlen: int | None = None, cidr: str | None = None, **values: Any
) -> object:
    draft = {
        "network_id": "n",
        "project_id": "p",
        "ip_version": pool.ip_version,
        "cidr": None if cidr is None else ip_network(cidr),
    }
    found = plan_prefix(pool, SubnetDraft(**{**draft, **values}), FromPool("pool", prefixlen))
    return found if isinstance(found, int) else str(found)


def test_what_is_wanted_of_a_pool() -> None:
    pool = planned("10.0.0.0/8", min_prefixlen=16, default_prefixlen=24, max_prefixlen=28)
    assert wanted(pool) == 24
    assert wanted(pool, 20) == 20
    assert wanted(pool, gateway_ip=None) == 24
    assert wanted(pool, cidr="10.1.0.0/16") == "10.1.0.0/16"
    assert wanted(pool, gateway_ip=ip_address("10.1.2.3")) == "10.1.2.0/24"
    assert wanted(pool, 28, gateway_ip=ip_address("10.1.2.33")) == "10.1.2.32/28"
    assert wanted(pool, cidr="10.1.0.0/24", gateway_ip=ip_address("10.9.9.9")) == "10.1.0.0/24"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"prefixlen": 15}, MinPrefixSubnetAllocationError),
        ({"prefixlen": 29}, MaxPrefixSubnetAllocationError),
        ({"cidr": "10.0.0.0/15"}, MinPrefixSubnetAllocationError),
        ({"cidr": "10.0.0.0/29"}, MaxPrefixSubnetAllocationError),
        ({"cidr": "2001:d00::/28"}, InvalidInput),
        ({"gateway_ip": ip_address("2001:db8::1")}, InvalidInput),
        ({"ip_version": 6}, BadRequest),
    ],
)
def test_what_a_pool_has_not_is_refused(values: dict[str, Any], kind: type[FreeholdError]) -> None:
    pool = planned("10.0.0.0/8", min_prefixlen=16, default_prefixlen=24, max_prefixlen=28)
    with pytest.raises(kind):
        wanted(pool, **values)


@pytest.mark.parametrize(
    ("prefix", "quota", "used", "length", "fits"),
    [
        ("10.0.0.0/8", 512, {}, 23, True),
        ("10.0.0.0/8", 512, {}, 22, False),
        ("10.0.0.0/8", 512, {24: 1, 25: 1}, 25, True),
        ("10.0.0.0/8", 512, {24: 1, 25: 1}, 24, False),
        ("10.0.0.0/8", 512, {24: 2}, 32, False),
        ("10.0.0.0/8", None, {8: 1}, 8, True),
        ("10.0.0.0/8", 0, {8: 1}, 8, True),
        ("2001:db8::/32", 2, {64: 1, 65: 1}, 65, True),
        ("2001:db8::/32", 2, {64: 1, 65: 1}, 64, False),
        ("2001:db8::/32", 1, {128: 2**60, 65: 1}, 66, True),
        ("2001:db8::/32", 1, {128: 2**62 + 1, 65: 1}, 66, False),
        ("2001:db8::/32", 1, {}, 48, False),
    ],
)
def test_a_quota_counts_ipv4_addresses_and_ipv6_prefixes_of_64_bits_exactly(
    prefix: str, quota: int | None, used: dict[int, int], length: int, fits: bool
) -> None:
    pool = planned(prefix, default_quota=quota, min_prefixlen=8)
    if fits:
        check_quota(pool, used, length)
    else:
        with pytest.raises(SubnetPoolQuotaExceeded):
            check_quota(pool, used, length)


def test_a_refusal_by_quota_says_what_is_held() -> None:
    pool = planned("2001:db8::/32", default_quota=2)
    with pytest.raises(SubnetPoolQuotaExceeded) as error:
        check_quota(pool, {64: 1, 65: 1}, 64)
    assert error.value.detail == "The project holds 1.5 of 2 IPv6 prefixes of 64 bits."


# Affinity


def network(**scopes: str) -> Network:
    return Network(id="n", project_id="p", name="", admin_state_up=True, shared=False, **scopes)  # type: ignore[arg-type]  # scopes only


def subnet(cidr: str, pool_id: str | None) -> Subnet:
    return Subnet(
        id=cidr,
        network_id="n",
        project_id="p",
        name="",
        cidr=ip_network(cidr),
        gateway_ip=None,
        allocation_pools=(),
        subnetpool_id=pool_id,
    )


IN_NONE, IN_POOL, IN_OTHER = (
    subnet("192.0.2.0/25", None),
    subnet("192.0.2.0/25", "pool"),
    subnet("192.0.2.0/25", "other"),
)


@pytest.mark.parametrize(
    ("siblings", "from_pool", "fits"),
    [
        ([], True, True),
        ([], False, True),
        ([IN_POOL], True, True),
        ([IN_POOL], False, False),
        ([IN_OTHER], True, False),
        ([IN_NONE], True, False),
        ([IN_NONE], False, True),
        ([subnet("2001:db8::/64", "v6"), subnet("2001:db8:1::/64", None)], True, True),
        ([subnet("2001:db8::/64", "v6")], False, True),
    ],
)
def test_the_subnets_of_a_network_are_of_one_pool_or_of_none(
    siblings: list[Subnet], from_pool: bool, fits: bool
) -> None:
    pool = planned("10.0.0.0/8") if from_pool else None
    new = subnet("10.0.0.0/24", "pool" if from_pool else None)
    if fits:
        check_affinity(network(), siblings, new, pool)
    else:
        with pytest.raises(NetworkSubnetPoolAffinityError):
            check_affinity(network(), siblings, new, pool)


def test_the_subnets_of_a_network_are_of_one_scope_if_it_has_one() -> None:
    scoped, new = network(ipv4_address_scope="scope"), subnet("10.0.0.0/24", "pool")
    check_affinity(scoped, [IN_OTHER], new, planned("10.0.0.0/8", address_scope_id="scope"))
    for address_scope_id in ("elsewhere", None):
        pool = planned("10.0.0.0/8", address_scope_id=address_scope_id)
        with pytest.raises(NetworkAddressScopeAffinityError):
            check_affinity(scoped, [IN_OTHER], new, pool)
    with pytest.raises(NetworkSubnetPoolAffinityError):
        check_affinity(scoped, [IN_OTHER], subnet("10.0.0.0/24", None), None)


def test_the_scope_of_the_other_ip_version_does_not_matter() -> None:
    scoped = network(ipv6_address_scope="scope")
    check_affinity(scoped, [IN_POOL], subnet("10.0.0.0/24", "pool"), planned("10.0.0.0/8"))
