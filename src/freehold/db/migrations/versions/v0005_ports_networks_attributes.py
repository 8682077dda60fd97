"""Attributes of ports that Freehold keeps for others."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ports", sa.Column("allowed_address_pairs", sa.JSON))
    op.add_column("ports", sa.Column("extra_dhcp_opts", sa.JSON))


def downgrade() -> None:
    op.drop_column("ports", "extra_dhcp_opts")
    op.drop_column("ports", "allowed_address_pairs")
