"""Creating, reading, changing and deleting RBAC policies: who may use what is another's.

A unit that changes who may use an object guards the object first, as all that change it do. The
revision of a network grows with it, since the network shows whether it is shared and external.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from freehold.db.database import Database, Done, Lookup, Unit
from freehold.db.retry import run_again_if_references_break
from freehold.errors import (
    BadRequest,
    DuplicateRbacPolicy,
    InvalidSharedSetting,
    RbacPolicyInitError,
    RbacPolicyInUse,
)
from freehold.ipam.driver import Surroundings
from freehold.networking import lookups
from freehold.networking.ids import new_id
from freehold.networking.paging import ALL, Page
from freehold.networking.sharing_values import (
    ALL_PROJECTS,
    Action,
    ObjectType,
    RbacPolicy,
    RbacPolicyChange,
    RbacPolicyDraft,
)
from freehold.networking.store import address_scopes as scope_rows
from freehold.networking.store import networks as network_rows
from freehold.networking.store import rbac_policies as policy_rows
from freehold.networking.store import subnet_pools as pool_rows
from freehold.networking.values import KEEP, Filter

NOBODY = ""
"""The owner of what belongs to no project."""


class RbacPolicies:
    """The RBAC policies of a database."""

    def __init__(self, database: Database, surroundings: Surroundings) -> None:
        self._database = database
        self._surroundings = surroundings

    def create(self, drafts: Sequence[RbacPolicyDraft]) -> tuple[RbacPolicy, ...]:
        """Create RBAC policies: all of them or none.

        A network becomes external with the first policy that lets somebody use it so.

        Raises:
            NotFound: there is no object of a draft's type and id.
            DuplicateRbacPolicy: a policy says the same already.
            RbacPolicyInitError: the target of a subnet pool's may not use its address scope.
        """
        created = tuple(
            RbacPolicy(
                id=new_id(self._surroundings.random),
                project_id=draft.project_id,
                object_type=draft.object_type,
                object_id=draft.object_id,
                action=draft.action,
                target_project=draft.target_project,
            )
            for draft in drafts
        )

        def work(unit: Unit) -> tuple[RbacPolicy, ...]:
            guarded: set[str] = set()
            # Who may use a pool may depend on the policies that are stored before.
            for of_pools, policies in groupby(created, _is_of_pool):
                for some in ([one] for one in policies) if of_pools else [list(policies)]:
                    for policy in some:
                        if policy.object_id not in guarded:
                            self._guard(unit, policy)
                            guarded.add(policy.object_id)
                        _check_scope(unit.connection, policy)
                    with _no_duplicate(), run_again_if_references_break():
                        policy_rows.add(unit.connection, some)
            return created

        ids = [policy.id for policy in created]
        return self._database.write(work, lookups.created(policy_rows.find, ids))

    def get(self, policy_id: str) -> RbacPolicy:
        """Return one RBAC policy.

        Raises:
            RbacPolicyNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: policy_rows.get(connection, policy_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[RbacPolicy, ...]:
        """Return those RBAC policies that pass all the filters and are on the page.

        Raises:
            RbacPolicyNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: policy_rows.find(connection, filters, page))

    def update(
        self, policy_id: str, change: RbacPolicyChange, revision: int | None = None
    ) -> RbacPolicy:
        """Change for whom an RBAC policy is, and return it as it is then.

        Args:
            policy_id: the policy.
            change: what is to be different.
            revision: None, since an RBAC policy has none.

        Raises:
            RbacPolicyNotFound: there is none of this id.
            BadRequest: a revision is expected.
            DuplicateRbacPolicy: a policy says the same already.
            RbacPolicyInUse: somebody uses the object who may not then.
        """
        _refuse_revision(revision)

        def work(unit: Unit) -> RbacPolicy:
            policy = policy_rows.get(unit.connection, policy_id)
            if change.target_project is KEEP or change.target_project == policy.target_project:
                return policy
            self._guard(unit, policy)
            new = replace(policy, target_project=change.target_project)
            if new.target_project != ALL_PROJECTS:
                _check_not_needed(unit.connection, policy, new.target_project)
            _check_scope(unit.connection, new)
            with _no_duplicate():
                policy_rows.retarget(unit.connection, policy_id, new.target_project)
            return new

        return self._database.write(work, _retargeted(policy_id, change))

    def delete(self, policy_id: str, revision: int | None = None) -> None:
        """Delete an RBAC policy.

        A network is external no longer when its last policy is gone by which it was.

        Args:
            policy_id: the policy.
            revision: None, since an RBAC policy has none.

        Raises:
            RbacPolicyNotFound: there is none of this id.
            BadRequest: a revision is expected.
            RbacPolicyInUse: somebody uses the object who may not then.
        """
        _refuse_revision(revision)

        def work(unit: Unit) -> None:
            policy = policy_rows.get(unit.connection, policy_id)
            self._guard(unit, policy)
            _check_not_needed(unit.connection, policy, None)
            policy_rows.remove(unit.connection, policy_id)

        self._database.write(work, lookups.deleted(policy_rows.find, policy_id))

    def _guard(self, unit: Unit, policy: RbacPolicy) -> None:
        """Exclude all other units that change who may use the object of a policy.

        Raises:
            NotFound: the object is gone.
        """
        if policy.object_type is ObjectType.SUBNET_POOL:
            pool_rows.guard(unit.connection, policy.object_id)
        elif policy.object_type is ObjectType.ADDRESS_SCOPE:
            scope_rows.guard(unit.connection, policy.object_id)
        else:
            network_rows.guard(unit.connection, policy.object_id, self._surroundings.now())


def _is_of_pool(policy: RbacPolicy) -> bool:
    return policy.object_type is ObjectType.SUBNET_POOL


def _check_scope(connection: Connection, policy: RbacPolicy) -> None:
    """Refuse to share a subnet pool with who may not use its address scope."""
    if not _is_of_pool(policy):
        return
    scope_id = pool_rows.get(connection, policy.object_id).address_scope_id
    if scope_id is None:
        return
    allowed = policy_rows.targets(connection, scope_id, Action.SHARED)
    owner = scope_rows.get(connection, scope_id).project_id
    if not {ALL_PROJECTS, policy.target_project} & {owner, *allowed}:
        raise RbacPolicyInitError(
            policy.object_id, "target project doesn't have access to associated address scope"
        )


def _check_not_needed(connection: Connection, policy: RbacPolicy, instead: str | None) -> None:
    """Refuse to take from somebody what he uses.

    Args:
        connection: the unit's connection.
        policy: what is not to hold any more.
        instead: for which project it is to hold then; None for none.

    Raises:
        RbacPolicyInUse: somebody uses the object by this policy only.
    """
    owner = policy_rows.owner_of(connection, policy)
    external = policy.action is Action.EXTERNAL
    targets = policy_rows.targets(connection, policy.object_id, policy.action)
    if external and instead is None and len(targets) == 1:
        # The network is not external any more, for anybody.
        needed = policy_rows.used_by_others(connection, policy, frozenset())
    elif policy.target_project == ALL_PROJECTS:
        besides = {project for project in (owner, instead) if project is not None}
        # Ports of routers and floating IPs belong to nobody. Of gateways it is not known whose.
        besides |= frozenset() if external else {NOBODY}
        needed = policy_rows.used_by_others(connection, policy, besides)
    elif policy.target_project == owner or ALL_PROJECTS in targets:
        needed = False
    else:
        needed = policy_rows.used_by(connection, policy, policy.target_project)
    if needed:
        raise RbacPolicyInUse(policy.object_id, _reason(policy))


def _reason(policy: RbacPolicy) -> str:
    if policy.action is Action.EXTERNAL:
        return "There are routers attached to this network that depend on this policy for access."
    if policy.object_type is ObjectType.NETWORK:
        return str(InvalidSharedSetting(policy.object_id))
    return f"project_id={policy.target_project}"


def _retargeted(policy_id: str, change: RbacPolicyChange) -> Lookup[RbacPolicy]:
    """Return the lookup of a unit that changes for whom a policy is."""

    def look(connection: Connection) -> Done[RbacPolicy] | None:
        for found in policy_rows.find(connection, [Filter("id", (policy_id,))]):
            if found.target_project == change.target_project:
                return Done(found)
        return None

    return look


def _refuse_revision(revision: int | None) -> None:
    if revision is not None:
        raise BadRequest("if-match", "An RBAC policy has no revision number")


@contextmanager
def _no_duplicate() -> Iterator[None]:
    """Refuse a policy that is there already; the key of the rows finds it.

    Raises:
        DuplicateRbacPolicy: it is there.
    """
    try:
        yield
    except DBDuplicateEntry as error:
        raise DuplicateRbacPolicy from error
