"""A page a manifest, and the lists of cameras. SQLite files of this version carry no stamp."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _upgrade_sqlite()


def _upgrade_sqlite() -> None:
    op.create_table(
        "roster",
        sa.Column("roster", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    )
    op.create_table(
        "roster_camera",
        sa.Column("camera", sa.String, primary_key=True),
        sa.Column("roster", sa.Integer, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "page",
        sa.Column("page", sa.Integer, primary_key=True),
        *_page_columns(sa.Integer),
        sa.UniqueConstraint("node", "node_epoch", "sequence"),
    )
    op.create_index("page_by_roster", "page", ["roster", "from_ns"])


def _upgrade_postgresql() -> None:
    op.create_table(
        "roster",
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("roster", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("day", "roster"),
        sa.UniqueConstraint("day", "digest"),
        postgresql_partition_by="LIST (day)",
    )
    op.create_table(
        "roster_camera",
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("camera", sa.String, nullable=False),
        sa.Column("roster", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "camera", "roster"),
        postgresql_partition_by="LIST (day)",
    )
    op.create_table(
        "page",
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("page", sa.BigInteger, sa.Identity(always=True), nullable=False),
        *_page_columns(sa.BigInteger),
        sa.PrimaryKeyConstraint("day", "page"),
        sa.UniqueConstraint("day", "node", "node_epoch", "sequence"),
        postgresql_partition_by="LIST (day)",
    )
    op.create_index("page_by_roster", "page", ["roster", "from_ns"])
    op.execute("ALTER TABLE page ALTER COLUMN segments SET STORAGE EXTERNAL")  # hashes do not compress


def _page_columns(number: type[sa.Integer]) -> list[sa.Column[Any]]:
    return [
        sa.Column("minute_ns", sa.BigInteger, nullable=False),
        sa.Column("node", sa.String, nullable=False),
        sa.Column("node_epoch", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("roster", number, nullable=False),
        sa.Column("from_ns", sa.BigInteger, nullable=False),
        sa.Column("to_ns", sa.BigInteger, nullable=False),
        sa.Column("segment_count", sa.Integer, nullable=False),
        sa.Column("recorded_ms", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("gap_count", sa.Integer, nullable=False),
        sa.Column("counts", sa.String, nullable=False),
        sa.Column("gaps", sa.String, nullable=False),
        sa.Column("segments", sa.LargeBinary, nullable=False),
    ]
