"""Writing of change log entries; the oldest are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from indexer.library.db.user_tables import changes as change_log
from indexer.library.history.change_json import to_json
from indexer.library.photo_rows.said import read_said, summary

IDENTITY = "identity"  # the kind of scan results that concern photos with user data
_MOST = 10_000  # entries that are kept
_MOST_CHARACTERS = 16 * 1024 * 1024  # of the rows of all of them, except the newest
_FORGET_OLD = """
    DELETE FROM changes WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER newest AS place, sum(length(changes)) OVER newest AS characters
            FROM changes WINDOW newest AS (ORDER BY id DESC)
        ) WHERE place > 1 AND (place > ? OR characters > ?)
    )
"""


def log_change(
    connection: Connection,
    kind: str,
    about: str,
    changes: Mapping[str, Any],
    now: str,
    photos: int | None = None,
    undoes: int | None = None,
) -> int:
    """Add an entry and return its number; the oldest are dropped.

    changes: what the undo of this kind needs, as JSON-compatible values.  now: UTC, ISO 8601.
    """
    row = {"at": now, "kind": kind, "about": about, "photos": photos, "undoes": undoes, "changes": to_json(changes)}
    key = connection.execute(insert(change_log).values(row)).inserted_primary_key
    assert key is not None
    connection.exec_driver_sql(_FORGET_OLD, (_MOST, _MOST_CHARACTERS))
    return int(key[0])


def log_replaced(connection: Connection, path: str, before: int, now: int, moment: str) -> None:
    """Add an entry that another photo has this path now; undoing it hands the user data over.

    before, now: the row ids of both photos.  moment: UTC, ISO 8601.
    """
    told = summary(read_said(connection, before))
    what = f"your changes ({told})" if told else "your changes"
    about = f"{path} is another photo now; {what} stay with the earlier one"
    log_change(connection, IDENTITY, about, {"before": before, "now": now}, moment, photos=1)
