"""What no column has room for is refused, or found nowhere, on a database that minds.

SQLite stores any text and any number in any column, so that on it none of this shows.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from freehold.api.ip_availability import FILTERS as AVAILABILITY_FILTERS
from freehold.api.queries import FilterReader
from freehold.api.quotas import FILTERS as QUOTA_FILTERS
from freehold.config import Settings
from freehold.db.database import Database
from freehold.db.schema import upgrade
from tests.api.service import make_client
from tests.api.test_fuzz import EVERY_ATTRIBUTE, KINDS, World, check, send, url

if TYPE_CHECKING:
    from tests.servers.postgresql import PostgreSQL

LONG = "x" * 256
LARGE = [1 << bits for bits in (15, 31, 63)]

WITHIN = {
    "extra_dhcp_opts": [
        {"opt_name": LONG, "opt_value": "v"},
        {"opt_name": "n", "opt_value": LONG},
    ],
    "allowed_address_pairs": [
        {"ip_address": LONG},
        {"ip_address": "10.0.0.9", "mac_address": LONG},
    ],
    "fixed_ips": [{"ip_address": LONG}, {"subnet_id": LONG}],
    "allocation_pools": [{"start": LONG, "end": LONG}],
    "host_routes": [{"destination": LONG, "nexthop": LONG}],
}
"""Items of lists, with a text that is too long in one place each."""


@pytest.fixture(scope="module", params=["postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    server: PostgreSQL = request.getfixturevalue(request.param)
    [database] = server.lasting_database()
    upgrade(Database(database))
    return World(make_client(Settings(database_url=database)))


def values(attribute: str) -> Iterator[object]:
    """Yield what is too long or too large for columns, alone and within lists and objects."""
    yield from (LONG, [LONG], {"k": LONG})
    yield from ([item] for item in WITHIN.get(attribute, ()))
    yield from LARGE


@pytest.mark.parametrize(("kind", "attribute"), EVERY_ATTRIBUTE)
def test_what_an_attribute_has_no_room_for_is_refused(
    world: World, kind: str, attribute: str
) -> None:
    path = f"{url(kind)}/{world.ids[kind]}"
    for value in values(attribute):
        made = send(
            world.client, "POST", url(kind), {kind: {**world.minimal[kind], attribute: value}}
        )
        check(made)
        if made.status_code == 201:
            check(world.client.simulate_delete(f"{url(kind)}/{made.json[kind]['id']}"))
        check(send(world.client, "PUT", path, {kind: {attribute: value}}))


FILTERED: Mapping[str, Mapping[str, FilterReader]] = {
    "/v2.0/network-ip-availabilities": AVAILABILITY_FILTERS,
    "/v2.0/quotas": QUOTA_FILTERS,
    **{url(name): kind.filters for name, kind in KINDS.items()},
}


@pytest.mark.parametrize("path", FILTERED)
def test_what_a_column_has_no_room_for_is_found_nowhere(world: World, path: str) -> None:
    for name in FILTERED[path]:
        for value in (LONG, *LARGE, *(-number - 1 for number in LARGE)):
            check(world.client.simulate_get(path, params={name: str(value)}))
