"""Networks, subnets, ports and the ledger of addresses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(36).with_variant(
    mysql.VARCHAR(36, collation="utf8mb4_bin"), "mysql", "mariadb"
)
ADDRESS = sa.LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
TEXT = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")


def upgrade() -> None:
    _ledger()
    op.create_table(
        "networks",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_networks"),
    )
    create_index("ix_networks_name", "networks", ["name"])
    create_index("ix_networks_project_id", "networks", ["project_id"])
    op.create_table(
        "network_guards",
        sa.Column("network_id", IDENTIFIER, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["networks.id"],
            name="fk_network_guards_network_id_networks",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("network_id", name="pk_network_guards"),
    )
    op.create_table(
        "subnets",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("network_id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column("cidr", sa.String(43), nullable=False),
        sa.Column("gateway_ip", sa.String(45)),
        sa.Column("allocation_pools", sa.JSON(), nullable=False),
        sa.Column("dns_nameservers", sa.JSON(), nullable=False),
        sa.Column("host_routes", sa.JSON(), nullable=False),
        sa.Column("enable_dhcp", sa.Boolean(), nullable=False),
        sa.Column("ipv6_ra_mode", sa.String(16)),
        sa.Column("ipv6_address_mode", sa.String(16)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name="fk_subnets_network_id_networks"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subnets"),
    )
    create_index("ix_subnets_name", "subnets", ["name"])
    create_index("ix_subnets_network_id", "subnets", ["network_id"])
    create_index("ix_subnets_project_id", "subnets", ["project_id"])
    _ports()


def _ledger() -> None:
    op.create_table(
        "ledger_subnets",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column("cidr", sa.String(43), nullable=False),
        sa.Column("gateway_ip", sa.String(45)),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_subnets"),
    )
    op.create_table(
        "ledger_pools",
        sa.Column("subnet_id", IDENTIFIER, nullable=False),
        sa.Column("first", ADDRESS, nullable=False),
        sa.Column("last", ADDRESS, nullable=False),
        sa.ForeignKeyConstraint(
            ["subnet_id"],
            ["ledger_subnets.id"],
            name="fk_ledger_pools_subnet_id_ledger_subnets",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subnet_id", "first", name="pk_ledger_pools"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "allocations",
        sa.Column("subnet_id", IDENTIFIER, nullable=False),
        sa.Column("address", ADDRESS, nullable=False),
        sa.Column("holder", TEXT),
        sa.Column("allocated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["subnet_id"],
            ["ledger_subnets.id"],
            name="fk_allocations_subnet_id_ledger_subnets",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subnet_id", "address", name="pk_allocations"),
        sqlite_with_rowid=False,
    )


def _ports() -> None:
    op.create_table(
        "ports",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("network_id", IDENTIFIER, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("mac_address", sa.String(17), nullable=False),
        sa.Column("device_id", TEXT, nullable=False),
        sa.Column("device_owner", TEXT, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name="fk_ports_network_id_networks"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ports"),
        sa.UniqueConstraint("network_id", "mac_address", name="uq_ports_network_id_mac_address"),
    )
    create_index("ix_ports_device_id", "ports", ["device_id"])
    create_index("ix_ports_name", "ports", ["name"])
    create_index("ix_ports_project_id", "ports", ["project_id"])
    op.create_table(
        "fixed_ips",
        sa.Column("subnet_id", IDENTIFIER, nullable=False),
        sa.Column("address", ADDRESS, nullable=False),
        sa.Column("port_id", IDENTIFIER, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subnet_id"], ["subnets.id"], name="fk_fixed_ips_subnet_id_subnets"
        ),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], name="fk_fixed_ips_port_id_ports"),
        sa.PrimaryKeyConstraint("subnet_id", "address", name="pk_fixed_ips"),
        sqlite_with_rowid=False,
    )
    create_index("ix_fixed_ips_port_id", "fixed_ips", ["port_id"])


def downgrade() -> None:
    for table in (
        "fixed_ips",
        "ports",
        "subnets",
        "network_guards",
        "networks",
        "allocations",
        "ledger_pools",
        "ledger_subnets",
    ):
        op.drop_table(table)
