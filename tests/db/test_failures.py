"""What each error of a database means, by the codes that the servers were seen to send."""

import psycopg
import pymysql
import pytest
from oslo_db import exception as db_exc
from psycopg import errors as pg
from sqlalchemy.exc import InternalError, OperationalError

from freehold.db import failures

SECRET = "hunter2-do-not-log"


def mysql(number: int, text: str = SECRET) -> OperationalError:
    return OperationalError("INSERT", {}, pymysql.err.OperationalError(number, text))


def postgresql(kind: type[psycopg.Error], text: str = SECRET) -> OperationalError:
    return OperationalError("INSERT", {}, kind(text))


def lost_by_psycopg(text: str) -> OperationalError:
    return OperationalError("COMMIT", {}, psycopg.OperationalError(text))


@pytest.mark.parametrize("number", [1020, 1040, 1205, 1213])
def test_mariadb_says_to_run_the_unit_again(number: int) -> None:
    for error in (mysql(number), db_exc.DBError(mysql(number))):
        assert failures.is_transient(error)
        assert failures.is_outage(error)
        assert not failures.leaves_commit_open(error)


@pytest.mark.parametrize(
    "number", [1047, 1053, 1158, 1159, 1160, 1161, 1180, 1927, 2002, 2003, 2006, 2013, 4031]
)
def test_a_connection_that_mariadb_lost_is_dropped_and_leaves_a_commit_open(number: int) -> None:
    for error in (mysql(number), db_exc.DBError(mysql(number))):
        assert failures.is_transient(error)
        assert failures.leaves_commit_open(error)
    cause = mysql(number).orig
    assert cause is not None
    assert failures.ends_connection(cause)


@pytest.mark.parametrize("number", [1290, 1792, 1836])
def test_a_server_that_is_read_only_by_now_is_left_for_another(number: int) -> None:
    cause = pymysql.err.OperationalError(number, "read only")
    assert failures.ends_connection(cause)
    assert failures.is_transient(OperationalError("INSERT", {}, cause))


def test_a_savepoint_that_went_with_a_deadlock_means_the_whole_unit() -> None:
    assert failures.is_transient(mysql(1305, "SAVEPOINT sa_savepoint_1 does not exist"))
    assert not failures.is_transient(mysql(1305, "PROCEDURE p does not exist"))


@pytest.mark.parametrize("number", [1045, 1049, 1054, 1064, 1146, 1406])
def test_what_mariadb_refuses_is_not_asked_for_again(number: int) -> None:
    assert not failures.is_transient(mysql(number))
    assert not failures.leaves_commit_open(mysql(number))


@pytest.mark.parametrize(
    "kind",
    [
        pg.SerializationFailure,
        pg.DeadlockDetected,
        pg.LockNotAvailable,
        pg.TooManyConnections,
        pg.IdleInTransactionSessionTimeout,
    ],
)
def test_postgresql_says_to_run_the_unit_again(kind: type[psycopg.Error]) -> None:
    assert failures.is_transient(postgresql(kind))
    assert not failures.leaves_commit_open(postgresql(kind))


@pytest.mark.parametrize(
    "kind",
    [pg.AdminShutdown, pg.CrashShutdown, pg.CannotConnectNow, pg.ConnectionFailure],
)
def test_a_session_that_postgresql_ended_is_dropped_and_leaves_a_commit_open(
    kind: type[psycopg.Error],
) -> None:
    assert failures.ends_connection(kind(SECRET))
    assert failures.is_transient(postgresql(kind))
    assert failures.leaves_commit_open(postgresql(kind))


@pytest.mark.parametrize(
    "text",
    [
        "server closed the connection unexpectedly",
        'connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        'connection to server at "127.0.0.1", port 5432 failed: session is read-only',
        "the server did not answer within 15 s",
    ],
)
def test_a_connection_that_psycopg_lost_is_dropped_and_leaves_a_commit_open(text: str) -> None:
    assert failures.is_transient(lost_by_psycopg(text))
    assert failures.leaves_commit_open(lost_by_psycopg(text))


def test_a_standby_is_left_for_the_primary() -> None:
    cause = pg.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")
    assert failures.ends_connection(cause)
    assert failures.is_transient(db_exc.DBError(InternalError("INSERT", {}, cause)))


@pytest.mark.parametrize(
    "text",
    [
        'connection failed: FATAL:  password authentication failed for user "freehold"',
        'connection failed: FATAL:  database "nothing" does not exist',
        "connection failed: FATAL:  no pg_hba.conf entry for host",
    ],
)
def test_a_connection_that_is_refused_for_good_is_not_asked_for_again(text: str) -> None:
    assert not failures.is_transient(lost_by_psycopg(text))
    assert failures.is_outage(lost_by_psycopg(text))


@pytest.mark.parametrize("kind", [pg.UniqueViolation, pg.SyntaxError, pg.UndefinedTable])
def test_what_postgresql_refuses_is_not_asked_for_again(kind: type[psycopg.Error]) -> None:
    assert not failures.is_transient(postgresql(kind))
    assert not failures.ends_connection(kind(SECRET))
    assert not failures.leaves_commit_open(postgresql(kind))


def test_what_oslo_db_translated_is_understood_too() -> None:
    assert failures.is_transient(db_exc.DBDeadlock())
    assert not failures.leaves_commit_open(db_exc.DBDeadlock())
    assert failures.is_transient(db_exc.DBConnectionError())
    assert failures.leaves_commit_open(db_exc.DBConnectionError())
    assert not failures.is_transient(db_exc.DBDuplicateEntry())
    assert not failures.is_outage(db_exc.DBReferenceError("t", "c", "k", "kt"))


def test_the_name_of_a_failure_has_its_code_and_nothing_that_was_stored() -> None:
    assert failures.name(mysql(1213)) == "OperationalError (1213)"
    assert failures.name(postgresql(pg.SerializationFailure)) == "OperationalError (40001)"
    assert failures.name(db_exc.DBConnectionError(mysql(2013))) == "DBConnectionError (2013)"
    assert failures.name(lost_by_psycopg(SECRET)) == "OperationalError"


@pytest.mark.parametrize(
    "error",
    [mysql(1317), mysql(1969), mysql(3024), postgresql(pg.QueryCanceled)],
    ids=["interrupted", "too-long", "too-long-on-mysql", "canceled"],
)
def test_a_statement_that_was_ended_is_not_run_again_and_may_have_been_a_commit(
    error: OperationalError,
) -> None:
    assert failures.is_outage(error)
    assert not failures.is_transient(error)
    assert failures.leaves_commit_open(error)
