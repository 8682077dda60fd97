"""Who may use what is another's: RBAC policies, and lists of what may be seen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.errors import (
    BadRequest,
    DuplicateRbacPolicy,
    FreeholdError,
    InvalidSharedSetting,
    NetworkNotFound,
    PortNotFound,
    RbacPolicyInitError,
    RbacPolicyInUse,
    RbacPolicyNotFound,
    SubnetPoolNotFound,
)
from freehold.networking import owners
from freehold.networking.paging import Page, SortKey
from freehold.networking.pool_values import AddressScopeChange
from freehold.networking.sharing_values import (
    ALL_PROJECTS,
    VISIBLE,
    Action,
    ObjectType,
    RbacPolicy,
    RbacPolicyChange,
    RbacPolicyDraft,
    Sight,
)
from freehold.networking.values import Filter, NetworkChange, Port
from tests.backends import Premises

UNKNOWN = "11111111-2222-4333-8444-555555555555"


def draft(object_id: str, target: str, **values: Any) -> RbacPolicyDraft:
    given_values: dict[str, Any] = {
        "project_id": "p",
        "object_type": ObjectType.NETWORK,
        "object_id": object_id,
        "action": Action.SHARED,
        "target_project": target,
        **values,
    }
    return RbacPolicyDraft(**given_values)


def grant(premises: Premises, object_id: str, target: str, **values: Any) -> RbacPolicy:
    return premises.backend.rbac_policies.create([draft(object_id, target, **values)])[0]


def seen(project: str, **sorts: bool) -> Filter:
    return Filter(VISIBLE, (Sight(project_id=project, **sorts),))


def policies_of(premises: Premises, object_id: str) -> set[tuple[str, str]]:
    found = premises.backend.rbac_policies.find([Filter("object_id", (object_id,))])
    return {(one.action.value, one.target_project) for one in found}


def test_a_policy_is_created_read_changed_and_deleted(premises: Premises) -> None:
    network = premises.network()
    policies = premises.backend.rbac_policies
    policy = grant(premises, network.id, "q")
    assert policies.get(policy.id) == policy
    assert policies.find([Filter("target_project", ("q",))]) == (policy,)
    assert policies.find([Filter("object_type", ("subnetpool",))]) == ()
    changed = policies.update(policy.id, RbacPolicyChange(target_project="r"))
    assert changed == replace(policy, target_project="r")
    assert policies.get(policy.id) == changed
    assert policies.update(policy.id, RbacPolicyChange()) == changed
    policies.delete(policy.id)
    for gone in (
        lambda: policies.get(policy.id),
        lambda: policies.update(policy.id, RbacPolicyChange()),
        lambda: policies.delete(policy.id),
        lambda: policies.find([], Page(limit=1, marker=policy.id)),
    ):
        with pytest.raises(RbacPolicyNotFound):
            gone()


def test_a_policy_has_no_revision(premises: Premises) -> None:
    policy = grant(premises, premises.network().id, "q")
    policies = premises.backend.rbac_policies
    with premises.refused(BadRequest):
        policies.update(policy.id, RbacPolicyChange(target_project="r"), 1)
    with premises.refused(BadRequest):
        policies.delete(policy.id, 1)


def test_a_policy_says_something_once_only(premises: Premises) -> None:
    network = premises.network()
    grant(premises, network.id, "q")
    other = grant(premises, network.id, "r")
    with premises.refused(DuplicateRbacPolicy):
        grant(premises, network.id, "q", project_id="x")
    with premises.refused(DuplicateRbacPolicy):
        premises.backend.rbac_policies.create([draft(network.id, "s"), draft(network.id, "s")])
    with premises.refused(DuplicateRbacPolicy):
        premises.backend.rbac_policies.update(other.id, RbacPolicyChange(target_project="q"))
    grant(premises, network.id, "q", action=Action.EXTERNAL)


@pytest.mark.parametrize(
    ("object_type", "missing"),
    [(ObjectType.NETWORK, NetworkNotFound), (ObjectType.SUBNET_POOL, SubnetPoolNotFound)],
)
def test_nothing_that_is_not_there_is_shared(
    premises: Premises, object_type: ObjectType, missing: type[FreeholdError]
) -> None:
    with premises.refused(missing):
        grant(premises, UNKNOWN, "q", object_type=object_type)


def test_shared_is_whether_there_is_a_policy_for_all_or_for_who_asks(premises: Premises) -> None:
    network = premises.network(shared=True)
    assert policies_of(premises, network.id) == {("access_as_shared", ALL_PROJECTS)}
    networks = premises.backend.networks
    assert not networks.update(network.id, NetworkChange(shared=False)).shared
    assert policies_of(premises, network.id) == set()
    grant(premises, network.id, "q")
    assert not networks.get(network.id).shared
    everything = Sight(project_id="q", everything=True)
    [found] = networks.find([Filter(VISIBLE, (everything,))])
    assert found.shared
    assert networks.find([seen("q", everything=True), Filter("shared", (True,))]) == (found,)
    assert networks.find([seen("r", everything=True), Filter("shared", (True,))]) == ()
    assert networks.update(network.id, NetworkChange(shared=True)).shared
    [policy] = premises.backend.rbac_policies.find([Filter("target_project", (ALL_PROJECTS,))])
    premises.backend.rbac_policies.delete(policy.id)
    assert not networks.get(network.id).shared


def test_a_network_is_external_as_long_as_it_is_so_for_somebody(premises: Premises) -> None:
    network = premises.network()
    networks, policies = premises.backend.networks, premises.backend.rbac_policies
    one = grant(premises, network.id, "q", action=Action.EXTERNAL)
    two = grant(premises, network.id, "r", action=Action.EXTERNAL)
    policies.delete(one.id)
    assert networks.get(network.id).external
    policies.delete(two.id)
    assert not networks.get(network.id).external
    networks.update(network.id, NetworkChange(external=True))
    assert policies_of(premises, network.id) == {("access_as_external", ALL_PROJECTS)}
    grant(premises, network.id, "q", action=Action.EXTERNAL)
    networks.update(network.id, NetworkChange(external=False))
    assert policies_of(premises, network.id) == set()


def test_the_revision_of_a_network_grows_with_its_policies(premises: Premises) -> None:
    network = premises.network()

    def revision() -> int:
        return premises.backend.networks.get(network.id).record.revision

    policy = grant(premises, network.id, "q")
    assert revision() == network.record.revision + 1
    premises.backend.rbac_policies.update(policy.id, RbacPolicyChange(target_project="r"))
    premises.backend.rbac_policies.delete(policy.id)
    assert revision() == network.record.revision + 3


def test_policies_go_with_their_objects(premises: Premises) -> None:
    network, scope = premises.network(shared=True), premises.scope(shared=True)
    pool = premises.pool("10.0.0.0/8", shared=True, address_scope_id=scope.id)
    for one, object_type in (
        (network.id, ObjectType.NETWORK),
        (pool.id, ObjectType.SUBNET_POOL),
        (scope.id, ObjectType.ADDRESS_SCOPE),
    ):
        grant(premises, one, "q", object_type=object_type)
    assert len(premises.backend.rbac_policies.find([])) == 6
    premises.backend.networks.delete(network.id)
    premises.backend.subnet_pools.delete(pool.id)
    premises.backend.address_scopes.delete(scope.id)
    assert premises.backend.rbac_policies.find([]) == ()


def use(premises: Premises, kind: str, owner: str) -> tuple[str, Callable[[], None]]:
    """Have a project use what is another one's; return what, and how the use ends."""
    backend = premises.backend
    if kind == "network":
        network = premises.network()
        port = premises.port(network, project_id=owner)
        return network.id, lambda: backend.ports.delete(port.id)
    if kind == "pool":
        pool = premises.pool("10.0.0.0/8")
        subnet = premises.subnet_of(pool, premises.network(), 24, project_id=owner)
        return pool.id, lambda: backend.subnets.delete(subnet.id)
    scope = premises.scope()
    within = premises.pool("10.0.0.0/8", address_scope_id=scope.id, project_id=owner)
    return scope.id, lambda: backend.subnet_pools.delete(within.id)


