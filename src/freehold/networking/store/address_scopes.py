"""Rows of address scopes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from freehold.db.tables import address_scopes
from freehold.errors import AddressScopeNotFound
from freehold.ledger.tables import stored_time
from freehold.networking.paging import ALL, Page
from freehold.networking.pool_values import AddressScope
from freehold.networking.sharing_values import VISIBLE
from freehold.networking.store import sharing
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.values import Filter

_SHARED = sharing.is_shared(address_scopes.c.id)

FILTERS: Mapping[str, Condition] = {
    **{name: one_of(address_scopes.c[name]) for name in ("id", "name", "project_id", "ip_version")},
    "shared": sharing.if_true(_SHARED),
    VISIBLE: sharing.ADDRESS_SCOPES,
}

SORTING = Sorting(
    address_scopes.c.id,
    {
        **{name: address_scopes.c[name] for name in ("name", "project_id", "ip_version")},
        "shared": sharing.as_number(_SHARED),
    },
)

_SCOPES = select(address_scopes, _SHARED.label("shared"))


def add(connection: Connection, added: Sequence[AddressScope], now: datetime) -> None:
    """Store new address scopes, without the policies by which they are shared."""
    if added:
        connection.execute(
            insert(address_scopes),
            [
                {
                    "id": scope.id,
                    "project_id": scope.project_id,
                    "name": scope.name,
                    "ip_version": scope.ip_version,
                    "created_at": stored_time(now),
                }
                for scope in added
            ],
        )


def get(connection: Connection, scope_id: str) -> AddressScope:
    """Read one address scope.

    Raises:
        AddressScopeNotFound: there is none of this id.
    """
    found = find(connection, [Filter("id", (scope_id,))])
    if not found:
        raise AddressScopeNotFound(scope_id)
    return found[0]


def find(
    connection: Connection, filters: Sequence[Filter], page: Page = ALL
) -> tuple[AddressScope, ...]:
    """Read those address scopes that pass all the filters and are on the page.

    Raises:
        AddressScopeNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(
        connection,
        _SCOPES.where(where(filters, FILTERS)),
        page,
        sharing.view_of(filters, FILTERS),
    )
    if rows is None:
        raise AddressScopeNotFound(str(page.marker))
    return tuple(_scope(row) for row in rows)


def find_all(connection: Connection, scope_ids: Collection[str]) -> Mapping[str, AddressScope]:
    """Read those of some address scopes that are there, by their ids."""
    return {
        scope.id: scope
        for ids in in_batches(sorted(scope_ids))
        for scope in find(connection, [Filter("id", tuple(ids))])
    }


def change(connection: Connection, scope_id: str, values: Mapping[str, object]) -> None:
    """Overwrite some columns of an address scope."""
    connection.execute(
        update(address_scopes).where(address_scopes.c.id == scope_id).values(**values)
    )


def guard(connection: Connection, scope_id: str) -> None:
    """Exclude all other units that change which prefixes the scope's pools have.

    To be called before they are read; see `networks.guard`.

    Raises:
        AddressScopeNotFound: the scope is gone.
    """
    touched = connection.execute(
        update(address_scopes)
        .where(address_scopes.c.id == scope_id)
        .values(generation=address_scopes.c.generation + 1)
    )
    if not touched.rowcount:
        raise AddressScopeNotFound(scope_id)


def guard_all(connection: Connection, scope_ids: Collection[str]) -> int:
    """Guard those of some scopes that are there, see `guard`, and return how many they are."""
    return sum(
        connection.execute(
            update(address_scopes)
            .where(address_scopes.c.id.in_(ids))
            .values(generation=address_scopes.c.generation + 1)
        ).rowcount
        for ids in in_batches(sorted(scope_ids))
    )


def remove(connection: Connection, scope_id: str) -> None:
    """Delete an address scope to which no pool belongs any more.

    Raises:
        AddressScopeNotFound: another unit has deleted it.
    """
    removed = connection.execute(delete(address_scopes).where(address_scopes.c.id == scope_id))
    if not removed.rowcount:
        raise AddressScopeNotFound(scope_id)


def _scope(row: AnyRow) -> AddressScope:
    return AddressScope(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        ip_version=row.ip_version,
        shared=row.shared,
    )
