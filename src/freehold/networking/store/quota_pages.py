"""Lists of the projects that have limits of their own.

A limit is a row, and a project one entry of the list: so a page is chosen among the projects, and
then the rows are read of those that are on it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, between, or_, select

from freehold.db.tables_quotas import quotas
from freehold.errors import TenantQuotaNotFound
from freehold.networking.paging import Page
from freehold.networking.quota_values import Counted
from freehold.networking.store.conditions import Condition, one_of, where
from freehold.networking.store.pages import Sorting
from freehold.networking.store.quotas import Own
from freehold.networking.values import Filter

_PROJECT = quotas.c.project_id

FILTERS: Mapping[str, Condition] = {"project_id": one_of(_PROJECT)}

SORTING = Sorting(_PROJECT, {"project_id": _PROJECT})


def find(connection: Connection, filters: Sequence[Filter], page: Page) -> Mapping[str, Own]:
    """Return the limits that projects have of their own, in the order of the list.

    Args:
        connection: the unit's connection.
        filters: what has to hold of the projects.
        page: which of them; the marker is a project's id.

    Raises:
        TenantQuotaNotFound: the project of the marker has none.
    """
    matching = where(filters, FILTERS)
    projects = select(_PROJECT).where(matching).group_by(_PROJECT)
    found = SORTING.select_page(connection, projects, page)
    if found is None:
        raise TenantQuotaNotFound(str(page.marker))
    if not found:
        return {}
    # A page is a piece of the list: two projects say which, however many are on it.
    one, other = found[0].project_id, found[-1].project_id
    on_page = or_(between(_PROJECT, one, other), between(_PROJECT, other, one))
    own: dict[str, dict[Counted, int]] = defaultdict(dict)
    for row in connection.execute(select(quotas).where(matching, on_page)):
        own[row.project_id][Counted(row.resource)] = row.most
    return {row.project_id: own[row.project_id] for row in found if row.project_id in own}
