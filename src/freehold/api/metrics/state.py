"""What is read of the database for Prometheus, as metric families.

The database is asked by a connection of its own, so that it can be told apart whether the
database does not answer or all connections are in use. See `freehold.api.metrics.watching`
for how long that may take.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import add

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from freehold.api.metrics.watching import Reading, Watched
from freehold.config import Settings
from freehold.db import schema
from freehold.db.database import Database
from freehold.db.engine import is_in_memory
from freehold.db.state import DatabaseState, look
from freehold.networking import filling
from freehold.networking.filling import Filling, PoolFilling, SubnetFilling

OTHERS = "other"
"""The label of all those together that have no series of their own."""

STATE_SECONDS = 1.0
"""How long a look at the database is good for."""

BUSY_PART = 0.05
"""How much of the time addresses may be counted."""


class Watch:
    """The database as it is watched by one process.

    Args:
        settings: which database, and how long it may take to answer.
        served: the database on which requests are worked on.
    """

    def __init__(self, settings: Settings, served: Database) -> None:
        self._settings = settings
        self._served = served
        self._own: Database | None = None
        limit = settings.health.database_timeout
        self.state = Watched(
            "database's state",
            lambda: self._database().read(look),
            keep_seconds=STATE_SECONDS,
            limit_seconds=limit,
        )
        self.filling = Watched(
            "numbers of addresses",
            lambda: self._database().read(filling.read),
            keep_seconds=settings.metrics.cache_seconds,
            limit_seconds=limit,
            busy_part=BUSY_PART,
        )

    @cached_property
    def needed(self) -> str:
        """The revision of the schema that this version needs."""
        return schema.needed()

    def _database(self) -> Database:
        if is_in_memory(self._served.engine.url):
            return self._served  # there is no other way to it
        if self._own is None:
            self._own = Database(self._settings.database_url, pool_size=2)
        return self._own


class StateCollector(Collector):
    """Reads the database's state when Prometheus asks for it.

    Args:
        watch: how it is read.
        settings: how many subnets and subnet pools have series of their own.
    """

    def __init__(self, watch: Watch, settings: Settings) -> None:
        self._watch = watch
        self._metrics = settings.metrics

    def collect(self) -> Iterator[Metric]:
        """Yield all families there are by now; the database need not be up."""
        self._watch.filling.ask()  # while the state is waited for
        state = self._watch.state.fresh()
        up = state is not None
        yield _one("freehold_database_up", "Whether the database answers in time.", up)
        if state is not None:
            yield from self.of_database(state.value)
        latest = self._watch.filling.latest(wait=up)
        if latest is not None:
            yield from self._of_filling(latest)

    def of_database(self, state: DatabaseState) -> Iterator[Metric]:
        """Yield what a look at the database has shown."""
        yield _one(
            "freehold_database_ping_seconds",
            "How long the database took to answer the smallest question.",
            state.ping_seconds,
        )
        yield _one(
            "freehold_database_schema_current",
            "Whether the database's schema is the one that this version needs.",
            state.revision == self._watch.needed,
        )
        info = GaugeMetricFamily(
            "freehold_database_schema_info",
            "Which schema the database has, and which is needed.",
            labels=("revision", "needed"),
        )
        info.add_metric((state.revision or "none", self._watch.needed), 1)
        yield info
        if state.galera is not None:
            yield _one(
                "freehold_database_galera_ready",
                "Whether the Galera node that was asked takes statements.",
                state.galera.is_ready,
            )
            yield _one(
                "freehold_database_galera_synced",
                "Whether the Galera node that was asked has what the cluster has.",
                state.galera.is_synced,
            )
            yield _one(
                "freehold_database_galera_cluster_size",
                "How many nodes are in that node's part of the cluster.",
                state.galera.size,
            )

    def _of_filling(self, reading: Reading[Filling]) -> Iterator[Metric]:
        yield _one(
            "freehold_address_count_age_seconds",
            "How old the numbers of addresses are.",
            reading.age_seconds,
        )
        yield _one(
            "freehold_address_count_duration_seconds",
            "How long it took to count addresses.",
            reading.seconds,
        )
        counted = reading.value
        yield _one("freehold_subnets", "Subnets with allocation pools.", len(counted.subnets))
        yield _one("freehold_subnetpools", "Subnet pools with prefixes.", len(counted.pools))
        yield from _families(
            "freehold_subnet_addresses",
            "subnet_id",
            _OF_SUBNET,
            _of_subnets(counted.subnets, self._metrics.max_subnets),
        )
        yield from _families(
            "freehold_subnetpool_addresses",
            "subnetpool_id",
            _OF_POOL,
            _of_pools(counted.pools, self._metrics.max_subnetpools),
        )


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


_Row = tuple[str, int, tuple[int, ...]]
"""An id, an IP version, and numbers of addresses."""

_OF_SUBNET = {
    "": "Addresses in the subnet's allocation pools.",
    "_held": "Addresses in the subnet's allocation pools that somebody holds.",
    "_resting": "Addresses in the subnet's allocation pools that were released and rest.",
    "_free": "Addresses in the subnet's allocation pools that can be handed out.",
}
_OF_POOL = {
    "": "Addresses in the subnet pool's prefixes.",
    "_held": "Addresses in the subnet pool's prefixes that are in subnets.",
    "_free": "Addresses in the subnet pool's prefixes that are in no subnet.",
}


def _of_subnets(subnets: Sequence[SubnetFilling], most: int) -> list[_Row]:
    fullest = sorted(subnets, key=lambda one: (-one.taken_part, one.subnet_id))
    rows = [
        (one.subnet_id, one.ip_version, (one.total, one.held, one.resting, one.free))
        for one in fullest
    ]
    return _bounded(rows, most)


def _of_pools(pools: Sequence[PoolFilling], most: int) -> list[_Row]:
    fullest = sorted(pools, key=lambda one: (-one.taken_part, one.subnetpool_id))
    rows = [(one.subnetpool_id, one.ip_version, (one.total, one.held, one.free)) for one in fullest]
    return _bounded(rows, most)


def _bounded(rows: Sequence[_Row], most: int) -> list[_Row]:
    """Return the first rows, and the sums of the others by IP version."""
    others: dict[int, tuple[int, ...]] = {}
    for _, version, numbers in rows[most:]:
        sums = others.get(version, (0,) * len(numbers))
        others[version] = tuple(map(add, sums, numbers))
    return [*rows[:most], *((OTHERS, version, sums) for version, sums in sorted(others.items()))]


def _families(
    name: str, label: str, texts: Mapping[str, str], rows: Sequence[_Row]
) -> Iterator[Metric]:
    for place, (suffix, text) in enumerate(texts.items()):
        family = GaugeMetricFamily(f"{name}{suffix}", text, labels=(label, "ip_version"))
        for one, version, numbers in rows:
            family.add_metric((one, str(version)), numbers[place])
        yield family
