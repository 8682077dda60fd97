"""The tables of networks, segments, subnets and ports, of address scopes and subnet pools.

Who holds which address is the ledger's to say (`freehold.ledger.tables`);
``fixed_ips`` says which port shows it. With a driver that keeps its books
elsewhere, only the latter is here.

A network, a subnet and a port have a revision that each change raises. A unit of
work changes the revision that it has read, or is run again: so two units that
read the same state do not both act on it, whichever server they are on.

What lists are filtered and ordered by has an index that ends in the id, so that
a page is read from where it begins, whatever the length of the list.

What a subnet or a port has several of (pools, DNS servers, routes, service types;
address pairs, DHCP options) is read and written with it and searched by nobody, so it stands in
its row.
"""

from typing import TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from freehold.ledger.tables import NAMING_CONVENTION, exact_text

T = TypeVar("T")

metadata = MetaData(naming_convention=NAMING_CONVENTION)


_id = exact_text(36)
_address = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
_time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _later(name: str, kind: TypeEngine[T], former: str, *, index: bool = False) -> Column[T]:
    """Return a column that a migration added to rows that were there.

    SQLite adds no column that is never null without a default, and takes no
    default away. No statement of Freehold's relies on it.
    """
    return Column(name, kind, nullable=False, server_default=text(former), index=index)


def tags_of(table: Table) -> Table:
    """Return the table of the tags of one kind of resource.

    It is found by tag as well; what is in it goes with the resource.
    """
    return Table(
        f"{table.name.removesuffix('s')}_tags",
        metadata,
        Column("resource_id", ForeignKey(table.c.id, ondelete="CASCADE"), primary_key=True),
        Column("tag", exact_text(255), primary_key=True),
        Index(None, "tag", "resource_id"),
        sqlite_with_rowid=False,
    )


networks = Table(
    "networks",
    metadata,
    Column("id", _id, primary_key=True),
    Column("project_id", exact_text(255), nullable=False),
    Column("name", exact_text(255), nullable=False),
    _later("description", exact_text(255), "''"),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", _time, nullable=False),
    _later("dns_domain", exact_text(255), "''"),
    _later("network_type", String(32), "'local'"),
    Column("physical_network", exact_text(64)),
    Column("segmentation_id", BigInteger),
    _later("mtu", Integer(), "1500"),
    Column("vlan_transparent", Boolean, nullable=False, server_default=false()),
    Index(None, "project_id", "id"),
    Index(None, "name", "id"),
)

network_guards = Table(
    "network_guards",
    metadata,
    Column("network_id", ForeignKey("networks.id", ondelete="CASCADE"), primary_key=True),
    Column("generation", BigInteger, nullable=False),
    _later("updated_at", _time, "'1970-01-01 00:00:00'", index=True),
)
"""What changes whenever a network, one of its subnets or the set of them does.

``generation`` is the network's revision. It is apart from the network, since on
a Galera cluster a change of the network's own row would conflict with each port
that is being added.
"""

segments = Table(
    "segments",
    metadata,
    Column("id", _id, primary_key=True),
    Column("network_id", ForeignKey("networks.id", ondelete="CASCADE"), nullable=False),
    Column("segment_index", Integer, nullable=False),
    Column("name", exact_text(255)),
    Column("description", exact_text(255)),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", exact_text(64)),
    Column("segmentation_id", BigInteger),
    Column("revision", Integer, nullable=False),
    Column("created_at", _time, nullable=False),
    Column("updated_at", _time, nullable=False, index=True),
    UniqueConstraint("network_id", "segment_index"),
    Index(None, "network_id", "id"),
    Index(None, "name", "id"),
    Index(None, "physical_network", "id"),
)
"""The network's provider attributes are those of its segment with the lowest ``segment_index``.

A network without segments has an empty ``network_type``.
"""

