"""What was destroyed before its day ended; pages that say which columns they hold; an index for long pages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_IS_LONG = "to_ns - from_ns > 600000000000"


def upgrade() -> None:
    day = ["day"] if op.get_bind().dialect.name == "postgresql" else []
    op.add_column("page", sa.Column("columns", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "page_long",
        "page",
        ["roster", "from_ns", "to_ns"],
        sqlite_where=sa.text(_IS_LONG),
        postgresql_where=sa.text(_IS_LONG),
    )
    op.create_table(
        "destroyed",
        *[sa.Column(name, sa.Integer, nullable=False) for name in day],
        sa.Column("camera", sa.String, nullable=False),
        sa.Column("from_ns", sa.BigInteger, nullable=False),
        sa.Column("to_ns", sa.BigInteger, nullable=False),
        sa.Column("pages_until", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.PrimaryKeyConstraint(*day, "camera", "from_ns", "to_ns", "pages_until"),
        postgresql_partition_by="LIST (day)",
    )
