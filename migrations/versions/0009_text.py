"""Lines of text in photos, and an index of the trigrams in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "text_lines",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("corners", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_text_lines_model_id"),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_text_lines_photo_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("photo_id", "position", name="pk_text_lines"),
        sqlite_with_rowid=False,
    )
    # rowid: photos.id.  folded: all lines of the photo, as they are looked up.
    op.execute("CREATE VIRTUAL TABLE text_search USING fts5(folded, tokenize = 'trigram case_sensitive 1')")
    op.execute(
        "CREATE TRIGGER text_lines_deleted AFTER DELETE ON text_lines"
        " BEGIN DELETE FROM text_search WHERE rowid = OLD.photo_id; END"
    )
