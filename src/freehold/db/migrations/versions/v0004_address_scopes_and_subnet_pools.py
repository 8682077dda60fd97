"""Address scopes, subnet pools with what is free of them, and the pool that a subnet is from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index, drop_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(36).with_variant(
    mysql.VARCHAR(36, collation="utf8mb4_bin"), "mysql", "mariadb"
)
ADDRESS = sa.LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
TEXT = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")

REFERENCE = "fk_subnets_subnetpool_id_subnetpools"


def upgrade() -> None:
    op.create_table(
        "address_scopes",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_address_scopes"),
    )
    create_index("ix_address_scopes_name_id", "address_scopes", ["name", "id"])
    create_index("ix_address_scopes_project_id_id", "address_scopes", ["project_id", "id"])
    op.create_table(
        "subnetpools",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column("prefixes", sa.JSON(), nullable=False),
        sa.Column("min_prefixlen", sa.SmallInteger(), nullable=False),
        sa.Column("max_prefixlen", sa.SmallInteger(), nullable=False),
        sa.Column("default_prefixlen", sa.SmallInteger(), nullable=False),
        sa.Column("default_quota", sa.BigInteger()),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("default_for_version", sa.SmallInteger()),
        sa.Column("address_scope_id", IDENTIFIER),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["address_scope_id"],
            ["address_scopes.id"],
            name="fk_subnetpools_address_scope_id_address_scopes",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subnetpools"),
        sa.UniqueConstraint("default_for_version", name="uq_subnetpools_default_for_version"),
    )
    for column in ("address_scope_id", "name", "project_id"):
        create_index(f"ix_subnetpools_{column}_id", "subnetpools", [column, "id"])
    create_index("ix_subnetpools_updated_at", "subnetpools", ["updated_at"])
    _of_pools()
    _tags_of_pools()
    _pools_of_subnets()


def _of_pools() -> None:
    op.create_table(
        "subnetpool_gaps",
        sa.Column("subnetpool_id", IDENTIFIER, nullable=False),
        sa.Column("first", ADDRESS, nullable=False),
        sa.Column("prefixlen", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subnetpool_id"],
            ["subnetpools.id"],
            name="fk_subnetpool_gaps_subnetpool_id_subnetpools",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subnetpool_id", "first", name="pk_subnetpool_gaps"),
        sqlite_with_rowid=False,
    )
    create_index(
        "ix_subnetpool_gaps_subnetpool_id",
        "subnetpool_gaps",
        ["subnetpool_id", "prefixlen", "first"],
    )
    op.create_table(
        "subnetpool_usage",
        sa.Column("subnetpool_id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("prefixlen", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("subnets", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subnetpool_id"],
            ["subnetpools.id"],
            name="fk_subnetpool_usage_subnetpool_id_subnetpools",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "subnetpool_id", "project_id", "prefixlen", name="pk_subnetpool_usage"
        ),
        sqlite_with_rowid=False,
    )


def _tags_of_pools() -> None:
    op.create_table(
        "subnetpool_tags",
        sa.Column("resource_id", IDENTIFIER, nullable=False),
        sa.Column("tag", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["subnetpools.id"],
            name="fk_subnetpool_tags_resource_id_subnetpools",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resource_id", "tag", name="pk_subnetpool_tags"),
        sqlite_with_rowid=False,
    )
    create_index("ix_subnetpool_tags_tag_resource_id", "subnetpool_tags", ["tag", "resource_id"])


def _pools_of_subnets() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # SQLite adds no constraint to a table that is there, but with a column it does.
        op.execute(
            "ALTER TABLE subnets ADD COLUMN subnetpool_id VARCHAR(36) "
            f"CONSTRAINT {REFERENCE} REFERENCES subnetpools (id)"
        )
    else:
        op.add_column("subnets", sa.Column("subnetpool_id", IDENTIFIER))
        op.create_foreign_key(REFERENCE, "subnets", "subnetpools", ["subnetpool_id"], ["id"])
    create_index("ix_subnets_subnetpool_id_id", "subnets", ["subnetpool_id", "id"])


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(REFERENCE, "subnets", type_="foreignkey")
    drop_index("ix_subnets_subnetpool_id_id", "subnets")
    op.drop_column("subnets", "subnetpool_id")
    for table in (
        "subnetpool_tags",
        "subnetpool_usage",
        "subnetpool_gaps",
        "subnetpools",
        "address_scopes",
    ):
        op.drop_table(table)
