"""Address scopes, subnet pools and subnets out of them on a real database."""

from ipaddress import ip_address, ip_network
from random import Random
from typing import TYPE_CHECKING

import netaddr
import pytest

from freehold.errors import (
    AddressScopeInUse,
    AddressScopeNotFound,
    AddressScopePrefixConflict,
    AddressScopeUpdateError,
    BadRequest,
    FreeholdError,
    IllegalSubnetPoolPrefixUpdate,
    IllegalSubnetPoolUpdate,
    InvalidInput,
    NetworkAddressScopeAffinityError,
    NetworkNotFound,
    NetworkSubnetPoolAffinityError,
    PrefixVersionMismatch,
    SubnetAllocationError,
    SubnetPoolDeleteError,
    SubnetPoolNotFound,
    SubnetPoolQuotaExceeded,
)
from freehold.networking.pool_values import AddressScopeChange, SubnetPool, SubnetPoolChange
from freehold.networking.values import Filter, FromPool, Network, Subnet, SubnetDraft
from tests.backends import Premises, pool_draft, pooled_draft, subnet_draft
from tests.conftest import OpenDatabase
from tests.db.test_servers import lose_next_commit
from tests.networking.test_networks import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable


def cidrs(*subnets: Subnet) -> list[str]:
    return [str(subnet.cidr) for subnet in subnets]


def texts(pool: SubnetPool) -> list[str]:
    return [str(prefix) for prefix in pool.prefixes]


def grow(*prefixes: str) -> SubnetPoolChange:
    return SubnetPoolChange(prefixes=tuple(ip_network(prefix) for prefix in prefixes))


# Scopes


def test_scopes_are_created_found_changed_and_deleted(premises: Premises) -> None:
    scopes = premises.backend.address_scopes
    one, other = premises.scope(name="one"), premises.scope(6, shared=True)
    assert scopes.get(one.id) == one
    assert scopes.find([Filter("ip_version", (6,))]) == (other,)
    assert scopes.find([Filter("shared", (False,)), Filter("name", ("one",))]) == (one,)
    changed = scopes.update(one.id, AddressScopeChange(name="eins", shared=True))
    assert (changed.name, changed.shared) == ("eins", True)
    assert scopes.get(one.id) == changed
    with premises.refused(AddressScopeUpdateError):
        scopes.update(one.id, AddressScopeChange(shared=False))
    scopes.delete(one.id)
    unknown: list[Callable[[], object]] = [
        lambda: scopes.get(one.id),
        lambda: scopes.update(one.id, AddressScopeChange()),
        lambda: scopes.delete(one.id),
    ]
    for ask in unknown:
        with pytest.raises(AddressScopeNotFound):
            ask()


def test_a_scope_with_pools_is_not_deleted(premises: Premises) -> None:
    scope = premises.scope()
    pool = premises.pool("10.0.0.0/8", address_scope_id=scope.id)
    with premises.refused(AddressScopeInUse):
        premises.backend.address_scopes.delete(scope.id)
    premises.backend.subnet_pools.delete(pool.id)
    premises.backend.address_scopes.delete(scope.id)


# Pools


