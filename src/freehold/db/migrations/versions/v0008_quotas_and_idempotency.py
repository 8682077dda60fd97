"""How many resources a project may have, and which requests have been answered under a key.

Going back forgets the limits that projects have of their own, and the keys.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PROJECT = sa.String(255).with_variant(
    mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb"
)
IDENTIFIER = sa.String(36).with_variant(
    mysql.VARCHAR(36, collation="utf8mb4_bin"), "mysql", "mariadb"
)
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "quotas",
        sa.Column("project_id", PROJECT, nullable=False),
        sa.Column("resource", sa.String(32), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource", name="pk_quotas"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quota_counters",
        sa.Column("project_id", PROJECT, nullable=False),
        sa.Column("resource", sa.String(32), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("room", sa.BigInteger(), nullable=False),
        sa.Column("default_most", sa.Integer()),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource", "number", name="pk_quota_counters"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("attempt", IDENTIFIER, nullable=False),
        sa.Column("process", PROJECT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("answer", LONG_TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_keys"),
    )
    create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("quota_counters")
    op.drop_table("quotas")
