"""Photos keep their numbers for ever; one whose path another photo has now stays known; change times; deep checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("photos", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as photos:
        photos.add_column(
            sa.Column("replaced", sa.Integer(), nullable=False, server_default="0"), insert_after="path_text"
        )
        photos.add_column(sa.Column("ctime_ns", sa.Integer(), nullable=True), insert_after="mtime_ns")
        photos.add_column(sa.Column("content_size", sa.Integer(), nullable=True), insert_after="content_hash")
        photos.drop_constraint("uq_photos_root_id_path", type_="unique")
        photos.create_unique_constraint("uq_photos_root_id_path_replaced", ["root_id", "path", "replaced"])
    op.create_table(
        "deep_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("last_photo", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deep_checks"),
    )
