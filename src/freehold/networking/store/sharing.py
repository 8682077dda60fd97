"""What is shared and who may see it, as expressions and conditions of statements.

That something is shared is said by rows of ``rbac_policies`` only. An expression that
depends on who asks has the parameter ``VIEWER``: the project, or nobody in particular, for
whom is shared what is shared with all.

What a project may see is put together from what can be entered by an index: its own rows, and
those that policies for it name. So a list costs what the project may see, and not what there is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    bindparam,
    case,
    exists,
    false,
    or_,
    select,
    true,
    union,
)

from freehold.db.tables import address_scopes, networks, ports, rbac_policies, subnetpools, subnets
from freehold.networking.sharing_values import (
    ALL_PROJECTS,
    VISIBLE,
    Action,
    ObjectType,
    Sight,
    sight_of,
)
from freehold.networking.store.conditions import Condition, where
from freehold.networking.values import Filter

VIEWER = "viewer"

_FOR_VIEWER = rbac_policies.c.target_project.in_([ALL_PROJECTS, bindparam(VIEWER, ALL_PROJECTS)])


def is_shared(object_id: Column[str]) -> ColumnElement[bool]:
    """Return the expression that what has this id is shared with the viewer, or with all."""
    return (
        exists()
        .where(
            rbac_policies.c.object_id == object_id,
            rbac_policies.c.action == Action.SHARED,
            _FOR_VIEWER,
        )
        .correlate(object_id.table)
    )


def is_external(network_id: Column[str]) -> ColumnElement[bool]:
    """Return the expression that a network is external, for whomever."""
    return (
        exists()
        .where(
            rbac_policies.c.object_id == network_id,
            rbac_policies.c.action == Action.EXTERNAL,
        )
        .correlate(network_id.table)
    )


def if_true(expression: ColumnElement[bool]) -> Condition:
    """Return the condition that an expression has one of some truth values."""

    def condition(values: tuple[object, ...]) -> ColumnElement[bool]:
        return or_(false(), *(expression if value else ~expression for value in set(values)))

    return condition


def as_number(expression: ColumnElement[bool]) -> ColumnElement[int]:
    """Return what lists are ordered by where they are ordered by a truth value."""
    return case((expression, 1), else_=0)


@dataclass(frozen=True, slots=True)
class View:
    """How a list looks to whoever asks for it.

    Attributes:
        condition: what is fulfilled by rows that may be seen.
        parameters: of each statement that reads the list.
    """

    condition: ColumnElement[bool] = field(default_factory=true)
    parameters: Mapping[str, object] = field(default_factory=dict)


def view_of(filters: Sequence[Filter], known: Mapping[str, Condition]) -> View:
    """Return how a list looks that is restricted by these filters.

    Args:
        filters: the list's.
        known: the conditions that the kind's lists can be filtered by.
    """
    sight = sight_of(filters)
    if sight is None:
        return View()
    seen = [one for one in filters if one.attribute == VISIBLE]
    return View(where(seen, known), {VIEWER: sight.project_id})


def visible_objects(table: Table, object_type: ObjectType) -> Condition:
    """Return the condition that networks, subnet pools or address scopes may be seen."""

    def ids(sight: Sight) -> list[Select[str]]:
        found = [_own(table, sight)] if sight.own else []
        if sight.shared or sight.external:
            found.append(select(rbac_policies.c.object_id).where(_granted(sight, object_type)))
        return found

    return _in(table, ids)


def visible_on_networks(table: Table) -> Condition:
    """Return the condition that subnets or ports may be seen."""

    def ids(sight: Sight) -> list[Select[str]]:
        found = [_own(table, sight)] if sight.own else []
        if sight.on_own_networks:
            found.append(
                select(table.c.id)
                .join_from(table, networks)
                .where(networks.c.project_id == sight.project_id)
            )
        if sight.shared or sight.external:
            found.append(
                select(table.c.id)
                .join_from(table, rbac_policies, rbac_policies.c.network_id == table.c.network_id)
                .where(_granted(sight, ObjectType.NETWORK))
            )
        return found

    return _in(table, ids)


def _own(table: Table, sight: Sight) -> Select[str]:
    return select(table.c.id).where(table.c.project_id == sight.project_id)


def _granted(sight: Sight, object_type: ObjectType) -> ColumnElement[bool]:
    allowed = {Action.SHARED: sight.shared, Action.EXTERNAL: sight.external}
    return (
        (rbac_policies.c.object_type == object_type)
        & rbac_policies.c.action.in_([action for action, seen in allowed.items() if seen])
        & rbac_policies.c.target_project.in_([ALL_PROJECTS, sight.project_id])
    )


def _in(table: Table, ids: Callable[[Sight], list[Select[str]]]) -> Condition:
    def condition(values: tuple[object, ...]) -> ColumnElement[bool]:
        [sight] = values
        if not isinstance(sight, Sight):
            raise TypeError("what may be seen is said by a sight")
        if sight.everything:
            return true()
        found = ids(sight)
        if not found:
            return false()
        # A derived table, since MariaDB checks each row anew against a union by itself.
        seen = union(*found).subquery("seen")
        return table.c.id.in_(select(seen.c[0]))

    return condition


NETWORKS = visible_objects(networks, ObjectType.NETWORK)
SUBNET_POOLS = visible_objects(subnetpools, ObjectType.SUBNET_POOL)
ADDRESS_SCOPES = visible_objects(address_scopes, ObjectType.ADDRESS_SCOPE)
SUBNETS = visible_on_networks(subnets)
PORTS = visible_on_networks(ports)
RBAC_POLICIES = _in(rbac_policies, lambda sight: [_own(rbac_policies, sight)] if sight.own else [])
