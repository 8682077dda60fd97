"""Which part of a list is asked for, and in which order.

A page begins where another one ended, at a resource and not at a number of
resources: what comes or goes elsewhere in the list neither hides nor repeats
anything.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SortKey:
    """One attribute by which a list is ordered.

    Attributes:
        attribute: its name.
        ascending: whether small values come first; a value that is not there
            counts as smaller than any other.
    """

    attribute: str
    ascending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of a list.

    The order is total: resources that agree in all keys are ordered by id, in
    the direction of the last key.

    Attributes:
        sort: by which attributes the list is ordered, the first deciding first.
        limit: how many resources to return; None for all.
        marker: the id of the resource after which the page begins, or, in
            reverse, before which it ends; None for an end of the list. Without
            a limit it has no effect.
        reverse: go through the list from its end. With a limit, the page's
            resources are still in the order of the list.
    """

    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    marker: str | None = None
    reverse: bool = False


ALL = Page()
"""The whole list, by id."""
