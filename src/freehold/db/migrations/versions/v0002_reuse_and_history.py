"""How a subnet's addresses are handed out again, and who held which one before.

Going back ends the rest of each released address: it is free from then on. What
was remembered of earlier holders is gone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index, drop_index

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(36).with_variant(
    mysql.VARCHAR(36, collation="utf8mb4_bin"), "mysql", "mariadb"
)
ADDRESS = sa.LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
TEXT = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("subnets", sa.Column("allocation_strategy", sa.String(32)))
    op.add_column("subnets", sa.Column("cool_down", sa.Integer()))
    op.add_column("ledger_subnets", sa.Column("strategy", sa.String(32)))
    op.add_column("ledger_subnets", sa.Column("cool_down", sa.Integer()))
    op.add_column(
        "ledger_subnets",
        sa.Column("stamp", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.add_column("allocations", sa.Column("released_at", TIME))
    create_index(
        "ix_allocations_released",
        "allocations",
        ["subnet_id", "released_at"],
        only_where=sa.text("released_at IS NOT NULL"),
    )
    op.create_table(
        "past_allocations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subnet_id", IDENTIFIER, nullable=False),
        sa.Column("address", ADDRESS, nullable=False),
        sa.Column("holder", TEXT),
        sa.Column("allocated_at", TIME, nullable=False),
        sa.Column("released_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_past_allocations"),
    )
    create_index(
        "ix_past_allocations_address",
        "past_allocations",
        ["address", "subnet_id", "released_at"],
    )


def downgrade() -> None:
    op.drop_table("past_allocations")
    op.execute("DELETE FROM allocations WHERE released_at IS NOT NULL")
    drop_index("ix_allocations_released", "allocations")
    op.drop_column("allocations", "released_at")
    op.drop_column("ledger_subnets", "stamp")
    op.drop_column("ledger_subnets", "cool_down")
    op.drop_column("ledger_subnets", "strategy")
    op.drop_column("subnets", "cool_down")
    op.drop_column("subnets", "allocation_strategy")
