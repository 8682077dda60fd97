"""The address scopes that one unit of work puts subnet pools into.

Each scope is guarded and read once, however many pools are to belong to it, and
each pool is checked in memory against those that are stored and those that went in
before it. So many pools cost hardly more statements than one, and those who wait for
a scope do not wait for each pool to be read again.
"""

from collections.abc import Mapping, Set

from sqlalchemy import Connection

from freehold.addresses.taken_prefixes import TakenPrefixes
from freehold.db.retry import RunAgain
from freehold.errors import AddressScopeNotFound
from freehold.networking.plan.subnet_pools import check_scope
from freehold.networking.pool_values import AddressScope, SubnetPool
from freehold.networking.store import address_scopes as scope_rows
from freehold.networking.store import subnet_pools as pool_rows


class ScopesOfPools:
    """Address scopes, which no other unit puts pools or prefixes into from now on.

    Args:
        connection: the unit's connection.
        scope_ids: the scopes; there need not be such.
        but: the id of a pool that does not count, as it is to be another one.

    Raises:
        RunAgain: a scope has come into being at this moment.
    """

    def __init__(self, connection: Connection, scope_ids: Set[str], but: str | None = None) -> None:
        guarded = scope_rows.guard_all(connection, scope_ids)
        self._scopes: Mapping[str, AddressScope] = {}
        self._taken: Mapping[str, TakenPrefixes] = {}
        if guarded:
            self._scopes = scope_rows.find_all(connection, scope_ids)
            taken = pool_rows.prefixes_in_scopes(connection, scope_ids, but)
            self._taken = {one: TakenPrefixes(taken.get(one, ())) for one in self._scopes}
        if len(self._scopes) != guarded:
            raise RunAgain

    def admit(self, pool: SubnetPool) -> AddressScope | None:
        """Let a pool into its scope; return the scope, if the pool has one.

        Raises:
            AddressScopeNotFound: there is no such scope.
            FreeholdError: see `freehold.networking.plan.subnet_pools.check_scope`.
        """
        if pool.address_scope_id is None:
            return None
        scope = self._scopes.get(pool.address_scope_id)
        if scope is None:
            raise AddressScopeNotFound(pool.address_scope_id)
        taken = self._taken[scope.id]
        check_scope(pool, scope, taken)
        taken.add(pool.prefixes)
        return scope
