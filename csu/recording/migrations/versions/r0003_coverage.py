"""What is kept of the coverage of dropped days. SQLite has a file of its own for it: nothing changes in a day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "coverage",
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("camera", sa.String, nullable=False),
        sa.Column("recorded", sa.LargeBinary, nullable=False),
        sa.Column("gaps", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("day", "camera"),
    )
