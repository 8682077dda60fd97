"""The ledger's tables.

Addresses are 16 bytes (`freehold.addresses.encoding`), so that on every
database the primary key of ``allocations`` is the order of the addresses. That
key is the only referee of who holds an address; the foreign key beside it is
what keeps an address from being claimed in a subnet that is being removed.

An address that was released and rests stays in its row, with ``released_at``: so
the same key keeps it from being claimed. Who held what before is told by
``past_allocations``, and nothing is decided by that.

Times are UTC without an offset, to the microsecond.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)
from sqlalchemy.dialects import mysql

from freehold.ledger.indexes import altering


def stored_time(moment: datetime) -> datetime:
    """Return a time as the tables keep it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def exact_text(length: int) -> String:
    """Return the type of a text of any characters, in upper and lower case alike distinct.

    On MariaDB a database's default may be neither.
    """
    return String(length).with_variant(
        mysql.VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb"
    )


NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, so that a migration can alter it on any database."""

metadata = MetaData(naming_convention=NAMING_CONVENTION)

_address = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
_time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")

ledger_subnets = Table(
    "ledger_subnets",
    metadata,
    Column("id", exact_text(36), primary_key=True),
    Column("project_id", exact_text(255), nullable=False),
    Column("ip_version", SmallInteger, nullable=False),
    Column("cidr", String(43), nullable=False),
    Column("gateway_ip", String(45)),
    Column("strategy", String(32)),
    Column("cool_down", Integer),
    Column("stamp", BigInteger, nullable=False, server_default="0"),
)
"""``cool_down`` is in seconds. ``stamp`` is another one after each change: whoever
acts on what was read earlier names it, and fails if it is not the same any more."""

ledger_pools = Table(
    "ledger_pools",
    metadata,
    Column("subnet_id", ForeignKey("ledger_subnets.id", ondelete="CASCADE"), primary_key=True),
    Column("first", _address, primary_key=True),
    Column("last", _address, nullable=False),
    sqlite_with_rowid=False,
)

allocations = Table(
    "allocations",
    metadata,
    Column("subnet_id", ForeignKey("ledger_subnets.id", ondelete="CASCADE"), primary_key=True),
    Column("address", _address, primary_key=True),
    Column("holder", exact_text(255)),
    Column("allocated_at", _time, nullable=False),
    Column("released_at", _time),
    sqlite_with_rowid=False,
)
_released_at = allocations.c.released_at
altering(
    Index(
        "ix_allocations_released",
        allocations.c.subnet_id,
        _released_at,
        # Where a row that is held can be left out, claiming it costs nothing more.
        sqlite_where=_released_at.is_not(None),
        postgresql_where=_released_at.is_not(None),
    )
)

past_allocations = Table(
    "past_allocations",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("subnet_id", exact_text(36), nullable=False),
    Column("address", _address, nullable=False),
    Column("holder", exact_text(255)),
    Column("allocated_at", _time, nullable=False),
    Column("released_at", _time, nullable=False),
    Index("ix_past_allocations_address", "address", "subnet_id", "released_at"),
)
"""Who held which address from when to when: outlives the subnet. Ids ascend with time, about."""
