"""Storage of the lines of text in photos, and of the index that searches read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import pack

from sqlalchemy import Connection, delete, insert, text

from indexer.library.db.tables import models, text_lines
from indexer.library.photo_rows.write_analysis import intern
from indexer.library.query.ast import folded
from indexer.values.analysis import TextLine

_INDEXED = text("INSERT INTO text_search (rowid, folded) VALUES (:photo, :folded)")


def replace_text(connection: Connection, lines_of: Mapping[int, Sequence[TextLine]]) -> None:
    """Replace the lines of photos (by row id)."""
    connection.execute(delete(text_lines).where(text_lines.c.photo_id.in_(tuple(lines_of))))
    given = [(photo, place, line) for photo, lines in lines_of.items() for place, line in enumerate(lines)]
    if not given:
        return
    ids = intern(connection, models, {line.model for _, _, line in given})
    rows = [
        {
            "photo_id": photo,
            "position": place,
            "model_id": ids[line.model],
            "text": line.text,
            "score": line.score,
            "corners": b"".join(pack("<dd", point.x, point.y) for point in line.corners),
        }
        for photo, place, line in given
    ]
    connection.execute(insert(text_lines), rows)
    texts = [{"photo": photo, "folded": searched(lines)} for photo, lines in lines_of.items() if lines]
    connection.execute(_INDEXED, texts)


def searched(lines: Sequence[TextLine]) -> str:
    """Return all lines as they are looked up: a search may go on in the next line."""
    return folded(" ".join(line.text for line in lines))
