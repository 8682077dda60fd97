"""Those of Neutron's tables, and of their columns, that the driver and the audit use.

They are Neutron's: made and changed by its migrations, never by Freehold. A test
compares them with Neutron's own models.

What they lack decides how they are used. Addresses are texts, so no index has
them in their order; nothing but a duplicate key tells two writers of each other;
``ipamsubnets`` has no index by Neutron's id of the subnet, and ``ipamallocations``
none by the subnet on PostgreSQL.
"""

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

metadata = MetaData()

ALLOCATED = "ALLOCATED"
"""The status of each row of ``ipamallocations`` that the drivers write."""

ipam_subnets = Table(
    "ipamsubnets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("neutron_subnet_id", String(36)),
)

ipam_pools = Table(
    "ipamallocationpools",
    metadata,
    Column("id", String(36), primary_key=True),
    Column(
        "ipam_subnet_id",
        String(36),
        ForeignKey(ipam_subnets.c.id, ondelete="CASCADE"),
        nullable=False,
    ),
    Column("first_ip", String(64), nullable=False),
    Column("last_ip", String(64), nullable=False),
)

ipam_allocations = Table(
    "ipamallocations",
    metadata,
    Column("ip_address", String(64), primary_key=True),
    Column("status", String(36)),
    Column(
        "ipam_subnet_id",
        String(36),
        ForeignKey(ipam_subnets.c.id, ondelete="CASCADE"),
        primary_key=True,
    ),
)

subnets = Table(
    "subnets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255)),
    Column("network_id", String(36), nullable=False),
    Column("subnetpool_id", String(36)),
    Column("ip_version", Integer, nullable=False),
    Column("cidr", String(64), nullable=False),
    Column("gateway_ip", String(64)),
)

subnet_ranges = Table(
    "ipallocationpools",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("subnet_id", String(36), ForeignKey(subnets.c.id, ondelete="CASCADE")),
    Column("first_ip", String(64), nullable=False),
    Column("last_ip", String(64), nullable=False),
)
"""The allocation pools that a subnet shows, whoever keeps the addresses."""

subnet_pools = Table(
    "subnetpools",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(36), nullable=False),
)

ip_allocations = Table(
    "ipallocations",
    metadata,
    Column("port_id", String(36)),
    Column("ip_address", String(64), primary_key=True),
    Column("subnet_id", String(36), ForeignKey(subnets.c.id, ondelete="CASCADE"), primary_key=True),
    Column("network_id", String(36), primary_key=True),
)
"""What ports show, whoever keeps the addresses."""

ports = Table(
    "ports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("network_id", String(36), nullable=False),
    Column("device_owner", String(255), nullable=False),
)
