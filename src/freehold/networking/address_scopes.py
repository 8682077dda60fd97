"""Creating, reading, changing and deleting address scopes.

The API gives them neither a description nor tags, times or a revision: so a
change that is meant for a certain revision of one cannot be made.
"""

from collections.abc import Sequence

from freehold.db.database import Database, Unit
from freehold.db.retry import run_again_if_references_break
from freehold.errors import AddressScopeInUse, AddressScopeUpdateError, BadRequest
from freehold.ipam.driver import Surroundings
from freehold.networking import lookups, sharing
from freehold.networking.ids import new_id
from freehold.networking.paging import ALL, Page
from freehold.networking.pool_values import AddressScope, AddressScopeChange, AddressScopeDraft
from freehold.networking.quota_values import Counted
from freehold.networking.quotas import Quotas
from freehold.networking.sharing_values import Action, ObjectType, RbacPolicy
from freehold.networking.store import address_scopes as scope_rows
from freehold.networking.store import rbac_policies as policy_rows
from freehold.networking.store import subnet_pools as pool_rows
from freehold.networking.values import Filter, changed_attributes


class AddressScopes:
    """The address scopes of a database."""

    def __init__(self, database: Database, surroundings: Surroundings, quotas: Quotas) -> None:
        self._database = database
        self._surroundings = surroundings
        self._quotas = quotas

    def create(self, drafts: Sequence[AddressScopeDraft]) -> tuple[AddressScope, ...]:
        """Create address scopes: all of them or none.

        Raises:
            OverQuota: a project may not have as many.
        """
        created = tuple(
            AddressScope(
                id=new_id(self._surroundings.random),
                project_id=draft.project_id,
                name=draft.name,
                ip_version=draft.ip_version,
                shared=draft.shared,
            )
            for draft in drafts
        )
        policies = self._policies([scope for scope in created if scope.shared])

        def work(unit: Unit) -> tuple[AddressScope, ...]:
            scope_rows.add(unit.connection, created, self._surroundings.now())
            policy_rows.add(unit.connection, policies)
            return created

        ids = [scope.id for scope in created]
        counted = self._quotas.counting(Counted.ADDRESS_SCOPE, work)
        return self._database.write(counted, lookups.created(scope_rows.find, ids))

    def get(self, scope_id: str) -> AddressScope:
        """Return one address scope.

        Raises:
            AddressScopeNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: scope_rows.get(connection, scope_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[AddressScope, ...]:
        """Return those address scopes that pass all the filters and are on the page.

        Raises:
            AddressScopeNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: scope_rows.find(connection, filters, page))

    def update(
        self, scope_id: str, change: AddressScopeChange, revision: int | None = None
    ) -> AddressScope:
        """Change an address scope, and return it as it is then.

        Args:
            scope_id: the address scope.
            change: what is to be different.
            revision: None, since an address scope has none.

        Raises:
            AddressScopeNotFound: there is none of this id.
            BadRequest: a revision is expected.
            AddressScopeUpdateError: it is shared, and is not to be shared any more.
        """
        _refuse_revision(revision)

        def work(unit: Unit) -> AddressScope:
            scope_rows.guard(unit.connection, scope_id)
            scope = scope_rows.get(unit.connection, scope_id)
            if scope.shared and change.shared is False:
                raise AddressScopeUpdateError(scope_id, "Shared address scope can't be unshared")
            values = dict(changed_attributes(change))
            if values.pop("shared", False) and not scope.shared:
                policy_rows.add(unit.connection, self._policies([scope]))
            if values:
                scope_rows.change(unit.connection, scope_id, values)
            return scope_rows.get(unit.connection, scope_id)

        return self._database.write(work, lookups.run_again)

    def _policies(self, scopes: Sequence[AddressScope]) -> Sequence[RbacPolicy]:
        random = self._surroundings.random
        return sharing.for_all(scopes, ObjectType.ADDRESS_SCOPE, Action.SHARED, random)

    def delete(self, scope_id: str, revision: int | None = None) -> None:
        """Delete an address scope.

        Args:
            scope_id: the address scope.
            revision: None, since an address scope has none.

        Raises:
            AddressScopeNotFound: there is none of this id.
            BadRequest: a revision is expected.
            AddressScopeInUse: a subnet pool belongs to it.
        """
        _refuse_revision(revision)

        def work(unit: Unit) -> None:
            scope = scope_rows.get(unit.connection, scope_id)
            if pool_rows.find(unit.connection, [Filter("address_scope_id", (scope_id,))]):
                raise AddressScopeInUse(scope_id)
            with run_again_if_references_break():
                scope_rows.remove(unit.connection, scope_id)
            self._quotas.give_back(unit.connection, Counted.ADDRESS_SCOPE, [scope.project_id])

        self._database.write(work, lookups.deleted(scope_rows.find, scope_id))


def _refuse_revision(revision: int | None) -> None:
    if revision is not None:
        raise BadRequest("if-match", "An address scope has no revision number")
