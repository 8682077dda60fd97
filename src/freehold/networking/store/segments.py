"""Rows of segments, of the hosts on them, and what depends on either."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select

from freehold.db.tables import fixed_ips, segment_hosts, segment_tags, segments, subnets
from freehold.errors import SegmentNotFound
from freehold.networking.paging import ALL, Page, SortKey
from freehold.networking.segment_values import Segment
from freehold.networking.store.conditions import AnyRow, Condition, in_batches, one_of, where
from freehold.networking.store.json_texts import json_texts
from freehold.networking.store.pages import Sorting
from freehold.networking.store.records import columns_of, in_table, record_of
from freehold.networking.values import Filter

RECORDS = in_table(segments, segment_tags)


def _reached_by(hosts: tuple[object, ...]) -> ColumnElement[bool]:
    return segments.c.id.in_(
        select(segment_hosts.c.segment_id).where(segment_hosts.c.host.in_(hosts))
    )


FILTERS: dict[str, Condition] = {
    **{
        name: one_of(segments.c[name])
        for name in (
            "id",
            "name",
            "network_id",
            "network_type",
            "physical_network",
            "segmentation_id",
        )
    },
    "hosts": _reached_by,
    **RECORDS.filters(),
}

SORTING = Sorting(
    segments.c.id,
    {
        name: segments.c[name]
        for name in (
            "name",
            "network_id",
            "network_type",
            "physical_network",
            "segmentation_id",
            "segment_index",
        )
    },
)

_IN_ORDER = Page(sort=(SortKey("segment_index"),))

_KEPT = ("network_id", "network_type", "physical_network", "segmentation_id", "name", "description")

_HOSTS = (
    select(json_texts(segment_hosts.c.host))
    .where(segment_hosts.c.segment_id == segments.c.id)
    .correlate(segments)
    .scalar_subquery()
    .label("hosts")
)
_SEGMENTS = select(segments, _HOSTS, *RECORDS.columns())


def add(connection: Connection, added: Sequence[Segment]) -> None:
    """Store new segments with their hosts."""
    if not added:
        return
    connection.execute(
        insert(segments),
        [
            {
                "id": segment.id,
                "segment_index": segment.index,
                **{name: getattr(segment, name) for name in _KEPT},
                **columns_of(segment.record),
            }
            for segment in added
        ],
    )
    _add_hosts(connection, {segment.id: segment.hosts for segment in added})


def get(connection: Connection, segment_id: str) -> Segment:
    """Read one segment.

    Raises:
        SegmentNotFound: there is none of this id.
    """
    found = find(connection, [Filter("id", (segment_id,))])
    if not found:
        raise SegmentNotFound(segment_id)
    return found[0]


def find(
    connection: Connection, filters: Sequence[Filter], page: Page = ALL
) -> tuple[Segment, ...]:
    """Read those segments that pass all the filters and are on the page.

    Raises:
        SegmentNotFound: there is none with the marker's id.
    """
    rows = SORTING.select_page(connection, _SEGMENTS.where(where(filters, FILTERS)), page)
    if rows is None:
        raise SegmentNotFound(str(page.marker))
    return tuple(_segment(row) for row in rows)


def of_network(connection: Connection, network_id: str) -> tuple[Segment, ...]:
    """Read the segments of a network in their order."""
    return find(connection, [Filter("network_id", (network_id,))], _IN_ORDER)


def change(
    connection: Connection, segment: Segment, values: Mapping[str, object], now: datetime
) -> None:
    """Overwrite some columns of a segment as it was read, and raise its revision.

    Raises:
        RunAgain: the segment is not as it was read any more.
    """
    RECORDS.raise_revision(connection, segment.id, segment.record, now, values)


def remove(connection: Connection, segment_id: str) -> None:
    """Delete a segment that no subnet is on."""
    connection.execute(delete(segments).where(segments.c.id == segment_id))


def add_hosts(connection: Connection, segment_id: str, hosts: Collection[str]) -> None:
    """Store hosts that a segment does not have yet."""
    _add_hosts(connection, {segment_id: hosts})


def _add_hosts(connection: Connection, added: Mapping[str, Collection[str]]) -> None:
    rows = [
        {"segment_id": segment_id, "host": host}
        for segment_id, hosts in added.items()
        for host in sorted(hosts)
    ]
    if rows:
        connection.execute(insert(segment_hosts), rows)


def remove_hosts(connection: Connection, segment_id: str, hosts: Collection[str]) -> None:
    """Delete some of a segment's hosts."""
    for some in in_batches(sorted(hosts)):
        connection.execute(
            delete(segment_hosts).where(
                segment_hosts.c.segment_id == segment_id, segment_hosts.c.host.in_(some)
            )
        )


def of_host(connection: Connection, network_id: str, host: str) -> frozenset[str]:
    """Tell which segments of a network a host is on."""
    return frozenset(
        connection.scalars(
            select(segments.c.id)
            .join_from(segment_hosts, segments)
            .where(segment_hosts.c.host == host, segments.c.network_id == network_id)
        )
    )


def subnets_on(connection: Connection, segment_id: str) -> tuple[str, ...]:
    """Return the ids of the subnets on a segment."""
    return tuple(
        connection.scalars(
            select(subnets.c.id).where(subnets.c.segment_id == segment_id).order_by(subnets.c.id)
        )
    )


def depend_on(connection: Connection, subnet_id: str) -> bool:
    """Tell whether there is a port whose addresses are all of this subnet."""
    other = fixed_ips.alias("other")
    elsewhere = exists().where(
        other.c.port_id == fixed_ips.c.port_id, other.c.subnet_id != subnet_id
    )
    only_here = select(fixed_ips.c.port_id).where(fixed_ips.c.subnet_id == subnet_id, ~elsewhere)
    return connection.scalar(only_here.limit(1)) is not None


def _segment(row: AnyRow) -> Segment:
    return Segment(
        id=row.id,
        index=row.segment_index,
        **{name: getattr(row, name) for name in _KEPT},
        hosts=tuple(sorted(row.hosts or ())),
        record=record_of(row),
    )
