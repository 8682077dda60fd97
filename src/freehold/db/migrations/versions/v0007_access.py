"""Who may use networks, subnet pools and address scopes beside their owners.

What was a column of each of them, ``shared`` and ``external``, becomes rows of one table.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from freehold.db.migrations.indexes import create_index

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ALL_PROJECTS = "*"

COLUMNS = (
    ("networks", "shared", "network", "network_id", "access_as_shared"),
    ("networks", "external", "network", "network_id", "access_as_external"),
    ("subnetpools", "shared", "subnetpool", "subnetpool_id", "access_as_shared"),
    ("address_scopes", "shared", "address_scope", "address_scope_id", "access_as_shared"),
)
"""Table, column; type of object, foreign key and action of the rows that stand for it."""

UNIQUE = "uq_rbac_policies_object_id_action_target_project"

AT_ONCE = 500


def exact_text(length: int) -> sa.types.TypeEngine[str]:
    """Return the type of a text that differs from any other text."""
    binary = mysql.VARCHAR(length, collation="utf8mb4_bin")
    return sa.String(length).with_variant(binary, "mysql", "mariadb")


def policies() -> sa.TableClause:
    """Return the new table, as far as rows are moved into and out of it."""
    names = ("id", "project_id", "object_type", "object_id", "action", "target_project")
    keys = ("network_id", "subnetpool_id", "address_scope_id")
    return sa.table("rbac_policies", *(sa.column(name, sa.String) for name in (*names, *keys)))


def upgrade() -> None:
    op.create_table(
        "rbac_policies",
        sa.Column("id", exact_text(36), nullable=False),
        sa.Column("project_id", exact_text(255), nullable=False),
        sa.Column("object_type", sa.String(16), nullable=False),
        sa.Column("object_id", exact_text(36), nullable=False),
        *(sa.Column(key, exact_text(36)) for key in dict.fromkeys(one[3] for one in COLUMNS)),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("target_project", exact_text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rbac_policies"),
        *(
            sa.ForeignKeyConstraint(
                [key],
                [f"{table}.id"],
                name=f"fk_rbac_policies_{key}_{table}",
                ondelete="CASCADE",
            )
            for table, key in dict.fromkeys((one[0], one[3]) for one in COLUMNS)
        ),
        sa.UniqueConstraint("object_id", "action", "target_project", name=UNIQUE),
    )
    for columns in (
        ("network_id",),
        ("subnetpool_id",),
        ("address_scope_id",),
        ("target_project", "object_type", "object_id"),
        ("project_id", "id"),
    ):
        create_index(f"ix_rbac_policies_{'_'.join(columns)}", "rbac_policies", list(columns))
    for table, column, object_type, key, action in COLUMNS:
        move_in(table, column, {"object_type": object_type, "action": action}, key)
        op.drop_column(table, column)


def move_in(table: str, column: str, fixed: dict[str, str], key: str) -> None:
    """Make rows of a column that says what all projects may use."""
    connection = op.get_bind()
    former = sa.table(
        table, sa.column("id", sa.String), sa.column("project_id"), sa.column(column, sa.Boolean)
    )
    found = connection.execute(
        sa.select(former.c.id, former.c.project_id).where(former.c[column].is_(sa.true()))
    ).all()
    for start in range(0, len(found), AT_ONCE):
        connection.execute(
            sa.insert(policies()),
            [
                {
                    **fixed,
                    "id": str(uuid4()),
                    "project_id": row.project_id,
                    "object_id": row.id,
                    key: row.id,
                    "target_project": ALL_PROJECTS,
                }
                for row in found[start : start + AT_ONCE]
            ],
        )


def downgrade() -> None:
    # What one project was given is lost, but for external networks: they had one state for all.
    for table, column, object_type, _, action in COLUMNS:
        op.add_column(
            table, sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false())
        )
        rows = policies()
        which = [rows.c.object_type == object_type, rows.c.action == action]
        if column == "shared":
            which.append(rows.c.target_project == ALL_PROJECTS)
        former = sa.table(table, sa.column("id"), sa.column(column, sa.Boolean))
        op.execute(
            sa.update(former)
            .where(former.c.id.in_(sa.select(rows.c.object_id).where(*which)))
            .values({column: True})
        )
    op.drop_table("rbac_policies")
