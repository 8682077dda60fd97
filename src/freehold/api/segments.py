"""Segments of networks, and the hosts on them, between JSON and values."""

from collections.abc import Iterable, Sequence

from neutron_lib.api.definitions import provider_net
from neutron_lib.api.definitions import segment as definition

from freehold.api import queries, realisation, standard, tags
from freehold.api.attributes import AttributeMap, Checked
from freehold.api.callers import Caller
from freehold.api.definitions import segment_hosts
from freehold.api.definitions.segment_hosts import HOSTS
from freehold.api.kinds import Kind
from freehold.api.parsing import as_is, changed, given_or
from freehold.errors import InvalidInput
from freehold.networking.segment_values import Segment, SegmentChange, SegmentDraft
from freehold.networking.values import Filter


def parse_draft(values: Checked, _caller: Caller) -> SegmentDraft:
    """Make a draft of what a client sent."""
    return SegmentDraft(
        network_id=values["network_id"],
        network_type=values[definition.NETWORK_TYPE],
        physical_network=given_or(values, definition.PHYSICAL_NETWORK, None, as_is),
        segmentation_id=given_or(values, definition.SEGMENTATION_ID, None, as_is),
        name=given_or(values, "name", None, as_is),
        description=values["description"],
        hosts=_hosts(HOSTS, values[HOSTS]),
    )


def parse_change(values: Checked, _caller: Caller) -> SegmentChange:
    """Make a change of what a client sent."""
    return SegmentChange(
        name=changed(values, "name", as_is),
        description=changed(values, "description", as_is),
        hosts=changed(values, HOSTS, _hosts),
    )


def render(segment: Segment) -> dict[str, object]:
    """Make JSON's types of a segment."""
    return {
        "id": segment.id,
        "network_id": segment.network_id,
        definition.NETWORK_TYPE: segment.network_type,
        definition.PHYSICAL_NETWORK: segment.physical_network,
        definition.SEGMENTATION_ID: segment.segmentation_id,
        "name": segment.name,
        HOSTS: list(segment.hosts),
        "tags": list(segment.record.tags),
        **standard.render(segment.description, segment.record),
    }


def _hosts(name: str, hosts: Iterable[str]) -> tuple[str, ...]:
    for host in hosts:
        # MariaDB's keys take "a" and "a " for one.
        if not host or host != host.strip():
            raise InvalidInput(f"'{host}' in {name} is no name of a host")
    return tuple(sorted(hosts))


def _hosts_filter(_name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    return queries.texts("hosts", values)


SEGMENT = Kind(
    name=definition.RESOURCE_NAME,
    collection=definition.COLLECTION_NAME,
    attributes=AttributeMap(
        definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
        {
            **segment_hosts.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME],
            **standard.ATTRIBUTES,
            **tags.ATTRIBUTES,
        },
    ),
    parse_draft=parse_draft,
    parse_change=parse_change,
    render=render,
    filters={
        "id": queries.texts,
        "name": queries.texts,
        "network_id": queries.texts,
        definition.NETWORK_TYPE: queries.texts,
        definition.PHYSICAL_NETWORK: queries.texts,
        definition.SEGMENTATION_ID: realisation.FILTERS[provider_net.SEGMENTATION_ID],
        HOSTS: _hosts_filter,
        **standard.FILTERS,
        **tags.FILTERS,
    },
)
