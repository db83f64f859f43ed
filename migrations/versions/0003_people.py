"""What users make: people, own tags, ratings, hidden photos, and faces that are to be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("photos", sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column("photos", sa.Column("is_hidden", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("faces", sa.Column("is_forgotten", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_faces_forgotten", "faces", ["photo_id"], sqlite_where=sa.text("is_forgotten = 1"))
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("folded", sa.Text(), nullable=True),
        sa.Column("is_hidden", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("folded", name="uq_people_folded"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "person_faces",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("by_user", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["faces.id"], name="fk_person_faces_face_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_person_faces_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("face_id", name="pk_person_faces"),
    )
    op.create_index("ix_person_faces_person_id", "person_faces", ["person_id"])
    op.create_table(
        "face_pairs",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["faces.id"], name="fk_face_pairs_face_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["faces.id"], name="fk_face_pairs_other_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("face_id", "other_id", name="pk_face_pairs"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_face_pairs_other_id", "face_pairs", ["other_id"])
    op.create_table(
        "refusals",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["faces.id"], name="fk_refusals_face_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_refusals_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("face_id", "person_id", name="pk_refusals"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "own_tags",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name="fk_own_tags_photo_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_own_tags_tag_id"),
        sa.PrimaryKeyConstraint("photo_id", "tag_id", name="pk_own_tags"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "taught",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_taught_model_id"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_taught_tag_id"),
        sa.PrimaryKeyConstraint("tag_id", name="pk_taught"),
    )
    op.create_index("ix_photos_taken_at", "photos", ["taken_at"])