segment_hosts = Table(
    "segment_hosts",
    metadata,
    Column("segment_id", ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True),
    Column("host", exact_text(255), primary_key=True),
    Index(None, "host", "segment_id"),
    sqlite_with_rowid=False,
)

address_scopes = Table(
    "address_scopes",
    metadata,
    Column("id", _id, primary_key=True),
    Column("project_id", exact_text(255), nullable=False),
    Column("name", exact_text(255), nullable=False),
    Column("ip_version", SmallInteger, nullable=False),
    Column("generation", BigInteger, nullable=False, default=0),
    Column("created_at", _time, nullable=False),
    Index(None, "project_id", "id"),
    Index(None, "name", "id"),
)
"""``generation`` changes whenever the set of prefixes of a scope's pools does."""

subnetpools = Table(
    "subnetpools",
    metadata,
    Column("id", _id, primary_key=True),
    Column("project_id", exact_text(255), nullable=False),
    Column("name", exact_text(255), nullable=False),
    Column("description", exact_text(255), nullable=False),
    Column("ip_version", SmallInteger, nullable=False),
    Column("prefixes", JSON, nullable=False),
    Column("min_prefixlen", SmallInteger, nullable=False),
    Column("max_prefixlen", SmallInteger, nullable=False),
    Column("default_prefixlen", SmallInteger, nullable=False),
    Column("default_quota", BigInteger),
    Column("default_for_version", SmallInteger),
    Column("address_scope_id", ForeignKey("address_scopes.id")),
    Column("generation", BigInteger, nullable=False, default=0),
    Column("revision", Integer, nullable=False),
    Column("created_at", _time, nullable=False),
    Column("updated_at", _time, nullable=False, index=True),
    UniqueConstraint("default_for_version"),
    Index(None, "address_scope_id", "id"),
    Index(None, "project_id", "id"),
    Index(None, "name", "id"),
)
"""``generation`` changes whenever a unit is about to change the pool or what is free of it.

It is not the pool's revision, which a client would find raised by each subnet.

``default_for_version`` is the pool's IP version if it is the default pool of that
version, so that there is one of each at most.
"""

rbac_policies = Table(
    "rbac_policies",
    metadata,
    Column("id", _id, primary_key=True),
    Column("project_id", exact_text(255), nullable=False),
    Column("object_type", String(16), nullable=False),
    Column("object_id", _id, nullable=False),
    Column("network_id", ForeignKey("networks.id", ondelete="CASCADE"), index=True),
    Column("subnetpool_id", ForeignKey("subnetpools.id", ondelete="CASCADE"), index=True),
    Column("address_scope_id", ForeignKey("address_scopes.id", ondelete="CASCADE"), index=True),
    Column("action", String(32), nullable=False),
    Column("target_project", exact_text(255), nullable=False),
    UniqueConstraint("object_id", "action", "target_project"),
    Index(None, "target_project", "object_type", "object_id"),
    Index(None, "project_id", "id"),
)
"""Who may use what beside its owner; ``*`` is for all projects.

There is no other truth about it: a network, subnet pool or address scope is shared if there is
a row that says so. One of the three foreign keys is ``object_id`` again, so that the row goes
with its object.
"""

subnetpool_gaps = Table(
    "subnetpool_gaps",
    metadata,
    Column("subnetpool_id", ForeignKey("subnetpools.id", ondelete="CASCADE"), primary_key=True),
    Column("first", _address, primary_key=True),
    Column("prefixlen", SmallInteger, nullable=False),
    Index("ix_subnetpool_gaps_subnetpool_id", "subnetpool_id", "prefixlen", "first"),
    sqlite_with_rowid=False,
)
"""What is free of a pool, as maximal prefixes: see `freehold.addresses.prefixes`.

The gaps of a pool and the CIDRs of its subnets make up the pool's prefixes, and
no two of them share an address.
"""

