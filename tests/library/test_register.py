"""The register on somebody else's engine, in somebody else's transaction."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from threading import Barrier

import pytest
from sqlalchemy import Column, Engine, MetaData, String, Table, func, insert, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import freehold
from freehold import OpenRegister, Register
from freehold.errors import OutOfBoundsAllocationPool

own = MetaData()
machines = Table("machines", own, Column("name", String, primary_key=True), Column("ip", String))

MAC = "00:16:3e:00:00:01"


def with_subnet(engine: Engine, register: Register, cidr: str = "10.0.0.0/29") -> None:
    with engine.begin() as connection:
        register.open(connection).create_subnet(cidr, subnet_id="s")


def holders(engine: Engine, register: Register, subnet_id: str = "s") -> dict[str, str | None]:
    with engine.begin() as connection:
        listed = register.open(connection).held(subnet_id)
    return {str(one.address): one.holder for one in listed}


def test_each_way_of_allocating(engine: Engine, register: Register) -> None:
    with engine.begin() as connection:
        book = register.open(connection)
        four = book.create_subnet("10.0.0.0/24", pools=[("10.0.0.10", "10.0.0.19")])
        six = book.create_subnet(ip_network("2001:db8::/64"))
        name = four.subnet_id
        assert book.allocate_next(name, "a") == ip_address("10.0.0.10")
        assert book.allocate_this(name, "10.0.0.200", "b") == ip_address("10.0.0.200")
        assert book.allocate(name, "c") in four.pools[0]
        assert len(set(book.allocate_many(name, 8, "d"))) == 8
        assert str(book.allocate_eui64(six.subnet_id, MAC, "e")) == "2001:db8::216:3eff:fe00:1"
    found = holders(engine, register, name)
    assert sorted(found) == [*(f"10.0.0.{last}" for last in range(10, 20)), "10.0.0.200"]
    assert sorted(holder or "" for holder in found.values()) == ["a", "b", "c", *"dddddddd"]


def test_a_subnet_comes_back_as_it_was_made(engine: Engine, register: Register) -> None:
    with engine.begin() as connection:
        made = register.open(connection).create_subnet(
            "10.0.0.0/24", gateway="10.0.0.5", subnet_id="s"
        )
    assert [str(pool) for pool in made.pools] == ["10.0.0.1-10.0.0.4", "10.0.0.6-10.0.0.254"]
    with engine.begin() as connection:
        assert register.open(connection).subnet("s") == made


def test_what_is_held_is_told_page_by_page(engine: Engine, register: Register) -> None:
    with_subnet(engine, register)
    with engine.begin() as connection:
        book = register.open(connection)
        given = sorted(book.allocate_many("s", 6, "h"), key=int)
        first = book.held("s", limit=4)
        rest = book.held("s", after=first[-1].address, limit=4)
        assert [one.address for one in (*first, *rest)] == given
        assert book.held("s", after="10.0.0.7") == []
        found = book.find("s", given[0])
        assert found == first[0]
        assert book.find("s", "::ffff:10.0.0.1") is None


def test_the_callers_transaction_decides(engine: Engine, register: Register) -> None:
    with_subnet(engine, register)
    with engine.connect() as connection:
        register.open(connection).allocate_this("s", "10.0.0.1", "rolled back")
        connection.rollback()
        register.open(connection).allocate_this("s", "10.0.0.2", "committed")
        connection.commit()
    assert holders(engine, register) == {"10.0.0.2": "committed"}


def test_a_subnet_that_was_rolled_back_is_not_there(engine: Engine, register: Register) -> None:
    with engine.connect() as connection:
        register.open(connection).create_subnet("10.0.0.0/29", subnet_id="s")
        connection.rollback()
        with pytest.raises(freehold.SubnetNotFound):
            register.open(connection).allocate("s", "h")


def test_the_callers_rows_and_addresses_are_one(engine: Engine, register: Register) -> None:
    with_subnet(engine, register)
    with engine.begin() as connection:
        own.create_all(connection)

    def add_with_one_address_twice() -> None:
        with engine.begin() as connection:
            book = register.open(connection)
            connection.execute(insert(machines), {"name": "m"})
            book.allocate_this("s", "10.0.0.1", "m")
            book.allocate_this("s", "10.0.0.1", "m")

    with pytest.raises(freehold.IpAddressAlreadyAllocated):
        add_with_one_address_twice()
    with engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(machines)).scalar_one() == 0
    assert holders(engine, register) == {}


REFUSED: dict[str, tuple[type[freehold.FreeholdError], Callable[[OpenRegister], object]]] = {
    "full": (freehold.IpAddressGenerationFailure, lambda book: book.allocate("full", "h")),
    "full, next": (
        freehold.IpAddressGenerationFailure,
        lambda book: book.allocate_next("full", "h"),
    ),
    "too many": (
        freehold.IpAddressGenerationFailure,
        lambda book: book.allocate_many("s", 7, "h"),
    ),
    "held": (
        freehold.IpAddressAlreadyAllocated,
        lambda book: book.allocate_this("full", "10.1.0.1", "h"),
    ),
    "outside": (
        freehold.InvalidIpForSubnet,
        lambda book: book.allocate_this("s", "10.9.0.1", "h"),
    ),
    "unknown subnet": (freehold.SubnetNotFound, lambda book: book.allocate("x", "h")),
    "unknown to remove": (freehold.SubnetNotFound, lambda book: book.remove_subnet("x")),
    "unknown to read": (freehold.SubnetNotFound, lambda book: book.held("x")),
    "taken id": (
        freehold.SubnetAlreadyExists,
        lambda book: book.create_subnet("10.2.0.0/24", subnet_id="s"),
    ),
    "pool outside": (
        OutOfBoundsAllocationPool,
        lambda book: book.create_subnet("10.2.0.0/24", pools=[("10.3.0.1", "10.3.0.2")]),
    ),
    "not held": (
        freehold.IpAddressAllocationNotFound,
        lambda book: book.release("s", "10.0.0.3"),
    ),
    "more than there are": (
        freehold.IpAddressGenerationFailure,
        lambda book: book.allocate_many("s", 2**80, "h"),
    ),
    "none at once": (freehold.InvalidInput, lambda book: book.allocate_many("s", 0, "h")),
    "fewer than none": (freehold.InvalidInput, lambda book: book.allocate_many("s", -1, "h")),
    "no CIDR": (freehold.InvalidInput, lambda book: book.create_subnet("10.2.0.1/24")),
    "no address": (freehold.InvalidInput, lambda book: book.release("s", "here")),
    "no holder": (freehold.InvalidInput, lambda book: book.allocate("s", "")),
    "long holder": (freehold.InvalidInput, lambda book: book.allocate("s", "h" * 256)),
    "holder with a 0": (freehold.InvalidInput, lambda book: book.allocate("s", "a\0b")),
    "long id": (
        freehold.InvalidInput,
        lambda book: book.create_subnet("10.2.0.0/24", subnet_id="s" * 37),
    ),
    "page of another subnet": (
        freehold.InvalidInput,
        lambda book: book.held("s", after="10.9.0.1"),
    ),
    "EUI-64 in IPv4": (freehold.InvalidInput, lambda book: book.allocate_eui64("s", MAC, "h")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_changes_nothing_and_the_transaction_goes_on(
    engine: Engine, register: Register, name: str
) -> None:
    kind, refused = REFUSED[name]
    with_subnet(engine, register)
    with engine.begin() as connection:
        book = register.open(connection)
        book.create_subnet("10.1.0.0/30", subnet_id="full")
        book.allocate_many("full", 2, "h")
        book.allocate_this("s", "10.0.0.1", "before")
        with pytest.raises(kind):
            refused(book)
        book.allocate_this("s", "10.0.0.2", "after")
    assert holders(engine, register) == {"10.0.0.1": "before", "10.0.0.2": "after"}
    assert len(holders(engine, register, "full")) == 2


def test_a_subnet_removed_meanwhile_takes_no_address(engine: Engine, register: Register) -> None:
    with_subnet(engine, register)
    with engine.begin() as connection:
        book = register.open(connection)
        book.allocate("s", "h")
        register.open(connection).remove_subnet("s")
        for allocate in (
            lambda: book.allocate("s", "h"),
            lambda: book.allocate_many("s", 3, "h"),
            lambda: book.allocate_this("s", "10.0.0.1", "h"),
        ):
            with pytest.raises(freehold.SubnetNotFound):
                allocate()
        # Nothing was left behind for the next one of this name to inherit.
        assert register.open(connection).create_subnet("10.0.0.0/29", subnet_id="s").pools
    assert holders(engine, register) == {}


def test_threads_with_connections_of_their_own_share_a_subnet(
    engine: Engine, register: Register
) -> None:
    with_subnet(engine, register, "10.0.0.0/26")
    start = Barrier(2)

    def take(holder: str) -> int:
        start.wait()
        for taken in range(62):
            try:
                with engine.begin() as connection:
                    register.open(connection).allocate("s", holder)
            except freehold.IpAddressGenerationFailure:
                return taken
        return 62

    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(take, ["a", "b"]))
    found = holders(engine, register)
    assert sum(taken) == len(found) == 62
    assert [list(found.values()).count(holder) for holder in "ab"] == taken


def test_tables_are_made_once_and_are_the_metadata(engine: Engine) -> None:
    with engine.begin() as connection:
        freehold.create_tables(connection)
        assert set(inspect(connection).get_table_names()) == set(freehold.metadata.tables)


def test_a_session_of_the_orm_decides_as_well(engine: Engine, register: Register) -> None:
    with_subnet(engine, register)
    with Session(engine) as session:
        register.open(session.connection()).allocate_this("s", "10.0.0.1", "rolled back")
        session.rollback()
        register.open(session.connection()).allocate_this("s", "10.0.0.2", "committed")
        session.commit()
    assert holders(engine, register) == {"10.0.0.2": "committed"}


def test_a_released_address_is_free_for_the_next(engine: Engine, register: Register) -> None:
    with_subnet(engine, register, "10.0.0.0/30")
    with engine.begin() as connection:
        book = register.open(connection)
        book.allocate_many("s", 2, "first")
        book.release("s", "10.0.0.2")
        assert str(book.allocate("s", "second")) == "10.0.0.2"
        book.release("s", ip_address("10.0.0.1"))
    assert holders(engine, register) == {"10.0.0.2": "second"}


def test_errors_of_the_callers_own_statements_stay_sqlalchemys(
    engine: Engine, register: Register
) -> None:
    with engine.begin() as connection:
        own.create_all(connection)
        register.open(connection).create_subnet("10.0.0.0/29", subnet_id="s")
        connection.execute(insert(machines), {"name": "m"})
        with pytest.raises(IntegrityError):
            connection.execute(insert(machines), {"name": "m"})
        register.open(connection).allocate("s", "m")
    assert list(holders(engine, register).values()) == ["m"]
