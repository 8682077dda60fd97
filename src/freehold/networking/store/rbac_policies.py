"""Rows of RBAC policies, and who depends on them."""

from collections.abc import Mapping, Sequence, Set

from sqlalchemy import Column, Connection, Select, delete, insert, select, update

from freehold.db.tables import ports, rbac_policies, subnetpools, subnets
from freehold.errors import RbacPolicyNotFound
from freehold.networking.owners import ROUTER_GATEWAY
from freehold.networking.paging import ALL, Page
from freehold.networking.sharing_values import (
    VISIBLE,
    Action,
    ObjectType,
    RbacPolicy,
)
from freehold.networking.store import sharing
from freehold.networking.store.conditions import AnyRow, Condition, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.values import Filter

_NAMES = ("project_id", "object_type", "object_id", "action", "target_project")

FILTERS: Mapping[str, Condition] = {
    **{name: one_of(rbac_policies.c[name]) for name in ("id", *_NAMES)},
    VISIBLE: sharing.RBAC_POLICIES,
}

SORTING = Sorting(rbac_policies.c.id, {name: rbac_policies.c[name] for name in _NAMES})

_KEYS = {
    ObjectType.NETWORK: rbac_policies.c.network_id,
    ObjectType.SUBNET_POOL: rbac_policies.c.subnetpool_id,
    ObjectType.ADDRESS_SCOPE: rbac_policies.c.address_scope_id,
}


def add(connection: Connection, policies: Sequence[RbacPolicy]) -> None:
    """Store new RBAC policies.

    Raises:
        DBDuplicateEntry: there is one already that says the same.
        DBReferenceError: an object is gone.
    """
    if policies:
        connection.execute(
            insert(rbac_policies),
            [
                {
                    "id": policy.id,
                    **{name: getattr(policy, name) for name in _NAMES},
                    **{
                        key.name: policy.object_id if kind == policy.object_type else None
                        for kind, key in _KEYS.items()
                    },
                }
                for policy in policies
            ],
        )


def get(connection: Connection, policy_id: str) -> RbacPolicy:
    """Read one RBAC policy.

    Raises:
        RbacPolicyNotFound: there is none of this id.
    """
    found = find(connection, [Filter("id", (policy_id,))])
    if not found:
        raise RbacPolicyNotFound(policy_id)
    return found[0]


def find(
    connection: Connection, filters: Sequence[Filter], page: Page = ALL
) -> tuple[RbacPolicy, ...]:
    """Read those RBAC policies that pass all the filters and are on the page.

    Raises:
        RbacPolicyNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(
        connection,
        select(rbac_policies).where(where(filters, FILTERS)),
        page,
        sharing.view_of(filters, FILTERS),
    )
    if rows is None:
        raise RbacPolicyNotFound(str(page.marker))
    return tuple(_policy(row) for row in rows)


def targets(connection: Connection, object_id: str, action: Action) -> frozenset[str]:
    """Return whom policies allow this with an object, all projects as ``*``."""
    return frozenset(
        connection.scalars(
            select(rbac_policies.c.target_project).where(
                rbac_policies.c.object_id == object_id, rbac_policies.c.action == action
            )
        )
    )


def retarget(connection: Connection, policy_id: str, target_project: str) -> None:
    """Have a policy be for another project.

    Raises:
        DBDuplicateEntry: there is one already that says the same.
    """
    connection.execute(
        update(rbac_policies)
        .where(rbac_policies.c.id == policy_id)
        .values(target_project=target_project)
    )


def remove(connection: Connection, policy_id: str) -> None:
    """Delete an RBAC policy."""
    connection.execute(delete(rbac_policies).where(rbac_policies.c.id == policy_id))


def remove_of(
    connection: Connection, object_id: str, action: Action, target_project: str | None = None
) -> None:
    """Delete the policies that allow this with an object: for one target, or for any."""
    which = [rbac_policies.c.object_id == object_id, rbac_policies.c.action == action]
    if target_project is not None:
        which.append(rbac_policies.c.target_project == target_project)
    connection.execute(delete(rbac_policies).where(*which))


def used_by(connection: Connection, policy: RbacPolicy, project_id: str) -> bool:
    """Tell whether a project uses what a policy is about."""
    projects, used = _uses(policy)
    found = connection.scalar(used.where(projects == project_id).limit(1))
    return found is not None


def used_by_others(connection: Connection, policy: RbacPolicy, besides: Set[str]) -> bool:
    """Tell whether a project uses what a policy is about that is allowed to by no other policy.

    Args:
        connection: the unit's connection.
        policy: the policy.
        besides: projects that may do so anyway.
    """
    projects, used = _uses(policy)
    allowed = select(rbac_policies.c.target_project).where(
        rbac_policies.c.object_id == policy.object_id,
        rbac_policies.c.action == policy.action,
        rbac_policies.c.id != policy.id,
    )
    found = connection.scalar(
        used.where(projects.not_in(sorted(besides)), projects.not_in(allowed)).limit(1)
    )
    return found is not None


def owner_of(connection: Connection, policy: RbacPolicy) -> str | None:
    """Return who owns the object of a policy; None if it is gone."""
    table = _KEYS[policy.object_type]
    referred = next(iter(table.foreign_keys)).column.table
    return connection.scalar(select(referred.c.project_id).where(referred.c.id == policy.object_id))


def _uses(policy: RbacPolicy) -> tuple[Column[str], Select[str]]:
    """Return the column of the projects that use a policy's object, and what selects it."""
    if policy.object_type is ObjectType.SUBNET_POOL:
        projects, of_object = subnets.c.project_id, subnets.c.subnetpool_id
    elif policy.object_type is ObjectType.ADDRESS_SCOPE:
        projects, of_object = subnetpools.c.project_id, subnetpools.c.address_scope_id
    else:
        projects, of_object = ports.c.project_id, ports.c.network_id
    used = select(projects).where(of_object == policy.object_id)
    if policy.action is Action.EXTERNAL:
        used = used.where(ports.c.device_owner == ROUTER_GATEWAY)
    return projects, used


def _policy(row: AnyRow) -> RbacPolicy:
    return RbacPolicy(
        id=row.id,
        project_id=row.project_id,
        object_type=ObjectType(row.object_type),
        object_id=row.object_id,
        action=Action(row.action),
        target_project=row.target_project,
    )
