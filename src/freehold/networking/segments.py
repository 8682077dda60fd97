"""Creating, reading, changing and deleting the segments of networks.

Invariant: a network's provider attributes are those of its first segment. Which
segments a network has, and which subnets are on them, is guarded by the network's
guard row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from freehold.db.database import Database, Unit
from freehold.errors import NetworkNotFound, SegmentInUse, SegmentNotFound
from freehold.ipam.driver import Surroundings
from freehold.networking import lookups
from freehold.networking.ids import new_id
from freehold.networking.limits import Limits
from freehold.networking.paging import ALL, Page
from freehold.networking.plan.segments import check_new_segment, next_index
from freehold.networking.records import SEGMENT_FIRST_REVISION, Record
from freehold.networking.segment_values import Segment, SegmentChange, SegmentDraft
from freehold.networking.store import networks as network_rows
from freehold.networking.store import segments as segment_rows
from freehold.networking.values import Filter, Network, changed_attributes


class Segments:
    """The segments of a database."""

    def __init__(self, database: Database, limits: Limits, surroundings: Surroundings) -> None:
        self._database = database
        self._limits = limits
        self._surroundings = surroundings

    def create(self, drafts: Sequence[SegmentDraft]) -> tuple[Segment, ...]:
        """Create segments: all of them or none.

        Raises:
            NetworkNotFound: a draft names a network that is not there.
            InvalidInput: a draft cannot stand; see
                `freehold.networking.plan.segments.check_new_segment`.
        """
        ids = [new_id(self._surroundings.random) for _ in drafts]

        def work(unit: Unit) -> tuple[Segment, ...]:
            sites: dict[str, _Site] = {}
            created: list[Segment] = []
            for segment_id, draft in zip(ids, drafts, strict=True):
                network_id = draft.network_id
                if network_id not in sites:
                    sites[network_id] = _guarded(unit, network_id, self._surroundings.now())
                site = sites[network_id]
                segment = self._new_segment(segment_id, draft, site)
                if not site.segments:
                    network_rows.realise_as(unit.connection, network_id, segment)
                site.segments.append(segment)
                created.append(segment)
            segment_rows.add(unit.connection, created)
            return tuple(created)

        return self._database.write(work, lookups.created(segment_rows.find, ids))

    def get(self, segment_id: str) -> Segment:
        """Return one segment.

        Raises:
            SegmentNotFound: there is none of this id.
        """
        return self._database.read(lambda connection: segment_rows.get(connection, segment_id))

    def find(self, filters: Sequence[Filter], page: Page = ALL) -> tuple[Segment, ...]:
        """Return those segments that pass all the filters and are on the page.

        Raises:
            SegmentNotFound: there is none with the marker's id.
        """
        return self._database.read(lambda connection: segment_rows.find(connection, filters, page))

    def update(
        self, segment_id: str, change: SegmentChange, revision: int | None = None
    ) -> Segment:
        """Change a segment, and return it as it is then.

        Ports keep their addresses, be their hosts on the segment any more or not.

        Args:
            segment_id: the segment.
            change: what is to be different.
            revision: the one that it has to have; None for whichever.

        Raises:
            SegmentNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
        """
        meant: list[Segment] = []

        def work(unit: Unit) -> Segment:
            before = segment_rows.get(unit.connection, segment_id)
            before.record.check(revision)
            # The attributes' own names and types are those of the change: see values.
            after = replace(before, **changed_attributes(change))  # type: ignore[arg-type]
            after = replace(after, hosts=tuple(sorted(after.hosts)))
            if after == before:
                return before
            now = self._surroundings.now()
            after = replace(after, record=before.record.continued(now))
            meant.append(after)
            texts = {"name": after.name, "description": after.description}
            segment_rows.change(unit.connection, before, texts, now)
            gone, come = set(before.hosts), set(after.hosts)
            segment_rows.remove_hosts(unit.connection, segment_id, gone - come)
            segment_rows.add_hosts(unit.connection, segment_id, come - gone)
            return after

        return self._database.write(work, lookups.updated(segment_rows.find, meant))

    def delete(self, segment_id: str, revision: int | None = None) -> None:
        """Delete a segment.

        Args:
            segment_id: the segment.
            revision: the one that it has to have; None for whichever.

        Raises:
            SegmentNotFound: there is none of this id.
            RevisionNumberConstraintFailed: it has another revision.
            SegmentInUse: subnets are on it.
        """

        def work(unit: Unit) -> None:
            network_id = segment_rows.get(unit.connection, segment_id).network_id
            try:
                network_rows.guard(unit.connection, network_id, self._surroundings.now())
            except NetworkNotFound as error:
                raise SegmentNotFound(segment_id) from error
            # What came before the guard may be past.
            segment = segment_rows.get(unit.connection, segment_id)
            segment.record.check(revision)
            on_it = segment_rows.subnets_on(unit.connection, segment_id)
            if on_it:
                raise SegmentInUse(segment_id, on_it)
            first, *others = segment_rows.of_network(unit.connection, network_id)
            segment_rows.remove(unit.connection, segment_id)
            if first.id == segment_id:
                network_rows.realise_as(unit.connection, network_id, others[0] if others else None)

        self._database.write(work, lookups.deleted(segment_rows.find, segment_id))

    def _new_segment(self, segment_id: str, draft: SegmentDraft, site: "_Site") -> Segment:
        segment = Segment(
            id=segment_id,
            network_id=draft.network_id,
            index=next_index(site.segments),
            network_type=draft.network_type,
            physical_network=draft.physical_network,
            segmentation_id=draft.segmentation_id,
            name=draft.name,
            description=draft.description,
            hosts=tuple(sorted(draft.hosts)),
            record=Record.begun(self._surroundings.now(), SEGMENT_FIRST_REVISION),
        )
        check_new_segment(segment, site.network, self._limits.global_physnet_mtu)
        return segment


@dataclass
class _Site:
    """A network to which segments are being added, and those that it has by now."""

    network: Network
    segments: list[Segment]


def _guarded(unit: Unit, network_id: str, now: datetime) -> _Site:
    """Return a network and its segments, which no other unit changes from now on."""
    network_rows.guard(unit.connection, network_id, now)
    network = network_rows.get(unit.connection, network_id)
    return _Site(network, list(segment_rows.of_network(unit.connection, network_id)))