def test_pools_are_created_found_and_deleted(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    scope = premises.scope()
    one = premises.pool(
        "10.0.1.0/24",
        "10.0.0.0/24",
        name="one",
        min_prefixlen=24,
        default_prefixlen=26,
        max_prefixlen=28,
        default_quota=2**62,
        shared=False,
        is_default=True,
        address_scope_id=scope.id,
    )
    other = premises.pool("::/0", shared=True)
    assert texts(one) == ["10.0.0.0/23"]
    assert pools.get(one.id) == one
    assert pools.get(other.id) == other
    for filters in (
        [Filter("is_default", (True,))],
        [Filter("address_scope_id", (scope.id,))],
        [Filter("default_quota", (2**62,)), Filter("default_prefixlen", (26,))],
        [Filter("shared", (False,))],
    ):
        assert pools.find(filters) == (one,)
    assert pools.find([Filter("is_default", (False,))]) == (other,)
    assert not pools.find([Filter("is_default", ())])
    premises.check_pools()
    pools.delete(one.id)
    for ask in (pools.get, pools.delete):
        with pytest.raises(SubnetPoolNotFound):
            ask(one.id)
    assert premises.dump()["subnetpool_gaps"], "what is free of the other one is still there"


def test_pools_are_created_together_or_not_at_all(premises: Premises) -> None:
    scope = premises.scope()
    drafts = [pool_draft("10.0.0.0/8", address_scope_id=scope.id, name=name) for name in "ab"]
    with premises.refused(AddressScopePrefixConflict):
        premises.backend.subnet_pools.create(drafts)


def test_each_ip_version_has_one_default_pool_at_most(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    first = premises.pool("10.0.0.0/8", is_default=True)
    premises.pool("2001:db8::/32", is_default=True)
    with premises.refused(InvalidInput):
        premises.pool("11.0.0.0/8", is_default=True)
    second = premises.pool("11.0.0.0/8")
    with premises.refused(InvalidInput):
        pools.update(second.id, SubnetPoolChange(is_default=True))
    pools.update(first.id, SubnetPoolChange(is_default=True))
    pools.update(first.id, SubnetPoolChange(is_default=False))
    assert pools.update(second.id, SubnetPoolChange(is_default=True)).is_default


def test_the_pools_of_a_scope_never_overlap(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    scope = premises.scope()
    premises.pool("10.0.0.0/16", address_scope_id=scope.id)
    beside = premises.pool("10.1.0.0/16", address_scope_id=scope.id)
    outside = premises.pool("10.0.0.0/8")
    refusals: list[Callable[[], object]] = [
        lambda: premises.pool("10.0.5.0/24", address_scope_id=scope.id),
        lambda: pools.update(beside.id, grow("10.0.0.0/15")),
        lambda: pools.update(outside.id, SubnetPoolChange(address_scope_id=scope.id)),
        lambda: pools.add_prefixes(beside.id, [ip_network("10.0.7.0/24")]),
    ]
    for ask in refusals:
        with premises.refused(AddressScopePrefixConflict):
            ask()
    with premises.refused(AddressScopeNotFound):
        premises.pool("10.0.0.0/8", address_scope_id=NOWHERE)
    with premises.refused(AddressScopeNotFound):
        pools.update(outside.id, SubnetPoolChange(address_scope_id=NOWHERE))
    assert texts(pools.update(beside.id, grow("10.1.0.0/16", "10.2.0.0/16")))[1] == "10.2.0.0/16"


# Subnets out of pools


def test_the_smallest_fitting_gap_is_taken_and_the_lowest_of_several(premises: Premises) -> None:
    pool, network = premises.pool("10.0.0.0/16"), premises.network()
    made = [premises.subnet_of(pool, network, length) for length in (24, 24, 22, 26, 23, 24)]
    assert cidrs(*made) == [
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.0.4.0/22",
        "10.0.2.0/26",
        "10.0.8.0/23",
        "10.0.3.0/24",
    ]
    assert all(premises.backend.subnets.get(subnet.id) == subnet for subnet in made)
    assert all(subnet.subnetpool_id == pool.id for subnet in made)
    premises.check_pools()
    for subnet in made:
        premises.backend.subnets.delete(subnet.id)
        premises.check_pools()
    assert len(premises.dump()["subnetpool_gaps"]) == 1


def test_a_chosen_prefix_is_neutrons_choice(premises: Premises) -> None:
    """Compare with the field's own set arithmetic, in the order that Neutron goes by."""
    random = Random(7)
    pool, network = premises.pool("10.0.0.0/24", "10.0.2.0/25"), premises.network()
    free = netaddr.IPSet(texts(pool))
    held: list[Subnet] = []
    for _ in range(40):
        if held and random.random() < 0.4:
            gone = held.pop(random.randrange(len(held)))
            premises.backend.subnets.delete(gone.id)
            free.add(str(gone.cidr))
            continue
        length = random.randint(25, 30)
        free.compact()
        fitting = [one for one in free.iter_cidrs() if one.prefixlen <= length]
        if not fitting:
            with pytest.raises(SubnetAllocationError):
                premises.subnet_of(pool, network, length)
            continue
        made = premises.subnet_of(pool, network, length)
        held.append(made)
        best = max(fitting, key=lambda one: one.prefixlen)
        assert str(made.cidr) == str(next(best.subnet(length)))
        free.remove(str(made.cidr))
    premises.check_pools()


def test_ipv6_prefixes_and_their_gateways(premises: Premises) -> None:
    pool, network = premises.pool("2001:db8::/32"), premises.network()
    made = [premises.subnet_of(pool, network, wanted) for wanted in (None, 80, "2001:db8:5::/64")]
    assert cidrs(*made) == ["2001:db8::/64", "2001:db8:0:1::/80", "2001:db8:5::/64"]
    assert [str(subnet.gateway_ip) for subnet in made] == [
        "2001:db8::1",
        "2001:db8:0:1::1",
        "2001:db8:5::",
    ]
    premises.check_pools()


def test_a_certain_prefix_is_had_if_all_of_it_is_free(premises: Premises) -> None:
    pool, network = premises.pool("10.0.0.0/16", "10.2.0.0/16"), premises.network()
    assert cidrs(premises.subnet_of(pool, network, "10.0.8.0/24")) == ["10.0.8.0/24"]
    gateway = ip_address("10.2.3.9")
    by_gateway = premises.subnet_of(pool, network, 24, gateway_ip=gateway)
    assert (cidrs(by_gateway), by_gateway.gateway_ip) == (["10.2.3.0/24"], gateway)
    for cidr, detail in (
        ("10.0.8.0/24", "10.0.8.0/24 or a part of it is held by another subnet"),
        ("10.0.8.0/25", "10.0.8.0/25 or a part of it is held by another subnet"),
        ("10.0.0.0/20", "10.0.0.0/20 or a part of it is held by another subnet"),
        ("10.1.0.0/24", "10.1.0.0/24 is not among its prefixes"),
        ("10.0.0.0/15", "10.1.0.0/16 is not among its prefixes"),
        ("9.0.0.0/24", "9.0.0.0/24 is not among its prefixes"),
    ):
        with premises.refused(SubnetAllocationError) as refusal:
            premises.subnet_of(pool, network, cidr)
        assert refusal.value.detail == f"Subnet pool {pool.id}: {detail}."
    premises.check_pools()


def test_full_is_said_when_no_prefix_of_the_length_is_free_and_why(premises: Premises) -> None:
    pool, network = premises.pool("192.0.2.0/26", min_prefixlen=24), premises.network()
    made = [premises.subnet_of(pool, network, 28) for _ in range(4)]
    with premises.refused(SubnetAllocationError) as refusal:
        premises.subnet_of(pool, network, 32)
    assert refusal.value.detail == f"Subnet pool {pool.id}: nothing is free."
    for subnet in made[::2]:
        premises.backend.subnets.delete(subnet.id)
    with premises.refused(SubnetAllocationError) as refusal:
        premises.subnet_of(pool, network, 27)
    assert refusal.value.message == (
        "Failed to allocate subnet: Insufficient prefix space to allocate subnet size /27."
    )
    assert refusal.value.detail == f"Subnet pool {pool.id}: the largest free prefix is a /28."


def test_subnets_of_one_request_are_from_the_pool_together_or_not_at_all(
    premises: Premises,
) -> None:
    pool, network = premises.pool("192.0.2.0/26", min_prefixlen=24), premises.network()
    drafts = [pooled_draft(pool, network, length) for length in (28, 27, 26)]
    with premises.refused(SubnetAllocationError):
        premises.backend.subnets.create(drafts)
    assert cidrs(*premises.backend.subnets.create(drafts[:2])) == ["192.0.2.0/28", "192.0.2.32/27"]
    premises.check_pools()


def test_a_refused_subnet_takes_nothing_of_its_pool(premises: Premises) -> None:
    pool, network = premises.pool("10.0.0.0/16"), premises.network()
    with premises.refused(InvalidInput):
        premises.subnet_of(pool, network, 31, enable_dhcp=True)


def test_the_default_pool_serves_those_who_name_none(premises: Premises) -> None:
    network = premises.network()
    draft = SubnetDraft(
        network_id=network.id, project_id="p", ip_version=4, cidr=None, from_pool=FromPool()
    )
    with premises.refused(BadRequest) as refusal:
        premises.backend.subnets.create([draft])
    assert refusal.value.message == "Bad subnets request: No default subnetpool found for IPv4."
    pool = premises.pool("10.0.0.0/16", default_prefixlen=26, is_default=True)
    [made] = premises.backend.subnets.create([draft])
    assert (made.subnetpool_id, cidrs(made)) == (pool.id, ["10.0.0.0/26"])


def test_a_pool_in_use_is_not_deleted(premises: Premises) -> None:
    pool = premises.pool("10.0.0.0/16")
    subnet = premises.subnet_of(pool, premises.network(), 24)
    with premises.refused(SubnetPoolDeleteError):
        premises.backend.subnet_pools.delete(pool.id)
    premises.backend.subnets.delete(subnet.id)
    premises.backend.subnet_pools.delete(pool.id)


def test_a_deleted_network_gives_the_prefixes_of_its_subnets_back(premises: Premises) -> None:
    pool, other = premises.pool("10.0.0.0/16"), premises.pool("2001:db8::/32")
    network = premises.network()
    for length in (24, 26, 20):
        premises.subnet_of(pool, network, length)
    premises.subnet_of(other, network)
    premises.backend.networks.delete(network.id)
    premises.check_pools()
    assert len(premises.dump()["subnetpool_gaps"]) == 2


def test_a_quota_is_each_requesting_projects(premises: Premises) -> None:
    pool, network = premises.pool("10.0.0.0/16", default_quota=512), premises.network()
    first = premises.subnet_of(pool, network, 24)
    premises.subnet_of(pool, network, 24)
    with premises.refused(SubnetPoolQuotaExceeded) as refusal:
        premises.subnet_of(pool, network, 32)
    assert refusal.value.detail == "The project holds 512 of 512 IPv4 addresses."
    with premises.refused(SubnetPoolQuotaExceeded):
        premises.subnet_of(pool, network, "10.0.9.0/28")
    premises.subnet_of(pool, network, 24, project_id="another")
    premises.backend.subnets.delete(first.id)
    premises.subnet_of(pool, network, 25)
    premises.check_pools()


# Affinity


def test_a_networks_subnets_of_one_ip_version_are_of_one_pool(premises: Premises) -> None:
    pool, other = premises.pool("10.0.0.0/16"), premises.pool("10.1.0.0/16")
    network, plain = premises.network(), premises.network()
    premises.subnet_of(pool, network, 24)
    premises.subnet(network, "2001:db8::/64")
    premises.subnet(plain, "10.9.0.0/24")
    refusals: list[Callable[[], object]] = [
        lambda: premises.subnet_of(other, network, 24),
        lambda: premises.subnet(network, "10.9.0.0/24"),
        lambda: premises.subnet_of(pool, plain, 24),
    ]
    for ask in refusals:
        with premises.refused(NetworkSubnetPoolAffinityError):
            ask()


def test_a_network_shows_its_scope_and_takes_pools_of_this_scope_only(premises: Premises) -> None:
    scope, elsewhere = premises.scope(), premises.scope()
    pool = premises.pool("10.0.0.0/16", address_scope_id=scope.id)
    same = premises.pool("10.1.0.0/16", address_scope_id=scope.id)
    others = [premises.pool("10.2.0.0/16", address_scope_id=one) for one in (elsewhere.id, None)]
    network = premises.network()
    premises.backend.subnets.create([pooled_draft(one, network, 24) for one in (pool, same)])
    shown = premises.backend.networks.get(network.id)
    assert (shown.ipv4_address_scope, shown.ipv6_address_scope) == (scope.id, None)
    assert premises.backend.networks.find([]) == (shown,)
    for other in others:
        with premises.refused(NetworkAddressScopeAffinityError):
            premises.subnet_of(other, network, 24)


def test_a_pool_changes_its_scope_if_no_network_ends_up_in_two(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    scope, elsewhere = premises.scope(), premises.scope()
    pool = premises.pool("10.0.0.0/16", address_scope_id=scope.id)
    same = premises.pool("10.1.0.0/16", address_scope_id=scope.id)
    network = premises.network()
    premises.subnet_of(pool, network, 24)
    moved = pools.update(pool.id, SubnetPoolChange(address_scope_id=elsewhere.id))
    assert premises.backend.networks.get(network.id).ipv4_address_scope == elsewhere.id
    pools.update(same.id, SubnetPoolChange(address_scope_id=elsewhere.id))
    premises.subnet_of(same, network, 24)
    for target in (scope.id, None):
        with premises.refused(NetworkAddressScopeAffinityError):
            pools.update(moved.id, SubnetPoolChange(address_scope_id=target))
    assert pools.update(moved.id, SubnetPoolChange(name="new")).name == "new"


# Prefixes that come and go


def test_more_prefixes_join_with_what_is_free(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    pool, network = premises.pool("10.0.0.0/24"), premises.network()
    premises.subnet_of(pool, network, 26)
    grown = pools.update(pool.id, grow("10.0.0.0/23", "10.9.0.0/24"))
    assert texts(grown) == ["10.0.0.0/23", "10.9.0.0/24"]
    premises.check_pools()
    more = [ip_network(prefix) for prefix in ("10.0.2.0/23", "10.9.0.0/25", "11.0.0.0/8")]
    assert texts(pools.add_prefixes(pool.id, more)) == ["10.0.0.0/22", "10.9.0.0/24", "11.0.0.0/8"]
    premises.check_pools()
    assert cidrs(premises.subnet_of(pool, network, 23)) == ["10.0.2.0/23"]
    with premises.refused(PrefixVersionMismatch):
        pools.add_prefixes(pool.id, [ip_network("2001:db8::/32")])


def test_prefixes_are_removed_if_no_subnet_has_an_address_of_them(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    pool, network = premises.pool("10.0.0.0/22", "10.9.0.0/24"), premises.network()
    premises.subnet_of(pool, network, "10.0.1.0/26")
    for prefix in ("10.0.1.0/26", "10.0.1.0/28", "10.0.0.0/22", "0.0.0.0/0"):
        with premises.refused(IllegalSubnetPoolPrefixUpdate):
            pools.remove_prefixes(pool.id, [ip_network("10.9.0.0/25"), ip_network(prefix)])
    gone = [ip_network(one) for one in ("10.0.2.0/23", "10.9.0.0/16", "1.0.0.0/8", "::/0")]
    assert texts(pools.remove_prefixes(pool.id, gone)) == ["10.0.0.0/23"]
    premises.check_pools()
    assert pools.get(pool.id) == pools.remove_prefixes(pool.id, gone)
    for ask in (pools.add_prefixes, pools.remove_prefixes):
        with pytest.raises(SubnetPoolNotFound):
            ask(NOWHERE, gone)


def test_a_pool_may_lose_all_its_prefixes_and_get_new_ones(premises: Premises) -> None:
    pools = premises.backend.subnet_pools
    pool, network = premises.pool("10.0.0.0/24"), premises.network()
    assert not pools.remove_prefixes(pool.id, [ip_network("10.0.0.0/8")]).prefixes
    premises.check_pools()
    with premises.refused(SubnetAllocationError):
        premises.subnet_of(pool, network, 24)
    assert texts(pools.update(pool.id, grow("10.1.0.0/24"))) == ["10.1.0.0/24"]
    assert cidrs(premises.subnet_of(pool, network, 24)) == ["10.1.0.0/24"]


# Onboarding


@pytest.fixture
def settled(premises: Premises) -> Network:
    """A network with two IPv4 subnets and one IPv6 subnet that are of no pool."""
    network = premises.network()
    for cidr in ("198.51.100.128/25", "198.51.100.0/25", "2001:db8::/64"):
        premises.subnet(network, cidr)
    return network


def test_a_networks_subnets_join_a_pool(premises: Premises, settled: Network) -> None:
    scope = premises.scope()
    pool = premises.pool("203.0.113.0/24", address_scope_id=scope.id)
    moved = premises.backend.subnet_pools.onboard(pool.id, settled.id)
    assert cidrs(*moved) == ["198.51.100.128/25", "198.51.100.0/25"]
    assert [premises.backend.subnets.get(subnet.id) for subnet in moved] == list(moved)
    assert all(subnet.subnetpool_id == pool.id for subnet in moved)
    assert texts(premises.backend.subnet_pools.get(pool.id)) == [
        "198.51.100.0/24",
        "203.0.113.0/24",
    ]
    network = premises.backend.networks.get(settled.id)
    assert (network.ipv4_address_scope, network.ipv6_address_scope) == (scope.id, None)
    premises.check_pools()
    with premises.refused(IllegalSubnetPoolUpdate):
        premises.backend.subnet_pools.onboard(pool.id, settled.id)
    premises.backend.subnets.delete(moved[0].id)
    assert cidrs(premises.subnet_of(pool, settled, 26)) == ["198.51.100.128/26"]


def test_they_join_from_another_pool_too(premises: Premises, settled: Network) -> None:
    pools = premises.backend.subnet_pools
    first, second = premises.pool("203.0.113.0/24"), premises.pool("198.51.100.0/24")
    pools.onboard(first.id, settled.id)
    assert len(pools.onboard(second.id, settled.id)) == 2
    premises.check_pools()
    pools.remove_prefixes(first.id, first.prefixes)
    assert texts(pools.get(first.id)) == ["198.51.100.0/24"], "the prefixes stay with the first"


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [("198.51.0.0/16", AddressScopePrefixConflict), ("1.0.0.0/8", None)],
)
def test_they_do_not_join_where_another_pool_of_the_scope_has_them(
    premises: Premises, settled: Network, prefix: str, kind: type[FreeholdError] | None
) -> None:
    scope = premises.scope()
    premises.pool(prefix, address_scope_id=scope.id)
    pool = premises.pool("203.0.113.0/24", address_scope_id=scope.id)
    if kind is None:
        assert len(premises.backend.subnet_pools.onboard(pool.id, settled.id)) == 2
        return
    with premises.refused(kind):
        premises.backend.subnet_pools.onboard(pool.id, settled.id)


def test_they_do_not_join_where_the_pool_has_handed_them_out(
    premises: Premises, settled: Network
) -> None:
    pool = premises.pool("198.51.100.0/24")
    premises.subnet_of(pool, premises.network(), "198.51.100.64/26")
    with premises.refused(IllegalSubnetPoolUpdate) as refusal:
        premises.backend.subnet_pools.onboard(pool.id, settled.id)
    assert "198.51.100.0/25 conflicts with allocated prefixes" in refusal.value.message


def test_a_network_with_nothing_to_join_changes_nothing(premises: Premises) -> None:
    pool, network = premises.pool("10.0.0.0/8"), premises.network()
    assert not premises.backend.subnet_pools.onboard(pool.id, network.id)
    assert premises.backend.subnet_pools.get(pool.id) == pool
    with premises.refused(NetworkNotFound):
        premises.backend.subnet_pools.onboard(pool.id, NOWHERE)
    with premises.refused(SubnetPoolNotFound):
        premises.backend.subnet_pools.onboard(NOWHERE, network.id)


def test_a_subnet_that_joined_a_pool_meanwhile_is_given_back_to_it(premises: Premises) -> None:
    pool, network = premises.pool("10.0.0.0/8"), premises.network()
    [subnet] = premises.backend.subnets.create([subnet_draft(network, "10.0.0.0/24")])
    premises.backend.subnet_pools.onboard(pool.id, network.id)
    premises.backend.subnets.delete(subnet.id)
    premises.check_pools()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("carried_out", [True, False])
def test_joining_has_one_effect_when_the_answer_to_its_commit_is_lost(
    open_database: OpenDatabase, kind: str, carried_out: bool
) -> None:
    premises = Premises(open_database(kind)[0])
    pool, network = premises.pool("192.0.2.0/24"), premises.network()
    subnet = premises.subnet(network, "10.0.0.0/24")
    lose_next_commit(premises.database, but_carry_it_out=carried_out)
    moved = premises.backend.subnet_pools.onboard(pool.id, network.id)
    assert [one.id for one in moved] == [subnet.id]
    assert premises.backend.subnets.find([]) == moved
    premises.check_pools()
    premises.database.dispose()