OBJECTS = {
    "network": ObjectType.NETWORK,
    "pool": ObjectType.SUBNET_POOL,
    "scope": ObjectType.ADDRESS_SCOPE,
}


@pytest.mark.parametrize("target", ["q", ALL_PROJECTS])
@pytest.mark.parametrize("kind", OBJECTS)
def test_what_somebody_uses_is_not_taken_from_him(
    premises: Premises, kind: str, target: str
) -> None:
    used, end = use(premises, kind, "q")
    policies = premises.backend.rbac_policies
    policy = grant(premises, used, target, object_type=OBJECTS[kind])
    grant(premises, used, "r", object_type=OBJECTS[kind])
    with premises.refused(RbacPolicyInUse) as caught:
        policies.delete(policy.id)
    assert f"RBAC policy on object {used} cannot be removed" in caught.value.message
    with premises.refused(RbacPolicyInUse):
        policies.update(policy.id, RbacPolicyChange(target_project="s"))
    end()
    policies.delete(policy.id)


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_somebody_may_use_in_another_way_is_no_use_of_a_policy(
    premises: Premises, kind: str
) -> None:
    used, _ = use(premises, kind, "q")
    policies = premises.backend.rbac_policies
    own = grant(premises, used, "q", object_type=OBJECTS[kind])
    for_all = grant(premises, used, ALL_PROJECTS, object_type=OBJECTS[kind])
    policies.delete(for_all.id)
    for_all = grant(premises, used, ALL_PROJECTS, object_type=OBJECTS[kind])
    policies.delete(own.id)
    # It goes over to the only one who uses it.
    changed = policies.update(for_all.id, RbacPolicyChange(target_project="q"))
    policies.update(changed.id, RbacPolicyChange(target_project=ALL_PROJECTS))


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_owner_needs_no_policy(premises: Premises, kind: str) -> None:
    used, _ = use(premises, kind, "p")
    for target in ("p", ALL_PROJECTS):
        policy = grant(premises, used, target, object_type=OBJECTS[kind])
        premises.backend.rbac_policies.delete(policy.id)


