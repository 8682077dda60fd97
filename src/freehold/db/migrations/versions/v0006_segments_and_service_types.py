"""Segments and the hosts on them, the segment and the service types of a subnet.

Each network that is there gets the segment that a new one begins with.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index, drop_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(36).with_variant(
    mysql.VARCHAR(36, collation="utf8mb4_bin"), "mysql", "mariadb"
)
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
TEXT = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")
SHORT_TEXT = sa.String(64).with_variant(
    mysql.VARCHAR(64, collation="utf8mb4_bin"), "mysql", "mariadb"
)

REFERENCE = "fk_subnets_segment_id_segments"
ROWS_PER_STATEMENT = 500


def upgrade() -> None:
    op.create_table(
        "segments",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("network_id", IDENTIFIER, nullable=False),
        sa.Column("segment_index", sa.Integer(), nullable=False),
        sa.Column("name", TEXT),
        sa.Column("description", TEXT),
        sa.Column("network_type", sa.String(32), nullable=False),
        sa.Column("physical_network", SHORT_TEXT),
        sa.Column("segmentation_id", sa.BigInteger()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["networks.id"],
            name="fk_segments_network_id_networks",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint(
            "network_id", "segment_index", name="uq_segments_network_id_segment_index"
        ),
    )
    for column in ("name", "network_id", "physical_network"):
        create_index(f"ix_segments_{column}_id", "segments", [column, "id"])
    create_index("ix_segments_updated_at", "segments", ["updated_at"])
    _beside("segment_hosts", "segment_id", "host")
    _beside("segment_tags", "resource_id", "tag")
    _columns_of_subnets()
    op.add_column(
        "ports",
        sa.Column("ip_allocation", sa.String(16), nullable=False, server_default="immediate"),
    )
    _add_first_segments()


def _beside(table: str, key: str, text: str) -> None:
    """Make a table of the texts that each segment has several of."""
    op.create_table(
        table,
        sa.Column(key, IDENTIFIER, nullable=False),
        sa.Column(text, TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            [key], ["segments.id"], name=f"fk_{table}_{key}_segments", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(key, text, name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )
    create_index(f"ix_{table}_{text}_{key}", table, [text, key])


def _columns_of_subnets() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # SQLite adds no constraint to a table that is there, but with a column it does.
        op.execute(
            "ALTER TABLE subnets ADD COLUMN segment_id VARCHAR(36) "
            f"CONSTRAINT {REFERENCE} REFERENCES segments (id)"
        )
    else:
        op.add_column("subnets", sa.Column("segment_id", IDENTIFIER))
        op.create_foreign_key(REFERENCE, "subnets", "segments", ["segment_id"], ["id"])
    create_index("ix_subnets_segment_id_id", "subnets", ["segment_id", "id"])
    op.add_column("subnets", sa.Column("service_types", sa.JSON()))


def _add_first_segments() -> None:
    connection = op.get_bind()
    kept = ("network_type", "physical_network", "segmentation_id", "created_at")
    networks = sa.table("networks", sa.column("id"), *map(sa.column, kept))
    names = ("id", "network_id", "segment_index", *kept, "updated_at", "revision")
    segments = sa.table("segments", *map(sa.column, names))
    rows = [
        {
            "id": str(uuid4()),
            "network_id": row.id,
            "segment_index": 0,
            "updated_at": row.created_at,
            "revision": 0,
            **{name: getattr(row, name) for name in kept},
        }
        for row in connection.execute(sa.select(networks).where(networks.c.network_type != ""))
    ]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        connection.execute(sa.insert(segments), rows[start : start + ROWS_PER_STATEMENT])


def downgrade() -> None:
    op.drop_column("ports", "ip_allocation")
    op.drop_column("subnets", "service_types")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(REFERENCE, "subnets", type_="foreignkey")
    drop_index("ix_subnets_segment_id_id", "subnets")
    op.drop_column("subnets", "segment_id")
    for table in ("segment_tags", "segment_hosts", "segments"):
        op.drop_table(table)
