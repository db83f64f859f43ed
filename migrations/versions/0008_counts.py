"""How many of a thing were found in a photo, and the best score of each thing that a detector knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "tag_counts",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_tag_counts_photo_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_tag_counts_tag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("photo_id", "tag_id", name="pk_tag_counts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "object_scores",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_object_scores_photo_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_object_scores_model_id"),
        sa.PrimaryKeyConstraint("photo_id", "model_id", name="pk_object_scores"),
    )
