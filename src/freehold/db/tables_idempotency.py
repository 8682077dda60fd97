"""The table of requests that were sent with an idempotency key."""

from sqlalchemy import Column, DateTime, SmallInteger, String, Table, Text
from sqlalchemy.dialects import mysql

from freehold.db.tables import metadata
from freehold.ledger.tables import exact_text

_time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_long = Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("attempt", exact_text(36), nullable=False),
    Column("process", exact_text(255), nullable=False),
    Column("created_at", _time, nullable=False, index=True),
    Column("begun_at", _time, nullable=False),
    Column("status", SmallInteger),
    Column("answer", _long),
)
"""``id`` is the digest of whose key it is, for what, and of the key; ``fingerprint`` is
that of the request.

``attempt`` is a random id of who works on the request, or did: it changes when another one
takes the request over, so that two never both store an answer. ``status`` and ``answer``
are null until there is one.
"""
