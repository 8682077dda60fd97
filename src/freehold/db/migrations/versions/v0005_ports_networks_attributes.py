"""Attributes of networks and ports that Freehold keeps for others."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index, drop_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def exact_text(length: int) -> sa.types.TypeEngine[str]:
    """Return the type of a text that differs from any other text."""
    binary = mysql.VARCHAR(length, collation="utf8mb4_bin")
    return sa.String(length).with_variant(binary, "mysql", "mariadb")


TEXT = exact_text(255)

ADDED: dict[str, tuple[tuple[str, sa.types.TypeEngine[Any], Any], ...]] = {
    "networks": (
        ("dns_domain", TEXT, ""),
        ("external", sa.Boolean(), sa.false()),
        ("network_type", sa.String(32), "local"),
        ("physical_network", exact_text(64), None),
        ("segmentation_id", sa.BigInteger(), None),
        ("mtu", sa.Integer(), sa.text("1500")),
        ("vlan_transparent", sa.Boolean(), sa.false()),
    ),
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
    create_index("ix_ports_host_id_id", "ports", ["host_id", "id"])


def downgrade() -> None:
    drop_index("ix_ports_host_id_id", "ports")
    for table, columns in ADDED.items():
        for name, _, _ in reversed(columns):
            op.drop_column(table, name)
