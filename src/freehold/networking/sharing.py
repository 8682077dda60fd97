"""The policies by which networks, subnet pools and address scopes are shared with all projects.

Clients say and see these as attributes of the objects: ``shared`` and ``router:external``.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Protocol

from freehold.networking.ids import new_id
from freehold.networking.sharing_values import ALL_PROJECTS, Action, ObjectType, RbacPolicy


class Owned(Protocol):
    """What can be shared."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def project_id(self) -> str:
        """Its owner, who owns the policy as well."""


def for_all(
    objects: Iterable[Owned], object_type: ObjectType, action: Action, random: Random
) -> Sequence[RbacPolicy]:
    """Return the policies that allow all projects this with some objects."""
    return [
        RbacPolicy(
            id=new_id(random),
            project_id=one.project_id,
            object_type=object_type,
            object_id=one.id,
            action=action,
            target_project=ALL_PROJECTS,
        )
        for one in objects
    ]
