"""Descriptions, tags, times and revisions; what lists are searched and ordered by."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index, drop_index

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(36).with_variant(
    mysql.VARCHAR(36, collation="utf8mb4_bin"), "mysql", "mariadb"
)
TEXT = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")

KINDS = ("networks", "subnets", "ports")
BATCH = 1000

ORDERS = {
    "networks": ("project_id", "name"),
    "subnets": ("network_id", "project_id", "name"),
    "ports": ("network_id", "project_id", "name", "mac_address", "device_id", "device_owner"),
}
"""By which columns, and then by id, rows are read from now on."""

SINGLE = {
    "networks": ("project_id", "name"),
    "subnets": ("network_id", "project_id", "name"),
    "ports": ("project_id", "name", "device_id"),
}
"""What had an index of its own before."""


def upgrade() -> None:
    for table in KINDS:
        _add(table, "description", TEXT, "")
    for table in ("network_guards", "subnets", "ports"):
        _add(table, "updated_at", TIME, "1970-01-01 00:00:00")
    _add("fixed_ips", "ip_address", sa.String(45), "")
    _fill()
    for table in KINDS:
        _index_anew(table)
        _create_tags(table)
    for table in ("network_guards", "subnets", "ports"):
        create_index(f"ix_{table}_updated_at", table, ["updated_at"])
    create_index("ix_fixed_ips_ip_address", "fixed_ips", ["ip_address"])


def downgrade() -> None:
    drop_index("ix_fixed_ips_ip_address", "fixed_ips")
    for table in ("network_guards", "subnets", "ports"):
        drop_index(f"ix_{table}_updated_at", table)
    for table in KINDS:
        op.drop_table(f"{table.removesuffix('s')}_tags")
        # First those that MariaDB's foreign keys can rely on instead.
        for column in SINGLE[table]:
            create_index(f"ix_{table}_{column}", table, [column])
        for column in ORDERS[table]:
            drop_index(f"ix_{table}_{column}_id", table)
    op.drop_column("fixed_ips", "ip_address")
    for table in ("network_guards", "subnets", "ports"):
        op.drop_column(table, "updated_at")
    for table in KINDS:
        op.drop_column(table, "description")


def _add(table: str, column: str, kind: sa.types.TypeEngine[Any], former: str) -> None:
    """Add a column, with a value for the rows that are there."""
    op.add_column(table, sa.Column(column, kind, nullable=False, server_default=former))


def _fill() -> None:
    """Let revisions begin where they begin from now on, and say when and where rows were."""
    op.execute(
        "UPDATE network_guards SET generation = generation + 1, updated_at = "
        "(SELECT created_at FROM networks WHERE networks.id = network_guards.network_id)"
    )
    op.execute("UPDATE subnets SET updated_at = created_at")
    op.execute("UPDATE ports SET revision = revision + 1, updated_at = created_at")
    subnets = sa.table("subnets", sa.column("id"), sa.column("ip_version"))
    shown = sa.table(
        "fixed_ips", sa.column("subnet_id"), sa.column("address"), sa.column("ip_address")
    )
    connection = op.get_bind()
    for subnet_id, version in connection.execute(sa.select(subnets)).all():
        of_subnet = shown.c.subnet_id == subnet_id
        addresses = connection.scalars(sa.select(shown.c.address).where(of_subnet)).all()
        for start in range(0, len(addresses), BATCH):
            connection.execute(
                sa.update(shown)
                .where(of_subnet, shown.c.address == sa.bindparam("at"))
                .values(ip_address=sa.bindparam("text")),
                [
                    {"at": at, "text": _text(bytes(at), version)}
                    for at in addresses[start : start + BATCH]
                ],
            )


def _text(address: bytes, version: int) -> str:
    return str(IPv4Address(address[-4:]) if version == 4 else IPv6Address(address))


def _index_anew(table: str) -> None:
    for column in ORDERS[table]:
        create_index(f"ix_{table}_{column}_id", table, [column, "id"])
    for column in SINGLE[table]:
        drop_index(f"ix_{table}_{column}", table)


def _create_tags(table: str) -> None:
    name = f"{table.removesuffix('s')}_tags"
    op.create_table(
        name,
        sa.Column("resource_id", IDENTIFIER, nullable=False),
        sa.Column("tag", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            [f"{table}.id"],
            name=f"fk_{name}_resource_id_{table}",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resource_id", "tag", name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    create_index(f"ix_{name}_tag_resource_id", name, ["tag", "resource_id"])
