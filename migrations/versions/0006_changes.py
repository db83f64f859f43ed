"""One change log for all that users say, in place of the corrections of people, which stay in it."""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_FACE = """
    SELECT faces.id, photo_id, box_left, box_top, box_width, box_height, content_hash
    FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id = ?
"""
_GONE, _NOWHERE = 0, [-1, -1, 0, 0]  # a photo, and a box, that nothing is like


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("photos", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.Text(), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    connection = op.get_bind()
    for number, about, changes in connection.exec_driver_sql("SELECT id, about, changes FROM corrections").all():
        connection.exec_driver_sql(
            "INSERT INTO changes (id, kind, about, changes) VALUES (?, 'people', ?, ?)",
            (number, about, _converted(connection, changes)),
        )
    op.drop_table("corrections")


def _converted(connection: sa.Connection, text: str) -> str:
    """Return the changes of a correction as the log has them; what is damaged stays so, and is refused by undo."""
    try:
        kept = json.loads(text)
        rows = [_row(*each) for each in kept["changes"]]
        faces = [_face(connection, face, checksum) for face, checksum in kept["faces"]]
    except (ValueError, TypeError, KeyError, IndexError):
        return text
    return json.dumps({"rows": rows, "faces": faces}, ensure_ascii=False, separators=(",", ":"))


def _row(table: str, before: list[Any] | None, after: list[Any] | None) -> list[Any]:
    return [table, before and before[1:], after and after[1:], [(before or after or [])[0]]]


def _face(connection: sa.Connection, face: int, checksum: int) -> list[Any]:
    """Return where a face is; nowhere, where it is another one than the user spoke of, or may be."""
    row = connection.exec_driver_sql(_FACE, (face,)).first()
    if row is None:
        return [face, _GONE, *_NOWHERE]
    is_same = crc32(repr(tuple(row)).encode()) == checksum
    return [face, row[1], *(row[2:6] if is_same else _NOWHERE)]
