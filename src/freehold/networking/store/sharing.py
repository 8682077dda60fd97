"""What is shared and who may see it, as expressions and conditions of statements.

That something is shared is said by rows of ``rbac_policies`` only. An expression that
depends on who asks has the parameter ``VIEWER``: the project, or nobody in particular, for
whom is shared what is shared with all.

What a project may see is put together from what can be entered by an index: its own rows, and
those that policies for it name. So a list costs what the project may see, and not what there is. If
a filter leaves few rows anyway, each of these is looked at instead: see `Sight.among_few`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
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


def _viewer() -> BindParameter[str]:
    """Return the project that asks; a statement that is not told of one asks for nobody."""
    return bindparam(VIEWER, ALL_PROJECTS)


_FOR_VIEWER = rbac_policies.c.target_project.in_([ALL_PROJECTS, _viewer()])


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
        condition: what is fulfilled by one row, if it may be seen.
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
    here = Filter(VISIBLE, (replace(sight, among_few=True),))
    return View(where([here], known), {VIEWER: sight.project_id})


@dataclass(frozen=True, slots=True)
class _Ways:
    """How the rows of a table that a project may see are found, for one reason to see them.

    Attributes:
        ids: selects their ids, by an index.
        here: whether a row is one of them.
    """

    ids: Select[str]
    here: ColumnElement[bool]


def visible_objects(table: Table, object_type: ObjectType) -> Condition:
    """Return the condition that networks, subnet pools or address scopes may be seen."""

    def ways(sight: Sight) -> list[_Ways]:
        found = [_own(table)] if sight.own else []
        if sight.shared or sight.external:
            granted = _granted(sight, object_type)
            ids = select(rbac_policies.c.object_id).where(granted)
            here = exists().where(rbac_policies.c.object_id == table.c.id, granted)
            found.append(_Ways(ids, here.correlate(table)))
        return found

    return _condition(table, ways)


def visible_on_networks(table: Table) -> Condition:
    """Return the condition that subnets or ports may be seen."""

    def ways(sight: Sight) -> list[_Ways]:
        found = [_own(table)] if sight.own else []
        if sight.on_own_networks:
            found.append(_by_network(table, networks, networks.c.id, _is_own(networks)))
        if sight.shared or sight.external:
            granted = _granted(sight, ObjectType.NETWORK)
            found.append(_by_network(table, rbac_policies, rbac_policies.c.network_id, granted))
        return found

    return _condition(table, ways)


def _own(table: Table) -> _Ways:
    return _Ways(select(table.c.id).where(_is_own(table)), _is_own(table))


def _is_own(table: Table) -> ColumnElement[bool]:
    return table.c.project_id == _viewer()


def _by_network(
    table: Table, other: Table, network_id: Column[str], which: ColumnElement[bool]
) -> _Ways:
    """Return how rows are found by what another table says of their networks."""
    joined = network_id == table.c.network_id
    return _Ways(
        select(table.c.id).join_from(table, other, joined).where(which),
        exists().where(joined, which).correlate(table),
    )


def _granted(sight: Sight, object_type: ObjectType) -> ColumnElement[bool]:
    allowed = {Action.SHARED: sight.shared, Action.EXTERNAL: sight.external}
    return and_(
        rbac_policies.c.object_type == object_type,
        rbac_policies.c.action.in_([action for action, seen in allowed.items() if seen]),
        rbac_policies.c.target_project.in_([ALL_PROJECTS, _viewer()]),
    )


def _condition(table: Table, ways: Callable[[Sight], list[_Ways]]) -> Condition:
    # Made once for all projects: to put it together takes longer than to have it carried out.
    @cache
    def condition_of(sight: Sight) -> ColumnElement[bool]:
        found = ways(sight)
        if not found:
            return false()
        if sight.among_few:
            return or_(*(way.here for way in found))
        # A derived table, since MariaDB checks each row anew against a union by itself.
        seen = union(*(way.ids for way in found)).subquery("seen")
        return table.c.id.in_(select(seen.c[0]))

    def condition(values: tuple[object, ...]) -> ColumnElement[bool]:
        [sight] = values
        if not isinstance(sight, Sight):
            raise TypeError("what may be seen is said by a sight")
        return true() if sight.everything else condition_of(replace(sight, project_id=""))

    return condition


NETWORKS = visible_objects(networks, ObjectType.NETWORK)
SUBNET_POOLS = visible_objects(subnetpools, ObjectType.SUBNET_POOL)
ADDRESS_SCOPES = visible_objects(address_scopes, ObjectType.ADDRESS_SCOPE)
SUBNETS = visible_on_networks(subnets)
PORTS = visible_on_networks(ports)
RBAC_POLICIES = _condition(rbac_policies, lambda sight: [_own(rbac_policies)] if sight.own else [])
