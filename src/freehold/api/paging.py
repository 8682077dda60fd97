"""Reading which page of a list is asked for, and linking the pages beside it.

The parameters are obeyed as Neutron obeys them: the last of several limits or
markers counts, a marker without a limit has no effect, and only ``true`` means
to go in reverse.
"""

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode

from falcon import Request

from freehold.api.refusals import HTTPBadRequest
from freehold.errors import BadRequest
from freehold.networking.paging import Page, SortKey

LIMIT = "limit"
MARKER = "marker"
PAGE_REVERSE = "page_reverse"
SORT_KEY = "sort_key"
SORT_DIR = "sort_dir"

PARAMETERS = frozenset({LIMIT, MARKER, PAGE_REVERSE, SORT_KEY, SORT_DIR})

_ASCENDING = {"asc": True, "desc": False}
_LARGE = (1 << 31) - 1
_LONGEST_NUMBER = 20
_NAMES = {"tenant_id": "project_id"}

Parameters = Mapping[str, Sequence[str]]


def read_page(parameters: Parameters, sortable: Collection[str], most: int | None) -> Page:
    """Read which page is asked for.

    Args:
        parameters: the query.
        sortable: the attributes by which the list can be ordered.
        most: how many resources one page may have; None for any number.

    Raises:
        BadRequest: the limit is none.
        HTTPBadRequest: the list cannot be ordered like that.
    """
    limit = _limit(parameters) or most
    if limit is not None and most is not None:
        limit = min(limit, most)
    return Page(
        sort=_sort(parameters, sortable),
        limit=limit,
        marker=_last(parameters, MARKER) or None,
        reverse=_last(parameters, PAGE_REVERSE).lower() == "true",
    )


def links(
    request: Request, parameters: Parameters, page: Page, ids: Sequence[str]
) -> list[dict[str, str]]:
    """Return links to the pages after and before one.

    A page that is not full is the last one in its direction, and has no link
    beyond.

    Args:
        request: the request that this page answers.
        parameters: its query.
        page: what it asked for.
        ids: those of the resources on this page, in their order.
    """
    if page.limit is None:
        return []
    kept = [
        (name, value)
        for name, values in parameters.items()
        for value in values
        if name not in (MARKER, PAGE_REVERSE)
    ]
    full = len(ids) >= page.limit
    found = []
    if full or page.reverse:
        found.append(_link(request, "next", [*kept, *((MARKER, one) for one in ids[-1:])]))
    if full or not page.reverse:
        before = [*kept, *((MARKER, one) for one in ids[:1]), (PAGE_REVERSE, "True")]
        found.append(_link(request, "previous", before))
    return found


def _link(request: Request, rel: str, query: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {"rel": rel, "href": f"{request.prefix}{request.path}?{urlencode(query)}"}


def _last(parameters: Parameters, name: str) -> str:
    return parameters[name][-1] if name in parameters else ""


def _limit(parameters: Parameters) -> int | None:
    """Return how many resources are asked for; None for all."""
    if LIMIT not in parameters:
        return None
    text = parameters[LIMIT][-1]
    try:
        limit = int(text) if len(text) <= _LONGEST_NUMBER else -1
    except ValueError:
        limit = -1
    if limit < 0:
        raise BadRequest("limit", f"Limit must be an integer 0 or greater and not '{text}'")
    return min(limit, _LARGE) or None


def _sort(parameters: Parameters, sortable: Collection[str]) -> tuple[SortKey, ...]:
    keys = [key for key in parameters.get(SORT_KEY, ()) if key]
    directions = [direction for direction in parameters.get(SORT_DIR, ()) if direction]
    if len(keys) != len(directions):
        raise HTTPBadRequest("The number of sort_keys and sort_dirs must be same")
    unknown = [key for key in keys if key not in sortable]
    if unknown:
        raise HTTPBadRequest(f"{unknown} is invalid attribute for sort_keys")
    wrong = [direction for direction in directions if direction not in _ASCENDING]
    if wrong:
        raise HTTPBadRequest(
            f"{wrong} is invalid value for sort_dirs, valid value is 'asc' and 'desc'"
        )
    return tuple(
        SortKey(_NAMES.get(key, key), _ASCENDING[direction])
        for key, direction in zip(keys, directions, strict=True)
    )