def test_an_external_network_with_gateways_stays_external(premises: Premises) -> None:
    network = premises.network()
    policies = premises.backend.rbac_policies
    policy = grant(premises, network.id, "q", action=Action.EXTERNAL)
    gateway = premises.port(network, project_id="", device_owner=owners.ROUTER_GATEWAY)
    with premises.refused(RbacPolicyInUse) as caught:
        policies.delete(policy.id)
    assert "There are routers attached to this network" in caught.value.message
    for_all = grant(premises, network.id, ALL_PROJECTS, action=Action.EXTERNAL)
    policies.delete(policy.id)
    with premises.refused(RbacPolicyInUse):
        policies.delete(for_all.id)
    premises.backend.ports.delete(gateway.id)
    policies.delete(for_all.id)


def test_who_has_a_policy_keeps_a_network_from_nothing(premises: Premises) -> None:
    network = premises.network(shared=True)
    premises.port(network, project_id="q")
    with premises.refused(InvalidSharedSetting):
        premises.backend.networks.update(network.id, NetworkChange(shared=False))
    grant(premises, network.id, "q")
    assert not premises.backend.networks.update(network.id, NetworkChange(shared=False)).shared


def test_a_pool_is_shared_only_with_who_may_use_its_scope(premises: Premises) -> None:
    scope = premises.scope()
    pool = premises.pool("10.0.0.0/8", address_scope_id=scope.id)
    for target in ("q", ALL_PROJECTS):
        with premises.refused(RbacPolicyInitError):
            grant(premises, pool.id, target, object_type=ObjectType.SUBNET_POOL)
    grant(premises, scope.id, "q", object_type=ObjectType.ADDRESS_SCOPE)
    policy = grant(premises, pool.id, "q", object_type=ObjectType.SUBNET_POOL)
    with premises.refused(RbacPolicyInitError):
        premises.backend.rbac_policies.update(policy.id, RbacPolicyChange(target_project="r"))
    # Its owner may use it.
    grant(premises, pool.id, "p", object_type=ObjectType.SUBNET_POOL)
    premises.backend.address_scopes.update(scope.id, AddressScopeChange(shared=True))
    grant(premises, pool.id, ALL_PROJECTS, object_type=ObjectType.SUBNET_POOL)


def test_nobody_sees_anything_with_a_sight_of_nothing(premises: Premises) -> None:
    network = premises.network(shared=True)
    premises.port(network)
    nothing = [seen("p")]
    assert premises.backend.networks.find(nothing) == ()
    assert premises.backend.ports.find(nothing) == ()
    assert premises.backend.rbac_policies.find(nothing) == ()
    assert Sight(project_id="p").nothing


def test_a_marker_that_may_not_be_seen_is_not_there(premises: Premises) -> None:
    network = premises.network()
    port = premises.port(network)
    for marker in (port.id, UNKNOWN):
        with pytest.raises(PortNotFound) as caught:
            premises.backend.ports.find([seen("q", own=True)], Page(limit=1, marker=marker))
        assert caught.value.message == f"Port {marker} could not be found."


