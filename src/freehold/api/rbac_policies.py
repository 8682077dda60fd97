"""RBAC policies, between JSON and values."""

from collections.abc import Sequence

from freehold.api import queries
from freehold.api.attributes import AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.definitions import rbac_policies as definition
from freehold.api.kinds import Kind
from freehold.api.parsing import as_is, changed
from freehold.errors import InvalidActionForType, InvalidInput
from freehold.networking.sharing_values import (
    ACTIONS,
    Action,
    ObjectType,
    RbacPolicy,
    RbacPolicyChange,
    RbacPolicyDraft,
)
from freehold.networking.values import Filter

TARGET = "target_tenant"


def parse_draft(values: Checked, _caller: Caller) -> RbacPolicyDraft:
    """Make a draft of what a client sent.

    Raises:
        InvalidInput: there are no objects of the type, or not this action with them.
    """
    object_type = object_type_of(values["object_type"])
    return RbacPolicyDraft(
        project_id=values["project_id"],
        object_type=object_type,
        object_id=values["object_id"],
        action=_action(object_type, values["action"]),
        target_project=values[TARGET],
    )


def parse_change(values: Checked, _caller: Caller) -> RbacPolicyChange:
    """Make a change of what a client sent."""
    return RbacPolicyChange(target_project=changed(values, TARGET, as_is))


def render(policy: RbacPolicy) -> dict[str, object]:
    """Make JSON's types of an RBAC policy."""
    return {
        "id": policy.id,
        "tenant_id": policy.project_id,
        "project_id": policy.project_id,
        "object_type": policy.object_type.value,
        "object_id": policy.object_id,
        "action": policy.action.value,
        TARGET: policy.target_project,
    }


def object_type_of(text: str) -> ObjectType:
    """Return a type of object, however it is written.

    Raises:
        InvalidInput: it is none.
    """
    normalised = text.strip().lower()
    if normalised not in list(ObjectType):
        raise InvalidInput(f"'{text}' is not a valid RBAC object type")
    return ObjectType(normalised)


def _action(object_type: ObjectType, text: str) -> Action:
    allowed = [action.value for action in ACTIONS[object_type]]
    if text not in allowed:
        raise InvalidActionForType(text, object_type.value, allowed)
    return Action(text)


def _object_types(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read types of objects, however they are written."""
    return (Filter(name, tuple(object_type_of(value).value for value in values)),)


def _targets(_name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    return (Filter("target_project", tuple(values)),)


RBAC_POLICY = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]),
    parse_draft=parse_draft,
    parse_change=parse_change,
    render=render,
    filters={
        "id": queries.texts,
        "object_type": _object_types,
        "object_id": queries.texts,
        "action": queries.texts,
        TARGET: _targets,
        "tenant_id": queries.project,
        "project_id": queries.project,
    },
)
