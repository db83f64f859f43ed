"""Files that turned out to be no photos are remembered, so that no scan opens them again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "strangers",
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["root_id"], ["roots.id"], name="fk_strangers_root_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("root_id", "path", name="pk_strangers"),
        sqlite_with_rowid=False,
    )
