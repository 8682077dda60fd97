"""The databases that workers are let loose on, and what can be done to each meanwhile.

A disturbance returns when it is healed: every server is back, and is what it was.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Protocol

from sqlalchemy import make_url

from tests.servers import mariadb, postgresql_pair
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql_pair import PostgreSQLPair
from tests.servers.process import HOST

GALERA = {**mariadb.FAST, "gcache.size": "128M"}
"""A node that was away for a while catches up, and does not need all the data anew."""

OUTAGE_SECONDS = 4.0
"""How long a server is away by default; longer than a cluster takes to notice."""

NODE_KILLED = "a node is killed"
NODE_HANGS = "a node hangs"
NODE_CUT_OFF = "a node is cut off"
NODE_SHUT_DOWN = "a node is shut down"
PRIMARY_KILLED = "the primary is killed, the standby promoted"
PRIMARY_HANGS = "the primary hangs, the standby is promoted"
PRIMARY_SHUT_DOWN = "the primary is shut down, the standby promoted"
STANDBY_KILLED = "the standby is killed"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that is done to a database, and undone."""

    name: str
    happen: Callable[[], None]


class Stage(Protocol):
    """A database, and what can be done to it.

    Attributes:
        url: names all servers; for workers.
        each: the URL of each server.
        disturbances: each once, in some order.
    """

    @property
    def url(self) -> str: ...

    @property
    def each(self) -> Sequence[str]: ...

    @property
    def disturbances(self) -> Sequence[Disturbance]: ...

    def settle(self) -> None:
        """Wait until each server shows all that was committed."""


class OnSQLite:
    """A file; nothing but the death of workers can befall it."""

    disturbances: Sequence[Disturbance] = ()

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'soak.sqlite'}"
        self.each = [self.url]

    def settle(self) -> None:
        """Do nothing: there is one file."""


class OnGalera:
    """A cluster of three nodes, each of which is written to.

    Args:
        cluster: the nodes.
        random: chooses whom something befalls.
        outage: for how long, in seconds.
    """

    def __init__(self, cluster: MariaDB, random: Random, *, outage: float = OUTAGE_SECONDS) -> None:
        self._outage = outage
        self._cluster = cluster
        self._random = random
        self.each = cluster.lasting_database()
        hosts = [f"{HOST}:{node.port}" for node in cluster.nodes]
        several = make_url(self.each[0]).set(host=None, port=None)
        self.url = several.update_query_dict({"host": hosts}).render_as_string(False)
        self.disturbances = [
            Disturbance(NODE_KILLED, self._kill),
            Disturbance(NODE_HANGS, self._hang),
            Disturbance(NODE_CUT_OFF, self._cut_off),
            Disturbance(NODE_SHUT_DOWN, self._shut_down),
        ]

    def settle(self) -> None:
        """Wait until all nodes are there; a session waits for what is under way by itself."""
        self._cluster.wait_until_whole()

    def _one(self) -> mariadb.Node:
        return self._random.choice(self._cluster.nodes)

    def _kill(self) -> None:
        node = self._one()
        node.kill()
        time.sleep(self._outage)
        node.restart()
        self.settle()

    def _shut_down(self) -> None:
        node = self._one()
        node.shut_down()
        time.sleep(self._outage)
        node.restart()
        self.settle()

    def _hang(self) -> None:
        with self._one().process.hung():
            time.sleep(self._outage)
        self.settle()

    def _cut_off(self) -> None:
        node = self._one()
        node.isolate()
        time.sleep(self._outage)
        node.end_isolation()
        self.settle()


class OnPostgreSQL:
    """A primary and a synchronous standby that take turns.

    Args:
        pair: the servers.
        outage: for how long one of them is away, in seconds.
    """

    def __init__(self, pair: PostgreSQLPair, *, outage: float = OUTAGE_SECONDS) -> None:
        self._outage = outage
        self._pair = pair
        self.url, self.each = pair.lasting_database()
        self.disturbances = [
            Disturbance(PRIMARY_KILLED, self._kill),
            Disturbance(PRIMARY_HANGS, self._hang),
            Disturbance(PRIMARY_SHUT_DOWN, self._shut_down),
            Disturbance(STANDBY_KILLED, self._kill_standby),
        ]

    def settle(self) -> None:
        """Wait until the standby shows what the primary has."""
        self._pair.wait_until_level()

    def _kill(self) -> None:
        self._pair.primary.kill()
        self._fail_over()

    def _shut_down(self) -> None:
        self._pair.primary.shut_down()
        self._fail_over()

    def _hang(self) -> None:
        with self._pair.primary.process.hung():
            time.sleep(self._outage)
            # It is fenced before it can come to itself.
            self._pair.primary.kill()
        self._fail_over()

    def _fail_over(self) -> None:
        self._pair.promote()
        time.sleep(self._outage)
        self._pair.rejoin()

    def _kill_standby(self) -> None:
        self._pair.standby.kill()
        time.sleep(self._outage)
        self._pair.rejoin()


@contextmanager
def opened(database: str, random: Random) -> Iterator[Stage]:
    """Start the servers of a kind of database, and end them afterwards."""
    match database:
        case "galera":
            cluster = mariadb.start(3, provider=GALERA)
            try:
                yield OnGalera(cluster, random)
            finally:
                cluster.stop()
        case "postgresql":
            pair = postgresql_pair.start()
            try:
                yield OnPostgreSQL(pair)
            finally:
                pair.stop()
        case _:
            with TemporaryDirectory(prefix="freehold-soak-") as folder:
                yield OnSQLite(Path(folder))
