"""Things that object detectors found; each source of tags names the networks that gave them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("box_left", sa.Float(), nullable=False),
        sa.Column("box_top", sa.Float(), nullable=False),
        sa.Column("box_width", sa.Float(), nullable=False),
        sa.Column("box_height", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_objects_model_id"),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_objects_photo_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("photo_id", "position", name="pk_objects"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("sources") as sources:
        sources.add_column(sa.Column("models", sa.Text(), nullable=False, server_default=""))
        sources.drop_constraint("uq_sources_name", type_="unique")
        sources.create_unique_constraint("uq_sources_name_models", ["name", "models"])
    op.execute(_ONLY_CLASSIFIER)


# Where a single classifier has seen all photos, its classes are known to be behind the tags that name them;
# of others `indexer retag` tells it.
_ONLY_CLASSIFIER = """
    UPDATE sources SET models = (SELECT name FROM models WHERE id = (SELECT min(model_id) FROM evidence))
    WHERE (SELECT min(model_id) = max(model_id) FROM evidence)
    AND name IN (SELECT name FROM classes WHERE model_id = (SELECT min(model_id) FROM evidence))
"""
