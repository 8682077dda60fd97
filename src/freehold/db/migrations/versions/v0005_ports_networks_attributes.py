"""Attributes of networks and ports that Freehold keeps for others."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")

ADDED: dict[str, tuple[tuple[str, sa.types.TypeEngine[Any], str | None], ...]] = {
    "networks": (("dns_domain", TEXT, ""),),
    "ports": (
        ("allowed_address_pairs", sa.JSON(), None),
        ("extra_dhcp_opts", sa.JSON(), None),
        ("dns_name", TEXT, ""),
        ("host_id", TEXT, ""),
        ("vnic_type", sa.String(64), "normal"),
        ("binding_profile", sa.String(4095), ""),
    ),
}
"""By table: the columns, and what the rows that are there get; None for null."""


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind, former in columns:
            added: sa.Column[Any] = sa.Column(
                name, kind, nullable=former is None, server_default=former
            )
            op.add_column(table, added)
    op.create_index("ix_ports_host_id_id", "ports", ["host_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_ports_host_id_id", "ports")
    for table, columns in ADDED.items():
        for name, _, _ in reversed(columns):
            op.drop_column(table, name)