subnetpool_usage = Table(
    "subnetpool_usage",
    metadata,
    Column("subnetpool_id", ForeignKey("subnetpools.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", exact_text(255), primary_key=True),
    Column("prefixlen", SmallInteger, primary_key=True, autoincrement=False),
    Column("subnets", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How many subnets of each prefix length a project has out of a pool.

A project's quota is compared with these few rows and not with its subnets.
"""

subnets = Table(
    "subnets",
    metadata,
    Column("id", _id, primary_key=True),
    Column("network_id", ForeignKey("networks.id"), nullable=False),
    Column("subnetpool_id", ForeignKey("subnetpools.id")),
    Column("project_id", exact_text(255), nullable=False),
    Column("name", exact_text(255), nullable=False),
    _later("description", exact_text(255), "''"),
    Column("ip_version", SmallInteger, nullable=False),
    Column("cidr", String(43), nullable=False),
    Column("gateway_ip", String(45)),
    Column("allocation_pools", JSON, nullable=False),
    Column("dns_nameservers", JSON, nullable=False),
    Column("host_routes", JSON, nullable=False),
    Column("enable_dhcp", Boolean, nullable=False),
    Column("ipv6_ra_mode", String(16)),
    Column("ipv6_address_mode", String(16)),
    Column("revision", Integer, nullable=False, default=0),
    Column("created_at", _time, nullable=False),
    Column("allocation_strategy", String(32)),
    Column("cool_down", Integer),
    _later("updated_at", _time, "'1970-01-01 00:00:00'", index=True),
    Column("segment_id", ForeignKey("segments.id")),
    Column("service_types", JSON(none_as_null=True)),
    Index(None, "network_id", "id"),
    Index(None, "subnetpool_id", "id"),
    Index(None, "segment_id", "id"),
    Index(None, "project_id", "id"),
    Index(None, "name", "id"),
)
"""``cool_down`` is in seconds."""

ports = Table(
    "ports",
    metadata,
    Column("id", _id, primary_key=True),
    Column("network_id", ForeignKey("networks.id"), nullable=False),
    Column("project_id", exact_text(255), nullable=False),
    Column("name", exact_text(255), nullable=False),
    _later("description", exact_text(255), "''"),
    Column("admin_state_up", Boolean, nullable=False),
    Column("mac_address", String(17), nullable=False),
    Column("device_id", exact_text(255), nullable=False),
    Column("device_owner", exact_text(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("revision", Integer, nullable=False, default=0),
    Column("created_at", _time, nullable=False),
    _later("updated_at", _time, "'1970-01-01 00:00:00'", index=True),
    Column("allowed_address_pairs", JSON(none_as_null=True)),
    Column("extra_dhcp_opts", JSON(none_as_null=True)),
    _later("dns_name", exact_text(255), "''"),
    _later("host_id", exact_text(255), "''"),
    _later("vnic_type", String(64), "'normal'"),
    _later("binding_profile", String(4095), "''"),
    _later("ip_allocation", String(16), "'immediate'"),
    UniqueConstraint("network_id", "mac_address"),
    Index(None, "network_id", "id"),
    Index(None, "project_id", "id"),
    Index(None, "name", "id"),
    Index(None, "mac_address", "id"),
    Index(None, "device_id", "id"),
    Index(None, "device_owner", "id"),
    Index(None, "host_id", "id"),
)

fixed_ips = Table(
    "fixed_ips",
    metadata,
    Column("subnet_id", ForeignKey("subnets.id"), primary_key=True),
    Column("address", _address, primary_key=True),
    Column("port_id", ForeignKey("ports.id"), nullable=False, index=True),
    Column("position", SmallInteger, nullable=False),
    _later("ip_address", String(45), "''", index=True),
    sqlite_with_rowid=False,
)
"""Which port shows which address; ``ip_address`` is ``address`` in canonical form, for searches."""

network_tags = tags_of(networks)
segment_tags = tags_of(segments)
subnet_tags = tags_of(subnets)
port_tags = tags_of(ports)
subnetpool_tags = tags_of(subnetpools)