@dataclass(frozen=True)
class Site:
    """A network, and what is on it.

    Attributes:
        owner: of the network.
        shared_with: whom it is shared with.
        external_for: for whom it is external.
        ports: the owners of its ports; each has a subnet beside it.
    """

    owner: str
    shared_with: frozenset[str]
    external_for: frozenset[str]
    ports: Sequence[str]


PROJECTS = ["p", "q", "r"]
targets = st.frozensets(st.sampled_from(["p", "q", ALL_PROJECTS]), max_size=2)
sites = st.lists(
    st.builds(
        Site,
        owner=st.sampled_from(PROJECTS),
        shared_with=targets,
        external_for=targets,
        ports=st.lists(st.sampled_from(PROJECTS), max_size=3),
    ),
    max_size=4,
)
sights = st.builds(
    Sight,
    project_id=st.sampled_from(PROJECTS),
    everything=st.sampled_from([False, False, False, True]),
    own=st.booleans(),
    on_own_networks=st.booleans(),
    shared=st.booleans(),
    external=st.booleans(),
    among_few=st.booleans(),
)
orders = st.sampled_from([(), (SortKey("name"),), (SortKey("project_id", False), SortKey("name"))])


def may_see(sight: Sight, owner: str, site: Site) -> bool:
    """Tell what a sight means, as a person would say it."""
    targets_of = {ALL_PROJECTS, sight.project_id}
    return (
        sight.everything
        or (sight.own and owner == sight.project_id)
        or (sight.on_own_networks and site.owner == sight.project_id)
        or (sight.shared and bool(targets_of & site.shared_with))
        or (sight.external and bool(targets_of & site.external_for))
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(present=sites, sight=sights, sort=orders, limit=st.integers(1, 3), data=st.data())
def test_pages_put_together_are_what_may_be_seen(
    premises: Premises,
    present: list[Site],
    sight: Sight,
    sort: tuple[SortKey, ...],
    limit: int,
    data: st.DataObject,
) -> None:
    names = data.draw(st.lists(st.sampled_from("ab"), min_size=4, max_size=4))
    expected: dict[str, set[str]] = {"networks": set(), "subnets": set(), "ports": set()}
    for site, name in zip(present, names, strict=False):
        for kind, resource_id in made(premises, site, name, sight):
            expected[kind].add(resource_id)
    visible = [Filter(VISIBLE, (sight,))]
    for kind, ids in expected.items():
        service = getattr(premises.backend, kind)
        whole = [one.id for one in service.find(visible, Page(sort=sort))]
        assert set(whole) == ids
        assert list(paged(service.find, visible, sort, limit)) == whole
    remove_all(premises)


def made(premises: Premises, site: Site, name: str, sight: Sight) -> Iterator[tuple[str, str]]:
    """Create what a site has, and yield what of it may be seen: kind and id."""
    network = premises.network(project_id=site.owner, name=name)
    for target in site.shared_with:
        grant(premises, network.id, target)
    for target in site.external_for:
        grant(premises, network.id, target, action=Action.EXTERNAL)
    if may_see(replace(sight, on_own_networks=False), site.owner, site):
        yield "networks", network.id
    for number, owner in enumerate(site.ports):
        subnet = premises.subnet(network, f"10.0.{number}.0/24", project_id=owner)
        port = premises.port(network, project_id=owner)
        if may_see(sight, owner, site):
            yield "subnets", subnet.id
            yield "ports", port.id


def paged(
    find: Callable[..., Sequence[Port]],
    visible: Sequence[Filter],
    sort: tuple[SortKey, ...],
    limit: int,
) -> Iterator[str]:
    """Yield the ids of all pages."""
    marker = None
    while True:
        page = find(visible, Page(sort=sort, limit=limit, marker=marker))
        yield from (one.id for one in page)
        if len(page) < limit:
            return
        marker = page[-1].id


def remove_all(premises: Premises) -> None:
    """Remove ports and networks, and see that nothing is left of who may use them."""
    for port in premises.backend.ports.find([]):
        premises.backend.ports.delete(port.id)
    for network in premises.backend.networks.find([]):
        premises.backend.networks.delete(network.id)
    assert premises.backend.rbac_policies.find([]) == ()
