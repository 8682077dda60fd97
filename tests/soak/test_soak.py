"""Each disturbance once, with workers on all servers, and every promise checked afterwards."""

from pathlib import Path
from random import Random

from soak.running import CALM, WORKER_KILLED, Settings, soak
from soak.stages import (
    NODE_CUT_OFF,
    NODE_HANGS,
    NODE_KILLED,
    PRIMARY_KILLED,
    OnGalera,
    OnPostgreSQL,
    OnSQLite,
    Stage,
)
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql_pair import PostgreSQLPair

SEED = 20
OUTAGE_SECONDS = 2.5
"""Just long enough for a cluster to notice."""


def run(stage: Stage, *disturbances: str) -> None:
    settings = Settings(seed=SEED, calm=0.5, workers=4, only=disturbances)
    result = soak(stage, settings, print)
    assert set(result.seen) == {CALM, *disturbances}
    for name, seen in result.seen.items():
        assert seen.operations > seen.refused, name
        # A caller may be told that the database is away; nothing else, and never a half truth.
        assert set(seen.errors) <= {"DatabaseUnavailable"}, name
    assert len(result.verdicts) == len(stage.each)
    for verdict in result.verdicts.values():
        assert verdict.violations == ()
        assert verdict.held > 0


def test_galera_keeps_every_promise(breakable_galera: MariaDB) -> None:
    stage = OnGalera(breakable_galera, Random(SEED), outage=OUTAGE_SECONDS)
    run(stage, NODE_KILLED, NODE_HANGS, NODE_CUT_OFF)


def test_postgresql_keeps_every_promise(breakable_pair: PostgreSQLPair) -> None:
    run(OnPostgreSQL(breakable_pair, outage=OUTAGE_SECONDS), PRIMARY_KILLED)


def test_sqlite_keeps_every_promise_to_workers_that_are_killed(tmp_path: Path) -> None:
    run(OnSQLite(tmp_path), WORKER_KILLED)
