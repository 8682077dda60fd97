"""The tables of quotas: how many resources a project may have, and how much room is left.

A project whose number of resources of a kind is limited has some *counters* for it.
The room of all its counters together is its limit less what it has. What is created
takes its room from one of them, in one statement whose condition is that there is as
much; so a limit holds on any database and on all nodes of a cluster, nothing is
counted, and those who create at the same time rarely want the same row.

A project that is not limited has no counters.
"""

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, String, Table

from freehold.db.tables import metadata
from freehold.ledger.tables import exact_text

quotas = Table(
    "quotas",
    metadata,
    Column("project_id", exact_text(255), primary_key=True),
    Column("resource", String(32), primary_key=True),
    Column("most", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The limits that projects have of their own; -1 for none."""

quota_counters = Table(
    "quota_counters",
    metadata,
    Column("project_id", exact_text(255), primary_key=True),
    Column("resource", String(32), primary_key=True),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("room", BigInteger, nullable=False),
    Column("default_most", Integer),
    Column("generation", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Counters are numbered from 0. The room of the one and only may be negative: then the
project has more than it may.

``default_most`` is the configured default from which the room was reckoned, null where
the project has a limit of its own. ``generation`` changes when a unit is about to change
all counters of a project.
"""
